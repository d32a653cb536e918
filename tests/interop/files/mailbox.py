"""Python's mailbox: mbox and Maildir that it wrote are imported, and what we export it reads as it was."""

import mailbox
import time

import letters
from house import BINARY, BOB, PASSWORDS, same_text
from programs import check, run

NEEDS = ("python3",)
SENT = letters.ALL


def ours(house, *words, given=b""):
    """Runs a command of ours as a person with a home of their own."""
    home = house.folder / "home"
    home.mkdir(exist_ok=True)
    return run(BINARY, *words, "-c", house.config, given=given, env={"HOME": str(home), "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""})


def bring(house, path, *options):
    """Imports into bob's account of the running server."""
    return ours(house, "import", path, "--server", BOB, *options)


def case_mbox_in_and_out(house):
    path = house.folder / "old.mbox"
    box = mailbox.mbox(path)
    for at, sent in enumerate(SENT):
        message = mailbox.mboxMessage(sent)
        message.set_from("carol@crepes.fr", time.gmtime(1_000_000_000 + at))
        message.set_flags("RO" + ("F" if at == 0 else ""))
        box.add(message)
    box.close()
    check(f"{len(SENT)}" in bring(house, path, "--folder", "INBOX"), "not all were imported")
    bring(house, path, "--folder", "INBOX")
    check(house.count() == len(SENT), f"{house.count()} after the second time")
    out = house.folder / "out.mbox"
    ours(house, "export", "--server", BOB, "--folder", "INBOX", "--to", "mbox", out)
    found = list(mailbox.mbox(out, create=False))
    check(len(found) == len(SENT), f"{len(found)} messages")
    for at, (one, sent) in enumerate(zip(found, SENT)):
        check(set(one.get_flags()) == set("ROF" if at == 0 else "RO"), f"flags {one.get_flags()}")
        check(time.asctime(time.gmtime(1_000_000_000 + at)) in one.get_from(), f"dated {one.get_from()}")
    check([m["Subject"] for m in found] == [m["Subject"] for m in map(mailbox.mboxMessage, SENT)], "subjects differ")


def case_maildir_in_and_out(house):
    path = house.folder / "old"
    box = mailbox.Maildir(path)
    work = box.add_folder("Work")
    for place, flags in ((box, "S"), (work, "FRS")):
        message = mailbox.MaildirMessage(letters.PLAIN)
        message.set_subdir("cur")
        message.set_flags(flags)
        message.set_date(1_000_000_000)
        place.add(message)
    bring(house, path)
    out = house.folder / "out"
    ours(house, "export", "--server", BOB, "--to", "maildir", out)
    again = mailbox.Maildir(out, create=False)
    check(again.list_folders() == ["Work"], f"folders {again.list_folders()}")
    for place, flags in ((again, "S"), (again.get_folder("Work"), "FRS")):
        found = list(place)
        check(len(found) == 1 and found[0].get_flags() == flags, f"flags {[m.get_flags() for m in found]}")
        check(found[0].get_date() == 1_000_000_000, f"dated {found[0].get_date()}")


def case_works_without_a_server(house):
    path = house.folder / "old.mbox"
    box = mailbox.mbox(path)
    box.add(letters.PLAIN)
    box.close()
    house.process.terminate()
    house.process.wait(30)
    bring(house, path, "--folder", "INBOX")
    house.serve()
    check(house.count() == 1, f"{house.count()} messages")


def case_fetched_mail_is_read(house):
    house.put(*SENT)
    url = f"pop3://{BOB}@127.0.0.1:{house.ports['pop3']}"
    words = ("pop", url, "--plaintext", "--password-stdin", "--to")
    password = PASSWORDS[BOB].encode() + b"\n"
    ours(house, *words, "mbox", house.folder / "box", "--keep", given=password)
    ours(house, *words, "mbox", house.folder / "box", "--keep", given=password)
    check(house.count() == len(SENT), "keep did not keep")
    ours(house, *words, "maildir", house.folder / "dir", "--delete", given=password)
    check(house.count() == 0, "delete did not delete")
    for found in (list(mailbox.mbox(house.folder / "box", create=False)), list(mailbox.Maildir(house.folder / "dir", create=False))):
        check(len(found) == len(SENT), f"{len(found)} messages")
        subjects = sorted(str(m["Subject"]) for m in found)
        check(subjects == sorted(str(mailbox.mboxMessage(sent)["Subject"]) for sent in SENT), f"{subjects}")


def case_fetched_over_tls(house):
    house.put(letters.DOTS)
    password = PASSWORDS[BOB].encode() + b"\n"
    for scheme, kind in (("pop3", "pop3"), ("pop3s", "pop3s")):
        url = f"{scheme}://{BOB}@localhost:{house.ports[kind]}"
        box = house.folder / kind
        ours(house, "pop", url, "--trust", house.certificate, "--password-stdin", "--to", "mbox", box, given=password)
        found = box.read_bytes().split(b"\n", 3)[3].replace(b"\n", b"\r\n").removesuffix(b"\r\n")
        same_text(found, letters.DOTS)
