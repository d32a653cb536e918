"""offlineimap: both ways: new mail, flags, removals and new folders."""

import imap_side
import letters
from house import BOB, PASSWORDS
from imap_side import subject, subjects
from programs import check, run

NEEDS = ("offlineimap",)


class Mirror:
    """A maildir that offlineimap keeps like bob's mailboxes."""

    def __init__(self, house, *secure):
        self.house, self.root = house, house.folder / "mirror"
        port = house.ports["imaps" if secure else "imap"]
        lines = [
            "[general]", "accounts = bob", f"metadata = {house.folder}/offlineimap", "ui = basic",
            "[Account bob]", "localrepository = near", "remoterepository = far",
            "[Repository near]", "type = Maildir", f"localfolders = {self.root}", "sep = /",
            "[Repository far]", "type = IMAP", "remotehost = localhost", f"remoteport = {port}", f"remoteuser = {BOB}", f"remotepass = {PASSWORDS[BOB]}",
            *(secure or ("ssl = no", "starttls = no")), "auth_mechanisms = PLAIN",
            "folderfilter = lambda name: name not in ('Drafts', 'Sent', 'Trash', 'Junk', 'Archive')",
        ]
        self.config = house.file("offlineimaprc", "\n".join(lines) + "\n")

    def sync(self):
        """Brings both sides together."""
        run("offlineimap", "-o", "-c", self.config, env={"HOME": str(self.house.folder)})

    def files(self, folder="INBOX"):
        """Subject to file of a near folder."""
        paths = [path for part in ("cur", "new") for path in (self.root / folder / part).glob("*")]
        return {subject(path.read_bytes()): path for path in paths}


def case_both_ways(house):
    house.put(letters.PLAIN, letters.DOTS, letters.BLANKS)
    mirror = Mirror(house)
    mirror.sync()
    near = mirror.files()
    check(set(near) == {"ketchup", "dots", "blanks"}, f"{near}")
    near["ketchup"].rename(mirror.root / "INBOX/cur" / (near["ketchup"].name.partition(":2,")[0] + ":2,FS"))
    near["dots"].unlink()
    (mirror.root / "INBOX/new/1.near").write_bytes(letters.LONG_LINES)
    numbers = [name for name, _ in subjects(house)]
    imap_side.flag(house, numbers.index("blanks") + 1, "(\\Answered)")
    imap_side.make(house, "home")
    imap_side.put(house, "home", letters.LARGE, flags="(\\Seen)")
    for part in ("new", "cur", "tmp"):
        (mirror.root / "work" / part).mkdir(parents=True)
    (mirror.root / "work/new/1.near").write_bytes(letters.EIGHT_BIT)
    mirror.sync()
    far = dict(subjects(house))
    check(far == {"ketchup": ["\\Flagged", "\\Seen"], "blanks": ["\\Answered"], "long": []}, f"{far}")
    check([name for name, _ in subjects(house, "work")] == ["letters"], f"{subjects(house, 'work')}")
    check("R" in mirror.files()["blanks"].name.partition(":2,")[2], f"{mirror.files()}")
    check(set(mirror.files("home")) == {"large"}, f"{mirror.files('home')}")


def case_tls(house):
    house.put(letters.DOTS)
    mirror = Mirror(house, "ssl = yes", f"sslcacertfile = {house.certificate}")
    mirror.sync()
    check(set(mirror.files()) == {"dots"}, f"{mirror.files()}")
