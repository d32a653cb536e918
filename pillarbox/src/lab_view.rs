//! `pillarbox lab`: brings up the lab, says what to type, and tells what happens to mail until Ctrl-C; or plays a
//! scenario ([`play`]).

mod play;

use crate::lab_days;
use crate::screen::{Form, Screen};
use crate::trace::sentence;
use crate::trouble::Trouble;
use crate::units::{clock, exact};
use clap::{Args, ValueEnum};
use lab::people::Person;
use lab::scenario::Reader;
use lab::{BASE, BASE_MAX, Host, HostFacts, Internet, Ports, Scenario, Watch, is_taken};
use office::admin::FailureKind;
use serde_json::{Map, Value, json};
use server::StartError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use store::types::TraceEntry;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How long sessions may take to finish at the end: somebody typing by hand will not.
const GRACE: Duration = Duration::from_secs(2);

/// News that may wait to be printed; who tells more waits.
const NEWS: usize = 64;

/// `pillarbox lab`
#[derive(Args, Clone, Debug)]
pub struct LabCommand {
    /// What to show; without it, hamburger.edu and crepes.fr are there to play with by hand
    #[arg(value_enum)]
    scenario: Option<Show>,
    /// How mail is read at the end of a scenario
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    read: Option<By>,
    /// Add this to the standard ports, or take those that the system gives
    ///
    /// With 10000, SMTP is on 10025; hosts that know of each other have addresses of their own, the others get ports 1000
    /// and 2000 higher. Without this option it is 10000, or random where one of these is taken.
    #[arg(long, value_name = "N|random", value_parser = ports)]
    port_base: Option<Ports>,
    /// Keep the hosts' configuration and mail in this folder, and find it there the next time
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Show {
    /// Alice's message to Bob in six steps, each printed when it was seen
    AliceBob,
    /// Two users of one host
    #[value(name = "arrangement-1")]
    Arrangement1,
    /// Two hosts, one pair of transfer agents
    #[value(name = "arrangement-2")]
    Arrangement2,
    /// The sender over the network: submission, then the pair of transfer agents
    #[value(name = "arrangement-3")]
    Arrangement3,
    /// Both over the network, with a pair of access agents
    #[value(name = "arrangement-4")]
    Arrangement4,
    /// Mail exchangers that misbehave, and one that does not
    HostileMx,
    /// Aliases of two hosts that lead to each other
    Loop,
    /// The hosts of old lecture dialogues, to play with by hand
    Dialogues,
    /// The same with mail: bob has two messages of 498 and 912 octets, jzwang 2,308 of 116,385,719 octets
    Classic,
    /// A letter to a host that is down, over days that pass at once: when it is tried again and who is told what
    ServerDownFiveDays,
    /// A letter to a host that asks strangers to come again, in time that passes at once
    Greylist,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// POP3 with STLS
    Pop3,
    /// IMAP with STARTTLS
    Imap,
    /// JMAP over HTTPS
    Jmap,
}

impl From<By> for Reader {
    fn from(by: By) -> Reader {
        match by {
            By::Pop3 => Reader::Pop3,
            By::Imap => Reader::Imap,
            By::Jmap => Reader::Jmap,
        }
    }
}

fn ports(text: &str) -> Result<Ports, String> {
    if text == "random" {
        return Ok(Ports::Random);
    }
    let base = text.parse().ok().filter(|base| *base <= BASE_MAX);
    base.map(Ports::Base).ok_or_else(|| format!("a number up to {BASE_MAX}, or random"))
}

/// Carries it out.
pub fn run(command: LabCommand, screen: &mut Screen) -> Result<(), Trouble> {
    match command.scenario {
        Some(Show::ServerDownFiveDays) => return lab_days::server_down_five_days(screen),
        Some(Show::Greylist) => return lab_days::greylist(screen),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(live(command, screen))
}

async fn live(command: LabCommand, screen: &mut Screen) -> Result<(), Trouble> {
    // Listened for before anything is there, so that none leaves a folder behind.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(&error))?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
    let scenario = match command.scenario {
        None => Scenario::Pair,
        Some(Show::Dialogues) => Scenario::Dialogues,
        Some(Show::Classic) => Scenario::Classic,
        Some(show) => {
            return tokio::select! {
                played = play::play(&command, show, screen) => played,
                _ = interrupt.recv() => Err(Trouble::Declined("interrupted".to_owned())),
                _ = terminate.recv() => Err(Trouble::Declined("interrupted".to_owned())),
            };
        }
    };
    let internet = tokio::select! {
        started = start(&command, scenario, screen) => started?,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
    };
    let people = lab::people::settle(&internet).await.map_err(trouble)?;
    let shown = tokio::select! {
        shown = show(&internet, (scenario, &people), screen) => shown,
        stopped = internet.stopped() => stopped.map_err(Trouble::from),
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    };
    internet.drain(GRACE).await;
    shown
}

async fn start(command: &LabCommand, scenario: Scenario, screen: &mut Screen) -> Result<Internet, Trouble> {
    let keep = command.keep.as_deref();
    on_ports(command, screen, async |ports| Internet::start(scenario, ports, keep).await).await
}

/// Starts something on the ports that are wanted, or on others where nobody says which.
async fn on_ports<T>(
    command: &LabCommand,
    screen: &mut Screen,
    start: impl AsyncFn(Ports) -> anyhow::Result<T>,
) -> Result<T, Trouble> {
    match start(command.port_base.unwrap_or(Ports::Base(BASE))).await {
        Err(error) if command.port_base.is_none() && is_taken(&error) => {
            screen.note(&format!("{error:#}; taking other ports"));
            start(Ports::Random).await.map_err(trouble)
        }
        started => started.map_err(trouble),
    }
}

fn trouble(error: anyhow::Error) -> Trouble {
    match error.downcast::<StartError>() {
        Ok(error) => error.into(),
        Err(error) => Trouble::new(FailureKind::Io, format!("the lab does not start: {error:#}")),
    }
}

fn failed(error: &io::Error) -> Trouble {
    Trouble::new(FailureKind::Io, format!("the system refuses: {error}"))
}

/// Says what is there, then what happens, for ever.
async fn show(
    internet: &Internet,
    (scenario, people): (Scenario, &[Person]),
    screen: &mut Screen,
) -> Result<(), Trouble> {
    let mut news = watch(internet).await?;
    match screen.form() {
        Form::Json => screen.line(&ready(internet, people))?,
        Form::Human | Form::Plain => {
            screen.text(&welcome(internet, scenario))?;
            screen.text(&terminals(people))?;
            screen.text(&end(internet))?;
        }
    }
    while let Some((hostname, entry)) = news.recv().await {
        match screen.form() {
            Form::Json => screen.line(&event(&hostname, &entry))?,
            Form::Human | Form::Plain => screen.text(&step(&hostname, &entry))?,
        }
    }
    Ok(())
}

/// Watches every host; what happens comes out of one channel.
async fn watch(internet: &Internet) -> Result<mpsc::Receiver<(String, TraceEntry)>, Trouble> {
    let (sender, receiver) = mpsc::channel(NEWS);
    for host in internet.hosts() {
        let mut watch = Watch::of(host).await.map_err(|error| trouble(error.into()))?;
        let (sender, hostname) = (sender.clone(), host.world().hostname.clone());
        tokio::spawn(async move {
            while let Ok(entries) = watch.next().await {
                for entry in entries {
                    if sender.send((hostname.clone(), entry)).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
    Ok(receiver)
}

fn welcome(internet: &Internet, scenario: Scenario) -> String {
    let hosts: Vec<HostFacts> = internet.hosts().iter().map(HostFacts::from).collect();
    let mut text = lab::script(scenario, &hosts, internet.names().map(lab::Names::address));
    text.push_str("\nCommands work on a host by its configuration, in another terminal:\n");
    for host in internet.hosts() {
        text.push_str(&format!("     pillarbox -c {} account list\n", host.configuration().display()));
    }
    if internet.hosts().iter().any(|host| !host.is_furnished()) {
        text.push_str("\nPeople and mail are as they were left in this folder.\n");
    }
    text
}

/// Mail programs for the terminal: some people's, the others' homes lie beside theirs.
fn terminals(people: &[Person]) -> String {
    if people.is_empty() {
        return String::new();
    }
    let mut text = "\nMail programs, each in a terminal of its own; everybody's home is beside these:\n".to_owned();
    for person in people.iter().take(1).chain(people.last().filter(|_| people.len() > 1)) {
        text.push_str(&format!("     pillarbox tui --home {}\n", person.home.display()));
    }
    text
}

fn end(internet: &Internet) -> String {
    let end = if internet.is_kept() { "the folder stays" } else { "all of it goes away" };
    format!("\nCtrl-C ends it; {end}. What happens to mail is told here (times are UTC):\n")
}

/// A line for one step of a message.
fn step(hostname: &str, entry: &TraceEntry) -> String {
    format!("{}  {hostname}  {}  {}  {}\n", clock(entry.at), entry.queue_id, entry.event, sentence(entry))
        .trim_end()
        .to_owned()
        + "\n"
}

fn event(hostname: &str, entry: &TraceEntry) -> Value {
    json!({
        "hostname": hostname,
        "queue_id": entry.queue_id,
        "at": exact(entry.at),
        "event": entry.event,
        "address": entry.address,
        "detail": entry.detail,
    })
}

fn ready(internet: &Internet, people: &[Person]) -> Value {
    let hosts: Vec<Value> = internet.hosts().iter().map(host_json).collect();
    let names = internet.names().map(lab::Names::address);
    let people: Vec<Value> =
        people.iter().map(|person| json!({ "address": person.address, "home": person.home })).collect();
    json!({ "ready": true, "folder": internet.folder(), "names": names, "hosts": hosts, "people": people })
}

fn host_json(host: &Host) -> Value {
    let listeners: Map<String, Value> =
        host.addresses().into_iter().map(|(port, address)| (port.name().to_owned(), json!(address))).collect();
    let accounts: Vec<Value> = host
        .world()
        .accounts
        .iter()
        .map(|account| json!({ "address": account.address, "password": account.password }))
        .collect();
    json!({
        "hostname": host.world().hostname,
        "config": host.configuration(),
        "listeners": listeners,
        "accounts": accounts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::Time;
    use store::types::QueueId;

    #[test]
    fn ports_are_a_base_or_random() {
        assert_eq!(ports("random"), Ok(Ports::Random));
        assert_eq!(ports("20000"), Ok(Ports::Base(20_000)));
        assert_eq!(ports(&BASE_MAX.to_string()), Ok(Ports::Base(BASE_MAX)));
        for wrong in [(u32::from(BASE_MAX) + 1).to_string(), "-1".into(), "x".into()] {
            assert!(ports(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_step_is_a_line() {
        let entry = TraceEntry {
            queue_id: QueueId(7),
            at: Time(1_081_298_274_000),
            event: "delivered".to_owned(),
            address: Some("bob@hamburger.edu".to_owned()),
            detail: "to INBOX\r\n".to_owned(),
        };
        let line = "00:37:54.000  hamburger.edu  0000000000007  delivered  bob@hamburger.edu: to INBOX\\r\\n\n";
        assert_eq!(step("hamburger.edu", &entry), line);
        assert_eq!(event("hamburger.edu", &entry)["at"], "2004-04-07T00:37:54.000Z");
    }
}
