//! The first mirror of an account: ours beside mbsync into a Maildir, from the same server in the same run, in turns.

use crate::options::Options;
use agent::account::{Account, FolderNames, Incoming, SecretSource, Security, Server, Settings};
use agent::credentials::Credentials;
use agent::dialing::Internet;
use agent::house::Folders;
use agent::mirror::Mirror;
use agent::progress::Watcher;
use agent::reach::Reach;
use agent::remote::Scope;
use agent::secret::{Keyring, Secrets};
use agent::sync;
use anyhow::{Context, Result, anyhow, ensure};
use net::Clock;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// `bench first-mirror ADDRESS:PORT --user NAME --password WORD [--rounds 3]`.
pub async fn run(address: SocketAddr, options: &Options) -> Result<()> {
    let (user, password) = (options.must("user")?, options.must("password")?);
    let rounds: u32 = options.get("rounds", 3)?;
    let folder = PathBuf::from(options.get("folder", format!("/var/tmp/bench-mirror-{}", std::process::id()))?);
    std::fs::create_dir_all(&folder)?;
    for round in 1..=rounds {
        let (ours, count) = ours(&folder.join(format!("ours-{round}")), address, (&user, &password)).await?;
        let theirs = mbsync(&folder.join(format!("mbsync-{round}")), address, (&user, &password), count)?;
        let (ours, theirs) = (ours.as_secs_f64(), theirs.as_secs_f64());
        println!("{count} messages: ours {ours:.2} s, mbsync {theirs:.2} s, ratio {:.2}", theirs / ours);
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Into a mirror of ours; how many messages it holds then.
async fn ours(folder: &Path, address: SocketAddr, (user, password): (&str, &str)) -> Result<(Duration, u64)> {
    let folders = Folders { config: folder.join("config"), data: folder.join("data"), cache: folder.join("cache") };
    std::fs::create_dir_all(&folders.data)?;
    let server = Server {
        host: address.ip().to_string(),
        port: address.port(),
        security: Security::Plain,
        user: Some(user.to_owned()),
        trust: None,
    };
    let account = Account {
        name: "bench".to_owned(),
        address: "bench@bench.example".parse()?,
        display_name: None,
        aliases: Vec::new(),
        incoming: Incoming::Imap(server),
        outgoing: None,
        secret: Some(SecretSource::Command(format!("echo '{password}'"))),
        signature: None,
        sealing: agent::account::SealHabits::default(),
        folders: FolderNames::default(),
        default: true,
    };
    let internet = Internet::system(Clock::system());
    let secrets = Secrets::new(&folders, Keyring::system());
    let credentials = Credentials::new(Settings::default(), secrets, internet.clone());
    let reach = Reach { internet, folders: folders.clone(), credentials };
    let began = Instant::now();
    let mirror = Mirror::open(&folders.data.join("bench.sqlite"))?;
    let round = sync::round(&reach, &account, &mirror, &Scope::Everything, &Watcher::nobody()).await;
    let round = round.map_err(|trouble| anyhow!("{trouble}"))?;
    let took = began.elapsed();
    ensure!(round.brought.new == round.brought.whole, "some messages came without content: {:?}", round.brought);
    Ok((took, round.brought.new))
}

/// Into a Maildir by mbsync, which must bring as many.
fn mbsync(folder: &Path, address: SocketAddr, (user, password): (&str, &str), count: u64) -> Result<Duration> {
    std::fs::create_dir_all(folder)?;
    let at = folder.display();
    let settings = format!(
        "IMAPAccount bench\nHost {}\nPort {}\nUser {user}\nPass \"{password}\"\nSSLType None\nAuthMechs LOGIN\n\n\
         IMAPStore far\nAccount bench\n\nMaildirStore near\nPath {at}/mail/\nInbox {at}/mail/INBOX\nSubFolders Verbatim\n\n\
         Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\nSyncState *\n",
        address.ip(),
        address.port()
    );
    let file = folder.join("mbsyncrc");
    std::fs::write(&file, settings)?;
    std::fs::create_dir_all(folder.join("mail"))?;
    let began = Instant::now();
    let done = std::process::Command::new("mbsync").arg("-c").arg(&file).args(["-q", "all"]).output();
    let done = done.context("mbsync, of Debian's isync")?;
    let took = began.elapsed();
    ensure!(done.status.success(), "mbsync: {}", String::from_utf8_lossy(&done.stderr));
    let there = messages_below(&folder.join("mail"))?;
    ensure!(there == count, "mbsync brought {there} messages, not {count}");
    Ok(took)
}

fn messages_below(folder: &Path) -> Result<u64> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let is_box = matches!(path.file_name().and_then(|name| name.to_str()), Some("cur" | "new"));
            count += if is_box { std::fs::read_dir(&path)?.count() as u64 } else { messages_below(&path)? };
        }
    }
    Ok(count)
}
