"""What `pillarbox send` composes, carried over a real server, and taken apart by Python's email, which nobody here wrote."""

import email
import email.policy

from house import ALICE, BINARY, BOB
from programs import check, run

NEEDS = ("python3",)
DATA_ERROR = 65
# The kinds of the classic table, and one that nobody knows.
FILES = {
    "photo.jpg": ("image/jpeg", bytes([0xCC, 0x81, 0x39])),
    "cat.gif": ("image/gif", b"GIF89a\r\n\n\r"),
    "film.mpg": ("video/mpeg", bytes(range(256))),
    "song.au": ("audio/basic", b""),
    "paper.ps": ("application/postscript", b"%!PS\n"),
    "crêpe \"menu\", sehr lang und schön für alle, die Hunger haben.pdf": ("application/pdf", b"%PDF"),
    "thing.unheard-of": ("application/octet-stream", b"\x00\xff"),
}
SUBJECT = "Crêpes & ketchup: 🥞, how many would everybody who comes on Saturday like to have?"


def compose(house, *words, given=b"", allowed=(0,)):
    """The message that would be sent."""
    return run(BINARY, "send", "--dry-run", *words, given=given, allowed=allowed, env={"HOME": str(house.folder)})


def carried(house, message):
    """A message after its way through the server, as Python reads it."""
    house.put(message.encode())
    parsed = email.message_from_bytes(house.take_one(), policy=email.policy.default)
    defects = [defect for part in parsed.walk() for defect in part.defects]
    check(not defects, f"{defects}\n{message}")
    return parsed


def case_every_kind_of_file_arrives(house):
    paths = [house.file(name, octets) for name, (_, octets) in FILES.items()]
    words = [word for path in paths for word in ("--attach", path)]
    html = house.file("letter.html", '<p>Do you like <b>crêpes</b>?</p><img src="cid:cat.gif">')
    text = "Do you like crêpes?\n\nFrom here on it is a long line: " + "ketchup " * 40 + "\n-- \nAlice\n"
    sent = compose(
        house, "--from", f"Alice <{ALICE}>", "--subject", SUBJECT, "--message", text, "--html", html,
        "--inline", house.folder / "cat.gif", "--bcc", "secret@crepes.fr", *words,
        f'Bob <{BOB}>, "Doe, J." <j@crepes.fr>, friends: x@bücher.example, y@crepes.fr;',
    )
    check(all(len(line) <= 998 for line in sent.encode().splitlines()), sent)
    read = carried(house, sent)
    check(read["subject"] == SUBJECT, read["subject"])
    people = [(one.display_name, one.addr_spec) for one in read["to"].addresses]
    wanted = [("Bob", BOB), ("Doe, J.", "j@crepes.fr"), ("", "x@xn--bcher-kva.example"), ("", "y@crepes.fr")]
    check(people == wanted, people)
    check(read["to"].groups[-1].display_name == "friends", read["to"].groups)
    plain = read.get_body(("plain",)).get_content().replace("\r\n", "\n")
    check(plain.rstrip("\n") == text.rstrip("\n"), repr(plain))
    check("<b>crêpes</b>" in read.get_body(("html",)).get_content(), "the HTML is another")
    files = {part.get_filename(): (part.get_content_type(), part.get_payload(decode=True)) for part in read.iter_attachments()}
    check(files == FILES, files)
    shown = [part for part in read.walk() if part["content-id"]]
    check([part["content-id"] for part in shown] == ["<cat.gif>"], shown)


def case_a_wrong_address_is_refused_with_its_place(house):
    said = compose(house, "--from", ALICE, "--message", "x", f"{BOB}, carol@-x", allowed=(DATA_ERROR,))
    check("address 2" in said and "column" in said and "^" in said, said)
    compose(house, "--from", ALICE, "--message", "x", allowed=(DATA_ERROR,))
