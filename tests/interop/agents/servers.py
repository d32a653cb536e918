"""`pillarbox mail` on accounts at Dovecot and Cyrus, by IMAP, JMAP and POP3, with letters that go by Postfix; meanwhile another
client, Python's imaplib and poplib, changes things. In the end both show the same: nothing is lost, doubled or resurrected."""

import poplib
import random
from email.header import decode_header, make_header

import imap_side
import letters
from agent_side import Agent
from house import ALICE, PASSWORDS, await_that, with_crlf
from imap_side import quoted
from places import CyrusPlace, DovecotPlace
from programs import check
from proxy import Line

NEEDS = (*DovecotPlace.NEEDS, *CyrusPlace.NEEDS)
# IMAP's names of flags as the agent tells them.
FLAGS = {"\\Seen": "seen", "\\Flagged": "flagged", "\\Answered": "answered", "\\Deleted": "deleted", "\\Draft": "draft"}
# Keywords that a server may set or keep by itself.
OWN = {"$HasAttachment", "$HasNoAttachment", "$X-ME-Annot-2", "$MDNSent"}
STEPS = 40


def alice(place, *servers):
    """Her agent, with her account at these servers."""
    agent = Agent(place, ALICE, PASSWORDS[ALICE])
    said = agent.add(*servers)
    check(ALICE in said, said)
    return agent


def submissions(place):
    return ("--smtp", f"localhost:{place.ports['submissions']}")


def by_imap(place):
    return alice(place, "--imap", f"localhost:{place.ports['imaps']}", *submissions(place), "--security", "tls")


def by_jmap(place):
    return alice(place, "--jmap", f"https://localhost:{place.ports['https']}")


def by_pop3(place):
    return alice(place, "--pop3", f"localhost:{place.ports['pop3s']}", *submissions(place), "--security", "tls")


def there(place, folder="INBOX"):
    """Subjects and flags at the server, as the agent would tell them."""
    found = imap_side.subjects(place, folder, ALICE)
    return sorted((plain(subject), sorted(FLAGS.get(flag, flag) for flag in flags if flag not in OWN)) for subject, flags in found)


def plain(subject):
    """Without the encoding of words beyond ASCII."""
    return str(make_header(decode_header(subject)))


def names_there(place):
    """The mailboxes at the server."""
    client = imap_side.login(place, ALICE)
    _, lines = client.list()
    client.logout()
    return {imap_side.LISTED.match(line)[2].decode() for line in lines if b"\\Noselect" not in line}


def here(agent, folder="inbox"):
    return [(subject, [flag for flag in flags if flag not in OWN]) for subject, flags in agent.subjects(folder)]


def same(place, agent, *folders):
    """The copy here and the server hold the same."""
    for folder in folders:
        near, far = sorted(here(agent, folder)), there(place, "INBOX" if folder == "inbox" else folder)
        check(near == far, f"{folder}: here {near}, there {far}")


def name_of(agent, role):
    """What the folder for something is called."""
    return next(name for name, folder in agent.folders().items() if folder["role"] == role)


# What a person does in a day.


