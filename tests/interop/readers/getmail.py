"""getmail6: keep and delete, plain and over TLS."""

import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("getmail",)
SENT = letters.ALL


def fetch(house, retriever, *options, delete=False):
    """Fetches bob's mail; returns the messages of this run, in order."""
    lines = [
        "[retriever]", f"type = {retriever}", "server = localhost", f"username = {BOB}", f"password = {PASSWORDS[BOB]}", *options,
        "[destination]", "type = MDA_external", f"path = {house.shelf()}", "allow_root_commands = true", "unixfrom = false",
        "[options]", f"delete = {delete}", f"read_all = {delete}", "delivered_to = false", "received = false",
    ]
    house.file("getmailrc", "\n".join(lines) + "\n")
    run("getmail", f"--getmaildir={house.folder}", "--rcfile=getmailrc")
    return house.unshelve()


def check_all(found):
    """All messages, as sent."""
    check(len(found) == len(SENT), f"{len(found)} messages")
    for one, sent in zip(found, SENT):
        same_text(one, sent)


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
