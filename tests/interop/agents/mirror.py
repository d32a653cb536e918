"""The user agent's mirror over a link that is cut at random, against servers nobody here wrote: those with QRESYNC and MOVE, and
the same made to offer little. What is checked is in tests/tests/it/mirror/."""

import os

from imap_servers import Cyrus, Dovecot
from programs import Failed, run

NEEDS = ("cargo", *Dovecot.NEEDS, *Cyrus.NEEDS)
# What every server has, and nothing of what a mirror likes to have.
LITTLE = "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE NAMESPACE SPECIAL-USE"
# Seconds in which it is built, too, where it was not.
BUILD_S = 1200
SEEDS = os.environ.get("PILLARBOX_SEEDS", "3")


class Poor(Dovecot):
    """Dovecot that says it can do no more than this."""

    OFFERS = LITTLE

    def _configuration(self):
        setting = "  imap_metadata = yes\n"
        return super()._configuration().replace(setting, f"{setting}  imap_capability = {self.OFFERS}\n")


class Middling(Poor):
    """The same with what was usual before QRESYNC."""

    OFFERS = f"{LITTLE} UIDPLUS CONDSTORE"


def mirror(room):
    """The tests of the mirror, with alice's account there."""
    env = {"PILLARBOX_MIRROR_OF": f"127.0.0.1:{room.ports['imap']}", "PILLARBOX_SEEDS": SEEDS}
    # The whole workspace, so that what is built here is what the other tests are built with.
    told = run("cargo", "test", "--workspace", "--test", "it", "mirror::random", env=env, limit_s=BUILD_S)
    if "1 passed" not in told:
        raise Failed(f"the test was not run:\n{told}")


def case_dovecot(room):
    mirror(room)


def case_dovecot_without_qresync(room):
    mirror(room)


def case_dovecot_without_uidplus(room):
    mirror(room)


def case_cyrus(room):
    mirror(room)


case_dovecot.house = Dovecot
case_dovecot_without_qresync.house = Middling
case_dovecot_without_uidplus.house = Poor
case_cyrus.house = Cyrus
