"""curl: smtp:// with and without TLS, smtps://, logins by PLAIN and LOGIN, VRFY and HELP."""

import letters
from house import ALICE, BOB, PASSWORDS, same, with_crlf
from programs import check, run

NEEDS = ("curl",)


def curl(house, scheme, kind, *options, given=b""):
    """curl at the listener `kind`."""
    url = f"{scheme}://localhost:{house.ports[kind]}/crepes.fr"
    return run("curl", "--silent", "--show-error", "--verbose", "--cacert", house.certificate, "--url", url, *options, given=given)


def send(house, scheme, kind, *options, sent=letters.PLAIN, sender="carol@crepes.fr"):
    """One message to bob."""
    envelope = ("--mail-from", sender, "--mail-rcpt", BOB, "--upload-file", "-")
    return curl(house, scheme, kind, *envelope, *options, given=with_crlf(sent))


def login(how):
    """Options that log alice in."""
    return ("--user", f"{ALICE}:{PASSWORDS[ALICE]}", "--login-options", f"AUTH={how}")


def case_plain(house):
    for sent in letters.ALL:
        send(house, "smtp", "smtp", sent=sent)
        same(house.take_one(), sent)


def case_starttls(house):
    for how in ("PLAIN", "LOGIN"):
        send(house, "smtp", "submission", "--ssl-reqd", *login(how), sender=ALICE)
        same(house.take_one(), letters.PLAIN)


def case_smtps(house):
    send(house, "smtps", "submissions", *login("PLAIN"), sent=letters.DOTS, sender=ALICE)
    same(house.take_one(), letters.DOTS)


def case_two_recipients(house):
    send(house, "smtp", "smtp", "--mail-rcpt", ALICE)
    for user in (ALICE, BOB):
        same(house.take_one(user), letters.PLAIN)


def case_help(house):
    said = curl(house, "smtp", "smtp", "--request", "HELP")
    check("214" in said and "RCPT" in said, said)


def case_vrfy_tells_strangers_nothing(house):
    said = curl(house, "smtp", "smtp", "--mail-rcpt", BOB)
    check("252 2." in said, said)
