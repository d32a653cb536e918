"""Python's smtplib: plain, STARTTLS, TLS from the start, many messages on one connection, many recipients."""

import smtplib

import letters
from house import ALICE, BOB, PASSWORDS, same, with_crlf
from programs import check

NEEDS = ("python3",)


def case_many_on_one_connection(house):
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"]) as client:
        for sent in letters.ALL:
            client.sendmail("carol@crepes.fr", [BOB], with_crlf(sent), mail_options=["BODY=8BITMIME"])
    found = house.take()
    check(len(found) == len(letters.ALL), f"{len(found)} messages")
    for one, sent in zip(found, letters.ALL):
        same(one, sent)


def case_starttls(house):
    with smtplib.SMTP("localhost", house.ports["submission"]) as client:
        client.starttls(context=house.tls())
        client.login(ALICE, PASSWORDS[ALICE])
        client.sendmail(ALICE, [BOB], with_crlf(letters.DOTS))
    same(house.take_one(), letters.DOTS)


def case_tls_from_the_start(house):
    with smtplib.SMTP_SSL("localhost", house.ports["submissions"], context=house.tls()) as client:
        client.login(ALICE, PASSWORDS[ALICE])
        client.sendmail(ALICE, [BOB], with_crlf(letters.EIGHT_BIT))
    same(house.take_one(), letters.EIGHT_BIT)


def case_lmtp(house):
    # One who exists: smtplib reads a single reply after the dot, however many recipients LMTP answers for.
    with smtplib.LMTP("127.0.0.1", house.ports["lmtp"]) as client:
        refused = client.sendmail("carol@crepes.fr", [BOB, "nobody@hamburger.edu"], with_crlf(letters.PLAIN))
    check(list(refused) == ["nobody@hamburger.edu"], f"{refused}")
    same(house.take_one(BOB), letters.PLAIN)


def case_missing_fields_are_added_for_users(house):
    sent = b"Subject: nothing else\n\nhello\n"
    with smtplib.SMTP_SSL("localhost", house.ports["submissions"], context=house.tls()) as client:
        client.login(ALICE, PASSWORDS[ALICE])
        client.sendmail(ALICE, [BOB], with_crlf(sent))
    found = house.take_one()
    for field in (b"\r\nDate: ", b"\r\nMessage-ID: <", b"\r\nFrom: "):
        check(field.lower() in found.lower(), f"{field!r} is not in {found!r}")
    same(found, sent, added=("Date", "Message-ID", "From"))


def case_too_large(house):
    with smtplib.SMTP("127.0.0.1", house.ports["smtp"]) as client:
        client.ehlo()
        limit = int(client.esmtp_features["size"])
        code, _ = client.mail("carol@crepes.fr", [f"SIZE={limit + 1}"])
        check(code == 552, f"{code}")
        code, _ = client.mail("carol@crepes.fr", [f"SIZE={limit}"])
        check(code == 250, f"{code}")
