//! A letter on its way out: checked, shown, kept as a draft, or queued in the mirror, from where it is sent. Shared by
//! `pillarbox send` and by answers.

use super::desk::Desk;
use super::network;
use super::seals::{SealArguments, Sealing};
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units;
use crate::view::{self, View};
use crate::zone;
use agent::letter::{Composed, Letter};
use agent::mirror::{Envelope, FolderId, MessageId, OutgoingId, Posting, Role};
use agent::sealed_draft;
use agent::sealing::{Choice, Wish};
use clap::Args;
use message::Time;
use message::date::Date;
use message::zone::Zone;
use office::admin::FailureKind;
use serde_json::json;

/// What becomes of the letter.
#[derive(Args, Clone, Debug, Default)]
pub struct Way {
    /// Show the message as it would go, and do not send it
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Keep it among the drafts, and do not send it
    #[arg(long, conflicts_with = "dry_run")]
    pub draft: bool,
    /// Do not wait until it is sent: it goes the next time
    #[arg(long, conflicts_with_all = ["dry_run", "draft"])]
    pub queue: bool,
    /// Send it then: 2026-11-22T18:00Z, 18:00, +2h; times are those of your clock, with Z of UTC
    #[arg(long, value_name = "TIME", conflicts_with_all = ["dry_run", "draft"])]
    pub at: Option<String>,
    #[command(flatten)]
    pub seal: SealArguments,
}

/// What a letter has to do with others.
#[derive(Debug, Default)]
pub struct Ties {
    /// The message it answers.
    pub answers: Option<MessageId>,
    /// Those it sends on.
    pub forwards: Vec<MessageId>,
    /// The draft it was made from, and the folder that is in.
    pub draft: Option<(MessageId, FolderId)>,
    /// One of those it answers or sends on was encrypted.
    pub was_encrypted: bool,
}

/// Refuses a letter that cannot go, with the place of every fault.
pub fn check(letter: &Letter) -> Result<(), Trouble> {
    letter.check().map_err(|faults| {
        let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Trouble::new(FailureKind::Data, words.join("\n"))
    })
}

/// The letter as it goes.
pub fn compose(letter: &Letter, now: Time) -> Composed {
    let mut random = [0_u8; 32];
    (server::Seams::system().random)(&mut random);
    let date = Date {
        unix_seconds: i64::try_from(now.unix_seconds()).unwrap_or(i64::MAX),
        offset_minutes: Some(zone::here().offset_minutes(now)),
    };
    letter.compose(date, &random)
}

/// `--dry-run`: the message, and for whom it is.
pub fn show(letter: &Letter, sealing: &Sealing, now: Time, screen: &mut Screen) -> Result<(), Trouble> {
    check(letter)?;
    let composed = compose(letter, now);
    let (choice, messages) = sealing.sealed(&composed, now)?;
    let message = messages.first().map(Vec::as_slice).unwrap_or_default();
    let text = String::from_utf8_lossy(message).into_owned();
    let envelope = &composed.envelope;
    let from = envelope.reverse_path.as_ref().map(ToString::to_string);
    let to: Vec<String> = envelope.recipients.iter().map(ToString::to_string).collect();
    match screen.form() {
        Form::Json => screen.line(&json!({
            "from": from,
            "recipients": to,
            "signed": choice.signs,
            "encrypted": choice.encrypts,
            "messages": messages.len(),
            "message": text,
        })),
        Form::Plain => screen.octets(message),
        Form::Human => {
            let lines: String = text.lines().map(|line| format!("{}\n", units::harmless(line))).collect();
            let mut notes = vec![format!("not sent; from {} to {}", from.unwrap_or_default(), to.join(", "))];
            if messages.len() > 1 {
                let more = units::count(messages.len() as u64 - 1, "message");
                notes.push(format!(
                    "{more} like it for who gets it unseen: an envelope names everybody who can open it"
                ));
            }
            screen.show(&View::text(lines, json!(null)).with_notes(notes))
        }
    }
}

/// Does with a letter what was asked for.
pub fn post(letter: &Letter, way: &Way, ties: Ties, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let sealing = sealing(way.seal.wish(ties.was_encrypted), desk);
    if way.dry_run {
        return show(letter, &sealing, desk.now, screen);
    }
    if way.draft {
        let drafts = desk.mirror.folder_for(Role::Drafts)?;
        let composed = compose(letter, desk.now);
        let choice = sealing.choice(&composed, desk.now);
        let copy = sealed_draft::sealed(&desk.keys, composed.copy, choice, desk.now)?;
        let id = desk.mirror.save_draft(&copy, drafts, None, desk.now)?;
        return screen.show(&view::done(&format!("kept among the drafts as {}", id.0), Vec::new()));
    }
    let at = way.at.as_deref().map(|text| time(text, desk.now, zone::here())).transpose()?;
    let (id, choice) = queue(letter, at, sealing.wish, ties, desk)?;
    if way.queue && at.is_none() {
        let said = format!("letter {} is queued{}", id.0, sealed(choice));
        return screen.show(&view::done(&said, Vec::new()));
    }
    follow((id, choice), at, desk, screen)
}

