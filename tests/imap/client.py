"""A connection to an IMAP server for tests: sends commands octet by octet as they are given, with literals, and reads
responses into plain values. It knows the grammar of responses (RFC 9051 §9) and nothing of what they mean.

An atom is an `Atom`, a quoted string or a literal is `bytes`, NIL is `None`, a list is a `list`. `BODY[HEADER.FIELDS (A)]<0>`
is one atom.
"""

import re
import socket
import ssl
import zlib

ANSWER_LIMIT_S = 60
CHUNK = 65536
LITERAL = re.compile(rb"~?\{(\d+)\+?\}$")
# Only a quote and a backslash may be escaped.
QUOTED = re.compile(rb'"((?:[^"\\\r\n]|\\["\\])*)"')
ESCAPED = re.compile(rb"\\(.)")
# `[` begins a section, which goes on to its `]`, over spaces and brackets.
WORD = re.compile(rb'(?:[^ ()"\[\r\n]|\[[^\]\r\n]*\])+')
WORD_IN_CODE = re.compile(rb'(?:[^ ()"\[\]\r\n]|\[[^\]\r\n]*\])+')


class Broken(Exception):
    """The server's octets are not a response, or it went away."""


class Atom(bytes):
    """A word that was neither quoted nor a literal."""

    def __repr__(self):
        return self.decode("latin-1")

    def is_word(self, word):
        return self.upper() == word.upper()


