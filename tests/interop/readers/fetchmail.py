"""fetchmail: keep and delete, plain, STLS and TLS from the start."""

import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("fetchmail",)
SENT = letters.ALL


def fetch(house, kind, *options, remember=False):
    """Fetches bob's mail over the listener `kind`; returns the messages in order. `remember`: by UIDL, what was seen."""
    server = f"poll localhost protocol POP3 service {house.ports[kind]}" + (" uidl" if remember else "")
    user = f'user "{BOB}" password "{PASSWORDS[BOB]}" no rewrite mda "{house.shelf()}"'
    config = house.file("fetchmailrc", f"set no bouncemail\nset invisible\n{server} {user} {' '.join(options)}\n")
    files = ("--fetchmailrc", config, "--idfile", house.folder / "fetchids", "--pidfile", house.folder / "fetchmail.pid")
    # Status 1: no new mail.
    run("fetchmail", "--verbose", *files, allowed=(0, 1), env={"FETCHMAILHOME": str(house.folder), "HOME": str(house.folder)})
    return house.unshelve()


def check_all(found):
    """All messages, as sent."""
    check(len(found) == len(SENT), f"{len(found)} messages")
    for one, sent in zip(found, SENT):
        same_text(one, sent)


PLAIN = ("sslproto ''",)


def secure(house):
    """Options for TLS that trusts this server only."""
    return (f"sslcertfile {house.certificate}", "sslcertck")


def case_keep_then_delete(house):
    house.put(*SENT)
    check_all(fetch(house, "pop3", *PLAIN, "keep", "fetchall"))
    check(house.count() == len(SENT), "keep did not keep")
    check_all(fetch(house, "pop3", *PLAIN, "nokeep", "fetchall"))
    check(house.count() == 0, "nokeep kept")


def case_keep_fetches_only_what_is_new(house):
    house.put(letters.PLAIN)
    check(len(fetch(house, "pop3", *PLAIN, "keep", remember=True)) == 1, "the first was not fetched")
    house.put(letters.DOTS)
    found = fetch(house, "pop3", *PLAIN, "keep", remember=True)
    check(len(found) == 1, f"{len(found)} messages, one is new")
    same_text(found[0], letters.DOTS)


def case_stls(house):
    house.put(*SENT)
    check_all(fetch(house, "pop3", "sslproto 'TLS1.2+'", *secure(house), "nokeep", "fetchall"))


def case_tls_from_the_start(house):
    house.put(*SENT)
    check_all(fetch(house, "pop3s", "ssl", *secure(house), "nokeep", "fetchall"))
