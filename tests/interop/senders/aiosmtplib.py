"""aiosmtplib, the asyncio client: STARTTLS by itself when offered, logins, several messages at a time."""

import letters
from house import ALICE, BOB, PASSWORDS, same
from programs import check, python

NEEDS = ("python:aiosmtplib",)

PROGRAM = """
import asyncio, ssl, sys
import aiosmtplib
port, how, trust, user, password, to, path, count = sys.argv[1:]
context = ssl.create_default_context(cafile=trust)
async def send():
    options = dict(hostname="localhost", port=int(port), tls_context=context)
    options |= {"plain": dict(start_tls=False), "starttls": dict(start_tls=True), "tls": dict(use_tls=True)}[how]
    if user:
        options |= dict(username=user, password=password)
    await aiosmtplib.send(open(path, "rb").read(), sender=user or "carol@crepes.fr", recipients=[to], **options)
async def main():
    await asyncio.gather(*(send() for _ in range(int(count))))
asyncio.run(main())
"""


def send(house, kind, how, user="", sent=letters.PLAIN, count=1):
    """`count` copies at a time from alice, or from a stranger, to bob."""
    login = (user, PASSWORDS.get(user, ""))
    python(PROGRAM, house.ports[kind], how, house.certificate, *login, BOB, house.file("letter", sent), count)


def case_plain(house):
    for sent in letters.ALL:
        send(house, "smtp", "plain", sent=sent)
        same(house.take_one(), sent)


def case_starttls(house):
    send(house, "submission", "starttls", user=ALICE)
    same(house.take_one(), letters.PLAIN)


def case_tls_from_the_start(house):
    send(house, "submissions", "tls", user=ALICE, sent=letters.DOTS)
    same(house.take_one(), letters.DOTS)


def case_twenty_at_a_time(house):
    send(house, "smtp", "plain", sent=letters.LONG_LINES, count=20)
    found = house.take()
    check(len(found) == 20, f"{len(found)} messages")
    for one in found:
        same(one, letters.LONG_LINES)
