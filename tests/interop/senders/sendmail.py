"""Programs that hand mail to a program called sendmail: s-nail as on any Unix, Python's smtplib over `sendmail -bs`, and
each hard letter on stdin."""

import smtplib
import socket
import subprocess
from pathlib import Path

import letters
from house import ALICE, BINARY, BOB, same, with_crlf
from programs import check, run

NEEDS = ("s-nail",)


def link(house):
    """The name by which the binary is sendmail."""
    path = house.folder / "sendmail"
    if not path.exists():
        path.symlink_to(Path(BINARY).resolve())
    return path


def environment(house):
    return {"PILLARBOX_CONFIG": str(house.config)}


def case_on_stdin(house):
    for sent in letters.ALL:
        run(link(house), "-i", "-f", ALICE, BOB, given=sent, env=environment(house))
        same(house.take_one(), sent)


def case_s_nail(house):
    body = b"Do you like ketchup?\n.\n..\nHow about pickles?\n"
    words = ["-S", f"mta={link(house)}", "-S", f"from={ALICE}", "-s", "ketchup", BOB]
    run("s-nail", "-:/", *words, given=body, env=environment(house))
    header, _, found = house.take_one().partition(b"\r\n\r\n")
    check(found == with_crlf(body), f"{found!r}")
    check(b"\r\nSubject: ketchup" in header and header.count(b"\r\nDate: ") == 1, f"{header!r}")


def case_smtplib_over_stdin(house):
    ours, theirs = socket.socketpair()
    with subprocess.Popen([link(house), "-bs"], stdin=theirs, stdout=theirs, env=environment(house)) as process:
        theirs.close()
        client = smtplib.SMTP()
        client.sock = ours
        check(client.getreply()[0] == 220, "no greeting")
        refused = client.sendmail(ALICE, [BOB, "nobody@hamburger.edu"], with_crlf(letters.DOTS))
        check(list(refused) == ["nobody@hamburger.edu"], refused)
        client.sendmail(ALICE, BOB, with_crlf(letters.EIGHT_BIT), mail_options=["BODY=8BITMIME"])
        client.quit()
    check(process.returncode == 0, process.returncode)
    found = house.take()
    check(len(found) == 2, found)
    same(found[0], letters.DOTS)
    same(found[1], letters.EIGHT_BIT)
