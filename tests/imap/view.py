"""What one client knows of its mailbox from the server's untagged answers alone, and what every server must keep to in
telling it (RFC 9051 §7, RFC 7162): numbers, UIDs that rise, EXPUNGE only where it may come, modseqs that do not fall."""

from client import Broken, pairs

# No EXPUNGE may come while one of these runs, for its numbers are the client's (RFC 9051 §7.5.1).
NUMBERED = ("FETCH", "STORE", "SEARCH", "SORT", "THREAD")


class Wrong(Exception):
    """The server told something that cannot be."""


class Entry:
    """One message as far as the client knows it."""

    __slots__ = ("uid", "flags", "modseq")

    def __init__(self):
        self.uid, self.flags, self.modseq = None, None, 0


class View:
    """Feed every untagged response to `hear`. `command` is the verb that runs now."""

    def __init__(self):
        self.entries, self.command, self.gone, self.highest, self.validity = [], "", set(), 0, None

    def reset(self):
        """A mailbox was selected anew. What is gone stays gone."""
        self.entries, self.highest = [], 0

    def hear(self, response):
        """Takes one untagged response in."""
        kind = response.kind()
        if kind == "EXISTS":
            self._exists(response.number())
        elif kind == "EXPUNGE":
            self._expunge(response.number())
        elif kind == "VANISHED":
            self._vanished(response.values)
        elif kind == "FETCH":
            self._fetch(response.number(), pairs(response.values[2]))
        elif kind == "BYE" and self.command != "LOGOUT":
            raise Broken(f"{response}")
        elif response.code:
            self._code(response.code)

    def _exists(self, count):
        if count < len(self.entries):
            raise Wrong(f"EXISTS {count}, where {len(self.entries)} were known and none was removed")
        self.entries += [Entry() for _ in range(count - len(self.entries))]

    def _expunge(self, number):
        if self.command in NUMBERED:
            raise Wrong(f"EXPUNGE {number} during {self.command}")
        if not 1 <= number <= len(self.entries):
            raise Wrong(f"EXPUNGE {number} of {len(self.entries)}")
        entry = self.entries.pop(number - 1)
        if entry.uid:
            self.gone.add(entry.uid)

    def _vanished(self, values):
        earlier = isinstance(values[1], list)
        if not earlier and self.command in NUMBERED:
            raise Wrong(f"VANISHED during {self.command}")
        uids = numbers(values[-1])
        known = {entry.uid for entry in self.entries}
        strange = [uid for uid in uids if uid not in known]
        if not earlier and strange and None not in known:
            raise Wrong(f"VANISHED {strange}, which were not there")
        self.gone |= set(uids)
        left = [entry for entry in self.entries if entry.uid not in uids]
        for uid in () if earlier else strange:
            self._untold(left, uid)
        self.entries = left

    @staticmethod
    def _untold(left, uid):
        """Removes one of those whose UID was never told, where this UID must have stood. Its neighbours cannot be told from
        it, so what is known of their flags is known no more."""
        after = next((i for i, entry in enumerate(left) if entry.uid and entry.uid > uid), len(left))
        if not after or left[after - 1].uid is not None:
            raise Wrong(f"VANISHED {uid}, which was not there")
        del left[after - 1]
        while after > 1 and left[after - 2].uid is None:
            after -= 1
            left[after - 1] = Entry()

    def _fetch(self, number, items):
        if not 1 <= number <= len(self.entries):
            raise Wrong(f"FETCH {number} of {len(self.entries)}")
        entry = self.entries[number - 1]
        if "UID" in items:
            self._uid(number, entry, int(items["UID"]))
        if "FLAGS" in items:
            entry.flags = frozenset(flag.lower() for flag in items["FLAGS"]) - {b"\\recent"}
        if "MODSEQ" in items:
            modseq = int(items["MODSEQ"][0])
            if modseq < entry.modseq:
                raise Wrong(f"MODSEQ of {entry.uid} fell from {entry.modseq} to {modseq}")
            entry.modseq = modseq

    def _uid(self, number, entry, uid):
        if entry.uid not in (None, uid):
            raise Wrong(f"number {number} was UID {entry.uid}, now {uid}")
        if uid in self.gone:
            raise Wrong(f"UID {uid} is back from the dead")
        before = next((one.uid for one in reversed(self.entries[: number - 1]) if one.uid), 0)
        after = next((one.uid for one in self.entries[number:] if one.uid), uid + 1)
        if not before < uid < after:
            raise Wrong(f"UID {uid} at {number} between {before} and {after}")
        entry.uid = uid

    def _code(self, code):
        name = code[0].decode().upper()
        if name == "HIGHESTMODSEQ":
            self.highest = max(self.highest, int(code[1]))
        elif name == "UIDVALIDITY":
            if self.validity not in (None, int(code[1])):
                raise Wrong(f"UIDVALIDITY was {self.validity}, now {int(code[1])}")
            self.validity = int(code[1])

    def uids(self):
        """The UIDs that are known."""
        return [entry.uid for entry in self.entries if entry.uid]

    def facts(self):
        """UID and flags of each message; None where something was not told yet."""
        return [(entry.uid, entry.flags) for entry in self.entries]


def numbers(octets):
    """A set of numbers, expanded. Only for sets that a test makes."""
    found = []
    for part in bytes(octets).split(b","):
        low, _, high = part.partition(b":")
        found += range(int(low), int(high or low) + 1)
    return found
