"""What a client of the stress test does, and what it checks after each thing it did."""

import random
import threading
import time
import traceback
from collections import Counter, deque

from client import Connection, fetched
from house import BOB
from view import View, Wrong, numbers

BOX, OTHER = "INBOX", "stress-other"
# The mailbox is kept between these.
FEW, MANY = 30, 200
IDLE_S = 0.3
REMEMBERED = 60


class Ground:
    """What all clients share: the server, the clock, and what is known for sure of messages."""

    def __init__(self, server, seed, seconds, clients):
        self.server, self.seed, self.seconds, self.clients = server, seed, seconds, clients
        self.over, self.failures, self.counts = threading.Event(), [], Counter()
        self.lock, self.octets, self.dead, self.top = threading.Lock(), {}, set(), 0
        self.end = time.monotonic() + seconds
        self.settled = threading.Barrier(clients)
        opener = self.connect()
        opener.ok(f"CREATE {OTHER}")
        for word in range(FEW):
            opener.ok(f"APPEND {BOX} {{}}", b"Subject: first %d\r\n\r\nfirst\r\n" % word)
        opener.close()

    def connect(self):
        return Connection(self.server.ports["imap"]).login(BOB, self.server.accounts[BOB])

    def goes_on(self):
        if time.monotonic() > self.end:
            self.over.set()
        return not self.over.is_set()

    def counted(self, name):
        with self.lock:
            self.counts[name] += 1

    def fail(self, number, client, error):
        """Notes a failure and ends the run."""
        trace = "".join(traceback.format_exception(error)[-2:])
        said = "\n    ".join(client.said) if client else ""
        with self.lock:
            self.failures.append((number, f"{trace}    {said}"))
        self.over.set()
        self.settled.abort()

    def given(self, uid, octets, least):
        """A message came to be; `least`: the greatest UID that was there for sure before."""
        with self.lock:
            if uid in self.octets or uid in self.dead or uid <= least:
                raise Wrong(f"UID {uid} was used before, or is not above {least}")
            self.octets[uid] = octets
            self.top = max(self.top, uid)

    def died(self, uids):
        """Messages were removed, and the server said so."""
        with self.lock:
            self.dead |= set(uids)


