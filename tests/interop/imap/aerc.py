"""aerc on the screen: folders, the list, reading, flagging, moving, and new mail while it waits."""

import imap_side
import letters
from house import BOB, PASSWORDS
from imap_side import subjects
from programs import check
from screen import Screen

NEEDS = ("aerc", "tmux")


def start(house):
    """Writes the configuration; returns the command and its environment."""
    folder = house.folder / "aerc"
    folder.mkdir()
    user = BOB.replace("@", "%40")
    (folder / "accounts.conf").write_text(
        f"[bob]\nsource = imap+insecure://{user}:{PASSWORDS[BOB]}@localhost:{house.ports['imap']}\ndefault = INBOX\nfrom = {BOB}\ncheck-mail = 0\nidle-timeout = 1s\n"
    )
    (folder / "accounts.conf").chmod(0o600)
    (folder / "aerc.conf").write_text("[general]\nunsafe-accounts-conf = true\n[ui]\nmouse-enabled = false\n[filters]\ntext/plain = cat\n")
    return ("aerc",), {"XDG_CONFIG_HOME": str(house.folder), "XDG_CACHE_HOME": str(house.folder / "cache"), "XDG_DATA_HOME": str(house.folder / "data")}


def command(screen, text):
    """Types a command of aerc's."""
    screen.type(":", *[key if key != " " else "Space" for key in text], "Enter")


def case_reads_flags_moves(house):
    house.put(letters.PLAIN, letters.DOTS)
    imap_side.make(house, "filed")
    words, env = start(house)
    with Screen(house, *words, env=env) as screen:
        screen.see("ketchup", "dots", "filed", "INBOX")
        # The newest stands first.
        command(screen, "view")
        screen.see("..2 dots", "...3 dots")
        command(screen, "close")
        command(screen, "flag -x Flagged")
        command(screen, "next 1")
        command(screen, "move filed")
        screen.see("dots", gone=("ketchup",))
        house.put(letters.BLANKS)
        screen.see("blanks")
        command(screen, "quit")
    inbox = dict(subjects(house))
    check(set(inbox) == {"dots", "blanks"}, f"{inbox}")
    check("\\Seen" in inbox["dots"], f"{inbox}")
    check([name for name, _ in subjects(house, "filed")] == ["ketchup"], "not filed")
