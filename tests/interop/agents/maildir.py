"""Maildirs and mboxes as accounts, with mutt at work on the same files: in turns each sees what the other did. And mail of a
server nobody here wrote, imported by its URL, once however often and however rudely it is cut."""

import mailbox
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import house as houses
import imap_side
import letters
import programs
from house import BOB, PASSWORDS
from imap_servers import Dovecot
from programs import check
from screen import Screen

NEEDS = ("mutt", "tmux", *Dovecot.NEEDS)
BINARY = Path(houses.BINARY).resolve()
SEPARATOR = b"From carol@crepes.fr Sat Nov 21 10:00:00 2026\n"
SETTINGS = [
    "unset mark_old", 'set index_format = "%3C %Z %s"', "set sleep_time = 0", "unset beep", "set quit = yes", "set sort = subject",
    "unset save_empty", "set move = no", "set confirmappend = no", "set confirmcreate = no", "set delete = yes", "set mail_check = 1", "set timeout = 1",
]


def agent(house, account):
    """`pillarbox` for bob with one account in files."""
    home = house.folder / "home"
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config/accounts.toml").write_text(account)
    environment = {"PILLARBOX_HOME": str(home), "MAILRC": "/dev/null", "TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}

    def pillarbox(*words, given=b"", allowed=(0,)):
        return programs.run(BINARY, *words, given=given, env=environment, allowed=allowed)

    return pillarbox


def account(kind, path):
    return f'[[account]]\nname = "bob"\naddress = "{BOB}"\nincoming = {{ kind = "{kind}", path = "{path}" }}\n'


def lines(told):
    """Subjects and flags of a list, by subject."""
    return {words[4]: words[1] for words in (line.split("\t") for line in told.splitlines()) if len(words) == 5}


def number(told, subject):
    return next(line.split("\t")[0] for line in told.splitlines() if line.endswith(f"\t{subject}"))


def mutt(house, path, kind):
    lines = [*SETTINGS, f"set mbox_type = {kind}", f'set tmpdir = "{house.folder}"', f'set spoolfile = "{path}"', f'set folder = "{house.folder}"']
    return Screen(house, "mutt", "-n", "-F", house.file("muttrc", "\n".join(lines) + "\n"))


def in_turns(house, pillarbox, path, kind):
    """mutt reads, flags and deletes; ours sees it, flags, moves and deletes; mutt sees that."""
    listed = pillarbox("mail", "list")
    check(set(lines(listed)) == {"ketchup", "dots", "letters", "blanks"}, listed)
    before = {name: number(listed, name) for name in lines(listed)}
    with mutt(house, path, kind) as screen:
        screen.see("ketchup", "dots", "letters", "blanks")
        screen.type("3", "Enter", "Enter")
        screen.see("How about pickles?")
        screen.type("i", "2", "Enter", "F", "1", "Enter", "d", "q")
        screen.ended()
    listed = pillarbox("mail", "list")
    found = lines(listed)
    check(set(found) == {"ketchup", "dots", "letters"}, listed)
    check("seen" in found["ketchup"] and "flagged" in found["dots"], listed)
    check(all(number(listed, name) == before[name] for name in found), f"numbers stay: {before}\n{listed}")
    # While mutt has the mailbox open.
    with mutt(house, path, kind) as screen:
        screen.see("ketchup", "letters")
        pillarbox("mail", "flag", before["letters"], "+flagged", "+seen")
        pillarbox("mail", "delete", before["ketchup"], "--for-good")
        screen.see("! letters", gone=("ketchup",))
        screen.type("q")
        screen.ended()
    shown = pillarbox("mail", "read", before["letters"])
    check("Grüße aus Köln, привет, 你好." in shown, shown)
    check("11:00 here" in shown, f"the date is told by the clock of this user\n{shown}")
    pillarbox("mail", "folder", "create", "Work")
    pillarbox("mail", "move", before["dots"], "Work")
    check(set(lines(pillarbox("mail", "list", "-f", "Work"))) == {"dots"}, "moved")
    pillarbox("mail", "undo")
    check(set(lines(pillarbox("mail", "list"))) == {"dots", "letters"}, "and back")
    pillarbox("mail", "move", before["dots"], "Work")


def case_maildir_with_mutt(house):
    path = house.folder / "Maildir"
    box = mailbox.Maildir(path)
    for message in (letters.PLAIN, letters.DOTS, letters.EIGHT_BIT, letters.BLANKS):
        box.add(message)
    pillarbox = agent(house, account("maildir", path))
    in_turns(house, pillarbox, path, "Maildir")
    box = mailbox.Maildir(path)
    check([message["Subject"] for message in box] == ["letters"], "what is there")
    check(sorted(box.list_folders()) == ["Work"] and len(box.get_folder("Work")) == 1, f"{box.list_folders()}")


def case_mbox_with_mutt(house):
    (house.folder / "mail").mkdir()
    path = house.folder / "mail/inbox"
    path.write_bytes(b"".join(SEPARATOR + message + b"\n" for message in (letters.PLAIN, letters.DOTS, letters.EIGHT_BIT, letters.BLANKS)))
    pillarbox = agent(house, account("mbox", house.folder / "mail"))
    in_turns(house, pillarbox, path, "mbox")
    box = mailbox.mbox(path)
    check([message["Subject"] for message in box] == ["letters"], path.read_text())
    check(len(mailbox.mbox(house.folder / "mail/Work")) == 1, "moved")
    check(sorted(os.listdir(house.folder / "mail")) == ["Work", "inbox"], f"{os.listdir(house.folder / 'mail')}")


def case_delivery_meanwhile(house):
    """A delivery agent appends under its locks while ours writes flags again and again: nothing is lost or torn."""
    path = house.folder / "spool"
    path.write_bytes(SEPARATOR + letters.PLAIN + b"\n")
    pillarbox = agent(house, account("mbox", path))
    pillarbox("mail", "sync")
    script = f"""
import mailbox
box = mailbox.mbox({str(path)!r})
for number in range(40):
    while True:
        try:
            box.lock()
            break
        except mailbox.ExternalClashError:
            pass
    with open({str(path)!r}, "ab") as spool:
        spool.write(b"From x@y Sat Nov 21 10:00:00 2026\\nSubject: n%d\\n\\nx\\n\\n" % number)
    box.unlock()
"""
    writer = subprocess.Popen([sys.executable, "-c", script])
    while writer.poll() is None:
        pillarbox("mail", "flag", "1", "+flagged")
        pillarbox("mail", "flag", "1", "-flagged")
    check(writer.returncode == 0, "the writer")
    listed = pillarbox("mail", "list", "--limit", "100")
    check(len(lines(listed)) == 41, listed)
    check(len(mailbox.mbox(path)) == 41, "in the file, too")


def case_import_by_url(room):
    """Folders and flags come along; killed in the middle it goes on; typed again it brings what is new, and nothing twice."""
    many = [letters.letter(b"n%d" % count, b"x" * 3000 + b"\n") for count in range(300)]
    room.put(*many)
    imap_side.make(room, "Work")
    imap_side.put(room, "Work", letters.DOTS, flags="\\Flagged")
    pillarbox = agent(room, account("maildir", room.folder / "into"))
    (room.folder / "into").mkdir()
    url = f"imaps://{BOB}@localhost:{room.ports['imaps']}"
    command = ("import", url, "--password-stdin", "--trust", str(room.certificate))
    env = {**os.environ, "PILLARBOX_HOME": str(room.folder / "home")}
    for wait_s in (0.3, 0.6, 1.0):
        begun = subprocess.Popen([BINARY, *command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
        begun.stdin.write(PASSWORDS[BOB].encode() + b"\n")
        begun.stdin.close()
        time.sleep(wait_s)
        begun.send_signal(signal.SIGKILL)
        begun.wait()
    given = PASSWORDS[BOB].encode() + b"\n"
    pillarbox(*command, given=given)
    told = pillarbox(*command, given=given)
    check("0 messages imported, 301 there before" in told, told)
    room.put(letters.LONG_LINES)
    told = pillarbox(*command, given=given)
    check("1 message imported, 301 there before" in told, told)
    box = mailbox.Maildir(room.folder / "into")
    check(len(box) == 301 and len(box.get_folder("Work")) == 1, f"{len(box)}")
    check("F" in next(iter(box.get_folder("Work"))).get_flags(), "flags come along")
    told = pillarbox("import", f"{url}/Work", "--password-stdin", "--trust", str(room.certificate), "--folder", "Old", "--forget", given=given)
    check("1 message imported" in told, told)
    check(not list((room.folder / "home/data/imports").iterdir()), "the copy is gone")


case_import_by_url.house = Dovecot