class Response:
    """One response: `tag` is `*`, `+` or a command's tag; `values` what follows; `code` and `text` for the status kinds."""

    STATUS = (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH")

    def __init__(self, pieces):
        self.raw = b"".join(pieces)
        self.tag, _, rest = pieces[0].partition(b" ")
        self.values, self.code, self.text = [], None, b""
        if self.tag == b"+":
            self.text = rest
            return
        word = rest.split(b" ", 1)[0].upper()
        if word in self.STATUS:
            self.values = [Atom(word)]
            self._status([rest[len(word):].lstrip(b" ")] + pieces[1:])
        else:
            self.values = parse([rest] + pieces[1:])

    def _status(self, pieces):
        if not pieces[0].startswith(b"["):
            self.text = pieces[0]
            return
        reader = Reader([pieces[0][1:]] + pieces[1:])
        self.code = reader.items(b"]")
        self.text = reader.rest().lstrip(b" ")

    def is_a(self, word):
        """True if this untagged response is of the kind `word`: the first word, or the one after a number."""
        return self.kind() == word.upper()

    def kind(self):
        if not self.values or not isinstance(self.values[0], Atom):
            return ""
        first = self.values[0].decode("latin-1").upper()
        if first.isdigit() and len(self.values) > 1:
            return self.values[1].decode("latin-1").upper()
        return first

    def number(self):
        return int(self.values[0])

    def __repr__(self):
        shown = self.raw.decode("latin-1").rstrip("\r\n")
        return shown if len(shown) < 2000 else shown[:1000] + " ... " + shown[-200:]


class Reader:
    """Reads values from pieces: text, literal's octets, text, and so on."""

    def __init__(self, pieces):
        self.pieces, self.piece, self.at = pieces, 0, 0

    def _text(self):
        return self.pieces[self.piece]

    def peek(self):
        text = self._text()
        return text[self.at : self.at + 1]

    def rest(self):
        return self._text()[self.at :].rstrip(b"\r\n")

    def items(self, end=b""):
        """Values up to `end`, which is taken; with none, to the end of the response."""
        found = []
        while True:
            mark = self.peek()
            if mark == b" ":
                self.at += 1
            elif mark in (b"", b"\r", b"\n"):
                if end:
                    raise Broken(f"no {end!r} in {b''.join(self.pieces)!r}")
                return found
            elif mark == end:
                self.at += 1
                return found
            else:
                found.append(self.value(end))

    def value(self, end):
        mark = self.peek()
        if mark == b"(":
            self.at += 1
            return self.items(b")")
        if mark == b'"':
            return self._quoted()
        if mark in (b"{", b"~") and LITERAL.search(self._text()[self.at :].rstrip(b"\r\n")):
            return self._literal()
        return self._atom(end)

    def _quoted(self):
        found = QUOTED.match(self._text(), self.at)
        if not found:
            raise Broken(f"not a quoted string: {self._text()[self.at :]!r}")
        self.at = found.end()
        return ESCAPED.sub(rb"\1", found[1])

    def _literal(self):
        octets = self.pieces[self.piece + 1]
        self.piece, self.at = self.piece + 2, 0
        return octets

    def _atom(self, end):
        found = (WORD if end != b"]" else WORD_IN_CODE).match(self._text(), self.at)
        if not found:
            raise Broken(f"nothing readable at {self._text()[self.at :]!r}")
        self.at = found.end()
        return None if found[0].upper() == b"NIL" else Atom(found[0])


def parse(pieces):
    """All values of a response."""
    return Reader(pieces).items()


class Connection:
    """One connection. `heard` is called with every untagged response, in the order they come."""

    def __init__(self, port, tls=None, host="localhost", greet=True):
        self.socket = socket.create_connection(("127.0.0.1", port), ANSWER_LIMIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname=host)
        self.buffer, self.count, self.inflate, self.deflate = bytearray(), 0, None, None
        self.heard = lambda response: None
        self.greeting = self.read() if greet else None

    def start_tls(self, tls, host="localhost"):
        """After the server's OK to STARTTLS."""
        self.socket = tls.wrap_socket(self.socket, server_hostname=host)

    def compress(self):
        """After the server's OK to COMPRESS DEFLATE."""
        self.inflate, self.deflate = zlib.decompressobj(-15), zlib.compressobj(wbits=-15)
        self.buffer = bytearray(self.inflate.decompress(bytes(self.buffer)))

    def write(self, octets):
        if self.deflate:
            octets = self.deflate.compress(octets) + self.deflate.flush(zlib.Z_SYNC_FLUSH)
        self.socket.sendall(octets)

    def _fill(self):
        octets = self.socket.recv(CHUNK)
        if not octets:
            raise Broken("the connection ended")
        self.buffer += self.inflate.decompress(octets) if self.inflate else octets

    def _line(self):
        searched = 0
        while (end := self.buffer.find(b"\n", searched)) < 0:
            searched = len(self.buffer)
            self._fill()
        line = bytes(self.buffer[: end + 1])
        del self.buffer[: end + 1]
        if not line.endswith(b"\r\n"):
            raise Broken(f"a line that does not end in CR LF: {line!r}")
        return line

    def _octets(self, count):
        while len(self.buffer) < count:
            self._fill()
        octets = bytes(self.buffer[:count])
        del self.buffer[:count]
        return octets

    def read(self):
        """The next response."""
        pieces = [self._line()]
        while not pieces[0].startswith(b"+") and (literal := LITERAL.search(pieces[-1].rstrip(b"\r\n"))):
            pieces.append(self._octets(int(literal[1])))
            pieces.append(self._line())
        return Response(pieces)

    def read_within(self, limit_s):
        """The next response, or None if none begins in time."""
        if not self.buffer:
            self.socket.settimeout(limit_s)
            try:
                self._fill()
            except (TimeoutError, ssl.SSLWantReadError):
                return None
            finally:
                self.socket.settimeout(ANSWER_LIMIT_S)
        return self.read()

    def tag(self):
        self.count += 1
        return b"a%d" % self.count

    def send(self, *parts, untagged=None):
        """Sends a command; a part after the first is a literal, for which the server is asked unless the part before ends
        in `+}`. Returns the tag, and the tagged response if it came instead of a continuation."""
        tag = self.tag()
        self.write(tag + b" " + parts[0])
        for before, literal, after in zip(parts[0::2], parts[1::2], parts[2::2]):
            if not before.endswith(b"+}\r\n"):
                answer = self.until(tag, untagged, continuation=True)
                if answer.tag != b"+":
                    return tag, answer
            self.write(literal + after)
        return tag, None

    def until(self, tag, untagged=None, continuation=False):
        """Reads to the tagged response; what is untagged is heard and added to `untagged`."""
        while True:
            response = self.read()
            if response.tag == tag or continuation and response.tag == b"+":
                return response
            if response.tag != b"*":
                raise Broken(f"neither untagged nor {tag!r}: {response}")
            self.heard(response)
            if untagged is not None:
                untagged.append(response)

    def command(self, text, *literals):
        """A command with `{}` where each literal stands. Returns the tagged response and the untagged ones."""
        untagged = []
        tag, answer = self.send(*with_literals(text, literals), untagged=untagged)
        return answer or self.until(tag, untagged), untagged

    def ok(self, text, *literals):
        """As `command`, but anything else than OK fails. Returns the untagged responses."""
        answer, untagged = self.command(text, *literals)
        if not answer.values[0].is_word(b"OK"):
            raise Broken(f"{text}: {answer}")
        return untagged

    def login(self, user, password):
        self.ok(f"LOGIN {quoted(user)} {quoted(password)}")
        return self

    def close(self):
        self.socket.close()


def quoted(text):
    """A quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def with_literals(text, literals, mark=b"", sign=b""):
    """The parts of a command for `Connection.send`: `{}` becomes the literal's header."""
    octets = text if isinstance(text, bytes) else text.encode()
    texts = octets.split(b"{}") if literals else [octets]
    if len(texts) != len(literals) + 1:
        raise ValueError(f"{octets!r} with {len(literals)} literals")
    parts = []
    for text, literal in zip(texts, literals):
        parts += [text + mark + b"{%d%s}\r\n" % (len(literal), sign), literal]
    parts.append(texts[-1] + b"\r\n")
    return parts


def fetched(responses):
    """The data of FETCH responses: number to a dictionary of items, the last one winning."""
    found = {}
    for response in responses:
        if response.is_a("FETCH"):
            items = found.setdefault(response.number(), {})
            items.update(pairs(response.values[2]))
    return found


def pairs(values):
    """A list of name, value, name, value as a dictionary; names in capitals."""
    return {name.decode("latin-1").upper(): value for name, value in zip(values[0::2], values[1::2])}
