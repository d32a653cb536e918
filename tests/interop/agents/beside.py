"""`pillarbox mail` beside mbsync and mutt on one account at Dovecot: each changes what the others mirror or show, and in the end
all hold the same."""

import random

import imap_side
import letters
from agent_side import Agent
from house import ALICE, PASSWORDS
from imap_side import subject
from places import DovecotPlace
from programs import check, run
from screen import Screen

NEEDS = ("mbsync", "mutt", "tmux", *DovecotPlace.NEEDS)
ROUNDS = 10
FOLDERS = ("INBOX", "Work")
# Flags by the letters of a maildir's names.
FLAGS = {"D": "draft", "F": "flagged", "R": "answered", "S": "seen"}


class Maildirs:
    """Folders that mbsync keeps like alice's mailboxes."""

    def __init__(self, place):
        self.place, self.root = place, place.folder / "maildirs"
        self.root.mkdir()
        lines = [
            "IMAPAccount alice", "Host localhost", f"Port {place.ports['imap']}", f"User {ALICE}", f"Pass {PASSWORDS[ALICE]}", "SSLType None", "AuthMechs LOGIN",
            "", "IMAPStore far", "Account alice",
            "", "MaildirStore near", f"Path {self.root}/", f"Inbox {self.root}/INBOX", "SubFolders Verbatim",
            "", "Channel alice", "Far :far:", "Near :near:", "Patterns INBOX Work", "Create Both", "Expunge Both", "SyncState *",
        ]
        self.config = place.file("mbsyncrc", "\n".join(lines) + "\n")

    def sync(self):
        run("mbsync", "-c", self.config, "--all", env={"HOME": str(self.place.folder)})

    def files(self, folder):
        """Subject to file."""
        paths = [path for part in ("cur", "new") for path in (self.root / folder / part).glob("*")]
        return {subject(path.read_bytes()): path for path in paths}

    def subjects(self, folder):
        """Subjects with their flags, as the agent would tell them."""
        found = []
        for name, path in self.files(folder).items():
            letters_of_it = path.name.partition(":2,")[2]
            found.append((name, sorted(FLAGS[letter] for letter in letters_of_it if letter in FLAGS)))
        return sorted(found)

    def flag(self, path, letter):
        base, _, flags = path.name.partition(":2,")
        path.rename(path.parent.parent / "cur" / f"{base}:2,{''.join(sorted(set(flags) | {letter}))}")

    def add(self, folder, name):
        (self.root / folder / "new" / f"{name}.near").write_bytes(letters.letter(name.encode(), b"Pickles?\n"))


def by_imap(place):
    agent = Agent(place, ALICE, PASSWORDS[ALICE])
    agent.add("--imap", f"localhost:{place.ports['imaps']}", "--smtp", f"localhost:{place.ports['submissions']}", "--security", "tls")
    return agent


class Turns:
    """What happens to alice's messages, by turns of chance on both sides; of each message, on one side a turn."""

    def __init__(self, place):
        self.chance, self.agent, self.maildirs = random.Random(5161), by_imap(place), Maildirs(place)
        self.made, self.gone = {"ketchup", "dots", "letters"}, set()

    def theirs(self, turn):
        """One is new, one has another flag or is removed. Returns which."""
        folder = self.chance.choice(FOLDERS)
        self.maildirs.add(folder, f"near{turn}")
        self.made.add(f"near{turn}")
        files = self.maildirs.files(folder)
        name = self.chance.choice(sorted(files))
        letter = self.chance.choice("FRST")
        self.maildirs.flag(files[name], letter)
        if letter == "T":
            self.gone.add(name)
        return name

    def ours(self, but):
        """One is flagged, one is moved or removed."""
        folder, other = self.chance.sample(FOLDERS, 2)
        rows = [row for row in self.agent.rows(folder) if row["subject"] != but]
        if not rows:
            return
        flag = self.chance.choice(("+flagged", "+seen", "+answered"))
        self.agent.mail("--offline", "flag", self.chance.choice(rows)["id"], flag)
        row = self.chance.choice(rows)
        if self.chance.random() < 0.6:
            self.agent.mail("--offline", "move", row["id"], other)
        else:
            self.gone.add(row["subject"])
            self.agent.mail("--offline", "delete", row["id"], "--for-good", "--yes")

    def sync(self):
        for program in self.chance.sample((self.maildirs.sync, lambda: self.agent.mail("sync")), 2):
            program()


