"""The other half of the IMAP cases: what is in a user's mailboxes, seen by Python's imaplib."""

import imaplib
import re
import time

from house import BOB, PASSWORDS, with_crlf
from programs import check

LIMIT_S, LOOK_S = 30, 0.1
LISTED = re.compile(rb'\(([^)]*)\) "/" "?([^"]*)"?$')


def login(house, user=BOB):
    """A logged-in client."""
    client = imaplib.IMAP4("127.0.0.1", house.ports["imap"])
    client.login(user, PASSWORDS[user])
    return client


def folders(house, user=BOB):
    """The names of all mailboxes but Dovecot's own Drafts, in order."""
    client = login(house, user)
    _, lines = client.list()
    client.logout()
    names = (LISTED.match(line)[2].decode() for line in lines)
    return sorted(name for name in names if name not in ROLES)


# Mailboxes that a server may make by itself.
ROLES = ("Drafts", "Sent", "Trash", "Junk", "Archive", "Other Users", "Shared")


def make(house, *names, user=BOB):
    """New mailboxes."""
    client = login(house, user)
    for name in names:
        check(client.create(quoted(name))[0] == "OK", f"CREATE {name}")
        client.subscribe(quoted(name))
    client.logout()


def put(house, folder, *messages, flags=None, user=BOB):
    """APPENDs messages."""
    client = login(house, user)
    for message in messages:
        said = client.append(quoted(folder), flags, None, with_crlf(message))
        check(said[0] == "OK", f"APPEND: {said}")
    client.logout()


def contents(house, folder="INBOX", user=BOB):
    """The messages of a mailbox in order: pairs of flags (without \\Recent) and octets."""
    client = login(house, user)
    said, (count,) = client.select(quoted(folder), readonly=True)
    check(said == "OK", f"SELECT {folder}: {count}")
    found = []
    for number in range(1, int(count) + 1):
        _, data = client.fetch(str(number), "(FLAGS BODY.PEEK[])")
        words = b" ".join(part if isinstance(part, bytes) else part[0] for part in data)
        flags = re.search(rb"FLAGS \(([^)]*)\)", words)[1].decode().split()
        octets = next(part[1] for part in data if isinstance(part, tuple))
        found.append((sorted(flag for flag in flags if flag != "\\Recent"), octets))
    client.logout()
    return found


def subjects(house, folder="INBOX", user=BOB):
    """The subjects of a mailbox, in order, each with its flags."""
    return [(subject(octets), flags) for flags, octets in contents(house, folder, user)]


def await_subjects(house, folder, wanted):
    """Waits until a mailbox holds these subjects; a program on a screen files them in its own time."""
    end = time.monotonic() + LIMIT_S
    while [name for name, _ in subjects(house, folder)] != wanted:
        check(time.monotonic() < end, f"{folder} holds {subjects(house, folder)}")
        time.sleep(LOOK_S)


def subject(octets):
    """The Subject of a message."""
    found = re.search(rb"(?im)^Subject: (.*?)\r?$", octets)
    return found[1].decode() if found else None


def flag(house, number, flags, folder="INBOX", user=BOB):
    """Adds flags to one message."""
    client = login(house, user)
    client.select(quoted(folder))
    client.store(str(number), "+FLAGS", flags)
    client.logout()


def expunge(house, number, folder="INBOX", user=BOB):
    """Removes one message."""
    client = login(house, user)
    client.select(quoted(folder))
    client.store(str(number), "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.logout()


def quoted(name):
    return f'"{name}"'
