//! Letters that wait go out when they are due. Owns what the fates of a letter's recipients mean for it: sent, tried again,
//! kept for a person to decide. What nobody knows to have gone or not is not sent again by itself (RFC 1047).

use crate::account::{Account, Outgoing as Way};
use crate::mirror::{Held, Mirror, Outgoing, OutgoingId, OutgoingState, without_bcc};
use crate::progress::Watcher;
use crate::reach::Reach;
use crate::remote::keyed::Keyed;
use crate::submission::{self, Fate, Report};
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use message::Time;
use std::time::Duration;

/// When a letter is tried again first; twice as late each time after, up to [`RETRY_MAX`] (RFC 5321 §4.5.4.1 is for servers;
/// a person waits).
const RETRY_FIRST: Duration = Duration::from_secs(60);
/// The longest wait between tries.
const RETRY_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// Tries after which a person is asked: some five days, as servers do.
const TRIES_MAX: u32 = 36;
/// Recipients named in words; of more, how many there are.
const NAMED_MAX: usize = 5;

/// What became of the letters that were due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Went {
    /// Subjects of those that went to all.
    pub sent: Vec<String>,
    /// Those that did not go, or not to all.
    pub left: Vec<Left>,
    /// What keeps all letters from going, as a wrong password does. Told once; the rest was not tried.
    pub held: Option<Trouble>,
}

/// A letter that did not go, or not to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which.
    pub letter: OutgoingId,
    /// Why.
    pub trouble: Trouble,
}

impl Went {
    /// All that kept letters from going.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.left.iter().map(|left| &left.trouble).chain(&self.held)
    }
}

/// What becomes of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Sent,
    /// For these recipients it is in this state, for this reason.
    Left(Vec<String>, OutgoingState, String),
}

/// Sends what is due, one after the other. To be called by whoever holds the account ([`crate::sync::Hold`]) alone.
///
/// # Errors
/// Those of the mirror, and being stopped. What befalls a letter is told in the answer.
pub async fn send_due(reach: &Reach, account: &Account, mirror: &Mirror, watcher: &Watcher) -> Result<Went, Trouble> {
    let mut went = Went::default();
    let clock = reach.internet.clock();
    mirror.doubt_what_was_under_way()?;
    while let Some(letter) = mirror.next_outgoing(clock.now())? {
        watcher.go_on()?;
        let (subject, posted) = mirror.row(letter.message)?.map(|row| (row.subject, row.received)).unwrap_or_default();
        watcher.tell(&format!("sending {subject}"), went.sent.len() as u64, None);
        let content = content(mirror, &letter)?;
        mirror.begin_sending(letter.id)?;
        let report = match content {
            Ok(content) => deliver(reach, account, (&letter, posted), content).await,
            Err(trouble) => Err(trouble),
        };
        let report = report.unwrap_or_else(|trouble| Report::nothing(&letter.posting.envelope, trouble));
        // What is wrong with this letter keeps no other from going.
        let held = report.trouble.clone().filter(|trouble| trouble.kind != Kind::Data);
        let later = clock.now().after(wait(letter.tries));
        match judge(&letter, report) {
            Verdict::Sent => {
                // RFC 8621 §7.5: onSuccessUpdateEmail puts it where sent letters are.
                mirror.sent(letter.id, matches!(account.outgoing, Some(Way::Jmap)))?;
                went.sent.push(subject);
            }
            Verdict::Left(recipients, state, why) => {
                if recipients.len() < letter.posting.envelope.recipients.len() {
                    mirror.sent_in_part(letter.id, &recipients)?;
                }
                mirror.not_sent(letter.id, state, &why, later)?;
                if held.is_none() || state != OutgoingState::Waiting {
                    let kind = match state {
                        OutgoingState::Refused => Kind::Unavailable,
                        OutgoingState::Unsure => Kind::Protocol,
                        OutgoingState::Waiting | OutgoingState::Sending => Kind::TryAgain,
                    };
                    let trouble = Trouble::new(kind, format!("{subject}: {why}"));
                    went.left.push(Left { letter: letter.id, trouble });
                }
            }
        }
        if let Some(trouble) = held {
            hold(mirror, &trouble.text, clock.now(), later)?;
            went.held = Some(trouble);
        }
    }
    Ok(went)
}

