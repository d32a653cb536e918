"""swaks, the test tool for SMTP: plain, pipelined, STARTTLS, TLS from the start, every way to log in, LMTP."""

import letters
from house import ALICE, BOB, PASSWORDS, same
from programs import check, run

NEEDS = ("swaks", "openssl")


def send(house, kind, *options, sent=letters.PLAIN, sender="carol@crepes.fr", allowed=(0,)):
    """One message to bob over the listener `kind`."""
    # swaks takes the line with a dot that ends the data from the file, and stuffs the others.
    data = house.file("letter", sent + b".\n")
    envelope = ("--from", sender, "--to", BOB, "--helo", "crepes.fr", "--data", f"@{data}")
    return run("swaks", "--server", "127.0.0.1", "--port", house.ports[kind], *envelope, *options, allowed=allowed)


def login(how):
    """Options that log alice in by one mechanism."""
    return ("--auth", how, "--auth-user", ALICE, "--auth-password", PASSWORDS[ALICE])


def case_plain(house):
    for sent in letters.ALL:
        send(house, "smtp", sent=sent)
        same(house.take_one(), sent)


def case_trace(house):
    said = send(house, "smtp")
    check("queued as" in said, said)
    found = house.take_one()
    for word in (b"crepes.fr", b"[127.0.0.1]", b"with ESMTP", b"for <bob@hamburger.edu>", b"Return-Path: <carol@crepes.fr>"):
        check(word in found, f"{word!r} is not in {found!r}")
    queue_id = said.partition("queued as ")[2].split()[0].rstrip(",")
    check(queue_id.encode() in found, f"{queue_id} is not in {found!r}")
    check("delivered" in house.admin("trace", queue_id), "the trace does not tell of the delivery")


def case_helo(house):
    send(house, "smtp", "--protocol", "SMTP")
    found = house.take_one()
    check(b"with SMTP" in found, f"{found!r}")


def case_pipelining(house):
    said = send(house, "smtp", "--pipeline", sent=letters.DOTS)
    check("PIPELINING" in said, said)
    same(house.take_one(), letters.DOTS)


def case_starttls(house):
    send(house, "smtp", "--tls", "--tls-verify", "--tls-ca-path", house.certificate)
    found = house.take_one()
    check(b"with ESMTPS" in found and b"TLS" in found, f"{found!r}")


def case_tls_from_the_start(house):
    options = ("--tls-on-connect", "--tls-verify", "--tls-ca-path", house.certificate, *login("PLAIN"))
    send(house, "submissions", *options, sender=ALICE)
    found = house.take_one()
    check(b"with ESMTPSA" in found, f"{found!r}")


def case_auth_plain(house):
    send(house, "submission", "--tls", *login("PLAIN"), sender=ALICE)
    same(house.take_one(), letters.PLAIN)


def case_auth_login(house):
    send(house, "submission", "--tls", *login("LOGIN"), sender=ALICE)
    same(house.take_one(), letters.PLAIN)


def case_wrong_password(house):
    options = ("--tls", "--auth", "PLAIN", "--auth-user", ALICE, "--auth-password", "wrong")
    said = send(house, "submission", *options, sender=ALICE, allowed=(28,))
    check(" 535 5.7.8" in said, said)
    check(house.take() == [], "mail came in without a login")


def case_submission_wants_a_login(house):
    said = send(house, "submission", "--tls", sender=ALICE, allowed=(23, 24))
    check(" 530 5.7.0" in said, said)


def case_no_relay(house):
    said = send(house, "smtp", "--to", "dave@crepes.fr", allowed=(24,))
    check(" 550 5.7.1" in said, said)


def case_unknown_user(house):
    said = send(house, "smtp", "--to", "nobody@hamburger.edu", allowed=(24,))
    check(" 550 5.1.1" in said, said)


def case_lmtp(house):
    said = send(house, "lmtp", "--protocol", "LMTP", "--to", f"{BOB},{ALICE}", sent=letters.DOTS)
    check(said.count("<-  250 2.") >= 3, said)
    for user in (ALICE, BOB):
        same(house.take_one(user), letters.DOTS)
