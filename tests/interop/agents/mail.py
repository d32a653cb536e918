"""`mail` beside Debian's s-nail: the same input on the same spool gives the same transcript, the same mail and the same code,
but for the differences that docs/mail.md lists. And `mail`, `pillarbox send` and `pillarbox mail` with a running server."""

import email
import getpass
import mailbox
from pathlib import Path

import house as houses
import programs
from house import ALICE, BOB, DOMAIN, PASSWORDS
from programs import check
from transcripts import SESSIONS, Desk

NEEDS = ("s-nail",)
BINARY = Path(houses.BINARY).resolve()


def desks(house, name):
    """Two of them, alike."""
    place = house.folder / name.replace(" ", "-")
    place.mkdir()
    link = place / "mail"
    link.symlink_to(BINARY)
    return (Desk(place / "ours"), [str(link)]), (Desk(place / "theirs"), ["s-nail", "-S", "v15-compat=yes", "-S", "hold"])


def normal(output, folder):
    """A transcript without what is listed as different."""
    lines = []
    for line in output.replace(str(folder) + "/", "").splitlines():
        # The mark of the current message, the name of the program, its greeting; s-nail shows the line of the file, too.
        line = line.replace("▸", ">").replace("s-nail: ", "mail: ").rstrip()
        if line.startswith(("s-nail version", "From ")):
            continue
        # How many empty lines stand between messages.
        if line or lines[-1:] != [""]:
            lines.append(line)
    return "\n".join(lines).rstrip("\n")


def compare(house, name, words, given):
    """Runs both; says where they differ."""
    sides = []
    for desk, program in desks(house, name):
        out, err, code = desk.run(program, words, given)
        seen = {
            "code": code,
            "stdout": normal(out, desk.folder),
            "stderr": normal(err, desk.folder),
            "sent": desk.sent(),
            "spool": desk.states("box"),
            "saved": desk.states("saved"),
        }
        sides.append(seen)
    ours, theirs = sides
    for key in ours:
        check(ours[key] == theirs[key], f"{name}: {key}\nours:\n{ours[key]}\ns-nail:\n{theirs[key]}")


def case_sessions(house):
    retain = "retain from to subject date\n"
    wrong = []
    for name, given in SESSIONS.items():
        try:
            compare(house, name, ["-#", "-N", "-f", "box"], retain + given)
        except programs.Failed as failed:
            wrong.append(str(failed))
    check(not wrong, "\n".join(wrong))


def case_header_list(house):
    compare(house, "summary", ["-H", "-f", "box"], "")
    compare(house, "none", ["-e", "-f", "box"], "")


def case_scripts(house):
    body = "Do you like ketchup?\n.\n~s no escape\n"
    for name, words, given in [
        ("plain", ["-s", "ketchup", "bob@crepes.fr"], body),
        ("several", ["-s", "x", "bob@crepes.fr", "carol@crepes.fr"], body),
        ("copies", ["-s", "x", "-c", "carol@crepes.fr", "-b", "dora@crepes.fr", "bob@crepes.fr"], body),
        ("no subject", ["bob@crepes.fr"], body),
        ("empty", ["-s", "x", "bob@crepes.fr"], ""),
        ("skip empty", ["-E", "-s", "x", "bob@crepes.fr"], ""),
        ("from", ["-r", "cron@crepes.fr", "-s", "x", "bob@crepes.fr"], body),
        ("beyond ascii", ["-s", "Crêpes", "bob@crepes.fr"], "Crêpes à la crème\n"),
        ("file", ["-s", "x", "-a", "a.txt", "bob@crepes.fr"], body),
        ("escapes", ["-~", "-s", "x", "bob@crepes.fr"], "one\n~s Two\n~c carol@crepes.fr\n"),
        ("header", ["-t"], "To: dora@crepes.fr\nSubject: told here\n\nbody\n"),
    ]:
        compare(house, name, words, given)


