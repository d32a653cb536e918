"""Places of others where a user agent reads mail and hands it in: Dovecot by IMAP and POP3, Cyrus by IMAP and JMAP, each with
a Postfix that takes letters from who logs in."""

import socket
import sys
from contextlib import ExitStack

import peer
from house import ALICE, BOB, PASSWORDS, await_that, free_port
from imap_servers import Cyrus, Dovecot
from peer import Postfix
from programs import check

# The doors of Postfix: how each differs from the others.
DOORS = {
    "submission": "",
    "submissions": " -o smtpd_tls_wrappermode=yes",
    # Logs in by LOGIN alone.
    "login": " -o smtpd_tls_wrappermode=yes -o smtpd_sasl_mechanism_filter=login",
    "no-smtputf8": " -o smtpd_tls_wrappermode=yes -o smtpd_discard_ehlo_keywords=smtputf8",
    "no-8bitmime": " -o smtpd_tls_wrappermode=yes -o smtpd_discard_ehlo_keywords=8bitmime,smtputf8,chunking",
    "no-size": " -o smtpd_tls_wrappermode=yes -o smtpd_discard_ehlo_keywords=size",
    "no-tls": " -o smtpd_tls_security_level=none -o smtpd_tls_auth_only=no",
    # For a server beside it, which has let its user in already.
    "inside": " -o smtpd_tls_security_level=none -o mynetworks=127.0.0.0/8",
}
# The largest letter it takes, in octets.
SIZE_MAX = 100_000
# Who has a maildir there; everybody else is refused.
KNOWN = {"carol@crepes.fr": "carol", "dora@crepes.fr": "dora", "дора@crepes.fr": "idora", ALICE: "alice", BOB: "bob"}


def answers(port):
    """Whether somebody listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


class Submission(Postfix):
    """A Postfix with the room's certificate that takes letters from who logs in, as `logins` judges; `ports` by the names of its
    doors."""

    def __init__(self, room, logins):
        self.ports = {name: free_port() for name in DOORS}
        maps = " ".join(f"{{ {address} = {name}/ }}" for address, name in KNOWN.items())
        settings = f"""smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {logins.folder}/logins
smtpd_tls_cert_file = {room.certificate}
smtpd_tls_key_file = {room.folder}/key.pem
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
mynetworks =
relay_domains =
virtual_mailbox_domains = crepes.fr hamburger.edu
virtual_mailbox_maps = inline:{{ {maps} }}
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
message_size_limit = {SIZE_MAX}
"""
        super().__init__("", settings)

    def __enter__(self):
        super().__enter__()
        # Who stops a Postfix that has not started waits long.
        try:
            await_that("Postfix answers", lambda: all(answers(port) for port in self.ports.values()))
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _main_cf(self):
        """Each setting once: the last holds."""
        lines = dict(line.partition(" =")[::2] for line in super()._main_cf().splitlines() if line)
        return "".join(f"{name} ={value}\n" for name, value in lines.items())

    def _doors(self):
        doors = (f"127.0.0.1:{self.ports[name]} inet n - n - - smtpd{options}\n" for name, options in DOORS.items())
        return "".join(doors) + "tlsmgr unix - - n 1000? 1 tlsmgr\n"

    def one(self, whose="carol"):
        """The only letter of somebody, once it is there."""
        self.await_empty()
        await_that(f"{whose} has a letter", lambda: self.letters(whose))
        letters = self.letters(whose)
        check(len(letters) == 1, f"{whose} has {len(letters)} letters")
        return letters[0]


class Passwords(Dovecot):
    """Dovecot by IMAP and POP3, where alice and bob have their passwords; it judges logins for others at a socket, `logins`."""

    NEEDS = (*Dovecot.NEEDS, "/usr/lib/dovecot/pop3")

    def _start(self):
        self.ports.update(pop3=free_port(), pop3s=free_port())
        users = "".join(f"{address}:{{PLAIN}}{password}\n" for address, password in PASSWORDS.items())
        (self.folder / "users").write_text(users)
        super()._start()

    def _configuration(self):
        text = super()._configuration()
        for old, new in (
            ("protocols = imap\n", "protocols = imap pop3\n"),
            ("driver = static\n  args = nopassword", f"driver = passwd-file\n  args = {self.folder}/users"),
            ("imap_hibernate_timeout = 0\n", "imap_hibernate_timeout = 0\nauth_failure_delay = 0\n"),
        ):
            check(old in text, f"the configuration has no {old!r}")
            text = text.replace(old, new, 1)
        return f"""{text}
service pop3-login {{
  inet_listener pop3 {{
    port = {self.ports["pop3"]}
  }}
  inet_listener pop3s {{
    port = {self.ports["pop3s"]}
  }}
}}
service auth {{
  unix_listener {self.folder}/logins {{
    mode = 0666
  }}
}}
"""


class DovecotPlace(Passwords):
    """The same with a Postfix."""

    NEEDS = (*Passwords.NEEDS, *peer.NEEDS)

    def _start(self):
        super()._start()
        self.stack = ExitStack()
        self.postfix = self.stack.enter_context(Submission(self, self))
        self.ports.update(self.postfix.ports)

    def _stop(self):
        try:
            if hasattr(self, "stack"):
                # Tells what Postfix logged where a case failed.
                self.stack.__exit__(*sys.exc_info())
        finally:
            super()._stop()


class CyrusPlace(Cyrus):
    """Cyrus by IMAP and JMAP, which lets in anybody and sends by a Postfix."""

    NEEDS = (*Cyrus.NEEDS, "debian:usr/lib/cyrus/bin/httpd", *DovecotPlace.NEEDS)

    def _start(self):
        self.ports.update(https=free_port())
        self.stack = ExitStack()
        logins = self.stack.enter_context(Passwords())
        self.postfix = self.stack.enter_context(Submission(self, logins))
        self.ports.update(self.postfix.ports)
        super()._start()

    def _stop(self):
        try:
            super()._stop()
        finally:
            if hasattr(self, "stack"):
                self.stack.__exit__(*sys.exc_info())

    def _services(self):
        program = f"{self.folder}/bin/httpd -s -C {self.folder}/imapd.conf"
        listen = f"127.0.0.1:{self.ports['https']}"
        return super()._services().replace("SERVICES {\n", f'SERVICES {{\n  https cmd="{program}" listen="{listen}" prefork=1\n', 1)

    def _configuration(self):
        return f"""{super()._configuration()}httpmodules: jmap
jmap_emailsubmission_db_path: {self.folder}/config/emailsubmission.db
smtp_backend: host
smtp_host: 127.0.0.1:{self.ports["inside"]}
"""
