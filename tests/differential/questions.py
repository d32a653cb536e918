"""What is asked of every server: of each message its ENVELOPE, structure, sizes and every part in every form; of the
mailbox SEARCH, SORT and THREAD. Answers come back in one spelling, so that equal means the same."""

import random
import re
from concurrent.futures import ThreadPoolExecutor

from client import Broken, Connection, Response, fetched
from house import BOB
from matching import moment

BOX = "differential"
FLAGS = ("", "\\Seen", "\\Flagged", "\\Seen \\Answered", "\\Deleted", "\\Draft", "$Work", "\\Seen $Work")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WHOLE = "ENVELOPE BODYSTRUCTURE BODY FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT]"
SOME_FIELDS = "BODY.PEEK[HEADER.FIELDS (SUBJECT RECEIVED X-NOTHING)] BODY.PEEK[HEADER.FIELDS.NOT (RECEIVED)]"
# A part in the middle, one over the end, one behind it.
RANGES = ("<0.20>", "<7.1000>", "<1000000.5>")
PARTS_MAX = 40
SORT_KEYS = ("ARRIVAL", "DATE", "FROM", "TO", "CC", "SUBJECT", "SIZE", "REVERSE DATE", "SUBJECT REVERSE DATE", "DISPLAYFROM", "DISPLAYTO")
# The same questions in every run.
SEED = 9051
WORDS_PER_FIELD = 12
NO_DOMAIN = (b"MISSING_DOMAIN", b"unspecified-domain", b"")
CROWD = ThreadPoolExecutor()
ENDED = Response([b"* BYE hung up\r\n"])


class Server:
    """One server with the mailbox that all of them have."""

    def __init__(self, kind, room):
        self.kind, self.room, self.uids, self.places = kind, room, {}, {}
        self.client = Connection(room.ports["imap"]).login(BOB, room.accounts[BOB])
        self.words = {word.decode().upper() for response in self.client.ok("CAPABILITY") for word in response.values[1:]}
        self.client.ok(f"CREATE {BOX}")
        self.client.ok(f"SELECT {BOX}")

    def command(self, text, *literals):
        """As `Connection.command`. A server that hangs up has answered too: "ended"."""
        try:
            answer, untagged = self.client.command(text, *literals)
        except Broken:
            self.client = Connection(self.room.ports["imap"]).login(BOB, self.room.accounts[BOB])
            self.client.ok(f"SELECT {BOX}")
            return ENDED, []
        return answer, untagged

    def append(self, letter):
        """Puts a letter in; returns its UID, or None if it was refused."""
        place = letter.place
        date = f"{place % 28 + 1:02}-{MONTHS[place // 28 % 12]}-2024 {place // 336 % 24:02}:{place % 60:02}:00 +0000"
        flags = FLAGS[place % len(FLAGS)]
        answer, _ = self.command(f'APPEND {BOX} ({flags}) "{date}" {{}}', letter.octets)
        if not answer.values[0].is_word(b"OK"):
            return None
        self.uids[place] = uid = int(answer.code[2])
        self.places[uid] = place
        return uid

    def forget(self, letter):
        """Takes a letter out again."""
        uid = self.uids.pop(letter.place, None)
        if uid:
            self.client.ok(f"UID STORE {uid} +FLAGS.SILENT (\\Deleted)")
            self.client.ok(f"UID EXPUNGE {uid}")

    def fetch(self, letter, items):
        """What a letter's items are, by name. None if the server did not say OK; what it gave is kept all the same."""
        answer, untagged = self.command(f"UID FETCH {self.uids[letter.place]} ({items})")
        mine = [found for found in fetched(untagged).values() if found.get("UID") == b"%d" % self.uids[letter.place]]
        merged = {}
        for found in mine:
            merged.update(found)
        return merged, answer.values[0].is_word(b"OK")

    def ask(self, question):
        """The untagged answers to a command, or the word the server refused it with."""
        answer, untagged = self.command(question)
        return untagged if answer.values[0].is_word(b"OK") else answer.values[0].decode()


def ask_message(servers, letter):
    """Everything about one letter: item to server to answer."""
    answers = {}
    for server, (found, _) in together(servers, lambda server: server.fetch(letter, f"{WHOLE} {SOME_FIELDS}")):
        for name, value in found.items():
            if name != "UID":
                answers.setdefault(group(name), {})[server.kind] = spelled(name, value)
    first = next((s for s in servers if "BODYSTRUCTURE" in answers and s.kind in answers["BODYSTRUCTURE"]), None)
    if first is None:
        return answers
    parts = numbered(answers["BODYSTRUCTURE"][first.kind])[:PARTS_MAX]
    for number, is_message in parts:
        _ask_part(servers, letter, number, is_message, answers)
    return answers


