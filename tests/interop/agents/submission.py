"""`pillarbox send` to Postfix, with logins that Dovecot judges: what goes, what is refused, and what nobody knows the fate of. The
words are clear, the codes those of sysexits.h, nothing is lost and nothing is sent twice."""

import email
import email.policy
import random
import re

from agent_side import Agent
from house import ALICE, PASSWORDS
from places import SIZE_MAX, DovecotPlace
from programs import check
from proxy import Line

NEEDS = DovecotPlace.NEEDS
# Codes of sysexits.h.
UNAVAILABLE, UNSURE, NOT_ALLOWED, SETTINGS = 69, 76, 77, 78


def alice(place, door, port=None, name="home"):
    """Her agent, whose letters go by a door of Postfix."""
    agent = Agent(place, ALICE, PASSWORDS[ALICE], f"{name}-{door}")
    security = {"submission": "starttls", "no-tls": "plain"}.get(door, "tls")
    imap = place.ports["imaps" if security == "tls" else "imap"]
    smtp = port or place.ports[door]
    agent.add("--imap", f"localhost:{imap}", "--smtp", f"localhost:{smtp}", "--security", security)
    return agent


def refused(agent, code, *words, to="carol@crepes.fr", subject="refused", text=b"Do you like ketchup?\n"):
    """The letter does not go: this code, these words, and it is in the outbox."""
    said = agent.send(to, subject, text=text, allowed=(code,))
    for word in words:
        check(word in said, f"{word!r} is not told:\n{said}")
    check("panicked" not in said, said)
    check(subject in agent.waiting(), f"{subject} is lost: {agent.waiting()}")
    return said


def read(letter):
    """Subject and text."""
    message = email.message_from_bytes(letter, policy=email.policy.default)
    return str(message["Subject"]), message.get_content().replace("\r\n", "\n")


def case_every_door(place):
    """TLS from the start and after STARTTLS, PLAIN and LOGIN, and none where the settings say so."""
    for number, door in enumerate(("submission", "submissions", "login", "no-tls"), 1):
        agent = alice(place, door)
        tested = agent.mail("account", "test")
        check(tested.count("works") == 2, tested)
        said = agent.send("carol@crepes.fr", door)
        check("is sent" in said, said)
        place.postfix.await_empty()
        letters = place.postfix.letters()
        check(len(letters) == number, f"{door}: carol has {len(letters)} letters")
        newest = next(letter for letter in letters if f"Subject: {door}".encode() in letter)
        check((b"with ESMTPSA" in newest) == (door != "no-tls"), f"{newest!r}")
        check(b"\r\nBcc:" not in newest and newest.count(b"Message-ID:") == 1, f"{newest!r}")
        check([subject for subject, _ in agent.subjects("sent")] == [door], f"{agent.subjects('sent')}")
        check(not agent.waiting(), f"{agent.waiting()}")


case_every_door.house = DovecotPlace


def case_unseen_recipients(place):
    """Bcc goes to whom it names and stands in nobody's letter but the sender's own copy."""
    agent = alice(place, "submissions")
    said = agent.send("carol@crepes.fr", "unseen", "--bcc", "dora@crepes.fr", "--cc", "Bob <bob@hamburger.edu>")
    check("is sent" in said, said)
    for who in ("carol", "dora", "bob"):
        letter = place.postfix.one(who)
        header = letter.partition(b"\n\n")[0]
        check(b"bcc" not in header.lower() and (who == "dora" or b"dora" not in header), f"{letter!r}")
    number = agent.rows("sent")[0]["id"]
    check("dora@crepes.fr" in agent.mail("read", "--headers", number), "she sees whom she wrote to")


case_unseen_recipients.house = DovecotPlace


def case_wrong_password(place):
    """It is told once, whatever waits, with the code for it; with the right one all goes, once."""
    agent = alice(place, "submissions")
    accounts = agent.home / "config/accounts.toml"
    right = accounts.read_text()
    check(len(re.findall(r"secret = \{.*\}", right)) == 1, right)
    accounts.write_text(re.sub(r"secret = \{.*\}", 'secret = { kind = "command", command = "echo wrong" }', right))
    for number in range(3):
        agent.send("dora@crepes.fr", f"waits{number}", "--queue")
    before = logins(place)
    said = refused(agent, NOT_ALLOWED, "localhost", "535", "Check the name and the password", "outbox", subject="waits3")
    check(said.count("535") == 1, f"it is told more than once:\n{said}")
    # One try, and not one for each letter: who tries often is locked out.
    check(logins(place) - before == 1, f"{logins(place) - before} logins were tried")
    check(set(agent.waiting().values()) == {"waiting"} and len(agent.waiting()) == 4, f"{agent.waiting()}")
    accounts.write_text(right)
    agent.mail("outbox", "retry")
    check(not agent.waiting(), f"{agent.waiting()}")
    place.postfix.await_empty()
    check((len(place.postfix.letters("dora")), len(place.postfix.letters())) == (3, 1), "each went once")


