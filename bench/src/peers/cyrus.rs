//! Cyrus, for JMAP: Debian's build offers it (package cyrus-caldav). The packages cannot be installed beside Dovecot's, so
//! they are only unpacked, where `cargo xtask peers` puts them.

use super::{answers, certificate, free_port, loopback, run};
use crate::tree::Tree;
use anyhow::{Context, Result, ensure};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where Debian has what the programs share.
const SHARED: &str = "/usr/lib/cyrus/bin";

/// A private Cyrus.
pub struct Cyrus {
    /// Fills mailboxes.
    pub imap: SocketAddr,
    /// Speaks JMAP, in the clear.
    pub http: SocketAddr,
    process: Child,
}

impl Cyrus {
    /// Starts it, with processes kept.
    ///
    /// # Errors
    /// It is not unpacked, or this is not root.
    pub fn start(folder: &Path) -> Result<Cyrus> {
        let programs = unpacked()?;
        for name in ["config", "spool", "run", "sieve", "sock", "bin"] {
            fs::create_dir_all(folder.join(name))?;
        }
        for name in ["imapd", "httpd", "idled"] {
            let at = programs.join(name);
            fs::copy(&at, folder.join("bin").join(name)).with_context(|| format!("{} is missing", at.display()))?;
        }
        certificate(folder)?;
        let (imap, http) = (free_port()?, free_port()?);
        fs::write(folder.join("imapd.conf"), configuration(folder))?;
        fs::write(folder.join("cyrus.conf"), services(folder, imap, http))?;
        run(Command::new("chown").args(["-R", "cyrus:mail"]).arg(folder))?;
        let recover = format!("{SHARED}/ctl_cyrusdb -r -C {}/imapd.conf", folder.display());
        run(Command::new("su").args(["cyrus", "-s", "/bin/sh", "-c", &recover]))?;
        let log = folder.join("log");
        let mut master = Command::new("cyrmaster");
        master.arg("-C").arg(folder.join("imapd.conf")).arg("-M").arg(folder.join("cyrus.conf"));
        master.arg("-p").arg(folder.join("pid")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let cyrus = Cyrus { imap: loopback(imap), http: loopback(http), process: master.spawn()? };
        answers("cyrus", &[cyrus.imap], &log)?;
        Ok(cyrus)
    }

    /// Its processes.
    pub fn tree(&self) -> Tree {
        Tree(self.process.id())
    }
}

impl Drop for Cyrus {
    fn drop(&mut self) {
        let _ = run(Command::new("kill").arg(self.process.id().to_string()));
        let _ = self.process.wait();
    }
}

/// The folder with the programs.
fn unpacked() -> Result<PathBuf> {
    let home = std::env::var("HOME").unwrap_or_default();
    let peers = std::env::var("PILLARBOX_PEERS")
        .map_or_else(|_| Path::new(&home).join(".cache/pillarbox-peers"), PathBuf::from);
    let folder = peers.join("debian/usr/lib/cyrus/bin");
    ensure!(folder.join("httpd").exists(), "{} has no httpd: cargo xtask peers", folder.display());
    Ok(folder)
}

fn services(folder: &Path, imap: u16, http: u16) -> String {
    let folder = folder.display();
    let service = |name: &str, program: &str, port: u16| {
        format!(
            "  {name} cmd=\"{folder}/bin/{program} -C {folder}/imapd.conf\" listen=\"127.0.0.1:{port}\" prefork=10 \
             maxchild=200\n"
        )
    };
    format!(
        "START {{\n}}\nSERVICES {{\n{}{}}}\nDAEMON {{\n  idled cmd=\"{folder}/bin/idled -C {folder}/imapd.conf\"\n}}\n\
         EVENTS {{\n}}\n",
        service("imap", "imapd", imap),
        service("http", "httpd", http)
    )
}

/// Any password is right, so that none is hashed; conversations are what JMAP stands on there.
fn configuration(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "configdirectory: {folder}/config
proc_path: {folder}/run/proc
mboxname_lockpath: {folder}/run/lock
defaultpartition: default
partition-default: {folder}/spool
sievedir: {folder}/sieve
unixhierarchysep: yes
altnamespace: yes
allowplaintext: yes
autocreate_quota: 0
autocreate_acl: no
admins: cyrusadmin
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN LOGIN
sasl_auto_transition: no
idlesocket: {folder}/sock/idle
lmtpsocket: {folder}/sock/lmtp
notifysocket: {folder}/sock/notify
tls_server_cert: {folder}/cert.pem
tls_server_key: {folder}/key.pem
conversations: yes
httpmodules: jmap
httpkeepalive: 20
specialusealways: yes
syslog_prefix: bench-cyrus
"
    )
}