class Client:
    """One connection, its view, and a keyword of its own."""

    def __init__(self, ground, number):
        self.ground, self.number = ground, number
        self.dice = random.Random(f"{ground.seed}-{number}")
        self.keyword, self.marked = f"own{number}", {}
        self.said, self.view, self.serial = deque(maxlen=REMEMBERED), View(), 0
        self.quick = False
        self.open()

    def open(self):
        """Connects and selects; every third client with QRESYNC."""
        self.client = self.ground.connect()
        self.client.heard = self.hear
        self.quick = self.number % 3 == 0
        if self.quick:
            self.run("ENABLE QRESYNC")
        self.select()

    def hear(self, response):
        self.said.append(f"S: {response!r}"[:300])
        self.view.hear(response)

    def run(self, text, *literals, allowed=("OK",)):
        """A command; its untagged answers. Fails unless the answer is one of those allowed."""
        words = text.split(" ")
        verb = f"UID {words[1]}" if words[0] == "UID" else words[0]
        self.view.command = verb
        self.ground.counted(verb)
        self.said.append(f"C: {text}"[:300])
        answer, untagged = self.client.command(text, *literals)
        self.said.append(f"S: {answer!r}"[:300])
        self.view.command = "NONE"
        if answer.code:
            self.view._code(answer.code)
        if answer.values[0].decode() not in allowed:
            raise Wrong(f"{text}: {answer}")
        return answer, untagged

    def select(self, how="SELECT", more=""):
        with self.ground.lock:
            dead = set(self.ground.dead)
        self.view.reset()
        self.run(f"{how} {BOX}{more}")
        self.look(dead)

    def look(self, dead=()):
        """Fetches the whole list and checks it."""
        if self.view.entries:
            self.run("FETCH 1:* (UID FLAGS MODSEQ)", allowed=("OK", "NO"))
        back = set(self.view.uids()) & set(dead)
        if back:
            raise Wrong(f"removed and there again: {sorted(back)}")
        self.check_marks()

    def check_marks(self):
        """My keyword is where I put it and nowhere else."""
        for entry in self.view.entries:
            if entry.uid in self.marked and entry.flags is not None and self.marked[entry.uid] is not None:
                if (self.keyword.encode() in entry.flags) != self.marked[entry.uid]:
                    raise Wrong(f"UID {entry.uid}: {self.keyword} is to be {self.marked[entry.uid]}: {set(entry.flags)}")

    def act(self):
        """One thing, chosen by chance."""
        count = len(self.view.entries)
        weights = [weight * (4 if count < FEW else 1) if action in GROWING else weight * (4 if count > MANY else 0 if count < FEW else 1) if action in SHRINKING else weight for action, weight in ACTIONS]
        action = self.dice.choices([action for action, _ in ACTIONS], weights)[0]
        action(self)

    def numbers(self, limit=10):
        """A random set of numbers of this view."""
        count = len(self.view.entries)
        low = self.dice.randint(1, count)
        return low, min(count, low + self.dice.randint(0, limit - 1))

    def some_uids(self, limit=5):
        known = self.view.uids()
        return sorted(self.dice.sample(known, min(len(known), self.dice.randint(1, limit))))

    def settle(self):
        """When all are done: my view is what a new session sees."""
        try:
            self.ground.settled.wait(60)
            self.run("NOOP")
            self.ground.settled.wait(60)
        except threading.BrokenBarrierError:
            return
        self.run("NOOP")
        if self.view.entries:
            self.run("FETCH 1:* (UID)")
        fresh = Client(self.ground, self.number)
        told = {uid: flags for uid, flags in fresh.view.facts()}
        # Flags that were never told are not known wrongly.
        facts = [(uid, told.get(uid) if flags is None else flags) for uid, flags in self.view.facts()]
        if fresh.view.facts() != facts:
            mine, new = set(facts), set(fresh.view.facts())
            raise Wrong(f"only in my view: {sorted(mine - new, key=str)}; only in a new one: {sorted(new - mine, key=str)}")
        fresh.marked = self.marked
        fresh.check_marks()


def fetch_flags(client):
    if client.view.entries:
        low, high = client.numbers()
        client.run(f"FETCH {low}:{high} (UID FLAGS)", allowed=("OK", "NO"))
        client.check_marks()


def fetch_by_uid(client):
    client.run("UID FETCH {}:* (FLAGS)".format(client.dice.choice(client.view.uids() or [1])), allowed=("OK", "NO"))
    client.check_marks()


def fetch_bodies(client):
    if not client.view.entries:
        return
    low, high = client.numbers(5)
    _, untagged = client.run(f"FETCH {low}:{high} (UID RFC822.SIZE BODY.PEEK[] ENVELOPE BODYSTRUCTURE)", allowed=("OK", "NO"))
    for items in fetched(untagged).values():
        octets = items.get("BODY[]")
        if octets is None:
            continue
        known = client.ground.octets.get(int(items["UID"]))
        if known is not None and octets != known:
            raise Wrong(f"UID {items['UID']} is not what was put there: {octets[:200]!r}")
        if "RFC822.SIZE" in items and int(items["RFC822.SIZE"]) != len(octets):
            raise Wrong(f"RFC822.SIZE {items['RFC822.SIZE']} of {len(octets)} octets")


