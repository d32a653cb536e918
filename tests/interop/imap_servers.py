"""Private servers of others that speak IMAP, each in a folder of its own on loopback: what our answers are compared with,
and what shows that a case of ours is right before our own server is judged by it.

Any user may log in with any password in Dovecot and Cyrus; ours has the accounts it was given.
"""

import imaplib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from house import ALICE, BOB, PASSWORDS, House, Mailroom, await_that, free_port, with_crlf
from programs import PEERS, check, run

MAIL_UID = 5000
LISTEN_LIMIT_S = 20
# Every message and every literal of a case fits; imaplib refuses longer lines unless told otherwise.
imaplib._MAXLINE = 100_000_000


class ImapRoom(Mailroom):
    """A server reached by IMAP alone. Mail is put in by APPEND."""

    NEEDS = ()

    def __init__(self, accounts=PASSWORDS):
        super().__init__(accounts)

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"pillarbox-{type(self).__name__.lower()}-"))
        self.folder.chmod(0o755)
        self.ports = {"imap": free_port(), "imaps": free_port()}
        self.certificate = self.folder / "certificate.pem"
        key = self.folder / "key.pem"
        made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost")
        run(*made, "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate)
        try:
            self._start()
            await_that("the server answers", lambda: self._answers(), LISTEN_LIMIT_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _answers(self):
        try:
            imaplib.IMAP4("127.0.0.1", self.ports["imap"]).logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True

    def __exit__(self, *_):
        self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    file, shelf, unshelve, tls = House.file, House.shelf, House.unshelve, House.tls

    def put(self, *messages, to=BOB):
        """Messages into a user's INBOX."""
        client = imaplib.IMAP4("127.0.0.1", self.ports["imap"])
        client.login(to, self.accounts[to])
        for message in messages:
            client.append("INBOX", None, None, with_crlf(message))
        client.logout()


class Dovecot(ImapRoom):
    """Dovecot with every extension it has: quota, ACL, METADATA, COMPRESS, NOTIFY."""

    NEEDS = ("dovecot", "user:root")

    def _start(self):
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", MAIL_UID, MAIL_UID)
        (self.folder / "conf").write_text(self._configuration())
        # What it leaves running would hold a pipe open for ever.
        run("sh", "-c", f"exec dovecot -c '{self.folder}/conf' >'{self.folder}/out' 2>&1")

    def _stop(self):
        pid = self.folder / "run/master.pid"
        if pid.exists():
            run("dovecot", "-c", self.folder / "conf", "stop", allowed=(0, 1, 75))

    def logged(self):
        """What it logged."""
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def _configuration(self):
        return f"""base_dir = {self.folder}/run
state_dir = {self.folder}/state
log_path = {self.folder}/log
listen = 127.0.0.1
protocols = imap
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self.folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = mdbox:~/mdbox
mail_attribute_dict = file:%h/attributes
first_valid_uid = {MAIL_UID}
mail_max_userip_connections = 1000
mail_plugins = quota acl
auth_username_format = %Lu
imap_hibernate_timeout = 0
mailbox_list_index = yes
mailbox_idle_check_interval = 1 s
passdb {{
  driver = static
  args = nopassword
}}
userdb {{
  driver = static
  args = uid={MAIL_UID} gid={MAIL_UID} home={self.folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
}}
namespace shared {{
  type = shared
  separator = /
  prefix = "Other Users/%%u/"
  location = mdbox:{self.folder}/mail/%%u/mdbox:INDEXPVT=~/shared/%%u
  list = children
  subscriptions = no
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage=100M
  acl = vfile
  acl_shared_dict = file:{self.folder}/mail/shared.db
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota imap_acl imap_zlib
  imap_metadata = yes
  imap_literal_minus = no
}}
service imap-login {{
  inet_listener imap {{
    port = {self.ports["imap"]}
  }}
  inet_listener imaps {{
    port = {self.ports["imaps"]}
  }}
}}
"""


class Cyrus(ImapRoom):
    """Cyrus with the hierarchy separator and INBOX beside the others, as ours has it."""

    NEEDS = ("cyrmaster", "debian:usr/lib/cyrus/bin/imapd", "user:root")
    # Debian's package may not be installed beside Dovecot's, so it is only unpacked.
    PROGRAMS = PEERS.resolve() / "debian/usr/lib/cyrus/bin"

    def _start(self):
        for name in ("config", "spool", "run", "sieve", "sock"):
            (self.folder / name).mkdir()
        # Where the user cyrus can read them.
        shutil.copytree(self.PROGRAMS, self.folder / "bin")
        (self.folder / "imapd.conf").write_text(self._configuration())
        (self.folder / "cyrus.conf").write_text(self._services())
        run("chown", "-R", "cyrus:mail", self.folder)
        run("su", "cyrus", "-s", "/bin/sh", "-c", f"/usr/lib/cyrus/bin/ctl_cyrusdb -r -C {self.folder}/imapd.conf")
        words = ["cyrmaster", "-C", self.folder / "imapd.conf", "-M", self.folder / "cyrus.conf", "-p", self.folder / "pid"]
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _stop(self):
        process = getattr(self, "process", None)
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _services(self):
        imapd = f"{self.folder}/bin/imapd -C {self.folder}/imapd.conf"
        return f"""START {{
}}
SERVICES {{
  imap cmd="{imapd}" listen="127.0.0.1:{self.ports["imap"]}" prefork=1 maxchild=200
  imaps cmd="{imapd} -s" listen="127.0.0.1:{self.ports["imaps"]}" prefork=0 maxchild=50
}}
DAEMON {{
  idled cmd="{self.folder}/bin/idled -C {self.folder}/imapd.conf"
}}
EVENTS {{
}}
"""

    def _configuration(self):
        return f"""configdirectory: {self.folder}/config
proc_path: {self.folder}/run/proc
mboxname_lockpath: {self.folder}/run/lock
defaultpartition: default
partition-default: {self.folder}/spool
sievedir: {self.folder}/sieve
virtdomains: userid
defaultdomain: hamburger.edu
unixhierarchysep: yes
altnamespace: yes
username_tolower: yes
allowplaintext: yes
autocreate_quota: 0
autocreate_acl: no
admins: cyrusadmin
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN LOGIN
sasl_auto_transition: no
hashimapspool: no
idlesocket: {self.folder}/sock/idle
lmtpsocket: {self.folder}/sock/lmtp
notifysocket: {self.folder}/sock/notify
tls_server_cert: {self.certificate}
tls_server_key: {self.folder}/key.pem
tls_sessions_db_path: {self.folder}/config/tls.db
conversations: yes
popminpoll: 0
imapidlepoll: 1
specialusealways: yes
syslog_prefix: pillarbox-cyrus
maxword: 131072
maxquoted: 131072
"""


KINDS = {"dovecot": Dovecot, "cyrus": Cyrus, "pillarbox": House}
