//! Letters that wait go out when they are due. Owns what the fates of a letter's recipients mean for it: sent, tried again,
//! kept for a person to decide. What nobody knows to have gone or not is not sent again by itself (RFC 1047).

use crate::account::{Account, Outgoing as Way};
use crate::key_folder::KeyFolder;
use crate::letter::{self, Composed};
use crate::mirror::{Held, Mirror, Outgoing, OutgoingId, OutgoingState, Posting, without_bcc};
use crate::progress::Watcher;
use crate::reach::Reach;
use crate::remote::keyed::Keyed;
use crate::sealing::{self, Keys};
use crate::submission::{self, Fate, Report};
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use message::{Address, Time};
use std::collections::HashMap;
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
        let parcels = parcels(reach, mirror, &letter)?;
        mirror.begin_sending(letter.id)?;
        let (report, copy) = match parcels {
            Ok((parcels, copy)) => (deliver_all(reach, account, (&letter, posted), parcels).await, copy),
            Err(trouble) => (kept_here(&letter, trouble), None),
        };
        // What is wrong with this letter keeps no other from going.
        let held = report.trouble.clone().filter(|trouble| trouble.kind != Kind::Data);
        let later = clock.now().after(wait(letter.tries));
        let copy = copy.as_deref().map(|copy| (copy, clock.now()));
        match judge(&letter, report) {
            Verdict::Sent => {
                // RFC 8621 §7.5: onSuccessUpdateEmail puts it where sent letters are.
                mirror.sent(letter.id, matches!(account.outgoing, Some(Way::Jmap)), copy)?;
                went.sent.push(subject);
            }
            Verdict::Left(recipients, state, why) => {
                if recipients.len() < letter.posting.envelope.recipients.len() {
                    mirror.sent_in_part(letter.id, &recipients, copy)?;
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

/// One message for some of a letter's recipients.
#[derive(Debug)]
struct Parcel {
    recipients: Vec<String>,
    content: Bytes,
}

/// What goes out, and the copy that is filed where that is another than the letter as it waits.
type Packed = (Vec<Parcel>, Option<Vec<u8>>);

/// The letter as it goes out: sealed now, where that is wished, for whoever has not got it yet.
fn parcels(reach: &Reach, mirror: &Mirror, letter: &Outgoing) -> Result<Result<Packed, Trouble>, Trouble> {
    let is_here = mirror.row(letter.message)?.is_some_and(|row| row.held == Held::Whole);
    let content = if is_here { mirror.content(letter.message)? } else { None };
    let Some(content) = content else {
        return Ok(Err(Trouble::new(Kind::Data, "the text of the letter is not here any more")));
    };
    let (recipients, choice) = (letter.posting.envelope.recipients.clone(), letter.posting.sealing);
    if !choice.seals() {
        return Ok(Ok((vec![Parcel { recipients, content: Bytes::from(without_bcc(&content)) }], None)));
    }
    let keys = KeyFolder::of(&reach.folders).load().keys;
    Ok(sealed(&keys, content, &letter.posting, reach.internet.clock().now()))
}

fn sealed(keys: &Keys, copy: Vec<u8>, posting: &Posting, at: Time) -> Result<Packed, Trouble> {
    let wrong = |who: &String| Trouble::new(Kind::Data, format!("{who} is no address that can be encrypted to"));
    let address = |who: &String| Address::parse(who).map_err(|_| wrong(who));
    let recipients = posting.envelope.recipients.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    let envelope = letter::Envelope { recipients, ..letter::Envelope::default() };
    let letter = Composed { message: without_bcc(&copy), copy, envelope, message_id: String::new() };
    let sealed = keys.seal(&letter, posting.sealing, at).map_err(|refusal| Trouble::new(Kind::Data, refusal))?;
    let parcel = |one: sealing::Posting| Parcel {
        recipients: one.recipients.iter().map(ToString::to_string).collect(),
        content: Bytes::from(one.message),
    };
    Ok((sealed.postings.into_iter().map(parcel).collect(), Some(sealed.copy)))
}

/// Delivers one after the other; what came of each recipient stands in the order of the letter's envelope.
async fn deliver_all(
    reach: &Reach,
    account: &Account,
    (letter, posted): (&Outgoing, Time),
    parcels: Vec<Parcel>,
) -> Report {
    let (mut told, mut trouble) = (HashMap::new(), None);
    for parcel in parcels {
        // What kept one from being offered keeps the others, too.
        if trouble.is_some() {
            break;
        }
        let mut part = letter.clone();
        part.posting.envelope.recipients = parcel.recipients;
        let report = deliver(reach, account, (&part, posted), parcel.content).await;
        let report = report.unwrap_or_else(|trouble| Report::nothing(&part.posting.envelope, trouble));
        told.extend(part.posting.envelope.recipients.into_iter().zip(report.fates));
        trouble = report.trouble;
    }
    let why = trouble.as_ref().map_or("it was not offered yet", |trouble: &Trouble| trouble.text.as_str()).to_owned();
    let recipients = &letter.posting.envelope.recipients;
    let fates = recipients.iter().map(|who| told.remove(who).unwrap_or_else(|| Fate::Later(why.clone()))).collect();
    Report { fates, trouble }
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

/// It cannot go as it is: a person has to do something about it.
fn kept_here(letter: &Outgoing, trouble: Trouble) -> Report {
    let fates = letter.posting.envelope.recipients.iter().map(|_| Fate::Refused(trouble.text.clone())).collect();
    Report { fates, trouble: Some(trouble) }
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
    use crate::mirror::{Envelope, MessageId};
    use crate::sealing::Choice;
    use crate::sealing_tests::{NOW, composed, identity, person};

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
    fn a_sealed_letter_goes_in_one_message_for_those_named_and_in_one_for_each_unseen() {
        let [alice, bob, carol] = ["alice@hamburger.edu", "bob@crepes.fr", "carol@crepes.fr"].map(identity);
        let keys = person(&alice, &[&bob, &carol]);
        let mut posting = letter(&["bob@crepes.fr", "carol@crepes.fr"], 0).posting;
        posting.sealing = Choice { signs: true, encrypts: true, for_old_programs: false };
        let copy = composed("carol@crepes.fr").copy;
        let packed = |keys: &Keys, posting: &Posting| sealed(keys, copy.clone(), posting, NOW);
        let (parcels, filed) = packed(&keys, &posting).expect("sealed");
        let to: Vec<&[String]> = parcels.iter().map(|parcel| parcel.recipients.as_slice()).collect();
        assert_eq!(to, [["bob@crepes.fr".to_owned()], ["carol@crepes.fr".to_owned()]]);
        for parcel in &parcels {
            let text = String::from_utf8_lossy(&parcel.content).into_owned();
            assert!(!text.contains("carol") && !text.contains("Ketchup"), "{text}");
        }
        assert!(keys.open(&filed.unwrap_or_default(), NOW).is_some_and(|opened| !opened.is_closed));
        // Who has it does not get it again.
        posting.envelope.recipients.remove(0);
        assert_eq!(packed(&keys, &posting).expect("sealed").0.len(), 1);
        // A key that is gone by now keeps the letter here.
        let trouble = packed(&person(&bob, &[]), &posting).expect_err("no key");
        assert_eq!(trouble.kind, Kind::Data);
        let verdict = judge(&letter(&["a@x"], 0), kept_here(&letter(&["a@x"], 0), trouble));
        assert!(matches!(verdict, Verdict::Left(_, OutgoingState::Refused, why) if why.contains("key import")));
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
