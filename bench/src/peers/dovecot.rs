//! Dovecot: POP3 and IMAP out, LMTP in.

use super::{PASSWORD, answers, certificate, free_port, loopback, pid_in, program, run};
use crate::tree::Tree;
use anyhow::Result;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Whose the mail is on disk; nobody else's.
const MAIL_UID: u32 = 5000;

/// Processes that are kept and take one session after another.
const KEPT: &str = "
service pop3-login {
  service_count = 0
  process_min_avail = 2
}
service pop3 {
  service_count = 1000
  process_min_avail = 10
}
service imap-login {
  service_count = 0
  process_min_avail = 2
}
service imap {
  service_count = 0
  process_min_avail = 20
  process_limit = 2000
}
service auth {
  client_limit = 20000
}
";

/// A private Dovecot.
pub struct Dovecot {
    pub pop3: SocketAddr,
    pub imap: SocketAddr,
    pub imaps: SocketAddr,
    pub lmtp: SocketAddr,
    pub tree: Tree,
    configuration: PathBuf,
    folder: PathBuf,
}

/// Ports it listens on.
struct Doors {
    pop3: u16,
    imap: u16,
    imaps: u16,
    lmtp: u16,
}

impl Dovecot {
    pub fn start(folder: &Path, kept: bool) -> Result<Dovecot> {
        for name in ["run", "state", "mail"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        chown(folder.join("mail"), Some(MAIL_UID), Some(MAIL_UID))?;
        certificate(folder)?;
        let doors = Doors { pop3: free_port()?, imap: free_port()?, imaps: free_port()?, lmtp: free_port()? };
        let path = folder.join("dovecot.conf");
        let text = configuration(folder, &doors) + if kept { KEPT } else { "" };
        fs::write(&path, text)?;
        let mut dovecot = Dovecot {
            pop3: loopback(doors.pop3),
            imap: loopback(doors.imap),
            imaps: loopback(doors.imaps),
            lmtp: loopback(doors.lmtp),
            tree: Tree(0),
            configuration: path,
            folder: folder.to_owned(),
        };
        dovecot.run()?;
        Ok(dovecot)
    }

    /// Starts it; how long it took until it answered.
    pub fn run(&mut self) -> Result<Duration> {
        let began = Instant::now();
        run(Command::new(program("dovecot")?).arg("-c").arg(&self.configuration))?;
        answers("dovecot", &[self.pop3, self.imap, self.lmtp], &self.folder.join("log"))?;
        self.tree = Tree(pid_in(&self.folder.join("run/master.pid"))?);
        Ok(began.elapsed())
    }

    /// Ends it and all its processes.
    pub fn end(&self) -> Result<()> {
        run(Command::new(program("dovecot")?).arg("-c").arg(&self.configuration).arg("stop"))
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn configuration(folder: &Path, doors: &Doors) -> String {
    let Doors { pop3, imap, imaps, lmtp } = doors;
    let folder = folder.display();
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap pop3 lmtp
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain
auth_username_format = %Ln
mail_location = mdbox:~/mdbox
first_valid_uid = {MAIL_UID}
mail_max_userip_connections = 100000
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={MAIL_UID} gid={MAIL_UID} home={folder}/mail/%n allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"
    )
}
