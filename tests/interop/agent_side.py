"""`pillarbox mail`, `send` and `pop` for one person, with a home of their own: what is typed, what is told, and what the copy
of the mail on this machine holds."""

import json
import os
import subprocess
from pathlib import Path

import house as houses
import programs
from programs import check

BINARY = Path(houses.BINARY).resolve()


class Agent:
    """One person's user agent below a folder of the room."""

    def __init__(self, room, address, password, name="home"):
        self.room, self.address, self.password = room, address, password
        self.home = room.folder / name
        self.environment = {
            "PILLARBOX_HOME": str(self.home),
            "MAILRC": "/dev/null",
            "MAIL": str(room.folder / "no-spool"),
            # No desktop's keyring is asked: secrets go into a file.
            "DBUS_SESSION_BUS_ADDRESS": "",
        }

    def run(self, *words, given=b"", allowed=(0,)):
        """What `pillarbox` prints, stdout and stderr together."""
        return programs.run(BINARY, *words, given=given, env=self.environment, allowed=allowed)

    def mail(self, *words, allowed=(0,)):
        """`pillarbox mail`."""
        return self.run("mail", *words, allowed=allowed)

    def add(self, *servers):
        """Sets the account up with servers that are named."""
        words = ("mail", "account", "add", self.address, "--password-stdin", "--yes", "--trust", self.room.certificate)
        return self.run(*words, *servers, given=self.password.encode() + b"\n")

    def send(self, recipient, subject, *words, allowed=(0,), text=b"Do you like ketchup?\n"):
        """`pillarbox send`."""
        return self.run("send", recipient, "-s", subject, *words, given=text, allowed=allowed)

    def begin(self, *words):
        """`pillarbox` as a process that may be killed."""
        environment = {**os.environ, "LC_ALL": "C.UTF-8", **self.environment}
        nowhere = subprocess.DEVNULL
        return subprocess.Popen([str(BINARY), *words], env=environment, stdin=nowhere, stdout=nowhere, stderr=nowhere)

    def told(self, *words, allowed=(0,)):
        """The answer for programs."""
        said = self.run(*words, "--json", allowed=allowed)
        lines = [line for line in said.splitlines() if line.startswith("{")]
        check(len(lines) == 1, f"{' '.join(words)}: one object was to be told:\n{said}")
        return json.loads(lines[0])

    def folders(self):
        """The folders by name, as the copy here has them."""
        return {folder["name"]: folder for folder in self.told("mail", "folder", "list", "--all", "--offline")["folders"]}

    def rows(self, folder="inbox"):
        """The messages of a folder, as the copy here has them, in the order of their subjects."""
        words = ("mail", "list", "--offline", "-f", folder, "-n", "100000", "--sort", "subject")
        return self.told(*words)["messages"]

    def subjects(self, folder="inbox"):
        """Subjects with their flags, as the copy here has them."""
        return [(row["subject"], sorted(row["flags"])) for row in self.rows(folder)]

    def number(self, subject, folder="inbox"):
        """What the only message of this subject is called here."""
        found = [row["id"] for row in self.rows(folder) if row["subject"] == subject]
        check(len(found) == 1, f"{subject} is {len(found)} times in {folder}: {self.subjects(folder)}")
        return str(found[0])

    def waiting(self):
        """The letters of the outbox: subject to state."""
        return {letter["subject"]: letter["state"] for letter in self.told("mail", "outbox", "list", "--offline")["letters"]}