def case_mbsync(place):
    """Both sync by turns, now the one first and now the other; what either does the other has."""
    imap_side.make(place, "Work", user=ALICE)
    imap_side.put(place, "INBOX", letters.PLAIN, letters.DOTS, letters.EIGHT_BIT, user=ALICE)
    turns = Turns(place)
    for turn in range(ROUNDS):
        turns.sync()
        turns.sync()
        turns.ours(but=turns.theirs(turn))
    for _ in range(2):
        turns.sync()
    left = []
    for folder in FOLDERS:
        ours, theirs = sorted(turns.agent.subjects(folder)), turns.maildirs.subjects(folder)
        far = sorted(name for name, _ in imap_side.subjects(place, folder, ALICE))
        check(ours == theirs, f"{folder}: ours {ours}\nmbsync {theirs}")
        check([name for name, _ in ours] == far, f"{folder}: ours {ours}\nthere {far}")
        left += far
    check(sorted(left) == sorted(turns.made - turns.gone), f"left {sorted(left)}, made {turns.made}, removed {turns.gone}")


case_mbsync.house = DovecotPlace


def case_mutt(place):
    """mutt shows what we did and we show what it did, while it is open."""
    imap_side.make(place, "Work", user=ALICE)
    imap_side.put(place, "INBOX", letters.PLAIN, letters.DOTS, letters.EIGHT_BIT, letters.BLANKS, user=ALICE)
    agent = by_imap(place)
    agent.mail("sync")
    with Screen(place, "mutt", "-n", "-F", settings(place)) as screen:
        screen.see("ketchup", "dots", "letters", "blanks")
        screen.type("1", "Enter", "F")
        screen.type("2", "Enter", "s", "C-a", "C-k", *"=Work", "Enter")
        screen.type("4", "Enter", "d", "$")
        screen.see("ketchup", gone=("dots", "blanks"))
        agent.mail("sync")
        inbox = dict(agent.subjects())
        check(set(inbox) == {"ketchup", "letters"} and "flagged" in inbox["ketchup"], f"{inbox}")
        check([name for name, _ in agent.subjects("Work")] == ["dots"], f"{agent.subjects('Work')}")
        # The other way round, under mutt's eyes: one comes, one goes.
        agent.mail("move", agent.number("dots", "Work"), "inbox")
        agent.mail("delete", agent.number("letters"), "--for-good", "--yes")
        # Opened anew: what comes while it tells of what goes, mutt does not always show.
        screen.type("c", "C-a", "C-k", *"=INBOX", "Enter")
        screen.see("ketchup", "dots", gone=("letters",))
        screen.type("q")
        screen.ended()
    agent.mail("sync")
    ours = sorted(name for name, _ in agent.subjects())
    check(ours == ["dots", "ketchup"] == sorted(name for name, _ in imap_side.subjects(place, user=ALICE)), f"{ours}")


case_mutt.house = DovecotPlace


def settings(place):
    """mutt's."""
    user = ALICE.replace("@", "%40")
    lines = [
        f'set folder = "imap://{user}@localhost:{place.ports["imap"]}/"', "set spoolfile = +INBOX", f'set imap_pass = "{PASSWORDS[ALICE]}"', "set ssl_starttls = no",
        "set imap_idle = yes", "set mail_check = 1", "set timeout = 1", "set confirmappend = no", "set confirmcreate = no", "set delete = yes", "unset mark_old",
        'set index_format = "%3C %Z %s"', "set sleep_time = 0", "unset beep", "set quit = yes", "set sort = mailbox-order", f'set tmpdir = "{place.folder}"',
        "unset save_empty", "set move = no", "unset ssl_force_tls", f'set certificate_file = "{place.certificate}"',
    ]
    return place.file("muttrc", "\n".join(lines) + "\n")