def reads_and_sorts(place, agent):
    """Reading, searching, flags, folders, moving, deleting, taking back: each is seen at the server."""
    imap_side.put(place, "INBOX", letters.PLAIN, letters.DOTS, letters.EIGHT_BIT, letters.BLANKS, user=ALICE)
    said = agent.mail("sync")
    check("4 new messages" in said, said)
    check([subject for subject, _ in here(agent)] == ["blanks", "dots", "ketchup", "letters"], f"{here(agent)}")
    check("Grüße aus Köln, привет, 你好." in agent.mail("read", agent.number("letters")), "the text is read")
    check("ketchup" in agent.mail("search", "body:pickles"), "the text is found")
    agent.mail("flag", agent.number("ketchup"), "+flagged", "+$work", "+answered")
    far = dict(there(place))
    check(far["letters"] == ["seen"] and far["ketchup"] == ["$work", "answered", "flagged"], f"{far}")
    agent.mail("flag", agent.number("ketchup"), "--", "-flagged", "-$work")
    check(dict(there(place))["ketchup"] == ["answered"], f"{there(place)}")
    agent.mail("folder", "create", "Work")
    agent.mail("folder", "create", "Work/Crêpes & Co")
    agent.mail("move", agent.number("dots"), "Work/Crêpes & Co")
    agent.mail("folder", "rename", "Work", "Play")
    check({"Play", "Play/Cr&AOo-pes &- Co"} <= names_there(place), f"{names_there(place)}")
    same(place, agent, "inbox")
    check(there(place, "Play/Cr&AOo-pes &- Co") == [("dots", [])], "it came along")
    agent.mail("move", agent.number("dots", "Play/Crêpes & Co"), "inbox")
    agent.mail("folder", "delete", "Play", allowed=(0, 65, 69))
    agent.mail("folder", "delete", "Play/Crêpes & Co")
    check("Play/Cr&AOo-pes &- Co" not in names_there(place), f"{names_there(place)}")
    same(place, agent, "inbox")


def deletes_and_takes_back(place, agent):
    agent.mail("delete", agent.number("dots"))
    trash = name_of(agent, "trash")
    check([subject for subject, _ in there(place, trash)] == ["dots"], f"{there(place, trash)}")
    said = agent.mail("undo")
    check("taken back" in said, said)
    same(place, agent, "inbox", trash)
    check("dots" in dict(there(place)), "it is back")
    agent.mail("delete", agent.number("dots"))
    agent.mail("delete", agent.number("dots", "trash"))
    check(not there(place, trash), "it is gone for good")
    agent.mail("sync")
    same(place, agent, "inbox", trash)
    check("dots" not in dict(here(agent)), "and stays away")


def sends(place, agent):
    """A letter goes once, and one copy of it is filed."""
    said = agent.send("Carol <carol@crepes.fr>", "Crêpes", text="À huit heures.\n".encode())
    check("is sent" in said, said)
    letter = place.postfix.one()
    check(b"From: " in letter and ALICE.encode() in letter and b"carol@crepes.fr" in letter, f"{letter!r}")
    sent = name_of(agent, "sent")
    for _ in range(2):
        agent.mail("sync")
        both = (there(place, sent), sorted(here(agent, "sent")))
        check(both[0] == both[1] and len(both[0]) == 1, f"there {both[0]}, here {both[1]}")
    number = agent.rows("sent")[0]["id"]
    check("À huit heures." in agent.mail("read", number), "the copy is the letter")
    said = agent.mail("reply", agent.number("ketchup"), "-m", "Yes.")
    check("is sent" in said, said)
    check("answered" in dict(there(place))["ketchup"], f"{there(place)}")
    # It was her own letter to him: the answer goes where that went.
    check(b"Subject: Re: ketchup" in place.postfix.one("bob"), "the answer went")


def works_without_a_network(place, agent):
    """What is done offline is told later, beside what another client did meanwhile."""
    imap_side.put(place, "INBOX", letters.DOTS, letters.LONG_LINES, user=ALICE)
    agent.mail("sync")
    agent.mail("--offline", "flag", agent.number("dots"), "+flagged")
    agent.mail("--offline", "archive", agent.number("long"))
    agent.send("dora@crepes.fr", "later", "--offline")
    agent.send("dora@crepes.fr", "draft", "--offline", "--draft")
    # The other client: one more, another flag on the same message, and one that is gone.
    imap_side.put(place, "INBOX", letters.LARGE, user=ALICE)
    order = [subject for subject, _ in imap_side.subjects(place, user=ALICE)]
    imap_side.flag(place, order.index("dots") + 1, "(\\Seen)", user=ALICE)
    imap_side.expunge(place, order.index("blanks") + 1, user=ALICE)
    check(agent.waiting() == {"later": "waiting"}, f"{agent.waiting()}")
    agent.mail("sync")
    agent.mail("sync")
    archive, drafts = name_of(agent, "archive"), name_of(agent, "drafts")
    same(place, agent, "inbox", archive, drafts, name_of(agent, "sent"))
    far = dict(there(place))
    check(far["dots"] == ["flagged", "seen"] and "blanks" not in far and "long" not in far and "large" in far, f"{far}")
    check([subject for subject, _ in there(place, archive)] == ["long"], f"{there(place, archive)}")
    check([subject for subject, _ in there(place, drafts)] == ["draft"], f"{there(place, drafts)}")
    check(b"Subject: later" in place.postfix.one("dora"), "it went once")
    check(not agent.waiting(), f"{agent.waiting()}")


