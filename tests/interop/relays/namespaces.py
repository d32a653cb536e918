"""Port 25, MX records by nsd, and Postfix as the other side: two hosts in network namespaces."""

from contextlib import nullcontext
from pathlib import Path

from programs import run

NEEDS = ("ip", "nsd", "postfix", "smtp-source", "user:root")


def case_both_ways(_):
    run(Path(__file__).resolve().parent.parent / "namespaces")


case_both_ways.house = nullcontext
