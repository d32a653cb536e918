"""`pillarbox mail sync` at Dovecot and Postfix, killed with `kill -9` at any point, and over lines that are cut: no mail is lost,
doubled or resurrected, no draft is lost, and no letter goes twice. PILLARBOX_SEEDS says how often, PILLARBOX_SEED plays one."""

import os
import random
import re
import subprocess
import time

import imap_side
import letters
from agent_side import Agent
from house import ALICE, PASSWORDS
from imap_side import quoted
from places import CyrusPlace, DovecotPlace
from programs import LIMIT_S, check
from proxy import Line

NEEDS = CyrusPlace.NEEDS
SEEDS = int(os.environ.get("PILLARBOX_SEEDS", "3"))
SEED = os.environ.get("PILLARBOX_SEED")
ROUNDS, STEPS = 6, 4
FOLDERS = ("INBOX", "Work")
# By turns of the seeds, each with the door for letters and the one for mail.
SECURITY = (("plain", "no-tls"), ("tls", "submissions"))
IMAP = ("imap", "imaps")


class Ledger:
    """What was made, removed and sent, by the subject of each; on which all must agree in the end."""

    def __init__(self, place, seed, line):
        self.place, self.seed, self.line, self.chance = place, seed, line, random.Random(seed)
        self.agent = Agent(place, ALICE, PASSWORDS[ALICE], f"home{seed}")
        self.made, self.gone, self.drafts, self.sent, self.count = set(), set(), set(), set(), 0
        security, door = SECURITY[seed % 2]
        self.agent.add("--imap", f"localhost:{line.port}", "--smtp", f"localhost:{place.ports[door]}", "--security", security)
        self.client = imap_side.login(place, ALICE)

    def named(self, kind):
        self.count += 1
        return f"{kind}-s{self.seed}n{self.count}"

    def step(self):
        """Something a person does, offline or with another client."""
        kind = self.chance.randrange(7)
        folder, other = self.chance.sample(FOLDERS, 2)
        rows = [row for row in self.agent.rows(folder) if row["subject"] not in self.gone]
        if kind <= 1 or (kind >= 4 and not rows):
            name = self.named("far")
            self.made.add(name)
            body = b"Pickles?\n" * self.chance.choice((1, 100, 5000))
            octets = letters.letter(name.encode(), body).replace(b"\n", b"\r\n")
            said, _ = self.client.append(quoted(folder), None, None, octets)
            check(said == "OK", "the other client keeps a message")
        elif kind == 2:
            name = self.named("draft")
            self.drafts.add(name)
            self.agent.send("carol@crepes.fr", name, "--offline", "--draft")
        elif kind == 3:
            name = self.named("sent")
            self.sent.add(name)
            self.agent.send("carol@crepes.fr", name, "--offline", text=b"Ketchup?\n" * self.chance.choice((1, 3000)))
        elif kind == 4:
            flag = self.chance.choice(("+flagged", "+seen", "+answered"))
            self.agent.mail("--offline", "flag", self.chance.choice(rows)["id"], flag)
        elif kind == 5:
            self.agent.mail("--offline", "move", self.chance.choice(rows)["id"], other)
        else:
            row = self.chance.choice(rows)
            self.gone.add(row["subject"])
            self.agent.mail("--offline", "delete", row["id"], "--for-good", "--yes")

    def check(self):
        """Once nothing is in the way: here, there, in the outbox and at the recipient."""
        for _ in range(3):
            self.agent.mail("sync")
        seed = f"seed {self.seed}: "
        left = []
        for folder in (*FOLDERS, "Drafts", "Sent"):
            near, far = sorted(name for name, _ in self.agent.subjects(folder)), imap_side.subjects(self.place, folder, ALICE)
            far = sorted(name for name, _ in far)
            check(near == far, f"{seed}{folder}: here {near}, there {far}")
            left.append(far)
        check(sorted(left[0] + left[1]) == sorted(self.made - self.gone), f"{seed}left {left[:2]}, made {self.made}, removed {self.gone}")
        check(left[2] == sorted(self.drafts), f"{seed}drafts {left[2]}, saved {self.drafts}")
        waiting = self.agent.waiting()
        check(set(waiting.values()) <= {"unsure"}, f"{seed}{waiting}")
        check(left[3] == sorted(self.sent - set(waiting)), f"{seed}filed {left[3]}, sent {self.sent}, {waiting}")
        self.place.postfix.await_empty()
        found = [re.search(rb"(?m)^Subject: (\S+)", letter)[1].decode() for letter in self.place.postfix.letters()]
        for name in self.sent:
            count = found.count(name)
            check(count == 1 or (count == 0 and name in waiting), f"{seed}{name} went {count} times, {waiting}")

    def end(self):
        """The account is empty for the next seed."""
        for folder in (*FOLDERS, "Drafts", "Sent"):
            self.client.select(quoted(folder))
            self.client.uid("STORE", "1:*", "+FLAGS", "(\\Deleted)")
            self.client.expunge()
        self.client.logout()