case_wrong_password.house = DovecotPlace


def logins(place):
    """How many logins Postfix refused."""
    return (place.postfix.folder / "log").read_text(errors="replace").count("authentication failed")


def case_recipients_refused(place):
    """Who is not there is told; the others have it, once, and so has the folder of sent letters."""
    agent = alice(place, "submissions")
    refused(agent, UNAVAILABLE, "nobody@crepes.fr", "5.1.1", to="nobody@crepes.fr", subject="to nobody")
    check(agent.waiting() == {"to nobody": "refused"}, f"{agent.waiting()}")
    check(agent.subjects("sent") == [], "what went to nobody was not sent")
    said = refused(agent, UNAVAILABLE, "nobody@crepes.fr", "carol@crepes.fr", to="carol@crepes.fr, nobody@crepes.fr", subject="to some")
    check(b"Subject: to some" in place.postfix.one(), "carol has it")
    check([subject for subject, _ in agent.subjects("sent")] == ["to some"], f"what went to carol was sent: {said}")
    for _ in range(2):
        agent.mail("sync")
    letters = agent.told("mail", "outbox", "list")["letters"]
    rest = next(letter for letter in letters if letter["subject"] == "to some")
    check(rest["recipients"] == ["nobody@crepes.fr"], f"{rest}")
    # It goes on for those who are left, and nobody gets it twice.
    agent.mail("outbox", "retry", str(rest["number"]), allowed=(UNAVAILABLE,))
    agent.mail("outbox", "cancel", str(rest["number"]))
    check([subject for subject, _ in agent.subjects("drafts")] == ["to some"], f"{agent.subjects('drafts')}")
    check([subject for subject, _ in agent.subjects("sent")] == ["to some"], f"{agent.subjects('sent')}")
    check(b"Subject: to some" in place.postfix.one(), "carol has it once")


case_recipients_refused.house = DovecotPlace


def case_too_large(place):
    """Where the server tells its limit nothing is offered that is larger; where it tells none it refuses. Not tried again."""
    for door in ("submissions", "no-size"):
        agent = alice(place, door)
        small, large = b"x" * 76 + b"\n", SIZE_MAX // 77
        check("is sent" in agent.send("dora@crepes.fr", "fits", text=small * (large - 40)), "it fits")
        refused(agent, UNAVAILABLE, "too large" if door == "submissions" else "552", subject="large", text=small * (large + 40))
        check(agent.waiting() == {"large": "refused"}, f"{door}: {agent.waiting()}")
        agent.mail("sync")
        check(agent.waiting() == {"large": "refused"}, f"{door}: {agent.waiting()}")
    place.postfix.await_empty()
    check((len(place.postfix.letters("dora")), len(place.postfix.letters())) == (2, 0), "what fits went")


case_too_large.house = DovecotPlace


def case_addresses_beyond_ascii(place):
    """By a server with SMTPUTF8 they get mail; one without is told of, and not asked again."""
    agent = alice(place, "submissions")
    check("is sent" in agent.send("дора@crepes.fr", "Привет", text="Привет!\n".encode()), "it went")
    check(read(place.postfix.one("idora")) == ("Привет", "Привет!\n"), "it is there")
    agent = alice(place, "no-smtputf8")
    refused(agent, UNAVAILABLE, "localhost", "SMTPUTF8", to="дора@crepes.fr")
    check(agent.waiting() == {"refused": "refused"}, f"{agent.waiting()}")
    # Beyond ASCII in the text alone any server will do.
    check("is sent" in agent.send("carol@crepes.fr", "Crêpes", text="À la crème\n".encode()), "it went")
    check(len(place.postfix.letters("idora")) == 1, "nothing went twice")


case_addresses_beyond_ascii.house = DovecotPlace