def case_codes(house):
    """What is said differs; the code is the same."""
    for name, words in [
        ("missing file", ["-s", "x", "-a", "nowhere", "bob@crepes.fr"]),
        ("nobody", ["-s", "x"]),
        ("no such option", ["-Q"]),
        ("no such box", ["-f", "nowhere"]),
        ("no address", ["-s", "x", "not an address@@"]),
    ]:
        codes = [desk.run(program, words, "x\n")[2] for desk, program in desks(house, name)]
        check(codes[0] == codes[1], f"{name}: ours ended with {codes[0]}, s-nail with {codes[1]}")


def case_charsets(house):
    """What is no text is never sent damaged: it is converted, refused and kept, or goes as the file it is."""
    for name, words, given in [
        ("latin", [], b"caf\xe9\n"),
        ("latin named", ["-S", "ttycharset=iso-8859-1"], b"caf\xe9\n"),
        ("binary", [], b"a\0\xe9\r\nb"),
    ]:
        compare_octets(house, name, ["-s", "x", "-S", "DEAD=dead", *words, "bob@crepes.fr"], given)
    given = b"Do you know the caf\xe9 at the corner?\n"
    send = [BINARY, "send", BOB, "--from", ALICE, "--dry-run"]
    nobody = {"PILLARBOX_HOME": str(house.folder / "nobody")}
    refused = programs.run(*send, given=given, allowed=(65,), env=nobody)
    check("text, line 1, column 20: E9 is not UTF-8" in refused, refused)
    shown = programs.run(*send, given=given, env={**nobody, "LC_ALL": "de_DE.ISO-8859-1"})
    check("the caf=C3=A9 at" in shown, shown)


def compare_octets(house, name, words, given):
    """The code, the body that is sent, and the text that is kept where nothing is."""
    sides = []
    for desk, program in desks(house, name):
        # s-nail is told by its own variable, too: it knows only locales that the machine has.
        locale = {"LC_ALL": "de_DE.ISO-8859-1"} if "named" in name else {}
        _, _, code = desk.run(program, words, given, locale)
        sent = desk.folder / "sent"
        message = email.message_from_bytes(sent.read_bytes()) if sent.exists() else None
        # A file is a part here, and the whole body there.
        message = next((part for part in message.walk() if not part.is_multipart()), None) if message else None
        body = (message.get_content_type(), message.get_payload(decode=True)) if message else None
        if message and message.get_content_charset():
            body = (body[0], body[1].decode(message.get_content_charset()).replace("\r\n", "\n"))
        dead = desk.folder / "dead"
        sides.append((code, body, dead.exists() and dead.read_bytes().endswith(b"\n" + given + b"\n")))
    check(sides[0] == sides[1], f"{name}\nours: {sides[0]}\ns-nail: {sides[1]}")


def case_kept_whole(house):
    """A letter that cannot go is kept with all who would have got it and all that goes along."""
    kept = []
    for desk, program in desks(house, "kept"):
        words = ["-s", "x", "-S", "DEAD=dead", "-S", "mta=/bin/false", "-c", "carol@crepes.fr", "-a", "a.txt", "bob@crepes.fr"]
        _, _, code = desk.run(program, words, "One.\nTwo.\n")
        message = mailbox.mbox(desk.folder / "dead")[0]
        parts = [(part.get_filename(), part.get_payload(decode=True)) for part in message.walk() if not part.is_multipart()]
        kept.append((code, {name: message[name] for name in ("From", "To", "Cc", "Subject")}, parts))
    check(kept[0] == kept[1], f"ours: {kept[0]}\ns-nail: {kept[1]}")


def case_on_the_host(house):
    """No network: what `mail` sends lies in the drop folder, and the server takes it."""
    link = house.folder / "mail"
    link.symlink_to(BINARY)
    environment = {"PILLARBOX_CONFIG": str(house.config), "PILLARBOX_HOME": str(house.folder / "nobody"), "MAILRC": "/dev/null"}
    programs.run(link, "-n", "-s", "ketchup", "bob", given=b"Do you like ketchup?\n", env=environment)
    found = house.take_one()
    check(b"\r\nSubject: ketchup\r\n" in found and found.endswith(b"\r\n\r\nDo you like ketchup?\r\n"), f"{found!r}")


