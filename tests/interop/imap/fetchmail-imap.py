"""fetchmail by IMAP: keep and delete, plain, STARTTLS, TLS from the start, and IDLE."""

import imap_side
import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("fetchmail",)


def fetch(house, kind, *options, more=""):
    """Fetches bob's mail over the listener `kind`; returns the messages in order."""
    server = f"poll localhost protocol IMAP service {house.ports[kind]} {more}"
    user = f'user "{BOB}" password "{PASSWORDS[BOB]}" no rewrite mda "{house.shelf()}"'
    config = house.file("fetchmailrc", f"set no bouncemail\nset invisible\n{server} {user} {' '.join(options)}\n")
    files = ("--fetchmailrc", config, "--idfile", house.folder / "fetchids", "--pidfile", house.folder / "fetchmail.pid")
    # Status 1: no new mail.
    run("fetchmail", "--verbose", *files, allowed=(0, 1), env={"FETCHMAILHOME": str(house.folder), "HOME": str(house.folder)})
    return house.unshelve()


def check_all(found):
    check(len(found) == len(letters.ALL), f"{len(found)} messages")
    for one, sent in zip(found, letters.ALL):
        same_text(one, sent)


PLAIN = ("sslproto ''",)


def secure(house):
    """Options for TLS that trusts this server only."""
    return (f"sslcertfile {house.certificate}", "sslcertck")


def case_keep_then_delete(house):
    house.put(*letters.ALL)
    check_all(fetch(house, "imap", *PLAIN, "keep"))
    # What was fetched is seen, and not fetched again.
    check(fetch(house, "imap", *PLAIN, "keep") == [], "seen mail was fetched again")
    check(all("\\Seen" in flags for flags, _ in imap_side.contents(house)), "not marked as seen")
    check_all(fetch(house, "imap", *PLAIN, "nokeep", "fetchall"))
    check(imap_side.contents(house) == [], "the messages are still there")


def case_starttls(house):
    house.put(*letters.ALL)
    check_all(fetch(house, "imap", "sslproto 'TLS1.2+'", *secure(house), "nokeep", "fetchall"))


def case_tls_from_the_start(house):
    house.put(*letters.ALL)
    check_all(fetch(house, "imaps", "ssl", *secure(house), "nokeep", "fetchall"))


def case_folder(house):
    imap_side.make(house, "lists/rust")
    imap_side.put(house, "lists/rust", letters.DOTS)
    (found,) = fetch(house, "imap", *PLAIN, "folder 'lists/rust'", "keep")
    same_text(found, letters.DOTS)