def a_day(place, agent):
    reads_and_sorts(place, agent)
    deletes_and_takes_back(place, agent)
    sends(place, agent)
    works_without_a_network(place, agent)


def case_dovecot_imap(place):
    a_day(place, by_imap(place))


def case_cyrus_imap(place):
    a_day(place, by_imap(place))


def case_cyrus_jmap(place):
    a_day(place, by_jmap(place))


# Another client changes things meanwhile.


class Other:
    """Python's imaplib, on the same account: the same kinds of things as the agent, at the server."""

    def __init__(self, place):
        self.client = imap_side.login(place, ALICE)

    def made(self, folder, subject):
        self.client.append(quoted(folder), None, None, with_crlf(letters.letter(subject.encode(), b"Pickles?\n")))

    def uids(self, folder):
        """Subject to UID."""
        self.client.select(quoted(folder))
        _, (found,) = self.client.uid("SEARCH", "ALL")
        named = {}
        for uid in found.decode().split():
            _, data = self.client.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            named[imap_side.subject(next(part[1] for part in data if isinstance(part, tuple)))] = uid
        return named

    def flagged(self, uid, flag):
        self.client.uid("STORE", uid, "+FLAGS", f"({flag})")

    def moved(self, uid, folder):
        self.client.uid("COPY", uid, quoted(folder))
        self.gone(uid)

    def gone(self, uid):
        self.client.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
        self.client.uid("EXPUNGE", uid)


def two_at_once(place, agent):
    """Things happen by chance on both sides, between one sync and the next; whoever removes a message removes it for good."""
    chance, other = random.Random(2177), Other(place)
    agent.mail("sync")
    agent.mail("folder", "create", "Work")
    both, made, gone, count = ("INBOX", "Work"), set(), set(), 0
    for _ in range(STEPS):
        folder, far_folder = chance.choice(both), chance.choice(both)
        step = chance.randrange(8)
        near = [row for row in agent.rows(folder) if row["subject"] not in gone]
        if step == 0:
            agent.mail("sync")
        elif step <= 2:
            count += 1
            made.add(f"far{count}")
            other.made(folder, f"far{count}")
        elif step == 3 and near:
            agent.mail("--offline", "flag", chance.choice(near)["id"], chance.choice(("+flagged", "+seen", "+answered")))
        elif step == 4 and near:
            agent.mail("--offline", "move", chance.choice(near)["id"], far_folder)
        elif step == 5 and near:
            row = chance.choice(near)
            gone.add(row["subject"])
            agent.mail("--offline", "delete", row["id"], "--for-good", "--yes")
        else:
            at = {subject: uid for subject, uid in other.uids(far_folder).items() if subject not in gone}
            if not at:
                continue
            subject, uid = chance.choice(sorted(at.items()))
            if step == 6:
                other.flagged(uid, chance.choice(("\\Flagged", "\\Seen", "$work")))
            else:
                gone.add(subject)
                other.gone(uid)
    for _ in range(3):
        agent.mail("sync")
    same(place, agent, "inbox", "Work")
    left = [subject for folder in both for subject, _ in there(place, folder)]
    check(sorted(left) == sorted(made - gone), f"left {sorted(left)}, made {sorted(made)}, removed {sorted(gone)}")


