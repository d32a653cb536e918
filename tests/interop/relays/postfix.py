"""Postfix as the next hop and as the server that sends to us, while ours is killed with `kill -9` and comes back."""

import os
import random

from house import BOB, Relay, await_that
from peer import NEEDS as POSTFIX
from peer import Postfix
from programs import check, run

NEEDS = (*POSTFIX, "smtp-source")
ROUNDS = int(os.environ.get("PILLARBOX_ROUNDS", "3"))
MESSAGES = 30
# Connections to one destination: each can have one message under way when the server is killed (RFC 1047).
AT_RISK = 20


def peer(house):
    to_us = f"transport_maps = inline:{{{{ hamburger.edu = smtp:[127.0.0.1]:{house.smtp} }}}}"
    quick = "disable_dns_lookups = yes\nsmtp_host_lookup = native\nsmtp_destination_concurrency_failed_cohort_limit = 0"
    return Postfix(f"127.0.0.1:{house.next_hop}", f"{to_us}\n{quick}")


def case_killed_while_sending(house):
    rounds, chance = ROUNDS, random.Random(1047)
    with peer(house) as postfix:
        for number in range(rounds):
            before = len(postfix.found())
            house.send(range(number * MESSAGES, (number + 1) * MESSAGES))
            some = before + chance.randrange(MESSAGES)
            await_that("Postfix takes mail", lambda: len(postfix.found()) >= some or not house.waiting())
            house.kill()
            house.serve()
        await_that("our queue is empty", lambda: not house.waiting())
        postfix.await_empty()
        found = postfix.found()
        sent = {f"<{number}@hamburger.edu>" for number in range(rounds * MESSAGES)}
        check(set(found) == sent, f"lost: {sorted(sent - set(found))}, strange: {sorted(set(found) - sent)}")
        twice = len(found) - len(sent)
        check(twice <= AT_RISK * rounds, f"{twice} copies too many after {rounds} kills")


case_killed_while_sending.house = Relay


def case_killed_while_postfix_sends(house):
    rounds = ROUNDS
    with peer(house) as postfix:
        for _ in range(rounds):
            envelope = ("-f", "carol@crepes.fr", "-t", BOB, "-M", "crepes.fr", "-l", "2000")
            run("smtp-source", "-s", "5", "-m", MESSAGES, *envelope, f"inet:{postfix.address}")
            house.kill()
            house.serve()
        postfix.await_empty()
        found = house.take()
        # Postfix names each message in its trace field; smtp-source numbers them only within a run.
        ids = {one.partition(b"by mx.crepes.fr (Postfix) with")[2].split()[2] for one in found}
        check(len(ids) == rounds * MESSAGES, f"{len(ids)} different messages of {rounds * MESSAGES}\n{house.logged()}")
        twice = len(found) - len(ids)
        check(twice <= AT_RISK * rounds, f"{twice} copies too many after {rounds} kills")


case_killed_while_postfix_sends.house = Relay


def case_there_and_back(house):
    """To carol at Postfix, and from Postfix's side to bob."""
    with peer(house) as postfix:
        house.send([1])
        await_that("carol has it", lambda: postfix.found() == ["<1@hamburger.edu>"])
        run("smtp-source", "-f", "carol@crepes.fr", "-t", BOB, "-M", "crepes.fr", f"inet:{postfix.address}")
        await_that("bob has it", lambda: house.count() == 1)


case_there_and_back.house = Relay
