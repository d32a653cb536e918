"""Postfix's smtp-sink as the next hop: all goes over, each message once, with its dots as they were."""

import socket
import subprocess

from house import Relay, await_that
from programs import check

NEEDS = ("smtp-sink", "user:root")
MESSAGES = 200


def taken(folder):
    """The messages in the dump files: pseudo header fields, then what was sent."""
    return [path.read_bytes() for path in folder.iterdir()]


def relay_to_sink(house, *options):
    folder = house.folder / "sink"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    house.folder.chmod(0o755)
    words = ["smtp-sink", "-u", "nobody", *options, "-d", f"{folder}/m.", f"127.0.0.1:{house.next_hop}", "100"]
    sink = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        await_that("smtp-sink listens", lambda: listens(house.next_hop))
        house.send(range(MESSAGES))
        await_that("our queue is empty", lambda: not house.waiting())
        await_that("all is written", lambda: len(ids(folder)) == MESSAGES)
        check(sorted(ids(folder)) == sorted(set(ids(folder))), "something came twice")
        check(all(b"\n.hello" in one for one in taken(folder) if b"Message-ID" in one), "a dot was lost or doubled")
    finally:
        sink.kill()
        sink.wait()


def ids(folder):
    lines = [line for one in taken(folder) for line in one.splitlines() if line.startswith(b"Message-ID:")]
    return [line.split(b" ")[1] for line in lines]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def case_with_pipelining(house):
    relay_to_sink(house)


case_with_pipelining.house = Relay


def case_helo_only(house):
    relay_to_sink(house, "-e")


case_helo_only.house = Relay