def mark(client):
    """Sets or clears my keyword on some messages."""
    uids = client.some_uids()
    if not uids:
        return
    on, silent = client.dice.random() < 0.6, client.dice.random() < 0.5
    client.marked.update(dict.fromkeys(uids))
    words = f"{'+' if on else '-'}FLAGS{'.SILENT' if silent else ''} ({client.keyword})"
    answer, _ = client.run(f"UID STORE {joined(uids)} {words}", allowed=("OK", "NO"))
    if answer.values[0] == b"OK":
        client.marked.update(dict.fromkeys(uids, on))
        if silent:
            # What a silent STORE did is not told, so the view takes it over.
            for entry in client.view.entries:
                if entry.uid in uids and entry.flags is not None:
                    own = frozenset([client.keyword.encode()])
                    entry.flags = entry.flags | own if on else entry.flags - own
    client.check_marks()


def store_by_number(client):
    """A system flag by number."""
    if client.view.entries:
        low, high = client.numbers(4)
        word = client.dice.choice(("+FLAGS (\\Seen)", "-FLAGS (\\Seen)", "+FLAGS (\\Flagged)", "-FLAGS (\\Flagged)", "+FLAGS (\\Answered)"))
        client.run(f"STORE {low}:{high} {word}", allowed=("OK", "NO"))


def search_marked(client):
    """SEARCH for my keyword finds what I marked."""
    _, untagged = client.run(f"UID SEARCH KEYWORD {client.keyword}")
    found = {int(uid) for response in untagged if response.is_a("SEARCH") for uid in response.values[1:] if not isinstance(uid, list)}
    for uid in found:
        if client.marked.get(uid) is False:
            raise Wrong(f"SEARCH KEYWORD {client.keyword} found {uid}, where I took it away")
    for uid in client.view.uids():
        if client.marked.get(uid) and uid not in found and uid not in client.ground.dead:
            client.missing = uid
            client.run("NOOP")
            if uid in client.view.uids():
                raise Wrong(f"SEARCH KEYWORD {client.keyword} did not find {uid}")


def search_text(client):
    word = client.dice.choice(("SUBJECT stress", "TEXT word", "SEEN", "UNSEEN UNDELETED", "OR FLAGGED ANSWERED", "BODY nothing-of-the-kind", "LARGER 1000"))
    client.run(f"SEARCH {word}")


def sort(client):
    client.run("UID SORT (REVERSE DATE SUBJECT) UTF-8 ALL")


def append(client):
    """One message, or several at once."""
    with client.ground.lock:
        least = client.ground.top
    letters = []
    for _ in range(client.dice.choice((1, 1, 1, 3))):
        client.serial += 1
        size = client.dice.choice((10, 200, 3000, 60000))
        letters.append(b"Subject: stress %d.%d\r\nDate: Sat, 21 Nov 2026 10:%02d:00 +0000\r\n\r\nword %d\r\n" % (client.number, client.serial, client.serial % 60, client.serial) + b"x" * size + b"\r\n")
    answer, _ = client.run(f"APPEND {BOX} " + " ".join("{}" for _ in letters), *letters)
    for uid, octets in zip(numbers(answer.code[2]), letters):
        client.ground.given(uid, octets, least)


def remove(client):
    """Marks some messages as deleted and expunges just these."""
    uids = client.some_uids(3)
    if not uids:
        return
    answer, _ = client.run(f"UID STORE {joined(uids)} +FLAGS.SILENT (\\Deleted)", allowed=("OK", "NO"))
    if answer.values[0] != b"OK":
        return
    client.run(f"UID EXPUNGE {joined(uids)}")
    left = set(uids) & set(client.view.uids())
    if left:
        # Those another client took the flag from, which no client here does, or that are told later.
        client.run("NOOP")
        left = set(uids) & set(client.view.uids())
        if left:
            raise Wrong(f"expunged and still there: {left}")
    client.ground.died(uids)


def expunge(client):
    client.run("EXPUNGE")


def move(client):
    uids = client.some_uids(2)
    if uids:
        answer, untagged = client.run(f"UID MOVE {joined(uids)} {OTHER}", allowed=("OK", "NO"))
        for response in untagged:
            if response.code and response.code[0] == b"COPYUID":
                client.ground.died(numbers(response.code[2]))


