"""The dialogues of the old lectures, as they were typed, each with the server it was typed to. The words are the client's;
of the answers, only the code counts."""

import smtplib

from house import LOOPBACK
from programs import check
from typist import Typist

# Server name, domain and accounts of each dialogue. Bare names and missing fields want trusted networks (RFC 6409 §8).
HAMBURGER = dict(hostname="hamburger.edu", domain="hamburger.edu", accounts={"alice@hamburger.edu": "wonderland", "bob@hamburger.edu": "hungry"})
ADELPHIA = dict(hostname="mta13.adelphia.net", domain="adelphia.net", accounts={"forouzanb@adelphia.net": "mcgraw"})
CLEMSON = dict(hostname="cs.clemson.edu", domain="cs.clemson.edu", accounts={"jzwang@cs.clemson.edu": "cpsc360"}, relay=(LOOPBACK,))

KETCHUP = ("HELO crepes.fr", "MAIL FROM: <alice@crepes.fr>", "RCPT TO: <bob@hamburger.edu>")
KETCHUP_BODY = ("Do you like ketchup?", "How about pickles?")
ONESELF = ("HELO mail.adelphia.net", "MAIL FROM: forouzanb@adelphia.net", "RCPT TO: forouzanb@adelphia.net")
ONESELF_BODY = ("From: Forouzan", "TO: Forouzan", "", "This is a test message", "to show SMTP in action.")
DOTS = ("helo cs.clemson.edu", "mail from: zw1999@yahoo.com", "rcpt to: jzwang")
DOTS_BODY = ("Hello, James:", "...2 dots", "This is just a test of mail server. Don't reply.", "....3 dots", "Me.")


def in_world(world):
    """Marks a dialogue with the server it was typed to."""
    def mark(dialogue):
        dialogue.house = world
        return dialogue
    return mark


def through(program, dialogue):
    """The dialogue as a case, typed through one program."""
    def case(house):
        dialogue(house, program)
    case.house = dialogue.house
    return case


def send(typist, greeting, envelope, body, data="DATA", farewell="QUIT"):
    """Types an SMTP dialogue to its end; returns the queue id."""
    typist.hear(f"220 {greeting}")
    for line in envelope:
        typist.type(line)
        typist.hear("250 ")
    typist.type(data)
    typist.hear("354 ")
    for line in (*body, "."):
        typist.type(line)
    said = typist.hear("250 ")
    check("queued as " in said, said)
    typist.type(farewell)
    typist.hear("221 ")
    typist.hear_the_end()
    return said.partition("queued as ")[2].split()[0].rstrip(",")


def body_of(message):
    """The lines after the first empty one."""
    return message.partition(b"\r\n\r\n")[2].decode().split("\r\n")[:-1]


@in_world(HAMBURGER)
def ketchup(house, program):
    """Dialogue 1."""
    with Typist(*program, "127.0.0.1", house.ports["smtp"]) as typist:
        queue_id = send(typist, "hamburger.edu", KETCHUP, KETCHUP_BODY)
    message = house.take_one("bob@hamburger.edu")
    check(body_of(message) == list(KETCHUP_BODY), f"{message!r}")
    for word in (b"Return-Path: <alice@crepes.fr>", b"Received: from crepes.fr", b"127.0.0.1", queue_id.encode()):
        check(word in message, f"{word!r} is not in {message!r}")


@in_world(ADELPHIA)
def oneself(house, program):
    """Dialogue 2."""
    with Typist(*program, "127.0.0.1", house.ports["smtp"]) as typist:
        send(typist, "mta13.adelphia.net", ONESELF, ONESELF_BODY)
    message = house.take_one("forouzanb@adelphia.net")
    check(message.endswith("\r\n".join((*ONESELF_BODY, "")).encode()), f"{message!r}")


@in_world(CLEMSON)
def dots(house, program):
    """Dialogue 3."""
    with Typist(*program, "127.0.0.1", house.ports["smtp"]) as typist:
        queue_id = send(typist, "cs.clemson.edu", DOTS, DOTS_BODY, data="data", farewell="quit")
    message = house.take_one("jzwang@cs.clemson.edu")
    stored = [line[1:] if line.startswith(".") else line for line in DOTS_BODY]
    check(body_of(message) == stored, f"{message!r}")
    header = message.partition(b"\r\n\r\n")[0].lower()
    for field in (b"\r\ndate:", b"\r\nfrom:", b"\r\nmessage-id:"):
        check(field in header, f"{field!r} is not in {header!r}")
    check(queue_id in house.admin("trace", queue_id), "the trace does not know the queue id")


def fill(house, user, *sizes):
    """Delivers messages so that POP3 shows them with these sizes; one more, taken away again, tells how much is added."""
    def deliver(length):
        header = b"Subject: made\r\n\r\n"
        with smtplib.SMTP("127.0.0.1", house.ports["smtp"], local_hostname="crepes.fr") as client:
            client.sendmail("alice@crepes.fr", [user], header + b"x" * (length - len(header) - 2) + b"\r\n")
    deliver(100)
    added = len(house.take_one(user)) - 100
    for octets in sizes:
        deliver(octets - added)


@in_world(HAMBURGER)
def hungry(house, program):
    """Dialogue 4: two messages of 498 and 912 octets, read and deleted."""
    sizes = (498, 912)
    fill(house, "bob@hamburger.edu", *sizes)
    with Typist(*program, "127.0.0.1", house.ports["pop3"]) as typist:
        log_in(typist, "bob", "hungry")
        typist.type("list")
        typist.hear("+OK")
        check(typist.lines() == [f"1 {sizes[0]}", f"2 {sizes[1]}"], "\n".join(typist.seen))
        for number in (1, 2):
            typist.type(f"retr {number}")
            typist.hear("+OK")
            octets = sum(len(line.removeprefix(".")) + 2 for line in typist.lines())
            check(octets == sizes[number - 1], f"{octets} octets")
            typist.type(f"dele {number}")
            typist.hear("+OK")
        typist.type("quit")
        typist.hear("+OK")
        typist.hear_the_end()
    check(house.count("bob@hamburger.edu") == 0, "the messages are still there")


@in_world(CLEMSON)
def misspelt(house, program):
    """The end of dialogue 5: a misspelt command is answered and the session goes on."""
    with Typist(*program, "127.0.0.1", house.ports["pop3"]) as typist:
        log_in(typist, "jzwang", "cpsc360")
        typist.type("stta")
        typist.hear("-ERR")
        typist.type("stat")
        typist.hear("+OK 0 0")
        typist.type("quit")
        typist.hear("+OK")
        typist.hear_the_end()


def log_in(typist, user, password):
    """Types the POP3 login."""
    typist.hear("+OK")
    typist.type(f"user {user}")
    typist.hear("+OK")
    typist.type(f"pass {password}")
    return typist.hear("+OK")
