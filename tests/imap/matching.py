"""Whether a response is what a script's pattern says. Each kind of response is compared by its own sense: flags as sets,
the items of FETCH and STATUS by name, sequence sets as sets, names in capitals or not. What a pattern does not mention
may be there where the RFC lets a server add to it."""

import re
from datetime import datetime

from client import Atom, parse, pairs

SET = re.compile(rb"[\d*]+(?:[:,][\d*]+)+$")
NUMBERED = ("EXISTS", "RECENT", "EXPUNGE", "FETCH", "UIDFETCH")
INSERTED = re.compile(r"~?\{(?:\$(\w+)|\"((?:[^\"\\]|\\.)*)\")\}")
REST = b"..."


class Mismatch(Exception):
    """What came is not what was expected."""


class Pattern:
    """An expected response, parsed."""

    def __init__(self, text):
        self.text, self.inserted = text, []
        octets = INSERTED.sub(self._insert, text).encode()
        status = re.match(rb"(OK|NO|BAD|BYE)(?: \[(.*)\])?$", octets)
        self.status = status[1] if status else None
        self.values = parse([(status[2] or b"") + b"\r\n" if status else octets + b"\r\n"])

    def _insert(self, match):
        if match[1]:
            return f"${match[1]}"
        octets = match[2].encode().replace(rb"\r", b"\r").replace(rb"\n", b"\n")
        self.inserted.append(octets)
        return f"$={len(self.inserted) - 1}"

    def removes(self):
        """The number, if this is an EXPUNGE of a number."""
        is_one = len(self.values) == 2 and isinstance(self.values[1], Atom) and self.values[1].is_word(b"EXPUNGE")
        return int(self.values[0]) if is_one and self.values[0].isdigit() else None

    def is_kind(self, kind):
        """True if this is no more than the name of a kind."""
        return not self.status and len(self.values) == 1 and self.values[0].is_word(kind.encode())

    def __str__(self):
        return self.text


class Matcher:
    """One attempt; captures go to `variables` as they are made."""

    def __init__(self, pattern, variables):
        self.pattern, self.variables = pattern, variables

    def value(self, wanted, found):
        """One value against one pattern value."""
        if isinstance(wanted, Atom):
            return self._atom(wanted, found)
        if isinstance(wanted, list):
            return isinstance(found, list) and self.sequence(wanted, found)
        if wanted is None or found is None:
            return wanted is found
        return isinstance(found, bytes) and self._filled(bytes(wanted)) == bytes(found)

    def _atom(self, wanted, found):
        if wanted.startswith(b"$="):
            return found == self._filled(self.pattern.inserted[int(wanted[2:])])
        if wanted == b"$_":
            return True
        if re.fullmatch(rb"\$[a-z]\w*", wanted):
            return self._variable(wanted[1:].decode(), found)
        if wanted.startswith(b"/") and wanted.endswith(b"/") and len(wanted) > 1:
            return isinstance(found, bytes) and re.fullmatch(wanted[1:-1], found, re.DOTALL) is not None
        wanted = self._filled(wanted)
        if not isinstance(found, bytes):
            return False
        if SET.match(wanted) or SET.match(found):
            return is_set(wanted) and is_set(found) and ranges(wanted) == ranges(found)
        return wanted.upper() == found.upper()

    def _variable(self, name, found):
        if name in self.variables:
            known = self.variables[name]
            if isinstance(known, bytes) and isinstance(found, bytes) and is_set(known) and is_set(found):
                return ranges(known) == ranges(found)
            return known == found or isinstance(found, Atom) and isinstance(known, bytes) and known.upper() == found.upper()
        self.variables[name] = found
        return True

    def _filled(self, atom):
        """Variables inside a longer word."""

        def known(match):
            name = (match[1] or match[2]).decode()
            octets = self.variables.get(name, match[0])
            return b"%d" % (int(octets) + int(match[3])) if match[3] else octets

        return re.sub(rb"\$(?:([a-z]\w*)|\{(\w+)([+-]\d+)\})", known, atom)

    def sequence(self, wanted, found):
        """A list in order; `...` at its end stands for any rest."""
        if wanted and wanted[-1] == REST:
            wanted, found = wanted[:-1], found[: len(wanted) - 1]
        return len(wanted) == len(found) and all(self.value(w, f) for w, f in zip(wanted, found))

    def bag(self, wanted, found, more=False):
        """A list in any order; `more`: with others beside. `!word` must not be there."""
        left = list(found)
        for one in wanted:
            if one == REST:
                more = True
            elif isinstance(one, Atom) and one.startswith(b"!"):
                if any(isinstance(f, bytes) and f.upper() == one[1:].upper() for f in found):
                    return False
            else:
                at = next((i for i, f in enumerate(left) if self.value(one, f)), None)
                if at is None:
                    return False
                del left[at]
        return more or not left

    def named(self, wanted, found):
        """Name and value pairs by name, others beside; the value of FLAGS is a set without \\Recent."""
        wanted, found = pairs(wanted), pairs(found)
        for name, value in wanted.items():
            name = self._filled(name.encode()).decode()
            if name.startswith("!"):
                if name[1:] in found:
                    return False
            elif name not in found or not self._item(name, value, found[name]):
                return False
        return True

    def _item(self, name, wanted, found):
        if name in ("FLAGS", "PERMANENTFLAGS") and isinstance(wanted, list) and isinstance(found, list):
            recent = any(one.is_word(b"\\Recent") for one in wanted if isinstance(one, Atom))
            return self.bag(wanted, [one for one in found if recent or not one.is_word(b"\\Recent")])
        if name == "INTERNALDATE" and not isinstance(wanted, Atom):
            return moment(wanted) == moment(found)
        if name in ("BODY", "BODYSTRUCTURE"):
            wanted, found = lowered(wanted), lowered(found)
        return self.value(wanted, found)