def copy(client):
    if client.view.entries:
        low, high = client.numbers(3)
        client.run(f"COPY {low}:{high} {OTHER}", allowed=("OK", "NO"))


def copy_here(client):
    """Copies within the mailbox; the copy has the octets of the first."""
    uids = client.some_uids(2)
    if not uids:
        return
    with client.ground.lock:
        least = client.ground.top
    answer, _ = client.run(f"UID COPY {joined(uids)} {BOX}", allowed=("OK", "NO"))
    if answer.code and answer.code[0] == b"COPYUID":
        for old, new in zip(numbers(answer.code[2]), numbers(answer.code[3])):
            client.ground.given(new, client.ground.octets.get(old), least)


def noop(client):
    client.run(client.dice.choice(("NOOP", "CHECK")))


def idle(client):
    """IDLE for a moment."""
    client.view.command = "IDLE"
    client.ground.counted("IDLE")
    client.said.append("C: IDLE")
    tag, answer = client.client.send(b"IDLE\r\n")
    answer = client.client.until(tag, continuation=True)
    if answer.tag != b"+":
        raise Wrong(f"IDLE: {answer}")
    end = time.monotonic() + client.dice.random() * IDLE_S
    while (left := end - time.monotonic()) > 0:
        response = client.client.read_within(left)
        if response is not None:
            client.hear(response)
    client.client.write(b"DONE\r\n")
    answer = client.client.until(tag)
    client.view.command = "NONE"
    if answer.values[0] != b"OK":
        raise Wrong(f"IDLE: {answer}")
    client.check_marks()


def status(client):
    client.run(f"STATUS {client.dice.choice((BOX, OTHER))} (MESSAGES UNSEEN UIDNEXT HIGHESTMODSEQ)")


def look(client):
    client.look()


def reselect(client):
    client.run("UNSELECT")
    client.select(client.dice.choice(("SELECT", "SELECT")))


def resynchronise(client):
    """QRESYNC: the old list with what the server says of it is what a whole FETCH gives."""
    if not client.quick:
        return reselect(client)
    client.run("NOOP")
    client.look()
    while not all(entry.uid for entry in client.view.entries):
        client.look()
    known = {entry.uid: entry.flags for entry in client.view.entries if entry.uid}
    highest, validity, gone = client.view.highest, client.view.validity, set(client.view.gone)
    client.run("UNSELECT")
    client.view.reset()
    _, untagged = client.run(f"SELECT {BOX} (QRESYNC ({validity} {highest}))")
    for response in untagged:
        if response.is_a("VANISHED"):
            for uid in numbers(response.values[-1]):
                known.pop(uid, None)
    known.update({entry.uid: entry.flags for entry in client.view.entries if entry.uid})
    before = len(client.view.entries)
    client.look()
    whole = {entry.uid: entry.flags for entry in client.view.entries[:before] if entry.uid}
    missing, more = set(whole) - set(known), set(known) - set(whole) - client.view.gone
    if missing or more and not more <= client.ground.dead:
        raise Wrong(f"QRESYNC {highest}: not told of {sorted(missing)}, not that {sorted(more)} vanished")
    return gone


def again(client):
    """Leaves and comes back."""
    client.run("LOGOUT")
    client.client.close()
    client.view.reset()
    client.open()


def joined(uids):
    return ",".join(map(str, uids))


ACTIONS = (
    (fetch_flags, 10), (fetch_by_uid, 5), (fetch_bodies, 8), (mark, 14), (store_by_number, 8), (search_marked, 6), (search_text, 5), (sort, 2),
    (append, 8), (remove, 6), (expunge, 1), (move, 2), (copy, 2), (copy_here, 3), (noop, 6), (idle, 4), (status, 3), (look, 3), (reselect, 2),
    (resynchronise, 3), (again, 1),
)
GROWING = (append, copy_here)
SHRINKING = (remove, move, expunge)