/// Says when a letter that was queued goes; one that has no time goes now.
pub fn follow(
    (id, choice): (OutgoingId, Choice),
    at: Option<Time>,
    desk: &Desk,
    screen: &mut Screen,
) -> Result<(), Trouble> {
    let said = match at {
        Some(at) => format!("letter {} goes out {}{}", id.0, units::minute(at, zone::here()), sealed(choice)),
        None => {
            let outcome = network::tell_of(id, desk, screen)?.said(screen)?;
            format!("letter {} is {outcome}{}", id.0, sealed(choice))
        }
    };
    screen.show(&view::done(&said, Vec::new()))
}

fn sealed(choice: Choice) -> String {
    if choice.seals() { format!(", {}", choice.words()) } else { String::new() }
}

fn sealing(wish: Wish, desk: &Desk) -> Sealing {
    Sealing { keys: desk.keys.clone(), wish, habits: desk.account.sealing }
}

/// Queues a letter that can go, and be sealed as it is to be: from here on it is not lost.
pub fn queue(
    letter: &Letter,
    at: Option<Time>,
    wish: Wish,
    ties: Ties,
    desk: &mut Desk,
) -> Result<(OutgoingId, Choice), Trouble> {
    check(letter)?;
    let composed = compose(letter, desk.now);
    let choice = sealing(wish, desk).sound_choice(&composed, desk.now)?;
    let posting = Posting { sealing: choice, ..posting(&composed, ties, desk.mirror.folder_for(Role::Sent)?) };
    let id = desk.mirror.post(&composed.copy, &posting, desk.now, at.unwrap_or(desk.now))?;
    Ok((id, choice))
}

fn posting(composed: &Composed, ties: Ties, sent: FolderId) -> Posting {
    let envelope = &composed.envelope;
    Posting {
        envelope: Envelope {
            reverse_path: envelope.reverse_path.as_ref().map(ToString::to_string).unwrap_or_default(),
            recipients: envelope.recipients.iter().map(ToString::to_string).collect(),
            smtputf8: envelope.needs_smtputf8,
        },
        file_in: Some(sent),
        draft: ties.draft,
        answers: ties.answers,
        forwards: ties.forwards,
        ..Posting::default()
    }
}

/// A time as it is typed: a span from now (`+2h`), a time of day, or a date with one, as clocks here show them; with a `Z`
/// at the end in UTC.
pub fn time(text: &str, now: Time, here: &Zone) -> Result<Time, Trouble> {
    let wrong = || {
        let what = format!("{text:?} is no time to come: write 18:00, 2026-11-22T18:00, 2026-11-22T18:00Z or +2h");
        Trouble::new(FailureKind::Usage, what)
    };
    if let Some(span) = text.strip_prefix('+') {
        let span = units::age(span).map_err(|_| wrong())?;
        return Ok(Time(now.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))));
    }
    let utc = Zone::utc();
    let (text, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(text) => (text, &utc),
        None => (text, here),
    };
    let (today, _) = zone.local(now);
    let found = match text.split_once(['T', 't', ' ']) {
        Some((day, clock)) => day_of(day).zip(clock_of(clock)).and_then(|(day, clock)| zone.moment(day, clock)),
        None => clock_of(text).and_then(|clock| {
            // What is past today is meant for tomorrow.
            let today_at = zone.moment(today, clock).filter(|at| *at > now);
            today_at.or_else(|| zone.moment(today + 1, clock))
        }),
    };
    found.filter(|at| *at > now).ok_or_else(wrong)
}

fn day_of(text: &str) -> Option<i64> {
    let mut numbers = text.split('-').map(str::parse::<u32>);
    let (year, month, day) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    if numbers.next().is_some() || year > 9999 {
        return None;
    }
    message::date::day(i64::from(year), month, day)
}

fn clock_of(text: &str) -> Option<i64> {
    let numbers: Vec<i64> = text.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [hour @ 0..24, minute @ 0..60] => Some(hour * 3600 + minute * 60),
        [hour @ 0..24, minute @ 0..60, second @ 0..60] => Some(hour * 3600 + minute * 60 + second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        // 2026-11-21T05:17:44Z
        let now = Time(1_795_238_264_000);
        let paris = Zone::of_words("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let told = |text: &str| time(text, now, &paris).map(units::exact).ok();
        for (text, expected) in [
            ("+2h", "2026-11-21T07:17:44.000Z"),
            ("07:00", "2026-11-21T06:00:00.000Z"),
            ("06:17", "2026-11-22T05:17:00.000Z"),
            ("06:00Z", "2026-11-21T06:00:00.000Z"),
            ("2026-11-22T18:00Z", "2026-11-22T18:00:00.000Z"),
            ("2026-11-22 18:00:30", "2026-11-22T17:00:30.000Z"),
            // Clocks show another hour then than they do now.
            ("2027-07-01T18:00", "2027-07-01T16:00:00.000Z"),
        ] {
            assert_eq!(told(text).as_deref(), Some(expected), "{text}");
        }
        for text in
            ["", "24:00", "12:60", "2026-11-20T10:00", "2026-13-01T10:00", "18:00ZZ", "soon", "+2", "+", "1:2:3:4"]
        {
            assert_eq!(time(text, now, &paris).unwrap_err().exit_code(), 64, "{text}");
        }
    }
}
