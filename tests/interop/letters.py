"""The messages that are sent: each hard on something. All have LF line ends here; the wire has CR LF."""

import base64

HEADER = b"""From: Alice <alice@hamburger.edu>
To: Bob <bob@hamburger.edu>
Subject: %s
Date: Sat, 21 Nov 2026 10:00:00 +0000
Message-ID: <%s@hamburger.edu>
MIME-Version: 1.0
"""


def letter(name, body, fields=b"Content-Type: text/plain; charset=utf-8\n"):
    """A message; `name` goes into Subject and Message-ID."""
    return HEADER % (name, name) + fields + b"\n" + body


PLAIN = letter(b"ketchup", b"Do you like ketchup?\nHow about pickles?\n")
DOTS = letter(b"dots", b".\n..\n...\n.a\n..2 dots\n...3 dots\n. \n\n.\n")
EIGHT_BIT = letter(
    b"letters", "Grüße aus Köln, привет, 你好.\n".encode(), b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
)
LONG_LINES = letter(b"long", b"x" * 998 + b"\n" + b"." * 997 + b"\n" + b"y" * 77 + b"\n")
BLANKS = letter(b"blanks", b"\n\n  two spaces before and after  \n\ttab\t\n\n\n")
# Larger than one frame of the store, 256 KiB.
LARGE = letter(
    b"large",
    base64.encodebytes(bytes(range(256)) * 1600),
    b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n",
)
ALL = (PLAIN, DOTS, EIGHT_BIT, LONG_LINES, BLANKS, LARGE)
