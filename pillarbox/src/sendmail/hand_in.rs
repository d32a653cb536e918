//! Handing a message in: dropped where the server takes it, which is told at once where it runs and listens to the caller.
//! What it refuses is told with the code that fits; what nobody has looked at yet is safe, and that is code 0.

use super::letter::{self, Letter};
use super::options::{Errors, Options};
use crate::screen::Screen;
use crate::trouble::{Trouble, exit_code};
use message::{Address, Host};
use nix::unistd::{User, getuid};
use office::admin::{DropView, FailureKind, RefusedView, Request, Response};
use server::drop::{self, ENVELOPE_MAX, Envelope};
use server::{Config, Seams, control};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// How long a server may take to say what became of a message: it is safe already, and a program that only wants to send
/// is not held up longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What became of a message.
pub enum Handed {
    /// The server has it, but for these recipients.
    Taken(DropView),
    /// It is on disk, and waits for the server.
    Waits,
}

/// `sendmail` as most use it: a message on stdin.
pub fn deliver(options: &Options, config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    if options.recipients.is_empty() && !options.from_header {
        return Err(Trouble::new(
            FailureKind::Usage,
            "name the recipients, or say -t to have them read from the header",
        ));
    }
    let octets_max = config.limits.message_size;
    let message = letter::read(io::stdin().lock(), options.keep_dots, octets_max).map_err(|error| {
        let (kind, limit) = match error.kind() {
            ErrorKind::FileTooLarge => (FailureKind::Data, format!(" (limits.message_size: {octets_max} octets)")),
            _ => (FailureKind::Io, String::new()),
        };
        Trouble::new(kind, format!("the message cannot be read: {error}{limit}"))
    })?;
    let (letter, recipients) = prepare(options, config, &message)?;
    let mut refused = Vec::new();
    for envelope in envelopes(options, config, &letter, recipients)? {
        match put(config, &envelope, &letter.octets(), options.errors != Errors::Mail)? {
            Handed::Taken(view) => {
                view.taken.iter().for_each(|id| verbosely(options, screen, &format!("queued as {id}")));
                refused.extend(view.refused);
            }
            Handed::Waits => verbosely(options, screen, "dropped: the server takes it as soon as it looks"),
        }
    }
    tell(&refused, options, screen)
}

/// The letter as it leaves, and all its recipients.
fn prepare(options: &Options, config: &Config, message: &[u8]) -> Result<(Letter, Vec<String>), Trouble> {
    let mut letter = Letter::of(message);
    let mut recipients = options.recipients.clone();
    if options.from_header {
        recipients.extend(letter.recipients());
        letter.hide_blind_copies();
    }
    if recipients.is_empty() {
        return Err(Trouble::new(FailureKind::Data, "the header names no recipient in To, Cc or Bcc"));
    }
    if !options.gateway {
        let user = User::from_uid(getuid()).ok().flatten();
        let own = user.as_ref().map_or_else(|| format!("uid{}", getuid()), |user| user.name.clone());
        let name = options.sender.clone().filter(|name| !name.is_empty()).unwrap_or(own);
        if let Some(address) = complete(&name, config) {
            let full_name = options.full_name.clone().or(user.as_ref().map(full_name)).unwrap_or_default();
            letter.sign(&full_name, &address);
        }
    }
    Ok((letter, recipients))
}

/// The name in the user database, as people have it there: up to the first comma, `&` for the login name.
fn full_name(user: &User) -> String {
    let gecos = user.gecos.to_string_lossy();
    let name = gecos.split(',').next().unwrap_or_default();
    let mut letters = user.name.chars();
    let login: String = letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
    name.replace('&', &login)
}

/// Who runs this, as the server knows them: their name and address.
pub fn own_address(config: &Config) -> Option<(Option<String>, Address)> {
    let user = User::from_uid(getuid()).ok().flatten()?;
    let name = Some(full_name(&user)).filter(|name| !name.is_empty());
    Some((name, complete(&user.name, config)?))
}