def removed(client, name):
    """Removes a mailbox. Cyrus keeps what goes under its name and the second, and refuses another of the same second."""
    await_that(f"{name} is removed", lambda: client.delete(name)[0] == "OK")


def begun_anew(place, agent):
    """A mailbox that was removed and made again is another one, though it has the same name."""
    imap_side.make(place, "Red", user=ALICE)
    imap_side.put(place, "Red", letters.PLAIN, letters.DOTS, user=ALICE)
    agent.mail("sync")
    check([subject for subject, _ in here(agent, "Red")] == ["dots", "ketchup"], f"{here(agent, 'Red')}")
    client = imap_side.login(place, ALICE)
    removed(client, "Red")
    client.logout()
    imap_side.make(place, "Red", user=ALICE)
    imap_side.put(place, "Red", letters.BLANKS, user=ALICE)
    agent.mail("sync")
    same(place, agent, "Red")
    check([subject for subject, _ in here(agent, "Red")] == ["blanks"], f"{here(agent, 'Red')}")
    client = imap_side.login(place, ALICE)
    removed(client, "Red")
    client.logout()
    agent.mail("sync")
    check("Red" not in agent.folders(), "a folder that is gone there is gone here")


def case_dovecot_and_another_client(place):
    agent = by_imap(place)
    two_at_once(place, agent)
    begun_anew(place, agent)


def case_cyrus_and_another_client(place):
    agent = by_imap(place)
    two_at_once(place, agent)
    begun_anew(place, agent)


def case_cyrus_jmap_and_another_client(place):
    agent = by_jmap(place)
    two_at_once(place, agent)
    begun_anew(place, agent)


def case_two_agents(place):
    """Two homes, one account: what one does the other sees, and both end alike."""
    one = by_imap(place)
    imap_side.put(place, "INBOX", letters.PLAIN, letters.DOTS, letters.BLANKS, user=ALICE)
    two = Agent(place, ALICE, PASSWORDS[ALICE], "office")
    two.add("--imap", f"localhost:{place.ports['imap']}", *submissions_in_the_clear(place), "--security", "starttls")
    for agent in (one, two):
        agent.mail("sync")
    one.mail("--offline", "flag", one.number("ketchup"), "+flagged")
    one.mail("--offline", "delete", one.number("dots"))
    two.mail("--offline", "flag", two.number("ketchup"), "+answered")
    two.mail("--offline", "archive", two.number("dots"))
    two.mail("--offline", "delete", two.number("blanks"))
    for agent in (one, two, one, two):
        agent.mail("sync")
    check(here(one) == here(two) == [("ketchup", ["answered", "flagged"])], f"{here(one)} {here(two)}")
    kept = [there(place, name_of(one, role)) for role in ("trash", "archive")]
    subjects = sorted(subject for folder in kept for subject, _ in folder)
    check(subjects == ["blanks", "dots"], f"both moved it, and it is in one place: {kept}")


def submissions_in_the_clear(place):
    """The door that begins without TLS."""
    return ("--smtp", f"localhost:{place.ports['submission']}")


# POP3.


def maildrop(place):
    client = poplib.POP3("127.0.0.1", place.ports["pop3"])
    client.user(ALICE)
    client.pass_(PASSWORDS[ALICE])
    return client


def left(place):
    """How many messages are at the server."""
    client = maildrop(place)
    count, _ = client.stat()
    client.quit()
    return count


