//! `pillarbox mail outbox`: letters that wait to be sent.

use super::desk::Desk;
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, words};
use crate::trouble::Trouble;
use crate::units;
use crate::view::{self, View};
use agent::mirror::{Outgoing, OutgoingId, OutgoingState, Role};
use clap::Subcommand;
use office::admin::FailureKind;
use serde_json::json;

/// `pillarbox mail outbox ...`
#[derive(Debug, Subcommand)]
pub enum Outbox {
    /// List what waits
    List,
    /// Send now what waits, what was refused, or what nobody knows the fate of
    Retry {
        /// Numbers as in the list; all that wait if missing
        #[arg(value_name = "NUMBER")]
        numbers: Vec<i64>,
    },
    /// Do not send; the letter goes to the drafts
    Cancel {
        /// Numbers as in the list
        #[arg(value_name = "NUMBER", required = true)]
        numbers: Vec<i64>,
        /// Not to the drafts: the letter goes for good
        #[arg(long)]
        discard: bool,
    },
}

/// Does one of them.
pub fn run(command: Outbox, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        Outbox::List => list(desk, screen),
        Outbox::Retry { numbers } => retry(&numbers, desk, screen),
        Outbox::Cancel { numbers, discard } => cancel(&numbers, discard, desk, screen),
    }
}

fn list(desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let look = screen.look();
    let mut table =
        Table::new(&[figures("NUMBER"), words("STATE"), words("NEXT"), words("TO"), words("SUBJECT"), words("WHY")]);
    let mut json = Vec::new();
    for letter in desk.mirror.outgoing()? {
        let row = desk.mirror.row(letter.message)?;
        let subject = row.as_ref().map(|row| row.subject.clone()).unwrap_or_default();
        let to = letter.posting.envelope.recipients.join(", ");
        let next = match letter.state {
            OutgoingState::Waiting => {
                Cell::new(units::relative(letter.not_before, look.now), units::exact(letter.not_before))
            }
            _ => "".into(),
        };
        table.row([
            letter.id.0.into(),
            state(&letter).into(),
            next,
            (&to).into(),
            (&subject).into(),
            (&letter.error).into(),
        ]);
        json.push(json!({
            "number": letter.id,
            "state": letter.state,
            "not_before": units::exact(letter.not_before),
            "recipients": letter.posting.envelope.recipients,
            "subject": subject,
            "tries": letter.tries,
            "error": letter.error,
        }));
    }
    screen.show(&View::table(&table, json!({ "letters": json }), look).or_note("nothing waits to be sent"))
}

fn state(letter: &Outgoing) -> &'static str {
    match letter.state {
        OutgoingState::Waiting => "waiting",
        OutgoingState::Sending => "being sent",
        OutgoingState::Unsure => "unsure",
        OutgoingState::Refused => "refused",
    }
}

fn retry(numbers: &[i64], desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let letters = desk.mirror.outgoing()?;
    let waiting = |letter: &&Outgoing| letter.state == OutgoingState::Waiting;
    let chosen: Vec<OutgoingId> = match numbers {
        [] => letters.iter().filter(waiting).map(|letter| letter.id).collect(),
        _ => numbers.iter().map(|number| known(&letters, *number)).collect::<Result<_, _>>()?,
    };
    for id in &chosen {
        desk.mirror.send_at(*id, desk.now)?;
    }
    let said = format!("{} sent at the next chance", units::count(chosen.len() as u64, "letter"));
    screen.show(&view::done(&said, Vec::new()))
}

fn cancel(numbers: &[i64], discard: bool, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let letters = desk.mirror.outgoing()?;
    let chosen: Vec<OutgoingId> = numbers.iter().map(|number| known(&letters, *number)).collect::<Result<_, _>>()?;
    let into = if discard { None } else { Some(desk.mirror.folder_for(Role::Drafts)?) };
    for id in &chosen {
        desk.mirror.take_back(*id, into)?;
    }
    let place = if discard { "thrown away" } else { "among the drafts" };
    let said = format!("{} not sent, {place}", units::count(chosen.len() as u64, "letter"));
    screen.show(&view::done(&said, Vec::new()))
}

fn known(letters: &[Outgoing], number: i64) -> Result<OutgoingId, Trouble> {
    let found = letters.iter().find(|letter| letter.id.0 == number).map(|letter| letter.id);
    found.ok_or_else(|| {
        let what = format!("no letter {number} waits: `pillarbox mail outbox list` shows which do");
        Trouble::new(FailureKind::NoUser, what)
    })
}
