//! Dovecot: POP3 out, LMTP in.

use super::{PASSWORD, answers, free_port, loopback, pid_in, program, run};
use crate::tree::Tree;
use anyhow::Result;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

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
service auth {
  client_limit = 20000
}
";

/// A private Dovecot.
pub struct Dovecot {
    pub pop3: SocketAddr,
    pub lmtp: SocketAddr,
    pub tree: Tree,
    configuration: PathBuf,
}

impl Dovecot {
    pub fn start(folder: &Path, kept: bool) -> Result<Dovecot> {
        for name in ["run", "state", "mail"] {
            fs::create_dir_all(folder.join(name))?;
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
        chown(folder.join("mail"), Some(MAIL_UID), Some(MAIL_UID))?;
        let (pop3, lmtp) = (free_port()?, free_port()?);
        let path = folder.join("dovecot.conf");
        let text = configuration(folder, pop3, lmtp) + if kept { KEPT } else { "" };
        fs::write(&path, text)?;
        run(Command::new(program("dovecot")?).arg("-c").arg(&path))?;
        let (pop3, lmtp) = (loopback(pop3), loopback(lmtp));
        answers("dovecot", &[pop3, lmtp], &folder.join("log"))?;
        let tree = Tree(pid_in(&folder.join("run/master.pid"))?);
        Ok(Dovecot { pop3, lmtp, tree, configuration: path })
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        if let Ok(dovecot) = program("dovecot") {
            let _ = run(Command::new(dovecot).arg("-c").arg(&self.configuration).arg("stop"));
        }
    }
}

fn configuration(folder: &Path, pop3: u16, lmtp: u16) -> String {
    let folder = folder.display();
    format!(
        "base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
protocols = pop3 lmtp
ssl = no
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
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"
    )
}