/// An address as the server will understand it.
fn complete(name: &str, config: &Config) -> Option<Address> {
    if name.contains('@') {
        return Address::parse(name).ok();
    }
    let policy = config.policy();
    let domain = policy.first_domain().unwrap_or(&policy.hostname).clone();
    Address::parse(&Address::new(name, Host::Domain(domain)).to_string()).ok()
}

/// One envelope, or with `-XV` one for each recipient.
fn envelopes(
    options: &Options,
    config: &Config,
    letter: &Letter,
    recipients: Vec<String>,
) -> Result<Vec<Envelope>, Trouble> {
    if recipients.iter().map(|name| name.len() + 4).sum::<usize>() > ENVELOPE_MAX / 2 {
        return Err(Trouble::new(FailureKind::Data, "these are too many recipients for one message"));
    }
    let names_beyond_ascii = recipients.iter().chain(&options.sender).any(|name| !name.is_ascii());
    let envelope = |sender: Option<String>, recipients: Vec<String>| Envelope {
        sender,
        recipients,
        notify: options.notify.clone(),
        ret: options.ret.clone(),
        envid: options.envid.clone(),
        eight_bit: options.eight_bit || letter.is_eight_bit(),
        smtputf8: options.smtputf8 || names_beyond_ascii,
    };
    if !options.verp {
        return Ok(vec![envelope(options.sender.clone(), recipients)]);
    }
    let sender = options.sender.as_ref().and_then(|name| complete(name, config));
    let sender = sender.ok_or_else(|| Trouble::new(FailureKind::Usage, "-XV needs -f with the list's own address"))?;
    Ok(recipients.into_iter().map(|to| envelope(Some(variable(&sender, &to)), vec![to])).collect())
}

/// `owner-list+bob=crepes.fr@hamburger.edu`: whose report comes back is seen from its address.
fn variable(sender: &Address, recipient: &str) -> String {
    let local_part = format!("{}+{}", sender.local_part(), recipient.replacen('@', "=", 1));
    Address::new(&local_part, sender.host().clone()).to_string()
}

/// Drops a message, and tells the server where it listens. `attended`: what it refuses is told here, not by mail.
pub fn put(config: &Config, envelope: &Envelope, message: &[u8], attended: bool) -> Result<Handed, Trouble> {
    let folder = drop::folder(&config.data_dir);
    let seams = Seams::system();
    let dropped = drop::put(&folder, envelope, message, (seams.clock.now(), &seams.random));
    let name = dropped.map_err(|error| not_dropped(&folder, &error))?;
    let request = Request::DropTake { name: Some(name), attended };
    match control::ask_within(&control::path(&config.data_dir), &request, Some(PATIENCE)) {
        Some(Ok(Response::Dropped(view))) if view.waiting.is_empty() => Ok(Handed::Taken(view)),
        // Whatever keeps the server from answering: what is dropped is safe, and taken when it looks.
        _ => Ok(Handed::Waits),
    }
}

fn not_dropped(folder: &std::path::Path, error: &io::Error) -> Trouble {
    let (kind, advice) = match error.kind() {
        ErrorKind::NotFound => (FailureKind::Temporary, "; `pillarbox serve` makes it when it starts"),
        ErrorKind::PermissionDenied => (FailureKind::Permission, ""),
        _ => (FailureKind::Temporary, ""),
    };
    Trouble::new(kind, format!("the message cannot be dropped in {}: {error}{advice}", folder.display()))
}

fn verbosely(options: &Options, screen: &mut Screen, words: &str) {
    if options.verbose {
        screen.note(words);
    }
}

/// Says who was refused; the code of the first. Where the sender is told by mail, all is well.
fn tell(refused: &[RefusedView], options: &Options, screen: &mut Screen) -> Result<(), Trouble> {
    let Some(first) = refused.first() else { return Ok(()) };
    if options.errors == Errors::Mail {
        return Ok(());
    }
    if options.errors == Errors::Print {
        refused.iter().for_each(|each| screen.note(&format!("{}... {}", each.recipient, each.said)));
    }
    Err(Trouble::Told(exit_code(first.kind)))
}
