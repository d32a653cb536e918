"""The arrangements of user agents and servers, with Python's smtplib and poplib as the agents of the lab's people."""

import poplib
import smtplib
import ssl
import time
from functools import partial

from house import Lab, with_crlf
from programs import check

NEEDS = ("python3",)
ARRIVAL_LIMIT_S = 10
ALICE, BOB, BOB_NEXT_TO_HER = "alice@hamburger.edu", "bob@crepes.fr", "bob@hamburger.edu"
LETTER = b"From: %b\nTo: %b\nSubject: ketchup\n\nDo you like ketchup?\n"


def in_pair(case):
    """Marks a case as one for the lab with both hosts."""
    case.house = partial(Lab)
    return case


def letter(to):
    """What Alice writes."""
    return with_crlf(LETTER % (ALICE.encode(), to.encode()))


def any_certificate():
    """The lab's hosts have certificates of their own making."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def submit(host, to):
    """Submission with STARTTLS and AUTH."""
    with smtplib.SMTP(host.address, host.ports["submission"], local_hostname="agent.test") as client:
        client.starttls(context=any_certificate())
        client.login(ALICE, host.accounts[ALICE])
        check(client.sendmail(ALICE, [to], letter(to)) == {}, "a recipient was refused")


def read(host, user):
    """The one message of a user, by POP3 with STLS, once it is there."""
    deadline = time.monotonic() + ARRIVAL_LIMIT_S
    while time.monotonic() < deadline:
        client = poplib.POP3(host.address, host.ports["pop3"])
        client.stls(any_certificate())
        client.user(user)
        client.pass_(host.accounts[user])
        count, _ = client.stat()
        lines = client.retr(1)[1] if count else []
        client.quit()
        if count:
            check(count == 1, f"{user} has {count} messages")
            return b"".join(line + b"\r\n" for line in lines)
    return check(False, f"nothing came for {user} within {ARRIVAL_LIMIT_S} s")


def received(message):
    """How many hosts wrote that they received it."""
    header = message.partition(b"\r\n\r\n")[0]
    return sum(line.lower().startswith(b"received:") for line in header.split(b"\r\n"))


@in_pair
def case_one_host(lab):
    hamburger = lab.hosts["mail.hamburger.edu"]
    submit(hamburger, BOB_NEXT_TO_HER)
    message = read(hamburger, BOB_NEXT_TO_HER)
    check(received(message) == 1, f"{message!r}")
    check(" sent " not in hamburger.admin("trace", ALICE), "it was sent to another host")


@in_pair
def case_relayed_without_a_login(lab):
    hamburger, crepes = lab.hosts["mail.hamburger.edu"], lab.hosts["mail.crepes.fr"]
    with smtplib.SMTP(hamburger.address, hamburger.ports["smtp"], local_hostname="agent.test") as client:
        client.sendmail(ALICE, [BOB], letter(BOB))
    message = read(crepes, BOB)
    check(message.endswith(letter(BOB)) and received(message) == 2, f"{message!r}")


@in_pair
def case_submission_transfer_and_access(lab):
    hamburger, crepes = lab.hosts["mail.hamburger.edu"], lab.hosts["mail.crepes.fr"]
    submit(hamburger, BOB)
    message = read(crepes, BOB)
    body = letter(BOB).partition(b"\r\n\r\n")[2]
    check(message.endswith(body) and received(message) == 2, f"{message!r}")
    told = hamburger.admin("trace", ALICE)
    check("logged in as alice@hamburger.edu" in told and "to mail.crepes.fr" in told, told)
