"""msmtp, a sendmail that hands mail to a server: STARTTLS, TLS from the start, each login, relaying held."""

import letters
from house import ALICE, BOB, PASSWORDS, same
from programs import check, run

NEEDS = ("msmtp",)


def send(house, kind, *settings, sent=letters.PLAIN, to=(BOB,), allowed=(0,)):
    """Sends from alice over the listener `kind`."""
    lines = ["account default", "host localhost", f"port {house.ports[kind]}", f"from {ALICE}", "domain crepes.fr", *settings]
    config = house.file("msmtprc", "\n".join(lines) + "\n")
    return run("msmtp", f"--file={config}", "--debug", "--", *to, given=sent, allowed=allowed)


def secure(house, starttls, how):
    """Settings for TLS and a login."""
    tls = ["tls on", f"tls_starttls {starttls}", f"tls_trust_file {house.certificate}"]
    return [*tls, f"auth {how}", f"user {ALICE}", f"password {PASSWORDS[ALICE]}"]


def case_plain(house):
    for sent in letters.ALL:
        send(house, "smtp", "auth off", "tls off", sent=sent)
        same(house.take_one(), sent)


def case_starttls_auth_plain(house):
    send(house, "submission", *secure(house, "on", "plain"), sent=letters.DOTS)
    same(house.take_one(), letters.DOTS)


def case_starttls_auth_login(house):
    send(house, "submission", *secure(house, "on", "login"))
    same(house.take_one(), letters.PLAIN)


def case_tls_auth_scram(house):
    said = send(house, "submissions", *secure(house, "off", "scram-sha-256"))
    check("SCRAM-SHA-256" in said, said)
    same(house.take_one(), letters.PLAIN)


def case_lmtp(house):
    send(house, "lmtp", "protocol lmtp", "auth off", "tls off", to=(ALICE, BOB))
    for user in (ALICE, BOB):
        same(house.take_one(user), letters.PLAIN)


def case_mail_for_other_hosts_waits_in_the_queue(house):
    """The name servers of this house do not answer, so the letter stays until they do."""
    said = send(house, "submissions", *secure(house, "off", "plain"), to=("dave@crepes.fr",))
    check("250 2.0.0 queued as" in said, said)
    check("dave@crepes.fr" in house.admin("queue", "list"), "it is not in the queue")
    house.admin("queue", "remove", "--to-address", "dave@crepes.fr")
    check("dave@crepes.fr" not in house.admin("queue", "list"), "it is still in the queue")