def seeds():
    return [int(SEED)] if SEED else range(SEEDS)


def case_killed(place):
    """At a point of chance within the time that a sync takes."""
    imap_side.make(place, "Work", "Sent", user=ALICE)
    kills = 0
    for seed in seeds():
        with Line(place.ports[IMAP[seed % 2]]) as line:
            ledger = Ledger(place, seed, line)
            began = time.monotonic()
            ledger.agent.mail("sync")
            longest = 1.5 * (time.monotonic() - began)
            for _ in range(ROUNDS):
                for _ in range(STEPS):
                    ledger.step()
                process = ledger.agent.begin("mail", "sync")
                try:
                    process.wait(ledger.chance.random() * longest)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
            ledger.check()
            ledger.end()
    check(kills > 0, "what is never killed proves nothing")


case_killed.house = DovecotPlace


def case_cut(place):
    """The line to Dovecot is cut after so many octets, in either direction."""
    imap_side.make(place, "Work", "Sent", user=ALICE)
    cuts = 0
    for seed in seeds():
        with Line(place.ports[IMAP[seed % 2]], random.Random(seed)) as line:
            ledger = Ledger(place, seed, line)
            ledger.agent.mail("sync")
            line.cutting = True
            for _ in range(ROUNDS):
                for _ in range(STEPS):
                    ledger.step()
                process = ledger.agent.begin("mail", "sync")
                # What is cut is cut; what is refused may not be.
                check(process.wait(LIMIT_S) in (0, 75), f"seed {seed}: it ended with {process.returncode}")
            line.cutting = False
            cuts += line.cuts
            ledger.check()
            ledger.end()
    check(cuts > 0, "a line that is never cut proves nothing")


case_cut.house = DovecotPlace


def case_cut_in_the_handshake(place):
    """Before TLS stands the line breaks as it does anywhere: it is tried again, and nobody is sent to look at the settings."""
    # Her mailboxes are made as she logs in.
    imap_side.login(place, ALICE).logout()
    logins = ("--smtp", f"localhost:{place.ports['submissions']}", "--security", "tls")
    doors = {"imaps": ("--imap", "localhost:{}", *logins), "https": ("--jmap", "https://localhost:{}")}
    for door, words in doors.items():
        with Line(place.ports[door]) as line:
            agent = Agent(place, ALICE, PASSWORDS[ALICE], door)
            agent.add(*(word.format(line.port) for word in words))
            for octets in (1, 100, 400, 1000, 2000):
                line.budget = octets
                said = agent.mail("sync", allowed=(75,))
                check("localhost" in said, said)
            line.budget = None
            agent.mail("sync")


case_cut_in_the_handshake.house = CyrusPlace


def case_letters_by_jmap(place):
    """The line to Cyrus is cut while letters go: they are asked after, and go once."""
    cuts = 0
    # Her mailboxes are made as she logs in.
    imap_side.login(place, ALICE).logout()
    for seed in seeds():
        with Line(place.ports["https"], random.Random(seed)) as line:
            agent = Agent(place, ALICE, PASSWORDS[ALICE], f"home{seed}")
            agent.add("--jmap", f"https://localhost:{line.port}")
            agent.mail("sync")
            names = [f"s{seed}n{number}" for number in range(4)]
            for name in names:
                line.cutting = True
                agent.send("carol@crepes.fr", name, allowed=(0, 75))
                for _ in range(3):
                    agent.mail("outbox", "retry")
                line.cutting = False
                agent.mail("outbox", "retry")
            cuts += line.cuts
            for _ in range(2):
                agent.mail("sync")
        check(not agent.waiting(), f"seed {seed}: {agent.waiting()}")
        place.postfix.await_empty()
        found = [re.search(rb"(?m)^Subject: (\S+)", letter)[1].decode() for letter in place.postfix.letters()]
        filed = [name for name, _ in agent.subjects("sent")]
        for name in names:
            counts = (found.count(name), filed.count(name))
            check(counts == (1, 1), f"seed {seed}: {name} went {counts[0]} times and is filed {counts[1]} times")
        check(not agent.rows("drafts"), f"seed {seed}: {agent.subjects('drafts')}")
    check(cuts > 0, "a line that is never cut proves nothing")


case_letters_by_jmap.house = CyrusPlace