/// What keeps one letter from going keeps the others, too: nobody is called for them, lest a wrong password is said over and over
/// until the server locks the account.
fn hold(mirror: &Mirror, why: &str, now: Time, later: Time) -> Result<(), Trouble> {
    while let Some(letter) = mirror.next_outgoing(now)? {
        mirror.not_sent(letter.id, OutgoingState::Waiting, why, later)?;
    }
    Ok(())
}

/// When the next letter is due; `None`: none waits.
///
/// # Errors
/// When the mirror cannot be read.
pub fn next_due(mirror: &Mirror) -> Result<Option<Time>, Trouble> {
    let waiting = mirror.outgoing()?.into_iter().filter(|letter| letter.state == OutgoingState::Waiting);
    Ok(waiting.map(|letter| letter.not_before).min())
}

/// The letter as it goes out.
fn content(mirror: &Mirror, letter: &Outgoing) -> Result<Result<Bytes, Trouble>, Trouble> {
    let is_here = mirror.row(letter.message)?.is_some_and(|row| row.held == Held::Whole);
    let content = if is_here { mirror.content(letter.message)? } else { None };
    Ok(match content {
        Some(content) => Ok(Bytes::from(without_bcc(&content))),
        None => Err(Trouble::new(Kind::Data, "the text of the letter is not here any more")),
    })
}

async fn deliver(
    reach: &Reach,
    account: &Account,
    (letter, posted): (&Outgoing, Time),
    content: Bytes,
) -> Result<Report, Trouble> {
    match &account.outgoing {
        Some(Way::Smtp(server)) => {
            let login = reach.credentials.of(account).await?.map(|credential| (account.outgoing_user(), credential));
            let way = submission::Way { internet: &reach.internet, folders: &reach.folders, server, login };
            Ok(submission::submit(&way, &letter.posting.envelope, content).await)
        }
        Some(Way::Jmap) => {
            let now = reach.internet.clock().now();
            Ok(reach.jmap(account).await?.send(&letter.posting.envelope, content, now).await)
        }
        Some(Way::Local(at)) => {
            let mut local = reach.local(account, at).await?;
            let report = local.send(posted, &letter.posting.envelope, content).await;
            local.close().await;
            Ok(report)
        }
        None => Err(Trouble::new(
            Kind::Settings,
            format!("the account {} does not send: `pillarbox mail account add` sets up where", account.name),
        )),
    }
}