def _ask_part(servers, letter, number, is_message, answers):
    """One part: its octets, its MIME header, ranges of it, and decoded."""
    items = [f"BODY.PEEK[{number}]", f"BODY.PEEK[{number}.MIME]"] + [f"BODY.PEEK[{number}]{span}" for span in RANGES]
    items += [f"BODY.PEEK[{number}.HEADER]", f"BODY.PEEK[{number}.TEXT]"] if is_message else []
    for server, (found, binary) in together(servers, lambda server: _part_of(server, letter, number, items)):
        for name, value in found.items():
            if name not in ("UID", "FLAGS"):
                answers.setdefault(f"{group(name)} {name}", {})[server.kind] = value
        for name, value in binary.items():
            answers.setdefault(f"{name}[n] {number}", {})[server.kind] = value


def _part_of(server, letter, number, items):
    """One server's part: its items, and what it is when decoded."""
    found, _ = server.fetch(letter, " ".join(items))
    binary = {}
    for name, item in (("BINARY", "BINARY.PEEK"), ("BINARY.SIZE", "BINARY.SIZE")) if "BINARY" in server.words else ():
        decoded, fine = server.fetch(letter, f"{item}[{number}]")
        binary[name] = decoded.get(f"{name}[{number}]") if fine else "refused"
    return found, binary


def together(servers, ask):
    """Asks all servers at once; pairs of server and answer."""
    return zip(servers, CROWD.map(ask, servers))


def group(name):
    """The row of the table that an item belongs to: part numbers and ranges as n and o."""
    name = re.sub(r"<\d+>$", "<o>", name)
    name = re.sub(r"\[\d+(\.\d+)*", "[n", name)
    return re.sub(r"\(.*\)", "", name).replace(" ]", "]")


def spelled(name, value):
    """An answer in one spelling."""
    if name == "FLAGS":
        return sorted(flag.lower() for flag in value if flag.lower() != b"\\recent")
    if name in ("BODY", "BODYSTRUCTURE"):
        return structure(value)
    if name == "INTERNALDATE":
        return moment(value)
    return domains(value) if name == "ENVELOPE" else value


def domains(value):
    """An address without a domain has a word of the server's own in its place, or none."""
    if isinstance(value, list):
        return [domains(one) for one in value]
    return None if value in NO_DOMAIN else value


def structure(value):
    """A body structure: types, encodings and names of parameters in small letters, no empty ends."""
    if not value:
        return value
    if isinstance(value[0], list):
        parts = [structure(part) for part in value if isinstance(part, list) and _is_part(part, value)]
        rest = value[len(parts) :]
        return [parts, *trimmed([lower(rest[0])] + [parameters(one) if i == 0 else disposition(one) for i, one in enumerate(rest[1:])])]
    head = [lower(value[0]), lower(value[1]), without_default(lower(value[0]), parameters(value[2])), value[3], value[4], lower(value[5]), int(value[6])]
    rest = list(value[7:])
    if head[:2] == [b"message", b"rfc822"] and len(rest) >= 3:
        head += [domains(rest[0]), structure(rest[1]), int(rest[2])]
        rest = rest[3:]
    elif head[0] == b"text":
        head.append(int(rest.pop(0)))
    return trimmed(head + [one if i == 0 else disposition(one) for i, one in enumerate(rest)])


def _is_part(part, siblings):
    """True for the lists before the subtype."""
    subtype = next(i for i, one in enumerate(siblings) if not isinstance(one, list))
    return any(part is one for one in siblings[:subtype])


def lower(value):
    return value.lower() if isinstance(value, bytes) else value


def parameters(value):
    """Names in small letters, in order of their names."""
    if not isinstance(value, list):
        return value
    pairs = list(zip(value[0::2], value[1::2]))
    return sorted(((lower(name), bytes(text or b"")) for name, text in pairs), key=lambda pair: pair[0])


def without_default(kind, found):
    """US-ASCII is what a text has without a charset (RFC 2045 §5.2); some servers say so and some do not."""
    left = [pair for pair in found or [] if kind != b"text" or (pair[0], pair[1].lower()) != (b"charset", b"us-ascii")]
    return left or None