def case_pop3_that_keeps(place):
    """Mail stays there, is fetched once, and what was deleted here does not come back."""
    imap_side.put(place, "INBOX", *letters.ALL, user=ALICE)
    agent = by_pop3(place)
    said = agent.mail("sync")
    check("6 new messages" in said, said)
    agent.mail("flag", agent.number("ketchup"), "+flagged")
    agent.mail("folder", "create", "Work")
    agent.mail("move", agent.number("dots"), "Work")
    agent.mail("delete", agent.number("blanks"), "--for-good", "--yes")
    check("0 new messages" in agent.mail("sync"), "nothing comes twice")
    for row in agent.rows():
        raw = agent.mail("read", "--raw", "--keep-unread", row["id"])
        check(f"Subject: {row['subject']}\n" in raw.replace("\r\n", "\n"), raw[:500])
    client = maildrop(place)
    client.dele(1)
    client.quit()
    imap_side.put(place, "INBOX", letters.letter(b"new", b"New.\n"), user=ALICE)
    check("1 new message" in agent.mail("sync"), "one is new")
    check(left(place) == 6, f"{left(place)} are left")
    inbox = dict(here(agent))
    check(sorted(inbox) == ["ketchup", "large", "letters", "long", "new"], f"what is here stays, wherever it went there: {inbox}")
    check("flagged" in inbox["ketchup"] and [subject for subject, _ in here(agent, "Work")] == ["dots"], f"{inbox}")
    said = agent.send("carol@crepes.fr", "by POP3")
    check("is sent" in said and b"Subject: by POP3" in place.postfix.one(), said)
    check([subject for subject, _ in here(agent, "sent")] == ["by POP3"], f"{here(agent, 'sent')}")


def case_pop3_that_deletes(place):
    """What is safe here is removed there."""
    imap_side.put(place, "INBOX", *letters.ALL, user=ALICE)
    agent = by_pop3(place)
    agent.mail("sync")
    check(left(place) == 6, "it keeps, unless told otherwise")
    said = agent.run("pop", "--delete")
    check(left(place) == 0, f"{left(place)} are left: {said}")
    accounts = agent.home / "config/accounts.toml"
    text = accounts.read_text()
    check("keep = true" in text or "keep" not in text, text)
    settings = text.replace("keep = true", "keep = false") if "keep = true" in text else text.replace('kind = "pop3"', 'kind = "pop3"\nkeep = false')
    accounts.write_text(settings)
    imap_side.put(place, "INBOX", letters.letter(b"new", b"New.\n"), user=ALICE)
    check("1 new message" in agent.mail("sync"), "one is new")
    check(left(place) == 0 and len(here(agent)) == 7, f"{left(place)} are left, {len(here(agent))} are here")


def case_pop3_over_a_line_that_breaks(place):
    """However often it is cut, each message comes once, and none is removed there before it is here."""
    many = [letters.letter(b"n%d" % number, b"Pickles?\n" * 100) for number in range(30)]
    imap_side.put(place, "INBOX", *many, user=ALICE)
    for seed in range(3):
        agent = Agent(place, ALICE, PASSWORDS[ALICE], f"home{seed}")
        with Line(place.ports["pop3s"], random.Random(seed)) as line:
            agent.add("--pop3", f"localhost:{line.port}", *submissions(place), "--security", "tls")
            line.cutting = True
            for _ in range(20):
                agent.run("pop", *(("--delete",) if seed == 2 else ()), allowed=(0, 69, 75, 76, 77))
            line.cutting = False
            await_that("Dovecot lets go of the maildrop", lambda: left(place) >= 0)
            agent.run("pop", *(("--delete",) if seed == 2 else ()))
            check(line.cuts > 5, f"{line.cuts} cuts prove little")
        subjects = [subject for subject, _ in here(agent)]
        check(sorted(subjects) == sorted(f"n{number}" for number in range(30)), f"seed {seed}: {subjects}")
        check(left(place) == (0 if seed == 2 else 30), f"seed {seed}: {left(place)} are left")


for case in (
    case_dovecot_imap,
    case_dovecot_and_another_client,
    case_two_agents,
    case_pop3_that_keeps,
    case_pop3_that_deletes,
    case_pop3_over_a_line_that_breaks,
):
    case.house = DovecotPlace
for case in (case_cyrus_imap, case_cyrus_jmap, case_cyrus_and_another_client, case_cyrus_jmap_and_another_client):
    case.house = CyrusPlace
