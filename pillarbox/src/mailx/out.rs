//! How a letter of `mail` leaves: by the program that `$mta` or `$sendmail` names, by the account, or by the drop folder of
//! the server on this machine.

use crate::mail::desk::Desk;
use crate::mail::post::{self, Ties};
use crate::sendmail::hand_in::{self, Handed};
use crate::trouble::Trouble;
use agent::letter::Letter;
use agent::mirror::OutgoingId;
use agent::sealing::Wish;
use message::Time;
use server::Config;
use server::drop::Envelope;
use std::io::Write;
use std::process::{Command, Stdio};

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

/// By an account: queued in its mirror.
pub fn by_account(letter: &Letter, desk: &mut Desk) -> Result<OutgoingId, String> {
    let queued = post::queue(letter, None, Wish::default(), Ties::default(), desk);
    queued.map(|(id, _)| id).map_err(words)
}

/// By the drop folder. Who cannot be reached is told by mail where the server is not asked.
pub fn by_drop(letter: &Letter, config: &Config, now: Time) -> Result<Option<String>, String> {
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
        Handed::Waits => Ok(Some("dropped: the server takes it as soon as it looks".to_owned())),
        Handed::Taken(view) if view.refused.is_empty() => Ok(view.taken.first().map(|id| format!("queued as {id}"))),
        Handed::Taken(view) => {
            let told: Vec<String> =
                view.refused.iter().map(|each| format!("{}... {}", each.recipient, each.said)).collect();
            Err(told.join("\n"))
        }
    }
}

fn words(trouble: Trouble) -> String {
    trouble.message().unwrap_or_default()
}