def case_read_on_the_host(house):
    """Neither SMTP nor an access protocol: who has no account of their own reads what the server here has for them."""
    user = getpass.getuser()
    house.admin("account", "add", f"{user}@{DOMAIN}", "--password-stdin", given=b"hungry\n")
    environment = {
        "PILLARBOX_CONFIG": str(house.config),
        "PILLARBOX_HOME": str(house.folder / "nobody"),
        "MAILRC": "/dev/null",
        "MAIL": str(house.folder / "no-spool"),
    }

    def mail(*words, given=b""):
        return programs.run(BINARY, "mailx", "-n", *words, given=given, env=environment)

    mail("-s", "ketchup", user, given=b"Do you like ketchup?\n")
    mail("-s", "pickles", user, given=b"Green ones.\n")
    said = mail("-#", given=f"f *\np 1\nd 2\nmail {BOB}\n~s three\nThree.\n~.\nq\n".encode())
    check("Subject: ketchup" in said and "Do you like ketchup?" in said and "INBOX updated." in said, said)
    check("pickles" not in mail("-H") and "ketchup" in mail("-H"), "what was deleted is gone")
    check(b"Subject: three" in house.take_one(), "written at the prompt")
    listed = programs.run(BINARY, "mail", "list", "is:read", "in:inbox", env=environment)
    check(listed.count("\n") == 1 and "ketchup" in listed, listed)


def agent(house, ports=None):
    """`pillarbox` for somebody with accounts of alice and bob over IMAP and submission, at other ports where they are named."""
    home = house.folder / "home"
    (home / "config").mkdir(parents=True, exist_ok=True)
    ports = ports or house.ports
    server = f'host = "localhost", trust = "{house.certificate}"'
    accounts = "".join(
        f"""[[account]]
name = "{address.split('@')[0]}"
address = "{address}"
incoming = {{ kind = "imap", port = {ports["imaps"]}, security = "tls", {server} }}
outgoing = {{ kind = "smtp", port = {ports["submissions"]}, security = "tls", {server} }}
secret = {{ kind = "command", command = "echo {PASSWORDS[address]}" }}

"""
        for address in (ALICE, BOB)
    )
    (home / "config/accounts.toml").write_text(accounts)
    environment = {"PILLARBOX_HOME": str(home), "MAILRC": "/dev/null", "MAIL": str(house.folder / "no-spool")}

    def pillarbox(*words, given=b"", allowed=(0,)):
        return programs.run(BINARY, *words, given=given, env=environment, allowed=allowed)

    return pillarbox


def case_account(house):
    """An account over IMAP and submission: sent, listed, marked, moved, and all of it there on the server."""
    pillarbox = agent(house)
    said = pillarbox("send", BOB, "-A", "alice", "-s", "ketchup", given=b"Do you like ketchup?\n")
    check("is sent" in said, said)
    listed = pillarbox("mail", "-A", "bob", "list")
    check(listed.count("\n") == 1 and listed.rstrip().endswith("ketchup"), listed)
    number = listed.split("\t")[0]
    shown = pillarbox("mail", "-A", "bob", "read", number)
    check("\n\nDo you like ketchup?\n" in shown, shown)
    pillarbox("mail", "-A", "bob", "reply", number, "-m", "Yes.")
    pillarbox("mail", "-A", "bob", "flag", number, "+flagged", "+$work")
    pillarbox("mail", "-A", "bob", "move", number, "archive")
    again = pillarbox("mail", "-A", "bob", "search", "is:starred", "in:archive", "label:$work")
    check(again.startswith(f"{number}\t"), again)
    answer = pillarbox("mail", "-A", "alice", "list")
    check("Re: ketchup" in answer, answer)
    refused = pillarbox("send", "bob@-x", "-A", "alice", "-m", "x", allowed=(65,))
    check("address 1, column" in refused, refused)


