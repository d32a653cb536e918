"""s-nail, the mailx of today: sends over smtp, STARTTLS and smtps with a login."""

from house import ALICE, BOB, PASSWORDS, check_prefix
from programs import check, run

NEEDS = ("s-nail",)
BODY = b"Do you like ketchup?\n.\n..\nHow about pickles?\n"


def send(house, scheme, kind, *settings):
    """One message from alice to bob."""
    login = ALICE.replace("@", "%40") + ":" + PASSWORDS[ALICE] + "@" if settings else ""
    options = [f"mta={scheme}://{login}localhost:{house.ports[kind]}", f"from={ALICE}", "hostname=crepes.fr", "v15-compat=yes", *settings]
    words = [word for option in options for word in ("-S", option)]
    run("s-nail", "-:/", *words, "-s", "ketchup", BOB, given=BODY)


def secure(house):
    """Settings for a login over TLS."""
    return ("smtp-auth=plain", f"tls-ca-file={house.certificate}", "tls-ca-no-defaults", "tls-verify=strict")


def check_letter(found):
    """The body came as typed; the prefix stands before what s-nail wrote."""
    header, _, body = found.partition(b"\r\n\r\n")
    check(body == BODY.replace(b"\n", b"\r\n"), f"{body!r}")
    check(b"\r\nSubject: ketchup" in header, f"{header!r}")
    check_prefix(found[: found.lower().index(b"\r\ndate:") + 2])


def case_plain(house):
    send(house, "smtp", "smtp", "smtp-auth=none")
    check_letter(house.take_one())


def case_starttls(house):
    send(house, "smtp", "submission", "smtp-use-starttls", *secure(house))
    check_letter(house.take_one())


def case_smtps(house):
    send(house, "smtps", "submissions", *secure(house))
    check_letter(house.take_one())
