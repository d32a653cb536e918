"""A fresh server in a folder of its own, and the other half of each test: putting mail in and looking what is there.

Ports are the kernel's choice; the server prints them. The certificate is the one it made for itself, trusted by fetching
it once. Reading here is by Python's poplib, sending by its smtplib: neither was written for this project.
"""

import json
import os
import poplib
import shutil
import smtplib
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import programs
from programs import Failed, check

BINARY = os.environ.get("PILLARBOX_BINARY", "target/debug/pillarbox")
START_LIMIT_S = 60
LISTENERS = ("smtp", "submission", "submissions", "lmtp", "pop3", "pop3s", "imap", "imaps", "http", "https")
DOMAIN = "hamburger.edu"
ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
PASSWORDS = {ALICE: "wonderland", BOB: "hungry"}
# Fields that the server itself puts before a message.
TRACE_FIELDS = {b"return-path", b"delivered-to", b"received"}
# poplib refuses longer lines unless told otherwise; messages hold lines of 998 octets and TLS tests nothing shorter.
poplib._MAXLINE = 65536


class Mailroom:
    """The ports, accounts and configuration of a running server, and what is done with them."""

    def __init__(self, accounts):
        self.accounts, self.ports, self.config, self.address = accounts, {}, None, "127.0.0.1"

    def logged(self):
        """What the server logged, where that is known."""
        return ""

    def admin(self, *words, given=b""):
        """Runs a sub-command of the server's own program."""
        return programs.run(BINARY, *words, "-c", self.config, given=given)

    def put(self, *messages, to=BOB):
        """Sends messages as another server would."""
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], local_hostname="crepes.fr") as client:
            for message in messages:
                client.sendmail("carol@crepes.fr", [to], with_crlf(message), mail_options=["BODY=8BITMIME"])

    def count(self, user=BOB):
        """How many messages wait for a user."""
        client = self._login(user)
        count, _ = client.stat()
        client.quit()
        return count

    def take(self, user=BOB):
        """Reads and deletes all messages of a user; whole, as octets with CR LF."""
        client = self._login(user)
        count, _ = client.stat()
        found = []
        for number in range(1, count + 1):
            _, lines, _ = client.retr(number)
            found.append(b"".join(line + b"\r\n" for line in lines))
            client.dele(number)
        client.quit()
        return found

    def take_one(self, user=BOB):
        """Reads and deletes the only message of a user."""
        found = self.take(user)
        check(len(found) == 1, f"{user} has {len(found)} messages, not one\n{self.logged()}")
        return found[0]

    def _login(self, user):
        client = poplib.POP3("127.0.0.1", self.ports["pop3"])
        client.user(user)
        client.pass_(self.accounts[user])
        return client


class House(Mailroom):
    """A running server with alice and bob."""

    # Programs it needs besides.
    NEEDS = ()

    def __init__(self):
        super().__init__(PASSWORDS)
        self.said = []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pillarbox-interop-"))
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _start(self):
        self.config = self.folder / "pillarbox.toml"
        self.config.write_text(self._configuration())
        for address, password in self.accounts.items():
            self.admin("account", "add", address, "--password-stdin", given=password.encode() + b"\n")
        self.serve()
        self._fetch_certificate()

    def serve(self):
        """Starts the server, the first time or once more."""
        self.log = open(self.folder / "log", "ab")
        self.ports.clear()
        self.process = subprocess.Popen(
            [BINARY, "serve", "-c", str(self.config)], stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL
        )
        timer = threading.Timer(START_LIMIT_S, self.process.kill)
        timer.start()
        self._await_ready()
        timer.cancel()
        # Goes on reading, so that the server is never held up by a full pipe.
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()

    def kill(self):
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def _configuration(self):
        listen = "\n".join(f'{kind} = ["127.0.0.1:0"]' for kind in LISTENERS)
        return f"""hostname = "localhost"
data_dir = "{self.folder / 'data'}"
domains = ["{DOMAIN}"]
admin = "{ALICE}"
[listen]
{listen}
[dns]
# Names are asked for from nobody: tests do not leave this machine.
servers = ["127.0.0.1:1"]
[trust]
plaintext_login_networks = ["127.0.0.0/8"]
"""

    def _await_ready(self):
        for line in self.process.stdout:
            words = programs.text(line).split()
            self.said.append(programs.text(line))
            if words[:1] == ["listening"] and len(words) >= 3:
                self.ports.setdefault(words[1], int(words[2].rpartition(":")[2]))
            if words == ["ready"]:
                missing = [kind for kind in LISTENERS if kind not in self.ports]
                check(not missing, f"ready, but no listener for {missing}: {self.said}")
                return
        raise Failed(f"the server ended before it was ready: {self.said}\n{self.logged()}")

    def _fetch_certificate(self):
        self.certificate = self.folder / "certificate.pem"
        self.certificate.write_text(ssl.get_server_certificate(("127.0.0.1", self.ports["pop3s"])))

    def _stop(self):
        process = getattr(self, "process", None)
        if process and process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                raise Failed(f"the server did not stop when told to\n{self.logged()}") from None
        shutil.rmtree(self.folder, ignore_errors=True)

    def logged(self):
        """What the server logged."""
        return (self.folder / "log").read_text(errors="replace")

    def file(self, name, content):
        """A file in the server's folder, readable by its owner only, as msmtp and others want theirs."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    def shelf(self):
        """A program that keeps each message it is given in a folder, for readers that hand over to one."""
        folder = self.folder / "shelf"
        folder.mkdir(exist_ok=True)
        program = self.file("deliver", f"#!/bin/sh\nn=$(ls '{folder}' | wc -l)\ncat > '{folder}'/$((1000 + n))\n")
        program.chmod(0o700)
        return program

    def unshelve(self):
        """The messages that `shelf` kept, in the order they came; it is empty then."""
        paths = sorted((self.folder / "shelf").iterdir())
        found = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        return found

    def tls(self):
        """A TLS context that trusts this server and nobody else."""
        return ssl.create_default_context(cafile=self.certificate)


class Relay(House):
    """A house that sends mail for crepes.fr on to `next_hop`, and is always found at the same port."""

    def __init__(self):
        super().__init__()
        self.smtp, self.next_hop = free_port(), free_port()

    def _configuration(self):
        text = super()._configuration().replace('smtp = ["127.0.0.1:0"]', f'smtp = ["127.0.0.1:{self.smtp}"]', 1)
        return f"""{text}relay_networks = ["127.0.0.0/8"]
