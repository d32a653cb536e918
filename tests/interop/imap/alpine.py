"""alpine on the screen: the index, reading, flagging, saving into a folder, expunging."""

import imap_side
import letters
from house import BOB, PASSWORDS
from imap_side import subjects
from programs import check
from screen import Screen

NEEDS = ("alpine", "tmux")


def start(house, kind):
    """The command that opens bob's INBOX."""
    how = "/ssl/novalidate-cert" if kind == "imaps" else "/notls"
    at = f"{{localhost:{house.ports[kind]}/imap{how}/user={BOB}}}"
    lines = [
        f"inbox-path={at}INBOX", f"folder-collections={at}[]", f"user-domain={BOB.partition('@')[2]}", "initial-keystroke-list=", "disable-these-authenticators=GSSAPI",
        "feature-list=expunge-without-confirm-everywhere,quit-without-confirm,enable-flag-cmd,save-will-quote-leading-froms,hide-nntp-path,auto-open-next-unread,"
        "no-enable-dot-folders,save-will-not-delete",
        "last-version-used=6.26", "sort-key=Arrival", "mail-check-interval=15",
    ]
    config = house.file("pinerc", "\n".join(lines) + "\n")
    return ("alpine", "-p", config, "-i")


def enter_password(screen):
    """Types the password when it is asked for."""
    screen.see("PASSWORD")
    screen.type(*PASSWORDS[BOB], "Enter")
    screen.see("Preserve password")
    screen.type("n")


def case_reads_flags_files_deletes(house):
    house.put(letters.PLAIN, letters.DOTS, letters.EIGHT_BIT)
    imap_side.make(house, "filed")
    with Screen(house, *start(house, "imap")) as screen:
        enter_password(screen)
        screen.see("ketchup", "dots", "letters")
        screen.type("j", "3", "Enter", "Enter")
        screen.see("Grüße aus Köln, привет, 你好.")
        screen.type("i")
        screen.see("ketchup", "dots")
        screen.type("j", "1", "Enter", "*")
        screen.see("Flag New")
        screen.type("Enter")
        screen.see("Flagged message 1")
        screen.type("j", "2", "Enter")
        screen.see("Message 2 of 3")
        screen.type("s")
        screen.see("SAVE")
        screen.type(*"filed", "Enter")
        # What alpine says of it stands there for a moment only.
        imap_side.await_subjects(house, "filed", ["dots"])
        screen.type("j", "2", "Enter", "d", "x")
        screen.see("ketchup", gone=("dots",))
        screen.type("q", "y")
    inbox = dict(subjects(house))
    check(set(inbox) == {"ketchup", "letters"} and "\\Flagged" in inbox["ketchup"], f"{inbox}")
    check([name for name, _ in subjects(house, "filed")] == ["dots"], f"filed: {subjects(house, 'filed')}")


def case_tls(house):
    house.put(letters.DOTS)
    with Screen(house, *start(house, "imaps")) as screen:
        enter_password(screen)
        screen.see("dots")
        screen.type("Enter")
        screen.see("..2 dots", "...3 dots")
