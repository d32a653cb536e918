"""The account of what was compared: agreement, and where ours stands alone. A row of explained.tsv (item, message or
question, RFC's line, reason; `*` in the first two stands for anything) turns a difference into an explained one."""

from fnmatch import fnmatchcase

OURS = "pillarbox"
SHOWN_OCTETS = 700
COLUMNS = ("item", "compared", "agree", "refs differ", "as dovecot", "as cyrus", "alone", "OURS DIFFERS", "explained")


class Ledger:
    """Counts by item, and every difference in full."""

    def __init__(self, path, kinds):
        self.kinds, self.rows, self.found, self.used = kinds, {}, [], set()
        self.explained = [line.split("\t") for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
        for row in self.explained:
            if len(row) != 4:
                raise ValueError(f"{path}: four columns, not {row}")

    def enter(self, item, about, answers):
        """One answer of each server. `item` may carry a detail after a space."""
        row = self.rows.setdefault(item.split(" ")[0], dict.fromkeys(COLUMNS[1:], 0))
        references = {kind: answers.get(kind) for kind in self.kinds if kind != OURS}
        ours = answers.get(OURS)
        row["compared"] += 1
        united = all(value == next(iter(references.values())) for value in references.values())
        if OURS not in self.kinds:
            row["agree" if united else "refs differ"] += 1
            if not united:
                self.found.append((item, about, answers, "the references differ"))
        elif united and ours == next(iter(references.values())):
            row["agree"] += 1
        elif united:
            self._differs(row, item, about, answers)
        else:
            row["refs differ"] += 1
            side = next((kind for kind, value in references.items() if value == ours), None)
            row[f"as {side}" if side else "alone"] += 1
            if not side:
                self.found.append((item, about, answers, "alone"))

    def _differs(self, row, item, about, answers):
        for reason in self.explained:
            if fnmatchcase(item, reason[0]) and fnmatchcase(about, reason[1]):
                row["explained"] += 1
                self.used.add(tuple(reason))
                return
        row["OURS DIFFERS"] += 1
        self.found.append((item, about, answers, "OURS DIFFERS"))

    def unexplained(self):
        """How many differences nobody explained."""
        return sum(row["OURS DIFFERS"] for row in self.rows.values())

    def table(self):
        """The counts for people to read."""
        lines = [COLUMNS] + [(item, *(row[name] for name in COLUMNS[1:])) for item, row in sorted(self.rows.items())]
        total = [sum(row[name] for row in self.rows.values()) for name in COLUMNS[1:]]
        widths = [max(len(str(line[i])) for line in lines) for i in range(len(COLUMNS))]
        widths[1:] = [max(width, len(str(number))) for width, number in zip(widths[1:], total)]
        shown = lambda line: "  ".join(str(word).ljust(w) if i == 0 else str(word).rjust(w) for i, (word, w) in enumerate(zip(line, widths)))
        return "\n".join(shown(line) for line in lines + [("all", *total)])

    def shown(self, limit):
        """The first differences of each item, ours before those where all go their own ways."""
        lines, seen = [], {}
        for item, about, answers, kind in sorted(self.found, key=lambda one: one[3] != "OURS DIFFERS"):
            name = (item.split(" ")[0], kind)
            seen[name] = seen.get(name, 0) + 1
            if seen[name] <= limit:
                lines.append(f"{kind}: {item} of {about}")
                lines += [f"    {server:10} {clipped(answers.get(server))}" for server in self.kinds]
        return "\n".join(lines)


def clipped(value):
    """A value for people to read."""
    text = repr(value)
    return text if len(text) <= SHOWN_OCTETS else f"{text[: SHOWN_OCTETS // 2]} ... {text[-SHOWN_OCTETS // 2 :]} ({len(text)})"
