"""mutt on the screen: the list, reading, flagging, saving into a folder, deleting, and new mail while it waits."""

import imap_side
import letters
from house import BOB, PASSWORDS
from imap_side import subjects
from programs import check
from screen import Screen

NEEDS = ("mutt", "tmux")
PROGRAM = "mutt"


def settings(house, kind):
    """The configuration file."""
    scheme = "imaps" if kind == "imaps" else "imap"
    user = BOB.replace("@", "%40")
    lines = [
        f'set folder = "{scheme}://{user}@localhost:{house.ports[kind]}/"', "set spoolfile = +INBOX", f'set imap_pass = "{PASSWORDS[BOB]}"',
        f'set certificate_file = "{house.certificate}"', "set ssl_starttls = no", "unset ssl_verify_host", "set imap_idle = yes", "set mail_check = 1",
        "set timeout = 1", "set confirmappend = no", "set confirmcreate = no", "set delete = yes", "unset mark_old", 'set index_format = "%3C %Z %s"', "set sleep_time = 0",
        "unset beep", "set quit = yes", "set sort = mailbox-order", f'set tmpdir = "{house.folder}"', "unset save_empty", "set move = no",
    ]
    return house.file(f"{PROGRAM}rc", "\n".join(lines) + "\n")


def case_reads_flags_files_deletes(house):
    house.put(letters.PLAIN, letters.DOTS, letters.EIGHT_BIT, letters.BLANKS)
    imap_side.make(house, "filed")
    with Screen(house, PROGRAM, "-n", "-F", settings(house, "imap")) as screen:
        screen.see("ketchup", "dots", "letters", "blanks")
        screen.type("3", "Enter", "Enter")
        screen.see("Grüße aus Köln, привет, 你好.")
        screen.type("i", "1", "Enter", "F")
        screen.type("2", "Enter", "s", "C-a", "C-k", *"=filed", "Enter")
        screen.type("4", "Enter", "d", "$")
        screen.see("ketchup", gone=("dots", "blanks"))
        house.put(letters.LONG_LINES)
        screen.see("long")
        screen.type("q")
        screen.ended()
    inbox = dict(subjects(house))
    check(set(inbox) == {"ketchup", "letters", "long"}, f"{inbox}")
    check("\\Flagged" in inbox["ketchup"] and "\\Seen" in inbox["letters"], f"{inbox}")
    check([name for name, _ in subjects(house, "filed")] == ["dots"], "not filed")


def case_tls(house):
    house.put(letters.DOTS)
    with Screen(house, PROGRAM, "-n", "-F", settings(house, "imaps")) as screen:
        screen.see("dots")
        screen.type("Enter")
        screen.see("..2 dots", "...3 dots")