def case_prompt_of_an_account(house):
    """`mail -A` on an account: read, deleted, answered, and all of it there on the server."""
    pillarbox = agent(house)
    house.put(b"From: carol@crepes.fr\nTo: bob\nSubject: one\nMessage-ID: <1@crepes.fr>\n\nOne.\n")
    house.put(b"From: carol@crepes.fr\nTo: bob\nSubject: two\nMessage-ID: <2@crepes.fr>\n\nTwo.\n")
    said = pillarbox("mailx", "-n", "-#", "-A", "bob", given=f"p 1\nd 2\nmail {ALICE}\n~s three\nThree.\n~.\nq\n".encode())
    check("Subject: one" in said and "One." in said and "INBOX updated." in said, said)
    check(house.count(BOB) == 1, "the other is in the trash")
    check(b"Subject: three" in house.take_one(ALICE), "written at the prompt")


def case_in_one_place(house):
    """A letter of `mail` that does not go is in the outbox or in $DEAD, never in both, for it would go twice."""
    pillarbox = agent(house)
    dead = house.folder / "dead"

    def mail(whom, allowed=(0,)):
        return pillarbox("mailx", "-n", "-A", "bob", "-S", f"DEAD={dead}", "-s", "once", *whom, given=b"Once.\n", allowed=allowed)

    def waits():
        return pillarbox("mail", "-A", "bob", "outbox", "list").count("once")

    said = mail([f"nobody@{DOMAIN}"], (4,))
    check("message not sent" in said and dead.exists() and waits() == 0, f"refused for good: {said}")
    dead.unlink()
    said = mail([ALICE, f"nobody@{DOMAIN}"], (4,))
    check("not sent" not in said and dead.exists() and waits() == 0, f"refused for one of two: {said}")
    house.take_one(ALICE)
    dead.unlink()
    pillarbox = agent(house, {"imaps": 1, "submissions": 1})
    said = mail([ALICE])
    check("waits in the outbox" in said and "kept for" not in said and not dead.exists() and waits() == 1, f"nobody answers: {said}")
    pillarbox = agent(house)
    said = pillarbox("mail", "-A", "bob", "sync")
    check("1 letter sent" in said and waits() == 0, said)
    check(b"Subject: once" in house.take_one(ALICE), "it was sent once")


def case_plus(house):
    """`+Sent` is the account's folder."""
    pillarbox = agent(house)
    pillarbox("mailx", "-n", "-A", "bob", "-s", "ketchup", ALICE, given=b"Do you like ketchup?\n")
    listed = pillarbox("mailx", "-n", "-H", "-A", "bob", "-f", "+Sent")
    check(listed.count("\n") == 1 and "ketchup" in listed, listed)
    said = pillarbox("mailx", "-n", "-#", "-N", "-A", "bob", "-f", "+Sent", given=b"c 1 +Inbox\nq\n")
    check("Inbox [Folder] 1 message" in said, said)
    check(house.count(BOB) == 1, "it is in the inbox of the server, too")


def case_without_a_network(house):
    """What is done without a network is told and sent once there is one."""
    pillarbox = agent(house)
    house.put(b"From: carol@crepes.fr\nTo: bob\nSubject: one\nMessage-ID: <1@crepes.fr>\n\nOne.\n")
    check("1 new message" in pillarbox("mail", "-A", "bob", "sync"), "one message came")
    # From here on nobody answers at these ports.
    pillarbox = agent(house, {"imaps": 1, "submissions": 1})
    said = pillarbox("mail", "-A", "bob", "flag", "last", "+flagged")
    check("kept for the next time" in said, said)
    said = pillarbox("send", ALICE, "-A", "bob", "-s", "late", given=b"Late.\n")
    check("is queued" in said, said)
    check("One." in pillarbox("mail", "-A", "bob", "read", "last"), "what is here can be read")
    pillarbox("mail", "-A", "bob", "--offline", "archive", "last")
    check("late" in pillarbox("mail", "-A", "bob", "outbox", "list"), "it waits")
    pillarbox = agent(house)
    pillarbox("mail", "-A", "bob", "outbox", "retry")
    pillarbox("mail", "-A", "bob", "sync")
    check(b"Subject: late" in house.take_one(ALICE), "it was sent once")
    check(house.count(BOB) == 0, "it is in the archive of the server, too")
