"""fetchmail: keep and delete, plain, STLS and TLS from the start."""

import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("fetchmail",)
SENT = letters.ALL


def fetch(house, *options):
    """Fetches bob's mail into the folder `fetched`; returns the messages in order."""
    folder = house.folder / "fetched"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    deliver = house.file("deliver", f"#!/bin/sh\nn=$(ls '{folder}' | wc -l)\ncat > '{folder}'/$((1000 + n))\n")
    deliver.chmod(0o700)
    words = [f'poll localhost protocol POP3 user "{BOB}" password "{PASSWORDS[BOB]}"', *options, f"mda '{deliver}'"]
    config = house.file("fetchmailrc", "set no bouncemail\nset invisible\n" + " ".join(words) + "\n")
    files = ("--fetchmailrc", config, "--idfile", house.folder / "fetchids", "--pidfile", house.folder / "fetchmail.pid")
    # Status 1: no new mail.
    run("fetchmail", "--verbose", *files, allowed=(0, 1), env={"FETCHMAILHOME": str(house.folder), "HOME": str(house.folder)})
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def check_all(found):
    """All messages, as sent."""
    check(len(found) == len(SENT), f"{len(found)} messages")
    for one, sent in zip(found, SENT):
        same_text(one, sent)


def plain(house):
    """Options for a connection without TLS."""
    return (f"service {house.ports['pop3']}", "sslproto ''", "no rewrite")


def secure(house, kind):
    """Options for TLS: `ssl` from the start on pop3s, STLS on pop3."""
    return (f"service {house.ports[kind]}", "ssl" if kind == "pop3s" else "sslproto 'TLS1.2+'", f"sslcertfile {house.certificate}", "sslcertck", "no rewrite")


def case_keep_then_delete(house):
    house.put(*SENT)
    check_all(fetch(house, *plain(house), "keep", "fetchall"))
    check(house.count() == len(SENT), "keep did not keep")
    check_all(fetch(house, *plain(house), "nokeep", "fetchall"))
    check(house.count() == 0, "nokeep kept")


def case_keep_fetches_only_what_is_new(house):
    house.put(letters.PLAIN)
    check(len(fetch(house, *plain(house), "keep", "uidl")) == 1, "the first was not fetched")
    house.put(letters.DOTS)
    found = fetch(house, *plain(house), "keep", "uidl")
    check(len(found) == 1, f"{len(found)} messages, one is new")
    same_text(found[0], letters.DOTS)


def case_stls(house):
    house.put(*SENT)
    check_all(fetch(house, *secure(house, "pop3"), "nokeep", "fetchall"))


def case_tls_from_the_start(house):
    house.put(*SENT)
    check_all(fetch(house, *secure(house, "pop3s"), "nokeep", "fetchall"))
