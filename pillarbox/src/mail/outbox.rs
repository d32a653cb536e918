//! `pillarbox mail outbox`: letters that wait to be sent.

use super::desk::Desk;
use super::files;
use super::post::{self, Ties};
use super::seals::SealArguments;
use crate::screen::Screen;
use crate::table::{Cell, Table, figures, words};
use crate::trouble::Trouble;
use crate::units;
use crate::view::{self, View};
use agent::letter::{Letter, Recipients};
use agent::mirror::{FolderId, MessageId, Outgoing, OutgoingId, OutgoingState, Role};
use agent::sealed_draft;
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
    /// Change a letter in your editor, and send it then, or at its time
    Edit {
        /// Its number as in the list
        number: i64,
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
        Outbox::Edit { number } => edit(number, files::edited, desk, screen),
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
            "signed": letter.posting.sealing.signs,
            "encrypted": letter.posting.sealing.encrypts,
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
        take_back(*id, &letters, into, desk)?;
    }
    let place = if discard { "thrown away" } else { "among the drafts" };
    let said = format!("{} not sent, {place}", units::count(chosen.len() as u64, "letter"));
    screen.show(&view::done(&said, Vec::new()))
}

/// The letter is a draft while somebody works on it, so that it is not lost whatever happens; then it waits anew.
fn edit(
    number: i64,
    edited: impl FnOnce(&str) -> Result<String, Trouble>,
    desk: &mut Desk,
    screen: &mut Screen,
) -> Result<(), Trouble> {
    let letters = desk.mirror.outgoing()?;
    let id = known(&letters, number)?;
    let Some(waiting) = letters.into_iter().find(|letter| letter.id == id) else { return Ok(()) };
    let sealing = waiting.posting.sealing;
    let content = desk.mirror.content(waiting.message)?.unwrap_or_default();
    let drafts = desk.mirror.folder_for(Role::Drafts)?;
    let draft = take_back(id, std::slice::from_ref(&waiting), Some(drafts), desk)?;
    let old = Letter::read(&content);
    let letter = changed(&old, &edited(&form(&old))?);
    let posting = waiting.posting;
    let draft = draft.map(|draft| (draft, drafts));
    let ties = Ties { answers: posting.answers, forwards: posting.forwards, draft, ..Ties::default() };
    let seal = SealArguments {
        sign: sealing.signs,
        no_sign: !sealing.signs,
        encrypt: sealing.encrypts,
        no_encrypt: !sealing.encrypts,
        for_old_programs: sealing.for_old_programs,
    };
    // One that has a time keeps it; one that could not go until now is tried at once.
    let has_time = waiting.state == OutgoingState::Waiting && waiting.tries == 0 && waiting.not_before > desk.now;
    let at = has_time.then_some(waiting.not_before);
    let queued = post::queue(&letter, at, seal.wish(false), ties, desk)?;
    post::follow(queued, at, desk, screen)
}

/// Takes a letter back; a draft of one that is to be encrypted is encrypted before it goes to a server.
fn take_back(
    id: OutgoingId,
    letters: &[Outgoing],
    into: Option<FolderId>,
    desk: &Desk,
) -> Result<Option<MessageId>, Trouble> {
    let waiting = letters.iter().find(|letter| letter.id == id);
    match (waiting, into) {
        (Some(waiting), Some(folder)) => {
            Ok(Some(sealed_draft::take_back(&desk.keys, &desk.mirror, waiting, folder, desk.now)?))
        }
        _ => Ok(desk.mirror.take_back(id, into)?),
    }
}

/// A letter as it stands in the editor: who and what, an empty line, the text.
fn form(letter: &Letter) -> String {
    let people = [("To", &letter.to), ("Cc", &letter.cc), ("Bcc", &letter.bcc)];
    let fields: String = people.into_iter().map(|(name, people)| format!("{name}: {people}\n")).collect();
    format!("{fields}Subject: {}\n\n{}", letter.subject, letter.text.replace("\r\n", "\n"))
}

/// What somebody made of that. It is another letter than the one that may have gone.
fn changed(old: &Letter, form: &str) -> Letter {
    let (head, text) = form.split_once("\n\n").unwrap_or((form, ""));
    let mut letter = Letter { date: None, message_id: None, text: text.to_owned(), ..old.clone() };
    for line in head.lines() {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name.to_ascii_lowercase().as_str() {
            "to" => letter.to = Recipients::lenient(value),
            "cc" => letter.cc = Recipients::lenient(value),
            "bcc" => letter.bcc = Recipients::lenient(value),
            "subject" => value.trim().clone_into(&mut letter.subject),
            _ => {}
        }
    }
    letter
}

fn known(letters: &[Outgoing], number: i64) -> Result<OutgoingId, Trouble> {
    let found = letters.iter().find(|letter| letter.id.0 == number).map(|letter| letter.id);
    found.ok_or_else(|| {
        let what = format!("no letter {number} waits: `pillarbox mail outbox list` shows which do");
        Trouble::new(FailureKind::NoUser, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::tests::{desk, typed};
    use crate::screen::Form;
    use crate::screen::paper::screen;
    use message::Time;

    #[test]
    fn a_letter_that_is_changed_keeps_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        assert_eq!(typed(&mut desk, Form::Plain, &["reply", "1", "-m", "Yes.", "--at", "+3h"]).0, 0);
        let (mut paper, _, said) = screen(Form::Plain, false);
        edit(1, |form| Ok(form.replace("Yes.", "No.")), &mut desk, &mut paper).unwrap();
        let waiting = desk.mirror.outgoing().unwrap();
        assert_eq!(waiting.iter().map(|letter| letter.not_before).collect::<Vec<_>>(), [Time(desk.now.0 + 10_800_000)]);
        assert!(said.text().contains("goes out 1970-01-01"), "{}", said.text());
        // One that could not be sent goes at the next chance.
        desk.mirror.send_at(waiting[0].id, desk.now).unwrap();
        edit(waiting[0].id.0, |form| Ok(form.to_owned()), &mut desk, &mut paper).unwrap();
        assert_eq!(desk.mirror.outgoing().unwrap()[0].not_before, desk.now);
    }

    #[test]
    fn a_letter_comes_back_from_the_editor() {
        let old = Letter {
            to: Recipients::one(Some("Bob"), "bob@crepes.fr"),
            subject: "Crêpes".to_owned(),
            text: "One.\r\n\r\nTwo.\r\n".to_owned(),
            references: vec!["1@x".to_owned()],
            message_id: Some("2@x".to_owned()),
            ..Letter::default()
        };
        assert_eq!(form(&old), "To: Bob <bob@crepes.fr>\nCc: \nBcc: \nSubject: Crêpes\n\nOne.\n\nTwo.\n");
        let same = changed(&old, &form(&old));
        assert_eq!((&same.to, &same.subject, &same.references), (&old.to, &old.subject, &old.references));
        assert_eq!((same.text.as_str(), same.message_id), ("One.\n\nTwo.\n", None));
        let other = changed(&old, "Cc: carol@crepes.fr, dora@crepes.fr\nSubject: Pickles\n\nThree.\n");
        assert_eq!(
            (other.cc.to_string().as_str(), other.subject.as_str()),
            ("carol@crepes.fr, dora@crepes.fr", "Pickles")
        );
    }
}
