"""Postfix's smtp-source: many sessions at a time, many messages each, none lost, none doubled; LMTP as well."""

from house import BOB
from programs import check, run

NEEDS = ("smtp-source",)
MESSAGES = 300


def send(house, kind, *options):
    """MESSAGES messages over ten sessions at a time, each message numbered in its Subject."""
    target = f"inet:127.0.0.1:{house.ports[kind]}"
    envelope = ("-f", "carol@crepes.fr", "-t", BOB, "-M", "crepes.fr", "-S", "ketchup")
    run("smtp-source", "-s", "10", "-m", MESSAGES, *envelope, *options, target)


def check_all(house, octets):
    """All came, each of the length asked for."""
    found = house.take()
    check(len(found) == MESSAGES, f"{len(found)} messages of {MESSAGES}")
    ids = {one.lower().partition(b"message-id:")[2].splitlines()[0] for one in found}
    check(len(ids) == MESSAGES, f"{len(ids)} different messages")
    for one in found:
        check(len(one) >= octets, f"{len(one)} octets: {one[:400]!r}")


def case_one_message_a_session(house):
    send(house, "smtp", "-l", "2000")
    check_all(house, 2000)


def case_many_messages_a_session(house):
    send(house, "smtp", "-d", "-l", "20000")
    check_all(house, 20000)


def case_lmtp(house):
    send(house, "lmtp", "-L", "-d", "-l", "500")
    check_all(house, 500)
