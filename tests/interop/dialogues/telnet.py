"""The classic dialogues typed through telnet."""

import classic
from programs import check
from typist import Typist

NEEDS = ("telnet",)
PROGRAM = ("telnet",)

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
