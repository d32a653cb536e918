//! How a letter of `mail` leaves: by the program that `$mta` or `$sendmail` names, by the account, or by the drop folder of
//! the server on this machine.

use crate::mail::desk::Desk;
use crate::mail::network::{self, Outcome};
use crate::mail::post::{self, Ties};
use crate::screen::Screen;
use crate::sendmail::hand_in::{self, Handed};
use crate::trouble::Trouble;
use agent::letter::Letter;
use agent::mailx::Fate;
use agent::sealing::Wish;
use message::Time;
use server::Config;
use server::drop::Envelope;
use std::io::Write;
use std::process::{Command, Stdio};

/// What is said of a letter that did not go now.
const WAITS: &str = "it waits in the outbox; `pillarbox mail sync` or the next mail sends it";

/// By a program that takes what `sendmail` takes.
pub fn by_program(program: &str, letter: &Letter, now: Time) -> Result<(), String> {
    let composed = post::compose(letter, now);
    let mut command = Command::new(program);
    command.arg("-i");
    if let Some(from) = &composed.envelope.reverse_path {
        command.arg("-f").arg(from.to_string());
    }
    command.arg("--").args(composed.envelope.recipients.iter().map(ToString::to_string));
    let told = |error: std::io::Error| format!("{program}: {error}");
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(told)?;
    let text: Vec<u8> = composed.message.split(|octet| *octet == b'\r').flatten().copied().collect();
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&text).map_err(told)?;
    }
    let ended = child.wait().map_err(told)?;
    if ended.success() { Ok(()) } else { Err(format!("{program}: {ended}")) }
}

/// By an account: queued in its mirror, and sent. It is in one place: one that is refused for good is given back, so that who
/// wrote it keeps it, and is taken out of the outbox.
pub fn by_account(letter: &Letter, desk: &mut Desk, screen: &mut Screen) -> Result<Fate, String> {
    let (id, _) = post::queue(letter, None, Wish::default(), Ties::default(), desk).map_err(words)?;
    let queued = desk.mirror.outgoing().unwrap_or_default().into_iter().find(|letter| letter.id == id);
    let all = queued.map_or(0, |letter| letter.posting.envelope.recipients.len());
    // From here on it is not lost: whatever goes wrong, it waits.
    let outcome = match network::tell_of(id, desk, screen) {
        Ok(outcome) => outcome,
        Err(trouble) => return Ok(Fate::Waits(format!("{}\n{WAITS}", words(trouble)))),
    };
    Ok(match outcome {
        Outcome::Sent => Fate::Sent,
        Outcome::Waits(None) => Fate::Waits(WAITS.to_owned()),
        Outcome::Waits(Some(keeps)) => Fate::Waits(format!("{}\n{WAITS}", keeps.text)),
        Outcome::Unsure(error) => {
            Fate::Unsure(format!("{error}\n`pillarbox mail outbox` shows the letter: you decide"))
        }
        Outcome::Refused(error, left) => {
            if desk.mirror.take_back(id, None).is_err() {
                return Ok(Fate::Unsure(format!("{error}\nthe letter is in the outbox: `pillarbox mail outbox`")));
            }
            if left.len() == all {
                return Err(error);
            }
            Fate::InPart(error)
        }
    })
}

/// By the drop folder. Who cannot be reached is told by mail where the server is not asked.
pub fn by_drop(letter: &Letter, config: &Config, now: Time) -> Result<(Fate, Option<String>), String> {
    let composed = post::compose(letter, now);
    let envelope = Envelope {
        sender: composed.envelope.reverse_path.as_ref().map(ToString::to_string),
        recipients: composed.envelope.recipients.iter().map(ToString::to_string).collect(),
        notify: None,
        ret: None,
        envid: None,
        eight_bit: !composed.message.is_ascii(),
        smtputf8: composed.envelope.needs_smtputf8,
    };
    match hand_in::put(config, &envelope, &composed.message, true).map_err(words)? {
        Handed::Waits => Ok((Fate::Sent, Some("dropped: the server takes it as soon as it looks".to_owned()))),
        Handed::Taken(view) if view.refused.is_empty() => {
            Ok((Fate::Sent, view.taken.first().map(|id| format!("queued as {id}"))))
        }
        Handed::Taken(view) => {
            let told: Vec<String> =
                view.refused.iter().map(|each| format!("{}... {}", each.recipient, each.said)).collect();
            let told = told.join("\n");
            if view.taken.is_empty() { Err(told) } else { Ok((Fate::InPart(told), None)) }
        }
    }
}

fn words(trouble: Trouble) -> String {
    trouble.message().unwrap_or_default()
}