def lowered(value):
    """A body structure in small letters: types and encodings are the same in any."""
    if isinstance(value, list):
        return [lowered(one) for one in value]
    return type(value)(value.lower()) if isinstance(value, bytes) else value


def moment(date_time):
    """A date-time as a moment, whatever its zone."""
    return datetime.strptime(date_time.decode().strip(), "%d-%b-%Y %H:%M:%S %z")


def removed(numbers):
    """Which messages EXPUNGEs in this order remove, by the numbers before the first of them."""
    found = set()
    for number in numbers:
        for earlier in sorted(found):
            number += earlier <= number
        found.add(number)
    return found


def matches(pattern, response, variables, code=False):
    """True if the response is what the pattern says; its captures are then in `variables`. `code`: the pattern is that of
    a response code."""
    attempt = dict(variables)
    matcher = Matcher(pattern, attempt)
    if pattern.status:
        holds = response.values[:1] == [pattern.status] and code_matches(matcher, pattern.values, response.code)
    elif code:
        holds = code_matches(matcher, pattern.values, response.code)
    else:
        holds = response.values[:1] != [b"OK"] and by_kind(matcher, pattern.values, response)
    if holds:
        variables.update(attempt)
    return holds


def code_matches(matcher, wanted, found):
    """A response code; flags in it are a set."""
    if not wanted:
        return True
    if not found or not matcher.value(wanted[0], found[0]):
        return False
    if wanted[0].is_word(b"PERMANENTFLAGS"):
        return len(found) > 1 and matcher.bag(wanted[1], found[1])
    return matcher.sequence(wanted[1:], found[1:])


def by_kind(matcher, wanted, response):
    """An untagged response that is not a status."""
    kind, found = response.kind(), response.values
    first = wanted[1] if len(wanted) > 1 and isinstance(wanted[1], Atom) and wanted[1].upper().decode() in NUMBERED else wanted[0]
    if not isinstance(first, Atom) or first.upper().decode("latin-1") != kind:
        return False
    if kind in ("FETCH", "UIDFETCH"):
        if not matcher.value(wanted[0], found[0]):
            return False
        return len(wanted) == 2 or wanted[2] == b"$_" or matcher.named(wanted[2], found[2])
    compare = KINDS.get(kind)
    return compare(matcher, wanted, found) if compare else matcher.sequence(wanted, found)


def status(matcher, wanted, found):
    """STATUS name (item value ...)"""
    return len(found) == 3 and matcher.value(wanted[1], found[1]) and matcher.named(wanted[2], found[2])


def listed(matcher, wanted, found):
    """LIST (attributes) delimiter name (extended data)"""
    if not matcher.bag(wanted[1], found[1], more=True) or not matcher.value(wanted[2], found[2]):
        return False
    if not matcher.value(wanted[3], found[3]):
        return False
    if len(wanted) < 5:
        return True
    return len(found) > 4 and matcher.named(wanted[4], found[4])


def searched(matcher, wanted, found):
    """SEARCH numbers in any order"""
    return matcher.bag(wanted, found)


def extended_search(matcher, wanted, found):
    """ESEARCH (correlator) UID name value ...: each of them in any order after the correlator"""
    (w_tag, w_uid, w_items), (f_tag, f_uid, f_items) = esearch_parts(wanted), esearch_parts(found)
    if w_tag is not None and (f_tag is None or not matcher.named(w_tag, f_tag)):
        return False
    return w_uid == f_uid and set(pairs(f_items)) <= set(pairs(w_items)) and matcher.named(w_items, f_items)


def esearch_parts(values):
    rest, tag = values[1:], None
    if rest and isinstance(rest[0], list):
        tag, rest = rest[0], rest[1:]
    uid = bool(rest) and isinstance(rest[0], Atom) and rest[0].is_word(b"UID")
    return tag, uid, rest[uid:]


def several(matcher, wanted, found):
    """Words in any order, with others beside"""
    return matcher.bag(wanted, found, more=True)


def flags(matcher, wanted, found):
    """FLAGS (flags)"""
    return matcher.bag(wanted[1], [one for one in found[1] if not one.is_word(b"\\Recent")])


def vanished(matcher, wanted, found):
    """VANISHED (EARLIER) set"""
    return matcher.sequence(wanted, found)


KINDS = {
    "STATUS": status, "LIST": listed, "LSUB": listed, "SEARCH": searched, "ESEARCH": extended_search, "CAPABILITY": several,
    "ENABLED": several, "FLAGS": flags, "VANISHED": vanished,
}


def is_set(octets):
    return re.fullmatch(rb"[\d:,*]+", octets) is not None


def ranges(octets):
    """A sequence set in one spelling: sorted, joined ranges; `*` is the greatest."""
    spans = []
    for part in octets.split(b","):
        ends = [2**64 if end == b"*" else int(end) for end in part.split(b":")]
        spans.append((min(ends), max(ends)))
    found = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return found
