"""jmap-client, the Rust library: session, reading, searching, changing, sending, event source, WebSocket."""

import letters
from house import ALICE, BOB, PASSWORDS
from programs import PEERS, check, run

NEEDS = ("rust:peer-jmap-client",)


def peer(house, verb, user, *more):
    """Does it as that user."""
    url = f"https://localhost:{house.ports['https']}"
    run(PEERS / "rust/bin/peer-jmap-client", verb, url, user, PASSWORDS[user], *more)


def case_read_and_search(house):
    house.put(letters.PLAIN, letters.EIGHT_BIT, letters.LARGE)
    peer(house, "read", BOB)


def case_change(house):
    peer(house, "write", BOB)


def case_send(house):
    peer(house, "send", ALICE, BOB)
    found = house.take_one()
    check(b"sent by jmap-client" in found, found[:2000])


def case_events(house):
    peer(house, "events", BOB)


def case_socket(house):
    peer(house, "socket", BOB)
