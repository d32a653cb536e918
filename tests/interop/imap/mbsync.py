"""mbsync (isync): both ways: new mail, flags, removals and new folders of either side."""

import imap_side
import letters
from house import BOB, PASSWORDS, same_text
from imap_side import contents, subject, subjects
from programs import check, run

NEEDS = ("mbsync",)


class Mirror:
    """A maildir that mbsync keeps like bob's mailboxes."""

    def __init__(self, house, *secure):
        self.house, self.root = house, house.folder / "mirror"
        self.root.mkdir()
        port = house.ports["imaps" if "SSLType IMAPS" in secure else "imap"]
        lines = [
            "IMAPAccount bob", "Host localhost", f"Port {port}", f"User {BOB}", f"Pass {PASSWORDS[BOB]}", *(secure or ("SSLType None", "AuthMechs LOGIN")),
            "", "IMAPStore far", "Account bob",
            "", "MaildirStore near", f"Path {self.root}/", f"Inbox {self.root}/INBOX", "SubFolders Verbatim",
            "", "Channel bob", "Far :far:", "Near :near:", "Patterns * !Drafts !Sent !Trash !Junk !Archive", "Create Both", "Expunge Both", "Remove Both", "SyncState *",
        ]
        self.config = house.file("mbsyncrc", "\n".join(lines) + "\n")

    def sync(self):
        """Brings both sides together."""
        run("mbsync", "-c", self.config, "--all", env={"HOME": str(self.house.folder)})

    def files(self, folder="INBOX"):
        """Subject to file of a near folder."""
        paths = [path for part in ("cur", "new") for path in (self.root / folder / part).glob("*")]
        return {subject(path.read_bytes()): path for path in paths}


def case_fetches_every_message_whole(house):
    house.put(*letters.ALL)
    mirror = Mirror(house)
    mirror.sync()
    near, far = mirror.files(), contents(house)
    check(len(near) == len(far) == len(letters.ALL), f"{len(near)} files")
    for _, octets in far:
        kept = near[subject(octets)].read_bytes()
        # mbsync adds a field of its own.
        own = b"".join(line for line in kept.splitlines(True) if not line.startswith(b"X-TUID"))
        check(own == octets.replace(b"\r\n", b"\n"), f"{own[:2000]!r}")


def case_both_ways(house):
    house.put(letters.PLAIN, letters.DOTS, letters.BLANKS)
    mirror = Mirror(house)
    mirror.sync()
    near = mirror.files()
    # Near: one flagged and seen, one removed, a new one, a new folder with one.
    near["ketchup"].rename(mirror.root / "INBOX/cur" / (near["ketchup"].name.partition(":")[0] + ":2,FS"))
    near["dots"].rename(mirror.root / "INBOX/cur" / (near["dots"].name.partition(":")[0] + ":2,T"))
    (mirror.root / "INBOX/new/1.near").write_bytes(letters.LONG_LINES)
    for part in ("new", "cur", "tmp"):
        (mirror.root / "work" / part).mkdir(parents=True)
    (mirror.root / "work/cur/1.near:2,RS").write_bytes(letters.EIGHT_BIT)
    # Far: one answered, a new one, a new folder with one.
    numbers = [name for name, _ in subjects(house)]
    imap_side.flag(house, numbers.index("blanks") + 1, "(\\Answered)")
    house.put(letters.LARGE)
    imap_side.make(house, "home")
    imap_side.put(house, "home", letters.PLAIN, flags="(\\Seen)")
    mirror.sync()
    mirror.sync()
    far = dict(subjects(house))
    check(far == {"ketchup": ["\\Flagged", "\\Seen"], "blanks": ["\\Answered"], "long": [], "large": []}, f"{far}")
    check(subjects(house, "work") == [("letters", ["\\Answered", "\\Seen"])], f"{subjects(house, 'work')}")
    near = mirror.files()
    check(set(near) == {"ketchup", "blanks", "long", "large"}, f"{near}")
    check(near["blanks"].name.endswith(":2,R"), f"{near['blanks']}")
    check(mirror.files("home")["ketchup"].name.endswith(":2,S"), "home is not as it is far")
    same_text(b"Return-Path: <>\nReceived: x\n" + contents(house, "work")[0][1].replace(b"\r\n", b"\n"), letters.EIGHT_BIT)


def case_removed_far_is_removed_near(house):
    house.put(letters.PLAIN, letters.DOTS)
    mirror = Mirror(house)
    mirror.sync()
    imap_side.expunge(house, 1)
    mirror.sync()
    check(set(mirror.files()) == {"dots"}, f"{mirror.files()}")


def case_tls(house):
    house.put(letters.DOTS)
    mirror = Mirror(house, "SSLType IMAPS", f"CertificateFile {house.certificate}")
    mirror.sync()
    check(set(mirror.files()) == {"dots"}, f"{mirror.files()}")


def case_starttls(house):
    house.put(letters.DOTS)
    mirror = Mirror(house, "SSLType STARTTLS", f"CertificateFile {house.certificate}")
    mirror.sync()
    check(set(mirror.files()) == {"dots"}, f"{mirror.files()}")
