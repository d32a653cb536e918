"""imapclient: parsed envelopes, structures, flags, IDLE, MOVE, CONDSTORE, namespaces."""

import letters
from house import BOB, PASSWORDS
from programs import check, python

NEEDS = ("python:imapclient",)

PROGRAM = """
import sys
from imapclient import IMAPClient, FLAGGED, SEEN
port, secure, user, password, certificate = int(sys.argv[1]), sys.argv[2] == "tls", *sys.argv[3:6]
import ssl
context = ssl.create_default_context(cafile=certificate)
client = IMAPClient("localhost", port=port, ssl=secure, ssl_context=context if secure else None)
client.login(user, password)
assert client.has_capability("IDLE") and client.has_capability("MOVE"), client.capabilities()
assert client.namespace().personal == (("", "/"),), client.namespace()
client.create_folder("Grüße/2026")
names = {name for _, _, name in client.list_folders()}
assert "Grüße/2026" in names, names
found = client.select_folder("INBOX")
assert found[b"EXISTS"] == 3, found
data = client.fetch(client.search(), ["ENVELOPE", "BODYSTRUCTURE", "FLAGS", "RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[]"])
subjects = {data[uid][b"ENVELOPE"].subject: uid for uid in data}
assert set(subjects) == {b"ketchup", b"letters", b"large"}, subjects
for uid, one in data.items():
    assert len(one[b"BODY[]"]) == one[b"RFC822.SIZE"], uid
assert data[subjects[b"ketchup"]][b"ENVELOPE"].from_[0].mailbox == b"alice"
assert data[subjects[b"large"]][b"BODYSTRUCTURE"][:2] == (b"application", b"octet-stream"), data[subjects[b"large"]][b"BODYSTRUCTURE"]
assert client.search(["SUBJECT", "ketchup"]) == [subjects[b"ketchup"]]
assert client.search(["BODY", "привет"], charset="UTF-8") == [subjects[b"letters"]]
assert client.sort(["REVERSE SIZE"])[0] == subjects[b"large"]
client.add_flags([subjects[b"ketchup"]], [FLAGGED, "Sauce"])
assert set(client.get_flags([subjects[b"ketchup"]])[subjects[b"ketchup"]]) >= {FLAGGED, b"Sauce"}
client.move([subjects[b"large"]], "Grüße/2026")
assert client.folder_status("Grüße/2026", ["MESSAGES"])[b"MESSAGES"] == 1
other = IMAPClient("localhost", port=port, ssl=secure, ssl_context=context if secure else None)
other.login(user, password)
client.idle()
other.append("INBOX", b"Subject: new\\r\\n\\r\\nnews\\r\\n", flags=[SEEN])
seen = []
while not any(one[1] == b"EXISTS" for one in seen):
    told = client.idle_check(timeout=30)
    assert told, seen
    seen += told
client.idle_done()
assert client.search(["SEEN"]), "the new one is not there"
client.delete_messages([subjects[b"letters"]])
client.expunge()
assert subjects[b"letters"] not in client.search()
other.logout()
client.logout()
print("done")
"""


def _case(house, kind, secure):
    house.put(letters.PLAIN, letters.EIGHT_BIT, letters.LARGE)
    said = python(PROGRAM, house.ports[kind], secure, BOB, PASSWORDS[BOB], house.certificate)
    check(said.strip() == "done", said)


def case_session(house):
    _case(house, "imap", "plain")


def case_tls(house):
    _case(house, "imaps", "tls")
