"""A private Postfix: its own folder, its own port on loopback. It takes crepes.fr into maildirs and hands hamburger.edu on.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from house import DOMAIN, await_that
from programs import run

NEEDS = ("postfix", "user:root")
MAIL_UID = 5000
SERVICES = """pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Listens at `address`; `settings` are further lines of main.cf. `within`: words of a command that leads into another
    namespace."""

    def __init__(self, address, settings, within=()):
        self.address, self.settings, self.within = address, settings, within

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="pillarbox-postfix-"))
        self.folder.chmod(0o755)
        for name in ("etc", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        os.chown(self.folder / "mail", MAIL_UID, MAIL_UID)
        (self.folder / "etc/main.cf").write_text(self._main_cf())
        (self.folder / "etc/master.cf").write_text(f"{self._doors()}{SERVICES}")
        self._postfix("start")
        return self

    def __exit__(self, kind, *_):
        if kind:
            print((self.folder / "log").read_text(errors="replace")[-4000:], file=sys.stderr)
        try:
            self._postfix("stop")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _doors(self):
        """Where it listens, as lines of master.cf."""
        return f"{self.address} inet n - n - - smtpd\n"

    def _postfix(self, word):
        # What it leaves running would hold a pipe open for ever.
        run(*self.within, "sh", "-c", f"exec postfix -c '{self.folder}/etc' {word} >'{self.folder}/out' 2>&1")

    def _main_cf(self):
        return f"""compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {self.folder}/log
maillog_file_prefixes = /
inet_interfaces = all
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.crepes.fr
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = crepes.fr
virtual_mailbox_maps = static:carol/
virtual_mailbox_base = {self.folder}/mail
virtual_uid_maps = static:{MAIL_UID}
virtual_gid_maps = static:{MAIL_UID}
relay_domains = {DOMAIN}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
max_use = 1000
{self.settings}
"""

    def found(self):
        """The Message-IDs of what lies in the maildir, one for each copy."""
        ids = []
        for message in self.letters():
            line = next(line for line in message.splitlines() if line.lower().startswith(b"message-id:"))
            ids.append(line.split(b" ")[1].decode())
        return ids

    def letters(self, whose="carol"):
        """What lies in a maildir, as octets."""
        return [path.read_bytes() for path in sorted((self.folder / f"mail/{whose}/new").glob("*"))]

    def waiting(self):
        """Files in its queue."""
        queues = ("maildrop", "incoming", "active", "deferred")
        return sum(len(names) for queue in queues for _, _, names in os.walk(self.folder / "queue" / queue))

    def await_empty(self):
        """Returns when nothing waits in its queue."""
        await_that("Postfix's queue is empty", lambda: self.waiting() == 0)
