"""`mail` beside Debian's bsd-mailx: the same scripts and the same input at the prompt come to the same letters, the same spool and
the same code, and show the same, but for how they put it and for what the tables here name, as docs/mail.md does."""

import os
import re
import subprocess
from pathlib import Path

import house as houses
import programs
from programs import check
from transcripts import SESSIONS, Desk

NEEDS = ("bsd-mailx",)
BINARY = Path(houses.BINARY).resolve()
# What it says in other words: its own, ours.
WORDS = [
    (r'^"(\S+)" complete$', r"\1 updated."),
    (r'^"(\S+)" truncated$', r"\1 truncated"),
    (r'^"(\S+)": (\d+ messages.*)$', r"\1: \2"),
    (r'^Unknown command: "(\S+)"$', r"\1: unknown command"),
    (r"^No applicable messages.*$", "No applicable messages"),
    (r'^"(\S+)" \[(.*)\]$', r"\1 [\2]"),
    (r"^Message (\d+):$", r"[-- Message \1 --]:"),
]
# What we say with more in it: ours, as far as both go.
MORE = [
    (r"^(\S+ \[.*\]) \d+ bytes$", r"\1"),
    (r"^\[-- Message +(\d+) -- .* --\]:$", r"[-- Message \1 --]:"),
    (r"^mail: ", ""),
]
# A line of a list: number, state, lines and octets, as much of the subject as both show.
LISTED = re.compile(r"^[> ](.) +(\d+) \S+ +(?:\w{3} \w{3} +\d+|\d+-\d+-\d+) \d\d:\d\d +(\d+/\d+) +(.{,25}).*$")
# What it says before anything is asked.
GREETING = re.compile(r"\AMail version .*\n.*\n")
# Sessions that are to come out otherwise, and why. Each is looked at: one that comes out alike does not belong here.
DIFFERENT = {
    "top": "`retain` holds for `top` here, and not there",
    "after top": "`retain` holds for `top` here, and not there",
    "screens": "it says that there is no other screen, and shows none; POSIX shows the headers",
    "marks": "it has no flag and unflag; s-nail has",
    "short names": "it has no unalias, and sorts the names of an alias",
    "nothing": "an empty line is the next message there, as POSIX has it; at a prompt only here, as s-nail does not take one from a script",
    "shell": "it says when the shell is done",
    "reading in": "it says how much it read; s-nail says so at a terminal only",
    "saving": "it marks the copy it saves as read",
    "copying": "it marks the copy it saves as read",
    "answering": "it takes only the last message for what is answered, not the whole conversation",
}


class Bench(Desk):
    """The same settings for both, in the file that both read."""

    def run(self, program, words, given):
        rc = self.folder / "rc"
        rc.write_text(f"set sendmail={self.folder}/mta\nset hold\nset from=bob@crepes.fr\nset hostname=crepes.fr\n")
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "MAILRC": str(rc),
            "TZ": "UTC",
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "80",
            "SHELL": "/bin/sh",
            "PILLARBOX_HOME": str(self.folder / "nobody"),
        }
        # Both write to one stream, in the order in which things happen.
        done = subprocess.run(
            [*program, "-n", *words],
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=environment,
            timeout=programs.LIMIT_S,
        )
        return programs.text(done.stdout), done.returncode

    def sent(self):
        """As elsewhere; where the program names no recipients, those of the fields are meant."""
        words = self.folder / "words"
        if words.exists() and "--" not in words.read_text().splitlines():
            words.write_text(words.read_text() + "--\n" + "\n".join(self._named()) + "\n")
        return super().sent()

    def _named(self):
        header = (self.folder / "sent").read_text().partition("\n\n")[0]
        fields = re.findall(r"(?mi)^(?:To|Cc|Bcc): (.*)$", header)
        return [address.strip() for field in fields for address in field.split(",")]


def normal(output, folder, words):
    """A transcript in one wording."""
    lines = []
    for line in GREETING.sub("", output.replace(str(folder) + "/", "")).splitlines():
        line = re.sub(r"^(?:& ?)+", "", line.replace("▸", ">")).rstrip()
        if line.startswith("From "):
            continue
        for theirs, ours in words:
            line = re.sub(theirs, ours, line)
        # What is old is marked as such here and in s-nail.
        found = LISTED.match(line)
        line = " ".join((found[2], found[1].replace("O", " "), found[3], found[4])) if found else line
        if line or lines[-1:] != [""]:
            lines.append(line)
    return "\n".join(lines).strip("\n")


def both(house, name, given, ours, theirs):
    """What came of it on both sides. `ours` and `theirs`: words of the command line."""
    place = house.folder / name.replace(" ", "-")
    place.mkdir()
    (place / "mail").symlink_to(BINARY)
    seen = []
    for side, program, words, wording in (("ours", place / "mail", ours, MORE), ("theirs", "bsd-mailx", theirs, WORDS)):
        desk = Bench(place / side)
        out, code = desk.run([program], words, given)
        sent = desk.sent()
        if sent and "References" in sent[1]:
            # It writes none.
            del sent[1]["References"]
        shown = normal(out, desk.folder, wording)
        seen.append({"code": code, "shown": shown, "sent": sent, "spool": desk.states("box"), "saved": desk.states("saved")})
    return seen


def differences(name, ours, theirs):
    return [f"{name}: {key}\nours:\n{ours[key]}\nbsd-mailx:\n{theirs[key]}" for key in ours if ours[key] != theirs[key]]


def case_sessions(house):
    wrong = []
    for name, given in SESSIONS.items():
        ours, theirs = both(house, name, "retain from to subject date\n" + given, ["-#", "-N", "-f", "box"], ["-I", "-N", "-f", "box"])
        found = differences(name, ours, theirs)
        if name in DIFFERENT and not found:
            wrong.append(f"{name}: it comes out alike, though the table says: {DIFFERENT[name]}")
        wrong += found if name not in DIFFERENT else []
    check(not wrong, "\n".join(wrong))


def case_scripts(house):
    body = "Do you like ketchup?\n.\n~s no escape\n"
    wrong = []
    for name, words, given in [
        ("plain", ["-s", "ketchup", "bob@crepes.fr"], body),
        ("several", ["-s", "x", "bob@crepes.fr", "carol@crepes.fr"], body),
        ("copies", ["-s", "x", "-c", "carol@crepes.fr", "-b", "dora@crepes.fr", "bob@crepes.fr"], body),
        ("no subject", ["bob@crepes.fr"], body),
        ("skip empty", ["-E", "-s", "x", "bob@crepes.fr"], ""),
        ("from", ["-r", "cron@crepes.fr", "-s", "x", "bob@crepes.fr"], body),
        ("beyond ascii", ["-s", "ketchup", "bob@crepes.fr"], "Crêpes à la crème\n"),
    ]:
        wrong += differences(name, *both(house, name, given, words, words))
    check(not wrong, "\n".join(wrong))