[outbound]
loopback_targets = true
[[route]]
domain = "crepes.fr"
host = "127.0.0.1:{self.next_hop}"
"""

    def send(self, numbers, recipient="carol@crepes.fr"):
        """Hands in numbered messages for elsewhere."""
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], local_hostname="client.example") as client:
            for number in numbers:
                message = f"From: {ALICE}\r\nSubject: s\r\nMessage-ID: <{number}@{DOMAIN}>\r\n\r\n.hello\r\n"
                client.sendmail(ALICE, [recipient], message)

    def waiting(self):
        """What waits to leave."""
        return json.loads(self.admin("queue", "list", "--json"))["queue"]


def free_port():
    """A port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_that(what, holds, limit_s=30):
    """Returns when `holds()` does; fails when it does not in time."""
    end = time.monotonic() + limit_s
    while not holds():
        check(time.monotonic() < end, f"not within {limit_s} s: {what}")
        time.sleep(0.02)


class Lab:
    """`pillarbox lab`, with the mail of the old lectures if asked for; `hosts` by their names."""

    def __init__(self, scenario=""):
        self.scenario = [scenario] if scenario else []

    def __enter__(self):
        words = [BINARY, "lab", *self.scenario, "--port-base", "random", "--json"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        timer = threading.Timer(START_LIMIT_S, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        check(line.startswith(b"{"), f"the lab did not come up: {line!r}")
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()
        self.hosts = {host["hostname"]: self._host(host) for host in json.loads(line)["hosts"]}
        return self

    @staticmethod
    def _host(told):
        host = Mailroom({account["address"]: account["password"] for account in told["accounts"]})
        host.address = told["listeners"]["smtp"].rpartition(":")[0]
        host.ports = {kind: int(address.rpartition(":")[2]) for kind, address in told["listeners"].items()}
        host.config = told["config"]
        return host

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("the lab did not stop when told to") from None


def same(found, sent, added=()):
    """Fails unless `found` is trace fields and then `sent`, octet for octet. `added`: fields that may stand there too."""
    sent = with_crlf(sent)
    check(found.endswith(sent), f"not what was sent:\n{found!r}\nwas sent:\n{sent!r}")
    check_prefix(found[: len(found) - len(sent)], added)


def same_text(found, sent):
    """As `same` for programs that keep mail with LF and add fields of their own: the header's fields and the body are
    what was sent."""
    found, sent = with_lf(found), with_lf(sent)
    header, _, body = found.partition(b"\n\n")
    sent_header, _, sent_body = sent.partition(b"\n\n")
    check(sent_header in header, f"the header is not what was sent:\n{header!r}\nwas sent:\n{sent_header!r}")
    check(body.rstrip(b"\n") == sent_body.rstrip(b"\n"), f"the body is not what was sent:\n{body!r}\nwas sent:\n{sent_body!r}")


def check_prefix(prefix, added=()):
    """Fails unless the prefix is whole header fields, Return-Path first, one Received among them."""
    names = [line.partition(b":")[0].lower() for line in prefix.splitlines() if line[:1] not in (b" ", b"\t")]
    allowed = TRACE_FIELDS | {name.lower().encode() for name in added}
    check(names[:1] == [b"return-path"], f"Return-Path is not first: {prefix!r}")
    check(names.count(b"received") == 1, f"not one Received field: {prefix!r}")
    check(set(names) <= allowed, f"unexpected fields: {prefix!r}")


def with_crlf(octets):
    """Every line ended by CR LF."""
    return with_lf(octets).replace(b"\n", b"\r\n")


def with_lf(octets):
    """Every line ended by LF."""
    return octets.replace(b"\r\n", b"\n")
