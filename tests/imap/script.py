"""Scripts of the conformance suite: what their lines are, and playing one against a server. The lines are told in
README.md beside this file. Matching of responses is in `matching.py`."""

import re

from client import Broken, Connection, with_literals
from matching import Mismatch, Pattern, matches, removed

EVENT_LIMIT_S = 10
# A quiet connection is believed to stay quiet after this long.
QUIET_S = 0.2
STEP = re.compile(r"(\w+)(>\+|>|<|\+) ?(.*)$")
VERDICT = re.compile(r"((?:ok|no|bad|\|)+)(?: (\[.*\]))?$")
INSERTED = re.compile(r"(~?)\{(\+?)(?:\$(\w+)|\"((?:[^\"\\]|\\.)*)\")\}")
# Keywords such as $Forwarded begin with a capital, variables do not.
VARIABLE = re.compile(r"\$(?:([a-z]\w*)|\{(\w+)([+-]\d+)\})")


class Left(Exception):
    """A script that is not for this server, and why."""


class Step:
    """One thing a connection does, and what is expected of it."""

    def __init__(self, number, connection, verb, text):
        self.number, self.connection, self.verb, self.text = number, connection, verb, text
        self.wanted, self.unwanted, self.verdict, self.excepted = [], [], None, {}


class Script:
    """A script as read from its file."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.needs, self.unlike, self.fill, self.connections = [], {}, [], []
        self.messages, self.steps, self.box = {}, [], True
        self._excepted, self._message = {}, None
        for number, line in enumerate(path.read_text().splitlines(), 1):
            try:
                self._line(number, line)
            except (ValueError, Broken) as error:
                raise ValueError(f"{path}:{number}: {error}") from None
        self.connections = self.connections or [("1", "bob")]

    def _line(self, number, line):
        word, _, rest = line.partition(" ")
        if line.startswith("|"):
            self.messages[self._message] += unescaped(line[2:]) + b"\r\n"
        elif not line.strip() or word.startswith("#"):
            return
        elif word in ("*", "-", "check", "quiet") or VERDICT.match(line):
            self._expectation(number, line, word, rest)
        elif step := STEP.match(line):
            self.steps.append(Step(number, *step.groups()))
            self.steps[-1].excepted, self._excepted = self._excepted, {}
        else:
            self._setting(word, rest)

    def _setting(self, word, rest):
        if word == "needs":
            self.needs += rest.split()
        elif word in ("unlike", "except"):
            servers, _, reason = rest.partition(": ")
            if not reason:
                raise ValueError("a reason is missing")
            (self.unlike if word == "unlike" else self._excepted).update({name: reason for name in servers.split()})
        elif word == "message":
            self._message, self.messages[rest] = rest, b""
        elif word == "fill":
            self.fill += rest.split()
        elif word == "connect":
            number, user = rest.split()
            self.connections.append((number, user))
        elif word == "nobox":
            self.box = False
        else:
            raise ValueError(f"unknown line {word!r}")

    def _expectation(self, number, line, word, rest):
        if word == "check":
            self.steps.append(Step(number, None, "check", rest))
            return
        step = self.steps[-1]
        if word == "*":
            step.wanted.append(Pattern(rest))
        elif word == "-":
            step.unwanted.append(Pattern(rest))
        elif word == "quiet":
            step.unwanted.append(None)
        else:
            verdict, code = VERDICT.match(line).groups()
            step.verdict = (verdict.upper().split("|"), Pattern(code[1:-1]) if code else None)


class Play:
    """One script played against one server."""

    def __init__(self, script, server, kind):
        self.script, self.server, self.kind = script, server, kind
        self.connections, self.variables, self.tags, self.transcript = {}, {}, {}, []

    def run(self):
        if self.kind in self.script.unlike:
            raise Left(self.script.unlike[self.kind])
        box = f"t-{self.script.name}"
        self.variables = {"box": box.encode(), "bob": self._user("bob")[0].encode(), "alice": self._user("alice")[0].encode()}
        self.variables.update({f"{name}pass": self._user(name)[1].encode() for name in ("bob", "alice")})
        self.variables.update(self.script.messages)
        self.variables.update({f"{name}size": b"%d" % len(octets) for name, octets in self.script.messages.items()})
        try:
            self._prepare(box)
            for number, user in self.script.connections:
                self._connect(number, user)
            for step in self.script.steps:
                self._step(step)
        finally:
            for connection in self.connections.values():
                connection.close()

    def _user(self, name):
        address = next(address for address in self.server.accounts if address.startswith(name + "@"))
        return address, self.server.accounts[address]

    def _prepare(self, box):
        client = Connection(self.server.ports["imap"]).login(*self._user("bob"))
        said = client.ok("CAPABILITY")
        offered = {word.decode().upper() for response in said if response.is_a("CAPABILITY") for word in response.values[1:]}
        missing = [need for need in self.script.needs if not any(offers(word, need.upper()) for word in offered)]
        if missing:
            raise Left(f"{' '.join(missing)} not offered")
        if self.script.box:
            client.ok(f"CREATE {box}")
        for name in self.script.fill:
            client.ok(f"APPEND {box} {{}}", self.script.messages[name])
        client.command("LOGOUT")
        client.close()

    def _connect(self, number, user):
        name, _, tls = user.partition("/")
        port = self.server.ports["imaps" if tls == "tls" else "imap"]
        client = Connection(port, self.server.tls() if tls == "tls" else None)
        self.connections[number] = client
        if name != "-":
            client.login(*self._user(name))

    def _step(self, step):
        if step.verb == "check":
            return self._check(step)
        client = self.connections[step.connection]
        untagged, answer = [], None
        try:
            answer = self._act(step, client, untagged)
        except (Broken, OSError) as error:
            self._fail(step, untagged, answer, f"{type(error).__name__}: {error}")
        self.transcript += [f"{step.connection}{step.verb} {step.text}"] + [f"   {r}" for r in untagged + [answer] * bool(answer)]
        self.variables["tag"] = self.tags.get(step.connection, b"")
        if self.kind in step.excepted:
            return None
        try:
            self._judge(step, untagged, answer)
        except Mismatch as error:
            self._fail(step, untagged, answer, str(error))
        return None

    def _act(self, step, client, untagged):
        """Does what the step says. Returns the tagged response or continuation it led to."""
        if step.verb == "<":
            return self._await(step, client, untagged)
        if step.verb == "+":
            if step.text == "STARTTLS":
                return client.start_tls(self.server.tls())
            if step.text == "COMPRESS":
                return client.compress()
            client.write(self._octets(step.text) + b"\r\n")
            return client.until(self.tags[step.connection], untagged)
        tag, answer = client.send(*self._parts(step.text), untagged=untagged)
        self.tags[step.connection] = tag
        return answer or client.until(tag, untagged, continuation=step.verb == ">+")

    def _await(self, step, client, untagged):
        """Reads until all that is wanted came, or for a while if nothing is."""
        limit = EVENT_LIMIT_S if step.wanted else QUIET_S
        while (response := client.read_within(limit)) is not None:
            if response.tag != b"*":
                return response
            untagged.append(response)
            if step.wanted and self._all_came(step, untagged):
                limit = QUIET_S if step.unwanted else 0
                if not step.unwanted:
                    return None
        return None

    def _all_came(self, step, untagged):
        try:
            self._match_wanted(step, untagged, dict(self.variables))
        except Mismatch:
            return False
        return True

    def _judge(self, step, untagged, answer):
        variables = dict(self.variables)
        self._match_wanted(step, untagged, variables)
        for pattern in step.unwanted:
            unwanted = next((response for response in untagged if self._is(pattern, response, variables)), None)
            if unwanted:
                raise Mismatch(f"was not to come: {unwanted}")
        self._judge_answer(step, answer, variables)
        self.variables = variables

    @staticmethod
    def _is(pattern, response, variables):
        """True if the response is one of those that a line with `-`, or `quiet`, forbids."""
        if pattern is None:
            return response.kind() != "OK"
        return pattern.is_kind(response.kind()) or len(pattern.values) != 1 and matches(pattern, response, dict(variables))

    @staticmethod
    def _match_wanted(step, untagged, variables):
        left = list(untagged)
        removals = [pattern for pattern in step.wanted if pattern.removes() is not None]
        if removals and removed(pattern.removes() for pattern in removals) != removed(
            response.number() for response in untagged if response.is_a("EXPUNGE")
        ):
            raise Mismatch(f"these were to vanish: {', '.join(map(str, removals))}")
        for pattern in (one for one in step.wanted if one not in removals):
            found = next((response for response in left if matches(pattern, response, variables)), None)
            if found is None:
                raise Mismatch(f"did not come: * {pattern}")
            left.remove(found)

    @staticmethod
    def _judge_answer(step, answer, variables):
        if step.verb == ">+":
            if answer.tag != b"+":
                raise Mismatch("no continuation")
            return
        if step.verdict is None:
            if answer is not None and step.verb != "<":
                raise Mismatch("the script does not say what the answer is to be")
            return
        words, code = step.verdict
        if answer is None or answer.values[0].decode() not in words:
            raise Mismatch(f"the answer was to be {' or '.join(words)}")
        if code and not matches(code, answer, variables, code=True):
            raise Mismatch(f"the answer was to carry [{code}]")

    def _check(self, step):
        left, sign, right = step.text.split()
        a, b = (int(self._octets(word)) for word in (left, right))
        if not {"<": a < b, ">": a > b, "=": a == b, "!=": a != b, ">=": a >= b}[sign]:
            self._fail(step, [], None, f"{a} {sign} {b} does not hold")

    def _octets(self, text):
        """The text with its variables put in."""

        def value(match):
            name = match[1] or match[2]
            if name not in self.variables:
                raise Broken(f"${name} is not known")
            octets = self.variables[name]
            return (b"%d" % (int(octets) + int(match[3])) if match[3] else octets).decode()

        return unescaped(VARIABLE.sub(value, text))

    def _parts(self, text):
        """A command's text and literals as `Connection.send` takes them."""
        parts, at = [], 0
        for match in INSERTED.finditer(text):
            literal = self.variables[match[3]] if match[3] else self._octets(match[4])
            header = f"{match[1]}{{{len(literal)}{match[2]}}}\r\n".encode()
            parts += [self._octets(text[at : match.start()]) + header, literal]
            at = match.end()
        return parts + [self._octets(text[at:]) + b"\r\n"]

    def _fail(self, step, untagged, answer, why):
        shown = [f"   {r}" for r in untagged + [answer] * (answer is not None)]
        lines = [f"{self.script.path.name}:{step.number}: {why}", f"{step.connection}{step.verb} {step.text}", *shown]
        raise Mismatch("\n".join(lines[:60]))


def offers(word, need):
    """True if a capability is the one needed; `APPENDLIMIT=` stands for any with a value."""
    return word == need or need.endswith("=") and word.startswith(need)


def unescaped(text):
    r"""`\xHH`, `\r` and `\n` as the octets they stand for; any other backslash stands for itself."""
    octets = text.encode()
    octets = re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), octets)
    return octets.replace(rb"\r", b"\r").replace(rb"\n", b"\n")
