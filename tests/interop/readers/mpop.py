"""mpop: keep and delete with UIDL and PIPELINING, STLS, TLS from the start, each login."""

import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("mpop",)
SENT = letters.ALL


def fetch(house, kind, *settings):
    """Fetches bob's mail into a fresh maildir; returns the messages, sorted as they were sent, and what mpop said."""
    maildir = house.folder / "maildir"
    for part in ("new", "cur", "tmp"):
        (maildir / part).mkdir(parents=True, exist_ok=True)
    lines = [
        "account default", "host localhost", f"port {house.ports[kind]}", f"user {BOB}", f"password {PASSWORDS[BOB]}",
        f"delivery maildir {maildir}", f"uidls_file {house.folder / 'uidls'}", "received_header off", *settings,
    ]
    said = run("mpop", f"--file={house.file('mpoprc', chr(10).join(lines) + chr(10))}", "--debug")
    found = [path.read_bytes() for path in (maildir / "new").iterdir()]
    for path in (maildir / "new").iterdir():
        path.unlink()
    return found, said


def check_all(found):
    """All messages, as sent; maildir has no order."""
    check(len(found) == len(SENT), f"{len(found)} messages")
    for sent in SENT:
        subject = sent.partition(b"Subject: ")[2].splitlines()[0]
        same_text(next(one for one in found if b"Subject: " + subject in one), sent)


def case_keep_then_delete(house):
    house.put(*SENT)
    found, said = fetch(house, "pop3", "tls off", "auth user", "keep on")
    check_all(found)
    check("PIPELINING" in said, said)
    check(house.count() == len(SENT), "keep did not keep")
    found, _ = fetch(house, "pop3", "tls off", "auth user", "keep off", "only_new off")
    check_all(found)
    check(house.count() == 0, "the messages are still there")


def case_keep_fetches_only_what_is_new(house):
    house.put(letters.PLAIN)
    fetch(house, "pop3", "tls off", "auth user", "keep on")
    house.put(letters.DOTS)
    found, _ = fetch(house, "pop3", "tls off", "auth user", "keep on")
    check(len(found) == 1, f"{len(found)} messages, one is new")
    same_text(found[0], letters.DOTS)


def case_stls_auth_plain(house):
    house.put(*SENT)
    found, _ = fetch(house, "pop3", "tls on", "tls_starttls on", f"tls_trust_file {house.certificate}", "auth plain")
    check_all(found)


def case_tls_auth_scram(house):
    house.put(*SENT)
    found, said = fetch(house, "pop3s", "tls on", "tls_starttls off", f"tls_trust_file {house.certificate}", "auth scram-sha-256")
    check("SCRAM-SHA-256" in said, said)
    check_all(found)
