//! What else a server costs: syncs, memory, time to start; and the limits of the machine, so that the other figures can
//! be read.

use super::field::{Field, measure};
use super::transfer::{ON_EACH, send};
use crate::line::Connection;
use crate::peers::{DOMAIN, PASSWORD, USERS};
use crate::pop3;
use crate::smtp::Load;
use crate::tree::Tree;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Connections held open to see what one costs.
const IDLE: u64 = 4000;
/// A large message.
const LARGE: usize = 150_000_000;

fn load(address: SocketAddr, messages: u64, sessions: u64, size: usize) -> Load {
    let recipients = (0..USERS).map(|user| format!("u{user}@{DOMAIN}")).collect();
    let from = "sender@bench.example".to_owned();
    Load { address, from, recipients, messages, sessions, per_connection: ON_EACH, size, tls: None }
}

/// How often this disk syncs a second, and how fast loopback carries mail that nobody stores.
pub async fn limits(field: &Field) -> Result<()> {
    for (name, ahead) in [("growing", 0), ("of fixed size", 64 << 20)] {
        println!("fdatasync after 4 KiB to a file {name}: {:.0} a second", syncing(&field.folder.0, ahead)?);
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let sink =
        Command::new("smtp-sink").args(["-u", "nobody", &port.to_string(), "1000"]).stderr(Stdio::null()).spawn();
    let Ok(mut sink) = sink else {
        println!("skipped: loopback without storage: smtp-sink (Debian: postfix) is not there");
        return Ok(());
    };
    while Connection::open(port).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (per_connection, each) in [(1, "one message"), (ON_EACH, "many messages")] {
        let load = Load { per_connection, ..load(port, 4000, 10, 1024) };
        let (run, _) = measure(&[Tree(sink.id())], send(load), || Ok(())).await?;
        println!("smtp-sink, which stores nothing, 10 connections, {each} on each: {:.0} a second", run.rate);
    }
    sink.kill()?;
    sink.wait()?;
    Ok(())
}

/// Syncs a second of one writer for a second.
fn syncing(folder: &Path, ahead: u64) -> Result<f64> {
    let path = folder.join("sync-probe");
    let mut file = File::create(&path)?;
    if ahead > 0 {
        file.write_all(&vec![0; usize::try_from(ahead)?])?;
        file.sync_all()?;
        std::io::Seek::rewind(&mut file)?;
    }
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_secs(1) {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / began.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

/// Sync calls for a message, counted by strace in runs that are not timed.
pub async fn syncs(field: &Field) -> Result<()> {
    let mut all = vec![("ours", field.house.smtp, vec![field.house.tree()], None)];
    all.extend(field.debian.iter().map(|(name, peer)| (*name, peer.smtp, peer.trees(), Some(peer))));
    println!("| server | connections | syncs a message |\n|:--|--:|--:|");
    for (name, smtp, trees, peer) in all {
        for sessions in [1, 10, 50] {
            let Some(watch) = Watch::start(&field.folder.0, &trees)? else {
                println!("skipped: strace is not there");
                return Ok(());
            };
            send(load(smtp, 400, sessions, 1024)).await?;
            if let Some(peer) = peer {
                peer.delivered()?;
            }
            println!("| {name} | {sessions} | {:.2} |", watch.end()? as f64 / 400.0);
        }
    }
    Ok(())
}

/// An strace that counts syncs.
struct Watch {
    strace: std::process::Child,
    output: std::path::PathBuf,
}

impl Watch {
    fn start(folder: &Path, trees: &[Tree]) -> Result<Option<Watch>> {
        let output = folder.join("strace");
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-e", "trace=fsync,fdatasync,sync_file_range,syncfs,sync", "-o"]).arg(&output);
        for tree in trees {
            for process in tree.processes()? {
                command.arg("-p").arg(process.to_string());
            }
        }
        let Ok(strace) = command.stderr(Stdio::null()).spawn() else { return Ok(None) };
        // It attaches to one thread after another and does not say when it has come to the last.
        std::thread::sleep(Duration::from_secs(1));
        Ok(Some(Watch { strace, output }))
    }

    fn end(mut self) -> Result<usize> {
        crate::peers::run(Command::new("kill").args(["-INT", &self.strace.id().to_string()]))?;
        self.strace.wait()?;
        let text = std::fs::read_to_string(&self.output)?;
        Ok(text.lines().filter(|line| line.contains("sync") && line.contains(" = 0")).count())
    }
}

/// Memory at rest, and what a connection adds before login.
pub async fn memory(field: &mut Field) -> Result<()> {
    field.house.end()?;
    field.house.run()?;
    let rest = field.house.tree().memory_kib()?;
    println!("ours at rest after a start: {:.1} MiB", rest as f64 / 1024.0);
    for (protocol, door) in [("SMTP", field.house.smtp), ("POP3", field.house.pop3)] {
        // Each on a fresh server: what the connections before leave would be counted.
        field.house.end()?;
        field.house.run()?;
        let before = field.house.tree().memory_kib()?;
        let mut open = Vec::new();
        for _ in 0..IDLE {
            let mut connection = Connection::open(door).await.context("more files: ulimit -n 20000")?;
            connection.line().await?;
            open.push(connection);
        }
        // What earlier work left behind may be given back meanwhile.
        let each = (field.house.tree().memory_kib()? as f64 - before as f64) / IDLE as f64;
        println!("{protocol}, {IDLE} connections before login: {each:.1} KiB each");
    }
    for (name, peer) in &field.debian {
        let kib: Vec<u64> = peer.trees().into_iter().map(Tree::memory_kib).collect::<Result<_>>()?;
        println!("Postfix, Dovecot ({name}), PSS in KiB: {kib:?}");
    }
    Ok(())
}

/// A large message in by SMTP and out by POP3, and the most memory that took.
pub async fn large(field: &mut Field) -> Result<()> {
    field.house.end()?;
    field.house.run()?;
    let user = format!("u{}", USERS - 2);
    let emptied = pop3::Load {
        address: field.house.pop3,
        users: vec![user.clone()],
        password: PASSWORD.to_owned(),
        rounds: 1,
        sessions: 1,
        delete: true,
    };
    crate::run(pop3::plan(&emptied), pop3::session).await?;
    let mut sent = load(field.house.smtp, 1, 1, LARGE);
    sent.recipients = vec![format!("{user}@{DOMAIN}")];
    for (way, seconds) in [
        ("in by SMTP", timed(send(sent)).await?),
        ("out by POP3", timed(crate::run(pop3::plan(&emptied), pop3::session)).await?),
    ] {
        println!("{} MB {way}: {seconds:.1} s", LARGE / 1_000_000);
    }
    println!("most memory: {:.1} MiB", peak_kib(field.house.tree())? as f64 / 1024.0);
    Ok(())
}

async fn timed<T>(work: impl Future<Output = Result<T>>) -> Result<f64> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed().as_secs_f64())
}

pub fn peak_kib(tree: Tree) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", tree.0))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc")?;
    Ok(line.split_whitespace().next().unwrap_or_default().parse()?)
}

