//! Postfix: SMTP in, LMTP on to Dovecot.

use super::{AWAY, DOMAIN, answers, certificate, free_port, loopback, pid_in, program, run};
use crate::tree::Tree;
use anyhow::{Context, Result, bail};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long the queue may take to empty after the last message.
const DRAIN: Duration = Duration::from_secs(300);

/// Services of master.cf this needs; the rest of Debian's file stays out.
const SERVICES: &str = "\
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
verify    unix  -  -  n  -     1  verify
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
proxywrite unix -  -  n  -     1  proxymap
lmtp      unix  -  -  n  -     -  lmtp
smtp      unix  -  -  n  -     -  smtp
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
postlog   unix-dgram n - n -   1  postlogd
";

/// A private Postfix.
pub struct Postfix {
    pub smtp: SocketAddr,
    pub tree: Tree,
    etc: PathBuf,
    queue: PathBuf,
}

impl Postfix {
    pub fn start(folder: &Path, hops: (SocketAddr, SocketAddr), kept: bool) -> Result<Postfix> {
        let (etc, queue, data) = (folder.join("etc"), folder.join("queue"), folder.join("data"));
        for path in [&etc, &queue, &data] {
            fs::create_dir_all(path)?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        chown(&data, Some(user("postfix")?), None)?;
        certificate(&etc)?;
        let smtp = loopback(free_port()?);
        fs::write(etc.join("main.cf"), main_cf(folder, hops, kept))?;
        fs::write(etc.join("master.cf"), format!("{smtp} inet n - n - - smtpd\n{SERVICES}"))?;
        run(Command::new(program("postfix")?).arg("-c").arg(&etc).arg("start"))?;
        answers("postfix", &[smtp], &folder.join("log"))?;
        let tree = Tree(pid_in(&queue.join("pid/master.pid"))?);
        Ok(Postfix { smtp, tree, etc, queue })
    }

    /// Returns when nothing waits in the queue.
    pub fn empty(&self) -> Result<()> {
        let began = Instant::now();
        while self.waiting()? > 0 {
            if began.elapsed() > DRAIN {
                bail!("{} messages stay in Postfix's queue", self.waiting()?);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn waiting(&self) -> Result<usize> {
        ["maildrop", "incoming", "active", "deferred"].iter().map(|name| count(&self.queue.join(name))).sum()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if let Ok(postfix) = program("postfix") {
            let _ = run(Command::new(postfix).arg("-c").arg(&self.etc).arg("stop"));
        }
    }
}

/// Files below a folder; those that vanish meanwhile are not there.
fn count(folder: &Path) -> Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(folder)?.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files += count(&entry.path())?,
            Ok(_) => files += 1,
            Err(_) => {}
        }
    }
    Ok(files)
}

fn user(name: &str) -> Result<u32> {
    let text = fs::read_to_string("/etc/passwd")?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name));
    let field = line.and_then(|line| line.split(':').nth(2)).with_context(|| format!("there is no user {name}"))?;
    Ok(field.parse()?)
}

/// ECDSA P-256 as ours, so that both pay the same for a handshake.
fn main_cf(folder: &Path, (lmtp, next_hop): (SocketAddr, SocketAddr), kept: bool) -> String {
    let (folder, port, next) = (folder.display(), lmtp.port(), next_hop.port());
    let kept = if kept { "max_use = 100000\nmax_idle = 3600s\n" } else { "" };
    format!(
        "compatibility_level = 3.6
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = /
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.{DOMAIN}
mydestination =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_maps = static:here
virtual_transport = lmtp:inet:127.0.0.1:{port}
transport_maps = inline:{{{{ {AWAY} = smtp:[127.0.0.1]:{next} }}}}
smtp_host_lookup = native
disable_dns_lookups = yes
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/etc/cert.pem
smtpd_tls_key_file = {folder}/etc/key.pem
{kept}"
    )
}
