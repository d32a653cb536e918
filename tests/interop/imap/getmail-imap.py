"""getmail6 by IMAP: keep, only what is new, delete, and from another folder; plain and over TLS."""

import imap_side
import letters
from house import BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("getmail",)


def fetch(house, retriever, *options, delete=False, folders="('INBOX',)"):
    """Fetches bob's mail; returns the messages of this run, in order."""
    lines = [
        "[retriever]", f"type = {retriever}", "server = localhost", f"username = {BOB}", f"password = {PASSWORDS[BOB]}", f"mailboxes = {folders}", *options,
        "[destination]", "type = MDA_external", f"path = {house.shelf()}", "allow_root_commands = true", "unixfrom = false",
        "[options]", f"delete = {delete}", "read_all = false", "delivered_to = false", "received = false",
    ]
    house.file("getmailrc", "\n".join(lines) + "\n")
    run("getmail", f"--getmaildir={house.folder}", "--rcfile=getmailrc")
    return house.unshelve()


def case_keep_then_delete(house):
    house.put(*letters.ALL)
    port = f"port = {house.ports['imap']}"
    found = fetch(house, "SimpleIMAPRetriever", port)
    check(len(found) == len(letters.ALL), f"{len(found)} messages")
    for one, sent in zip(found, letters.ALL):
        same_text(one, sent)
    check(fetch(house, "SimpleIMAPRetriever", port) == [], "old mail was fetched as new")
    house.put(letters.DOTS)
    check(len(fetch(house, "SimpleIMAPRetriever", port, delete=True)) == 1, "not one new message")
    check(imap_side.contents(house) == [], "the messages are still there")


def case_tls_and_folder(house):
    imap_side.make(house, "lists/rust")
    imap_side.put(house, "lists/rust", letters.DOTS)
    options = (f"port = {house.ports['imaps']}", f"ca_certs = {house.certificate}")
    (found,) = fetch(house, "SimpleIMAPSSLRetriever", *options, folders="('lists/rust',)")
    same_text(found, letters.DOTS)