/// A store of a million messages: how long filling takes, how long a start.
pub async fn million(field: &mut Field) -> Result<()> {
    const MESSAGES: u64 = 1_000_000;
    let (run, _) = measure(&[field.house.tree()], send(load(field.house.smtp, MESSAGES, 100, 1024)), || Ok(())).await?;
    println!("{MESSAGES} messages of 1 KiB stored: {:.0} a second, {:.0} us CPU each", run.rate, run.cpu_us);
    for how in ["after SIGTERM", "once more"] {
        field.house.end()?;
        println!("start {how}: {:.0} ms", field.house.run()?.as_secs_f64() * 1e3);
    }
    println!("at rest: {:.1} MiB", field.house.tree().memory_kib()? as f64 / 1024.0);
    Ok(())
}

/// A maildrop of ten gigabytes: how long filling, listing, reading one message and a start take.
pub async fn gigabytes(field: &mut Field) -> Result<()> {
    const OCTETS: usize = 100 * 1024;
    const MESSAGES: u64 = 100_000;
    let user = format!("u{}", USERS - 3);
    let mut filling = load(field.house.smtp, MESSAGES, 20, OCTETS);
    filling.recipients = vec![format!("{user}@{DOMAIN}")];
    let (run, _) = measure(&[field.house.tree()], send(filling), || Ok(())).await?;
    println!(
        "{MESSAGES} messages of {} KiB for one user: {:.0} a second, {:.0} us CPU each",
        OCTETS / 1024,
        run.rate,
        run.cpu_us
    );
    field.house.end()?;
    println!("start: {:.0} ms", field.house.run()?.as_secs_f64() * 1e3);
    let reader = pop3::Load {
        address: field.house.pop3,
        users: vec![user.clone()],
        password: PASSWORD.to_owned(),
        rounds: 1,
        sessions: 1,
        delete: false,
    };
    for line in ["LIST".to_owned(), "UIDL".to_owned(), format!("RETR {MESSAGES}"), format!("RETR {}", MESSAGES / 2)] {
        let mut tally = pop3::listing(&reader, &user, &line, 5).await?;
        println!("{line}: {:.2} ms", tally.median().as_secs_f64() * 1e3);
    }
    println!(
        "memory: {:.1} MiB, at most {:.1}",
        field.house.tree().memory_kib()? as f64 / 1024.0,
        peak_kib(field.house.tree())? as f64 / 1024.0
    );
    Ok(())
}
