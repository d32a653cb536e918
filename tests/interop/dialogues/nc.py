"""The classic dialogues typed through nc -C."""

import classic
from programs import check
from typist import Typist

NEEDS = ("nc",)
PROGRAM = ("nc", "-C")

case_ketchup = classic.through(PROGRAM, classic.ketchup)
case_oneself = classic.through(PROGRAM, classic.oneself)
case_dots = classic.through(PROGRAM, classic.dots)
case_hungry = classic.through(PROGRAM, classic.hungry)
case_big_maildrop = classic.through(PROGRAM, classic.big_maildrop)


def case_help(house):
    with Typist(*PROGRAM, "127.0.0.1", house.ports["smtp"]) as typist:
        typist.hear("220 ")
        typist.type("HELP")
        said = typist.hear("214")
        while said.startswith("214-"):
            said = typist.hear("214")
        check("\n".join(typist.seen).count("RCPT") > 0, "\n".join(typist.seen))


def case_lf_alone_is_refused(house):
    for kind, answer in (("smtp", "500 5.5.2 lines end with CR LF"), ("pop3", "-ERR lines end with CR LF")):
        with Typist("nc", "127.0.0.1", house.ports[kind]) as typist:
            typist.hear("220 " if kind == "smtp" else "+OK")
            typist.type("NOOP")
            typist.hear(answer)
            typist.hear_the_end()
