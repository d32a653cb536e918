"""The same typed at two programs that are called `mail`: a spool, what is typed at the prompt, and what came of it."""

import email
import email.policy
import os
import subprocess

import programs

SPOOL = """From alice@hamburger.edu Sat Nov 21 10:00:00 2026
From: Alice <alice@hamburger.edu>
To: bob@crepes.fr
Subject: Do you like ketchup?
Message-ID: <1@hamburger.edu>
Date: Sat, 21 Nov 2026 10:00:00 +0000

Do you like ketchup?
How about pickles?

From carol@crepes.fr Sat Nov 21 11:00:00 2026
From: carol@crepes.fr
To: bob@crepes.fr
Subject: Pickles
Message-ID: <2@crepes.fr>
Date: Sat, 21 Nov 2026 11:00:00 +0000
Status: RO

Pickles are green.

From alice@hamburger.edu Sat Nov 21 12:00:00 2026
From: alice@hamburger.edu
To: bob@crepes.fr
Subject: A subject that is so long that a summary has to cut it at the end of the line
Message-ID: <3@hamburger.edu>
Date: Sat, 21 Nov 2026 12:00:00 +0000
Status: O

third

"""
# What is typed at the prompt, by name.
SESSIONS = {
    "headers": "h\nf 2\nf *\nf alice\nf /pick\nf :n\nf :u\nx\n",
    "sizes": "size 1-3\n=\nx\n",
    "reading": "p 1\nn\nn\nn\nx\n",
    "range": "p 1-2\nx\n",
    "top": "top 1\nx\n",
    "after top": "top 1\nn\nx\n",
    "deleting": "d 1\nf *\nundelete 1\nunread 1\nf *\nd 2-3\nf *\nq\n",
    "all gone": "d *\nf *\nq\n",
    "reading stays": "p 3\nq\n",
    "nothing of it": "p 1\nd 2\nx\n",
    "delete and show": "dp 1\nd 9\nq\n",
    "screens": "z\nz-\nx\n",
    "saving": "s 1 saved\nc 2 saved\nx\n",
    "copying": "c 1 saved\nc 3 saved\nq\n",
    "unknown": "foo\np 9\nf dora\nf 0\nx\n",
    "marks": "unread 2\nf 2\nflag 3\nf 3\nunflag 3\nf 3\nx\n",
    "short names": "alias friends dora carol\nalias friends\nunalias friends\nx\n",
    "echo": "echo one  two\nx\n",
    "touching": "touch 1\nq\n",
    "which": "folder\nx\n",
    "nothing": "\n\nx\n",
    "shell": "!echo hi\nx\n",
    "answering": "R 1\nYes, I do.\n~.\nx\n",
    "forwarding nothing": "p 1\nmail dora@crepes.fr\n~s Greetings\n~c carol@crepes.fr\nHello\n~~ tilde\n~.\nx\n",
    "reading in": "mail dora@crepes.fr\n~s From a file\n~r note\n~.\nx\n",
    "through a program": "mail dora@crepes.fr\n~s Loud\nquiet\n~| tr a-z A-Z\n~.\nx\n",
    "dropped": "mail dora@crepes.fr\nHello\n~x\nf 1\nx\n",
}


class Desk:
    """A folder with a spool, a note and a program that keeps what it is given to send."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        (folder / "box").write_text(SPOOL)
        (folder / "note").write_text("Be kind.\n")
        (folder / "a.txt").write_text("along\n")
        mta = folder / "mta"
        mta.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{folder}/words'\ncat > '{folder}/sent'\n")
        mta.chmod(0o700)

    def run(self, program, words, given, more=None):
        """Its stdout, stderr and code; `more`: further variables of the environment."""
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "MAILRC": "/dev/null",
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "80",
            "PILLARBOX_HOME": str(self.folder / "nobody"),
            **(more or {}),
        }
        settings = (f"mta={self.folder}/mta", "from=bob@crepes.fr", "hostname=crepes.fr")
        options = [word for setting in settings for word in ("-S", setting)]
        done = subprocess.run(
            [*program, "-n", *options, *words],
            input=given if isinstance(given, bytes) else given.encode(),
            capture_output=True,
            cwd=self.folder,
            env=environment,
            timeout=programs.LIMIT_S,
        )
        return programs.text(done.stdout), programs.text(done.stderr), done.returncode

    def sent(self):
        """Who got what: recipients, subject, text and names of files; None where nothing was sent."""
        if not (self.folder / "sent").exists():
            return None
        words = (self.folder / "words").read_text().splitlines()
        recipients = sorted(words[words.index("--") + 1 :])
        message = email.message_from_bytes((self.folder / "sent").read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body else ""
        files = [part.get_filename() for part in message.iter_attachments()]
        # Names before addresses are kept here, and left out there.
        people = {name: [each.addr_spec for each in message[name].addresses] for name in ("To", "Cc") if message[name]}
        fields = {name: str(message[name]) for name in ("Subject", "In-Reply-To", "References") if message[name]} | people
        return recipients, fields, text.replace("\r\n", "\n"), files

    def states(self, name):
        """The subjects in a file, with what their Status fields say."""
        path = self.folder / name
        if not path.exists():
            return None
        found = []
        for piece in path.read_text().split("\nFrom "):
            message = email.message_from_string(piece.split("\n", 1)[-1])
            if message["Subject"]:
                found.append((message["Subject"], message["Status"]))
        return found
