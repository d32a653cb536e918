//! Which messages are meant: the numbers that lists show, ranges of them, Message-IDs, `last`, or what a search finds.

use super::desk::Desk;
use crate::trouble::Trouble;
use agent::mirror::{MessageId, Role, Row, View};
use message::search::query::{self, ProblemKind, Query};
use office::admin::FailureKind;
use std::collections::BTreeSet;

/// Messages that one command is about: a range that was mistyped is told, not carried out.
const MESSAGES_MAX: usize = 100_000;

/// The messages that are meant, each once, in the order they were named.
pub fn messages(desk: &Desk, words: &[String]) -> Result<Vec<MessageId>, Trouble> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for word in words {
        for id in one_word(desk, word)? {
            if known.insert(id) {
                all.push(id);
            }
        }
    }
    if all.len() > MESSAGES_MAX {
        return Err(Trouble::new(FailureKind::Usage, format!("that is more than {MESSAGES_MAX} messages")));
    }
    Ok(all)
}

/// The one message that is meant, as lists show it.
pub fn message(desk: &Desk, word: &str) -> Result<Row, Trouble> {
    let id = one_word(desk, word)?.into_iter().next().ok_or_else(|| none(word))?;
    desk.mirror.row(id)?.ok_or_else(|| none(word))
}

fn one_word(desk: &Desk, word: &str) -> Result<Vec<MessageId>, Trouble> {
    if word == "last" {
        let inbox = desk.mirror.folder_of_role(Role::Inbox)?.map(|folder| folder.id);
        let view = View { folder: inbox, ..View::default() };
        let rows = desk.mirror.rows(&view, desk.now, 0, 1)?;
        return rows.first().map(|row| vec![row.id]).ok_or_else(|| none(word));
    }
    if let Some(range) = range(word) {
        return existing(desk, range, word);
    }
    if let Ok(number) = word.parse::<i64>() {
        return existing(desk, (number, number), word);
    }
    let name = word.trim_start_matches('<').trim_end_matches('>');
    if !name.contains('@') {
        let what =
            format!("{word:?} is no message: give the number from a list, as 12 or 12-15, a Message-ID, or last");
        return Err(Trouble::new(FailureKind::Usage, what));
    }
    let found = desk.mirror.named(name)?;
    if found.is_empty() { Err(none(word)) } else { Ok(found) }
}

fn range(word: &str) -> Option<(i64, i64)> {
    let (first, last) = word.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

fn existing(desk: &Desk, (first, last): (i64, i64), word: &str) -> Result<Vec<MessageId>, Trouble> {
    if last.saturating_sub(first) > i64::try_from(MESSAGES_MAX).unwrap_or(i64::MAX) {
        return Err(Trouble::new(FailureKind::Usage, format!("{word}: that is more than {MESSAGES_MAX} messages")));
    }
    let mut found = Vec::new();
    for number in first..=last {
        if desk.mirror.row(MessageId(number))?.is_some() {
            found.push(MessageId(number));
        }
    }
    if found.is_empty() { Err(none(word)) } else { Ok(found) }
}

fn none(word: &str) -> Trouble {
    Trouble::new(FailureKind::NoUser, format!("there is no message {word}: `pillarbox mail list` shows what there is"))
}

/// A search as it was typed; what cannot be meant is told with a caret under its place. Of what may be meant, but is perhaps
/// a slip, there are words.
pub fn query(text: &str) -> Result<(Query, Vec<String>), Trouble> {
    let typed = query::parse(text);
    let told: Vec<(bool, String)> = typed
        .problems
        .iter()
        .map(|problem| {
            let before = text.get(..problem.place.start).unwrap_or(text);
            let caret = " ".repeat(before.chars().count());
            let is_grave = problem.kind != ProblemKind::UnknownOperator;
            (is_grave, format!("{}\n    {text}\n    {caret}^", problem.kind.words()))
        })
        .collect();
    if let Some((_, words)) = told.iter().find(|(grave, _)| *grave) {
        return Err(Trouble::new(FailureKind::Usage, words.clone()));
    }
    Ok((typed.query, told.into_iter().map(|(_, words)| words).collect()))
}