fn judge(letter: &Outgoing, report: Report) -> Verdict {
    if report.is_taken() {
        return Verdict::Sent;
    }
    let recipients = &letter.posting.envelope.recipients;
    let with = |which: fn(&Fate) -> Option<&String>| -> Vec<(&String, &String)> {
        recipients.iter().zip(&report.fates).filter_map(|(who, fate)| Some((who, which(fate)?))).collect()
    };
    let unknown = with(|fate| if let Fate::Unknown(why) = fate { Some(why) } else { None });
    let later = with(|fate| if let Fate::Later(why) = fate { Some(why) } else { None });
    let refused = with(|fate| if let Fate::Refused(why) = fate { Some(why) } else { None });
    let left: Vec<String> = [&unknown, &later, &refused].into_iter().flatten().map(|(who, _)| (*who).clone()).collect();
    // What keeps all letters from going, such as a wrong password, is no refusal of this one.
    let is_its_own_fault = report.trouble.as_ref().is_none_or(|trouble| trouble.kind == Kind::Data);
    let state = if !unknown.is_empty() {
        OutgoingState::Unsure
    } else if letter.tries >= TRIES_MAX || (later.is_empty() && is_its_own_fault) {
        OutgoingState::Refused
    } else {
        OutgoingState::Waiting
    };
    let taken = with(|fate| if let Fate::Taken(why) = fate { Some(why) } else { None });
    let told = [
        (!taken.is_empty()).then(|| format!("it went to {}", names(&taken))),
        words("it may have gone to", &unknown),
        words("not taken yet for", &later),
        words("refused for", &refused),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    let why = match &report.trouble {
        Some(trouble) if unknown.is_empty() => trouble.text.clone(),
        _ => told.join("; "),
    };
    Verdict::Left(left, state, why)
}

fn words(what: &str, whom: &[(&String, &String)]) -> Option<String> {
    let (_, why) = whom.first()?;
    Some(format!("{what} {}: {why}", names(whom)))
}

fn names(whom: &[(&String, &String)]) -> String {
    let named: Vec<&str> = whom.iter().take(NAMED_MAX).map(|(who, _)| who.as_str()).collect();
    let more = whom.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", named.join(", "))
}

fn wait(tries: u32) -> Duration {
    let doubled = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(tries));
    doubled.min(RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mirror::{Envelope, MessageId, Posting};

    fn letter(recipients: &[&str], tries: u32) -> Outgoing {
        let recipients = recipients.iter().map(|&who| who.to_owned()).collect();
        let envelope = Envelope { recipients, ..Envelope::default() };
        Outgoing {
            id: OutgoingId(1),
            message: MessageId(1),
            posting: Posting { envelope, ..Posting::default() },
            state: OutgoingState::Sending,
            not_before: Time(0),
            tries,
            error: String::new(),
        }
    }

    fn judged(fates: Vec<Fate>, trouble: Option<Trouble>, tries: u32) -> Verdict {
        let names = ["a@x", "b@x", "c@x"];
        judge(&letter(&names[..fates.len()], tries), Report { fates, trouble })
    }

    fn taken() -> Fate {
        Fate::Taken("ok".to_owned())
    }

    #[test]
    fn who_has_it_does_not_get_it_again() {
        assert_eq!(judged(vec![taken(), taken()], None, 0), Verdict::Sent);
        let verdict = judged(vec![taken(), Fate::Later("busy".to_owned()), Fate::Refused("who?".to_owned())], None, 0);
        let why = "it went to a@x; not taken yet for b@x: busy; refused for c@x: who?".to_owned();
        assert_eq!(verdict, Verdict::Left(vec!["b@x".to_owned(), "c@x".to_owned()], OutgoingState::Waiting, why));
        let verdict = judged(vec![taken(), Fate::Refused("who?".to_owned())], None, 0);
        let why = "it went to a@x; refused for b@x: who?".to_owned();
        assert_eq!(verdict, Verdict::Left(vec!["b@x".to_owned()], OutgoingState::Refused, why));
    }

    #[test]
    fn what_may_have_gone_waits_for_a_person() {
        let verdict = judged(vec![Fate::Unknown("gone silent".to_owned()), taken()], None, 0);
        let why = "it went to b@x; it may have gone to a@x: gone silent".to_owned();
        assert_eq!(verdict, Verdict::Left(vec!["a@x".to_owned()], OutgoingState::Unsure, why));
    }

    #[test]
    fn a_wrong_password_refuses_no_letter() {
        let trouble = |kind| Some(Trouble::new(kind, "no"));
        let state = |kind, tries| match judged(vec![Fate::Refused("no".to_owned())], trouble(kind), tries) {
            Verdict::Left(_, state, _) => state,
            Verdict::Sent => OutgoingState::Sending,
        };
        assert_eq!(state(Kind::NotAllowed, 0), OutgoingState::Waiting);
        assert_eq!(state(Kind::Data, 0), OutgoingState::Refused);
        assert_eq!(state(Kind::TryAgain, TRIES_MAX - 1), OutgoingState::Waiting);
        assert_eq!(state(Kind::TryAgain, TRIES_MAX), OutgoingState::Refused);
    }

    #[test]
    fn tries_come_further_apart() {
        assert_eq!(
            [wait(0), wait(1), wait(7), wait(8), wait(100)].map(|wait| wait.as_secs() / 60),
            [1, 2, 128, 240, 240]
        );
    }
}
