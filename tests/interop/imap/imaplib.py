"""Python's imaplib: STARTTLS, TLS from the start, and the commands it has."""

import imaplib

import letters
from house import BOB, PASSWORDS, with_crlf
from imap_side import login
from programs import check

NEEDS = ("python3",)


def done(said):
    """The data of an answer that is OK."""
    check(said[0] == "OK", f"{said}")
    return said[1]


def case_commands(house):
    house.put(letters.PLAIN, letters.DOTS)
    client = login(house)
    check("IMAP4REV1" in client.capabilities, f"{client.capabilities}")
    done(client.create("filed"))
    done(client.subscribe("filed"))
    check(any(b"filed" in line for line in done(client.lsub())), "not subscribed")
    check(done(client.select()) == [b"2"], "not two")
    check(done(client.search(None, "SUBJECT", "dots")) == [b"2"], "not found")
    check(done(client.sort("REVERSE SUBJECT", "UTF-8", "ALL")) == [b"1 2"], "not sorted")
    check(done(client.thread("REFERENCES", "UTF-8", "ALL")), "no threads")
    check(b"\\Flagged" in done(client.store("1", "+FLAGS", "\\Flagged"))[0], "not flagged")
    done(client.copy("1", "filed"))
    done(client.uid("MOVE", "2", "filed"))
    check(done(client.append("filed", "(\\Seen)", imaplib.Time2Internaldate(1.8e9), with_crlf(letters.LARGE))), "not appended")
    check(done(client.status("filed", "(MESSAGES UNSEEN)")) == [b"filed (MESSAGES 3 UNSEEN 2)"], "not counted")
    done(client.store("1", "+FLAGS", "\\Deleted"))
    check(b"1" in done(client.expunge()), "not expunged")
    done(client.unselect())
    done(client.rename("filed", "kept"))
    done(client.select("kept", readonly=True))
    check(len(done(client.fetch("1:*", "(UID ENVELOPE BODYSTRUCTURE)"))) == 3, "not fetched")
    done(client.close())
    done(client.delete("kept"))
    check(client.logout()[0] == "BYE", "no BYE")


def case_tls(house):
    house.put(letters.PLAIN)
    client = imaplib.IMAP4("localhost", house.ports["imap"])
    done(client.starttls(house.tls()))
    client.login(BOB, PASSWORDS[BOB])
    check(done(client.select()) == [b"1"], "not one")
    client.logout()
    client = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls())
    client.authenticate("PLAIN", lambda _: f"\0{BOB}\0{PASSWORDS[BOB]}".encode())
    check(done(client.select()) == [b"1"], "not one")
    client.logout()