def disposition(value):
    """`("inline" (parameters))`; anything else as it is."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], (list, type(None))):
        return [lower(value[0]), parameters(value[1])]
    return value


def trimmed(values):
    """Without NILs at the end: extension data that says nothing."""
    while values and values[-1] is None:
        values = values[:-1]
    return values


def numbered(value, prefix=""):
    """The part numbers of a spelled structure, and whether each is a message in a message."""
    if isinstance(value[0], list):
        return [found for at, part in enumerate(value[0], 1) for found in _branch(part, f"{prefix}{at}")]
    return _branch(value, f"{prefix}1") if not prefix else [(prefix.rstrip("."), False)]


def _branch(part, number):
    """One part and those in it. A multipart has a number only inside another."""
    if isinstance(part[0], list):
        return [(number, False)] + numbered(part, f"{number}.")
    if part[:2] == [b"message", b"rfc822"] and len(part) > 8 and isinstance(part[8], list):
        inner = part[8]
        below = numbered(inner, f"{number}.") if isinstance(inner[0], list) else [(f"{number}.1", False)]
        return [(number, True)] + below
    return [(number, False)]


def ask_mailbox(servers, letters):
    """Every SEARCH, SORT and THREAD: pairs of the question and server to answer, in places instead of UIDs."""
    for question in questions(letters):
        needed = "SORT=DISPLAY" if "DISPLAY" in question else "SORT" if question.startswith("SORT") else "IMAP4REV1"
        able = [server for server in servers if needed in server.words]
        answers = together(able, lambda server: places(server, server.ask(f"UID {question}")))
        yield question, {server.kind: answer for server, answer in answers}


def places(server, answer):
    """The answer with the letters' places for UIDs; SEARCH as a set."""
    if isinstance(answer, str):
        return answer

    def place(value):
        return [place(one) for one in value] if isinstance(value, list) else server.places.get(int(value), f"uid {value}")

    for response in answer:
        if response.kind() == "SEARCH":
            return sorted(map(place, response.values[1:]), key=str)
        if response.kind() in ("SORT", "THREAD"):
            return [place(value) for value in response.values[1:]]
    return []


def questions(letters):
    """The same questions for the same letters."""
    dice = random.Random(SEED)
    asked = ["ALL", "SEEN", "UNSEEN", "FLAGGED", "ANSWERED", "DELETED", "DRAFT", "UNDELETED", "KEYWORD $Work", "UNKEYWORD $Work"]
    asked += ["BEFORE 1-Jun-2024", "SINCE 1-Jun-2024", "ON 3-Mar-2024", "SENTBEFORE 1-Sep-2002", "SENTSINCE 1-Sep-2002", "SENTON 1-Sep-2002"]
    asked += ["LARGER 5000", "SMALLER 2000", "NOT SEEN", "OR SEEN FLAGGED", "NOT (OR SEEN (LARGER 3000 FLAGGED))", 'HEADER X-Mailer ""']
    asked += ['SUBJECT ""', 'HEADER Received "localhost"', 'CC "@"', 'BCC "@"', 'TO "undisclosed"', 'FROM "<"']
    for key, name in (("FROM", b"From"), ("TO", b"To"), ("SUBJECT", b"Subject"), ("CC", b"Cc"), ("HEADER Message-ID", b"Message-ID")):
        asked += [f'{key} "{word}"' for word in words_of(dice, [field(letter, name) for letter in letters])]
    bodies = [letter.octets.partition(b"\r\n\r\n")[2] for letter in letters]
    asked += [f'{key} "{word}"' for key in ("BODY", "TEXT") for word in words_of(dice, bodies)]
    asked += [f'BODY "{a}" NOT SUBJECT "{b}"' for a, b in zip(words_of(dice, bodies), words_of(dice, bodies))]
    found = [f"SEARCH {key}" for key in asked] + [f"SORT ({keys}) UTF-8 ALL" for keys in SORT_KEYS]
    return found + [f"THREAD {kind} UTF-8 {key}" for kind in ("REFERENCES", "ORDEREDSUBJECT") for key in ("ALL", "SEEN")]


def field(letter, name):
    """The first field of that name, unfolded."""
    header = letter.octets.partition(b"\r\n\r\n")[0]
    found = re.search(rb"(?im)^" + name + rb":[ \t]*((?:.|\r\n[ \t])*)", header)
    return found[1] if found else b""


def words_of(dice, texts):
    """Some words out of the texts, some cut in their middle, for a substring is to be found."""
    words = sorted({word for text in texts for word in re.findall(rb"[A-Za-z0-9@.-]{3,20}", text)})
    chosen = dice.sample(words, min(WORDS_PER_FIELD, len(words)))
    return [word.decode()[1:] if dice.random() < 0.4 and len(word) > 4 else word.decode() for word in chosen]


