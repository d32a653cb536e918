"""getmail6: keep and delete, plain and over TLS."""

import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("getmail",)
SENT = letters.ALL


def fetch(house, retriever, *options, delete=False):
    """Fetches bob's mail into a maildir; returns the messages of this run."""
    maildir = house.folder / "maildir"
    for part in ("new", "cur", "tmp"):
        (maildir / part).mkdir(parents=True, exist_ok=True)
    lines = [
        "[retriever]", f"type = {retriever}", "server = localhost", f"username = {BOB}", f"password = {PASSWORDS[BOB]}", *options,
        "[destination]", "type = Maildir", f"path = {maildir}/",
        "[options]", f"delete = {delete}", "read_all = false" if not delete else "read_all = true", "delivered_to = false", "received = false",
    ]
    house.file("getmailrc", "\n".join(lines) + "\n")
    run("getmail", f"--getmaildir={house.folder}", "--rcfile=getmailrc")
    found = [path.read_bytes() for path in (maildir / "new").iterdir()]
    for path in (maildir / "new").iterdir():
        path.unlink()
    return found


def check_all(found):
    """All messages, as sent; maildir has no order."""
    check(len(found) == len(SENT), f"{len(found)} messages")
    for sent in SENT:
        subject = sent.partition(b"Subject: ")[2].splitlines()[0]
        same_text(next(one for one in found if b"Subject: " + subject in one), sent)


def case_keep_then_delete(house):
    house.put(*SENT)
    port = f"port = {house.ports['pop3']}"
    check_all(fetch(house, "SimplePOP3Retriever", port))
    check(house.count() == len(SENT), "keep did not keep")
    check(fetch(house, "SimplePOP3Retriever", port) == [], "old mail was fetched as new")
    check_all(fetch(house, "SimplePOP3Retriever", port, delete=True))
    check(house.count() == 0, "the messages are still there")


def case_tls_from_the_start(house):
    house.put(*SENT)
    options = (f"port = {house.ports['pop3s']}", f"ca_certs = {house.certificate}")
    check_all(fetch(house, "SimplePOP3SSLRetriever", *options, delete=True))
    check(house.count() == 0, "the messages are still there")