def case_seven_bits(place):
    """A server without 8BITMIME gets seven bits that mean the same."""
    agent = alice(place, "no-8bitmime")
    text = "Grüße aus Köln, привет, 你好.\n"
    check("is sent" in agent.send("carol@crepes.fr", "Grüße", text=text.encode()), "it went")
    letter = place.postfix.one()
    check(letter.isascii(), f"{letter!r}")
    check("Grüße aus Köln, привет, 你好." in agent.mail("read", agent.number("Grüße", "sent")), "the copy")
    check(read(letter) == ("Grüße", text), f"{letter!r}")


case_seven_bits.house = DovecotPlace


def case_no_tls_where_it_is_wanted(place):
    """A password is not said where TLS was to be and is not."""
    agent = alice(place, "submission")
    accounts = agent.home / "config/accounts.toml"
    accounts.write_text(accounts.read_text().replace(str(place.ports["submission"]), str(place.ports["no-tls"])))
    refused(agent, SETTINGS, "localhost", "TLS")
    check(agent.waiting() == {"refused": "waiting"}, f"{agent.waiting()}")
    accounts.write_text(accounts.read_text().replace(str(place.ports["no-tls"]), "1"))
    said = agent.send("carol@crepes.fr", "nobody answers")
    check("is queued" in said and "port 1" in said, said)
    accounts.write_text(accounts.read_text().replace("port = 1,", f"port = {place.ports['submission']},"))
    agent.mail("outbox", "retry")
    check(not agent.waiting(), f"{agent.waiting()}")
    place.postfix.await_empty()
    check(len(place.postfix.letters()) == 2, "both went once")


case_no_tls_where_it_is_wanted.house = DovecotPlace


def case_the_last_word_is_not_heard(place):
    """The server took it, and the line broke before it was heard: a person decides, and nothing goes again by itself."""
    with Line(place.ports["no-tls"]) as line:
        agent = alice(place, "no-tls", line.port)
        line.last_words = b"queued as"
        said = refused(agent, UNSURE, "may have gone", "outbox", subject="unsure")
        check(agent.waiting() == {"unsure": "unsure"}, said)
        line.last_words = None
        for _ in range(2):
            agent.mail("sync")
        agent.mail("outbox", "retry")
        check(agent.waiting() == {"unsure": "unsure"}, f"{agent.waiting()}")
        check(b"Subject: unsure" in place.postfix.one(), "it went once")
        number = agent.told("mail", "outbox", "list")["letters"][0]["number"]
        agent.mail("outbox", "cancel", str(number), "--discard")
        check(not agent.waiting(), f"{agent.waiting()}")
        # Before the end of the letter nothing can have gone: then it waits and goes.
        line.last_words = b"354 "
        said = agent.send("dora@crepes.fr", "sure")
        check("is queued" in said, said)
        line.last_words = None
        agent.mail("outbox", "retry")
        check(b"Subject: sure" in place.postfix.one("dora"), "it went once")


case_the_last_word_is_not_heard.house = DovecotPlace


def case_a_line_that_breaks(place):
    """Cut anywhere: each letter is there once, or waits, or is told to be unsure; never twice, never nowhere."""
    for seed in range(3):
        chance = random.Random(seed)
        with Line(place.ports["no-tls"], chance) as line:
            agent = alice(place, "no-tls", line.port, f"home{seed}")
            agent.mail("sync")
            line.cutting = True
            names = [f"s{seed}n{number}" for number in range(8)]
            for name in names:
                agent.send("carol@crepes.fr", name, "--attach", place.certificate, text=b"Ketchup\n" * chance.randrange(2000), allowed=(0, UNSURE))
                agent.mail("outbox", "retry", allowed=(0, UNSURE))
            line.cutting = False
            agent.mail("outbox", "retry")
            waiting = agent.waiting()
        place.postfix.await_empty()
        found = [re.search(rb"(?m)^Subject: (\S+)", letter)[1].decode() for letter in place.postfix.letters()]
        for name in names:
            count = found.count(name)
            check(count == 1 or (count == 0 and waiting.get(name) == "unsure"), f"{name} is there {count} times, {waiting}")
        sure = sorted(set(names) - set(waiting))
        filed = sorted(subject for subject, _ in agent.subjects("sent") if subject in names)
        check(filed == sure, f"{filed} are filed as sent, {sure} went, {waiting}")
        check(set(waiting.values()) <= {"unsure"}, f"{waiting}")


case_a_line_that_breaks.house = DovecotPlace
