"""The dialogues of the old lectures as they were typed, each with its host of the lab. The words are the client's; of the
answers, the code counts."""

from functools import partial

from house import Lab
from programs import check
from typist import Typist

BOB, FOROUZAN, JZWANG = "bob@hamburger.edu", "forouzanb@adelphia.net", "jzwang@cs.clemson.edu"
KETCHUP = ("HELO crepes.fr", "MAIL FROM: <alice@crepes.fr>", "RCPT TO: <bob@hamburger.edu>")
KETCHUP_BODY = ("Do you like ketchup?", "How about pickles?")
ONESELF = ("HELO mail.adelphia.net", "MAIL FROM: forouzanb@adelphia.net", "RCPT TO: forouzanb@adelphia.net")
ONESELF_BODY = ("From: Forouzan", "TO: Forouzan", "", "This is a test message", "to show SMTP in action.")
DOTS = ("helo cs.clemson.edu", "mail from: zw1999@yahoo.com", "rcpt to: jzwang")
DOTS_BODY = ("Hello, James:", "...2 dots", "This is just a test of mail server. Don't reply.", "....3 dots", "Me.")
# Message 2307 as it comes over the wire.
OLD_MESSAGE = """Received: from cs.clemson.edu (eclipse1.cs.clemson.edu [130.127.48.19])
  by cs.clemson.edu (8.9.3-20030918/8.9.3) with SMTP id UAA03726
  for jzwang; Tue, 6 Apr 2004 20:37:54 -0400 (EDT)
Date: Tue, 6 Apr 2004 20:37:54 -0400 (EDT)
From: zw1999@yahoo.com
Message-Id: <200404070037.UAA03726@cs.clemson.edu>
X-CPSC-Clemson-MailScanner: Found to be clean
X-UIDL: /$7!TA3!!%U!!hP!
Status: RO

hello, james:
...2 dots
This is just a test.
...3 dots
me.""".splitlines()


def through(program, dialogue):
    """The dialogue as a case, typed through one program."""
    def case(lab):
        dialogue(lab, program)
    case.house = dialogue.house
    return case


def in_lab(scenario=""):
    """Marks a dialogue with the lab it wants."""
    def mark(dialogue):
        dialogue.house = partial(Lab, scenario)
        return dialogue
    return mark


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


@in_lab("dialogues")
def ketchup(lab, program):
    """Dialogue 1."""
    host = lab.hosts["hamburger.edu"]
    with Typist(*program, "127.0.0.1", host.ports["smtp"]) as typist:
        queue_id = send(typist, "hamburger.edu", KETCHUP, KETCHUP_BODY)
    message = host.take_one(BOB)
    check(body_of(message) == list(KETCHUP_BODY), f"{message!r}")
    for word in (b"Return-Path: <alice@crepes.fr>", b"Received: from crepes.fr", b"127.0.0.1", queue_id.encode()):
        check(word in message, f"{word!r} is not in {message!r}")


@in_lab("dialogues")
def oneself(lab, program):
    """Dialogue 2."""
    host = lab.hosts["mta13.adelphia.net"]
    with Typist(*program, "127.0.0.1", host.ports["smtp"]) as typist:
        send(typist, "mta13.adelphia.net", ONESELF, ONESELF_BODY)
    message = host.take_one(FOROUZAN)
    check(message.endswith("\r\n".join((*ONESELF_BODY, "")).encode()), f"{message!r}")


@in_lab("dialogues")
def dots(lab, program):
    """Dialogue 3."""
    host = lab.hosts["cs.clemson.edu"]
    with Typist(*program, "127.0.0.1", host.ports["smtp"]) as typist:
        queue_id = send(typist, "cs.clemson.edu", DOTS, DOTS_BODY, data="data", farewell="quit")
    message = host.take_one(JZWANG)
    check(body_of(message) == [line.removeprefix(".") for line in DOTS_BODY], f"{message!r}")
    header = message.partition(b"\r\n\r\n")[0].lower()
    for field in (b"\r\ndate:", b"\r\nfrom:", b"\r\nmessage-id:"):
        check(field in header, f"{field!r} is not in {header!r}")
    check(queue_id in host.admin("trace", queue_id), "the trace does not know the queue id")


@in_lab("classic")
def hungry(lab, program):
    """Dialogue 4: two messages of 498 and 912 octets, read and deleted."""
    host, sizes = lab.hosts["hamburger.edu"], (498, 912)
    with Typist(*program, "127.0.0.1", host.ports["pop3"]) as typist:
        log_in(typist, "bob", "hungry")
        typist.type("list")
        typist.hear("+OK")
        check(typist.lines() == ["1 498", "2 912"], "\n".join(typist.seen))
        for number, size in enumerate(sizes, 1):
            typist.type(f"retr {number}")
            typist.hear("+OK")
            octets = sum(len(line.removeprefix(".")) + 2 for line in typist.lines())
            check(octets == size, f"{octets} octets, not {size}")
            typist.type(f"dele {number}")
            typist.hear("+OK")
        leave(typist)
    check(host.count(BOB) == 0, "the messages are still there")


@in_lab("classic")
def big_maildrop(lab, program):
    """Dialogue 5: 2,308 messages, a misspelt command among the others."""
    host = lab.hosts["cs.clemson.edu"]
    with Typist(*program, "127.0.0.1", host.ports["pop3"]) as typist:
        log_in(typist, "jzwang", "cpsc360")
        typist.type("stat")
        typist.hear("+OK 2308 116385719")
        typist.type("lsit")
        typist.hear("-ERR")
        typist.type("list")
        typist.hear("+OK")
        listed = typist.lines()
        check(len(listed) == 2308 and listed[:2] == ["1 345", "2 2334"], f"{len(listed)} lines: {listed[:3]}")
        check(sum(int(line.split()[1]) for line in listed) == 116385719, "LIST and STAT differ")
        typist.type("retr 2307")
        typist.hear("+OK 465 octets")
        # The printed text has 462 octets; white space at the end of its Status line makes it the 465 of LIST.
        found = [line.rstrip() for line in typist.lines()]
        check(found[: len(OLD_MESSAGE)] == OLD_MESSAGE, "\n".join(found))
        leave(typist)


def log_in(typist, user, password):
    """Types the POP3 login."""
    typist.hear("+OK")
    typist.type(f"user {user}")
    typist.hear("+OK")
    typist.type(f"pass {password}")
    return typist.hear("+OK")


def leave(typist):
    """Types the farewell."""
    typist.type("quit")
    typist.hear("+OK")
    typist.hear_the_end()
