"""`pillarbox tui` on a real terminal, with a server that nobody vouches for: the page of a newcomer, and what is left of a letter
when the program is ended from outside."""

import json
import signal
import subprocess
from pathlib import Path

import house as houses
import programs
from house import ALICE, BOB, PASSWORDS, await_that
from programs import check
from screen import Screen

NEEDS = ("tmux",)
BINARY = Path(houses.BINARY).resolve()
NEWS = b"From: Carol <carol@crepes.fr>\r\nTo: alice@hamburger.edu\r\nSubject: Pickles again\r\n\r\nGreen ones.\r\n"
CLEAR = "C-u"


class Program(Screen):
    """`pillarbox tui`."""

    def __init__(self, house, home, *words):
        super().__init__(house, BINARY, "tui", *words, env={"PILLARBOX_HOME": str(home)})

    def pane(self, what):
        return self._tmux("list-panes", "-F", f"#{{{what}}}").strip()

    def code(self):
        """The code it ended with."""
        def told():
            # tmux does not always hear that a child ended, but with the next one that does.
            self._tmux("run-shell", "true")
            return self.pane("pane_dead_status")

        await_that("it ended with a code", told)
        return told()

    def end(self, how):
        """Ends it from outside."""
        pid = self.pane("pane_pid")
        if how == "the terminal is closed":
            self._tmux("kill-server")
        else:
            subprocess.run(["kill", f"-{how.value}", pid], check=True)
            # tmux tells a code, or a signal; it is a code.
            check(self.code() == str(128 + how), f"{how}: it ended with {self.code()}")
        await_that("it ended", lambda: not Path(f"/proc/{pid}/exe").exists())


def fresh_home(house, name="home"):
    home = house.folder / name
    home.mkdir()
    return home


def sits_down(screen, password):
    """Types who they are; of this domain nobody outside the machine is asked."""
    screen.see("Whose mail is to be read here?")
    screen.type("Alice", "Enter", "alice@localhost", "Enter", password)
    shown = screen.see("(typed)")
    check(password not in shown, shown)
    screen.type("Enter")
    screen.see("Which servers have your mail?")


def case_a_newcomer_sets_up_an_account(house):
    house.put(NEWS, to=ALICE)
    home = fresh_home(house)
    with Program(house, home) as screen:
        sits_down(screen, PASSWORDS[ALICE])
        reading, sending = (f"localhost:{house.ports[kind]}" for kind in ("imaps", "submissions"))
        screen.type("Enter", CLEAR, reading, "Enter", "Enter", CLEAR, sending, "Enter", "Enter", ALICE, "Enter")
        screen.see("Nobody vouches for a certificate")
        screen.type("t")
        screen.see("SHA-256")
        screen.type("y")
        screen.see("Pickles again")
        screen.type("q")
        check(screen.code() == "0", screen.code())
    told = programs.run(BINARY, "mail", "account", "show", "--json", env={"PILLARBOX_HOME": str(home)})
    check(json.loads(told)["address"] == "alice@localhost" and PASSWORDS[ALICE] not in told, told)


def case_a_wrong_password_is_told(house):
    home = fresh_home(house)
    with Program(house, home) as screen:
        sits_down(screen, "not-hers")
        reading = f"127.0.0.1:{house.ports['imap']}"
        # Without TLS, on this machine; sending is left out.
        screen.type("Enter", CLEAR, reading, "Enter", "Left", "Enter", CLEAR, "Enter", "Enter", ALICE, "Enter")
        screen.see("a password made for mail programs")
        screen.end(signal.SIGTERM)
    check(not list(home.rglob("accounts.toml")), "something was written")


def account(house, home):
    """Alice's account by IMAP, set up from the command line."""
    add = ("mail", "account", "add", ALICE, "--imap", f"localhost:{house.ports['imaps']}", "--trust", house.certificate)
    given = PASSWORDS[ALICE].encode() + b"\n"
    programs.run(BINARY, *add, "--password-stdin", given=given, env={"PILLARBOX_HOME": str(home)})


def case_a_letter_outlives_the_program(house):
    for number, how in enumerate((signal.SIGTERM, signal.SIGHUP, "the terminal is closed")):
        home = fresh_home(house, f"home-{number}")
        account(house, home)
        with Program(house, home, "--keys", "pine") as screen:
            screen.see("INBOX")
            screen.type("c")
            screen.see("Writing a letter")
            screen.type(BOB, "Enter", "Enter", f"Half of letter {number}")
            screen.see(f"Half of letter {number}")
            screen.end(how)
            shown = screen.shown()
            check("Writing a letter" not in shown, f"{how}: the terminal was not given back\n{shown}")
        words = ("mail", "list", "-f", "drafts", "--offline", "--json")
        out = programs.run(BINARY, *words, env={"PILLARBOX_HOME": str(home)})
        subjects = [message["subject"] for message in json.loads(out)["messages"]]
        check(f"Half of letter {number}" in subjects, f"{how}: the drafts are {subjects}")
