//! What is left when the user leaves: letters that could be taken back until now go out, and servers hear what was done. What
//! does not go in time waits for the next time, and that is told.

use agent::mirror::{Mirror, OutgoingState};
use agent::worker::{News, Order};
use message::Time;
use std::time::Duration;
use tui::terminal::World;

/// How long a server is waited for that says nothing: nobody likes to wait for a program to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long in all, as where a server says ever so little: then a letter that is under way may have gone or not.
const PATIENCE_MAX: Duration = Duration::from_secs(120);
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(20);

/// An account, and what it waits for.
struct Waiting<'a> {
    name: &'a str,
    mirror: &'a Mirror,
    /// What kept it from going on.
    trouble: Option<String>,
}

impl Waiting<'_> {
    /// Letters that are on their way.
    fn letters(&self, now: Time) -> usize {
        let letters = self.mirror.outgoing().unwrap_or_default();
        let goes = |state, not_before| match state {
            OutgoingState::Sending => true,
            OutgoingState::Waiting => not_before <= now,
            OutgoingState::Unsure | OutgoingState::Refused => false,
        };
        letters.iter().filter(|letter| goes(letter.state, letter.not_before)).count()
    }

    fn is_done(&self, now: Time) -> bool {
        let is_told = || matches!(self.mirror.next_action(now), Ok(None) | Err(_));
        self.trouble.is_some() || self.letters(now) == 0 && is_told()
    }

    /// Lets letters go that wait for nothing but that they may be taken back.
    fn hurry(&self, now: Time, undo_send: Duration) {
        let by = now.after(undo_send);
        for letter in self.mirror.outgoing().unwrap_or_default() {
            if letter.state == OutgoingState::Waiting && letter.tries == 0 && letter.not_before <= by {
                // One that cannot be hurried goes at its time.
                let _ = self.mirror.send_at(letter.id, now);
            }
        }
    }
}

/// Waits for it; what is to be told. `tell` hears at once what is waited for.
pub fn leave(
    accounts: &[(String, Mirror)],
    world: &mut World,
    undo_send: Duration,
    mut tell: impl FnMut(&str),
) -> Vec<String> {
    let began = (world.now)();
    let mut waiting: Vec<Waiting<'_>> =
        accounts.iter().map(|(name, mirror)| Waiting { name, mirror, trouble: None }).collect();
    waiting.iter().for_each(|account| account.hurry(began, undo_send));
    waiting.retain(|account| !account.is_done(began));
    let letters: usize = waiting.iter().map(|account| account.letters(began)).sum();
    if letters > 0 {
        tell(&format!("Sending {} ...", crate::units::count(letters as u64, "letter")));
    }
    for account in &waiting {
        (world.order)(Order::Tell { account: account.name.to_owned() });
    }
    let mut heard = began;
    loop {
        let now = (world.now)();
        let is_late = now.since(heard) > PATIENCE || now.since(began) > PATIENCE_MAX;
        if is_late || waiting.iter().all(|account| account.is_done(now)) || (world.is_over)(LOOK) {
            break;
        }
        while let Ok(news) = world.news.try_recv() {
            heard = now;
            note(&mut waiting, news);
        }
    }
    let now = (world.now)();
    let left: Vec<String> = waiting.iter().filter_map(|account| left(account, now)).collect();
    if letters > 0 && left.is_empty() {
        tell("Sent.");
    }
    left
}

fn note(waiting: &mut [Waiting<'_>], news: News) {
    let News::Trouble { account, trouble } = news else { return };
    if let Some(waiting) = waiting.iter_mut().find(|waiting| waiting.name == account) {
        waiting.trouble = Some(trouble.text);
    }
}

/// What of an account stays behind, in words.
fn left(account: &Waiting<'_>, now: Time) -> Option<String> {
    let letters = account.mirror.outgoing().unwrap_or_default().len() as u64;
    let why =
        account.trouble.as_ref().map(|why| format!(" ({})", message::harmless::harmless(why))).unwrap_or_default();
    let name = account.name;
    if letters > 0 {
        let what = crate::units::count(letters, "letter");
        return Some(format!(
            "{name}: {what} in the outbox{why}; `pillarbox mail sync`, or this program, sends what waits"
        ));
    }
    (!account.is_done(now) || account.trouble.is_some())
        .then(|| format!("{name}: the server hears the next time what was done{why}"))
}

/// Off the network nothing is waited for; what stays behind is told.
pub fn leave_offline(accounts: &[(String, Mirror)]) -> Vec<String> {
    let letters: usize = accounts.iter().map(|(_, mirror)| mirror.outgoing().unwrap_or_default().len()).sum();
    let what = crate::units::count(letters as u64, "letter");
    let words = format!("{what} in the outbox; `pillarbox mail sync`, or this program, sends what waits");
    if letters > 0 { vec![words] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use agent::mirror::{Envelope, Posting};
    use agent::trouble::{Kind, Trouble};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tokio::sync::mpsc::{Sender, channel};

    fn post(mirror: &Mirror, not_before: Time) {
        let envelope = Envelope { recipients: vec!["bob@crepes.fr".to_owned()], ..Envelope::default() };
        mirror.post(b"Subject: x\r\n\r\n", &Posting { envelope, ..Posting::default() }, Time(0), not_before).unwrap();
    }

    /// A world whose clock goes on by each look; `act` is done at each order.
    fn world(act: impl Fn(&Sender<News>) + 'static) -> World {
        let clock = Arc::new(AtomicU64::new(1_000_000));
        let (tell, news) = channel(16);
        let later = clock.clone();
        World {
            order: Box::new(move |_| act(&tell)),
            news,
            now: Box::new(move || Time(clock.load(Ordering::Relaxed))),
            suspend: Box::new(|| {}),
            outside: Box::new(|_| Ok(tui::event::Came::Done)),
            ask: Box::new(|_| Vec::new()),
            is_modern: false,
            is_over: Box::new(move |patience| {
                later.fetch_add(u64::try_from(patience.as_millis()).unwrap(), Ordering::Relaxed);
                false
            }),
        }
    }

    #[test]
    fn a_letter_that_could_be_taken_back_goes_when_the_user_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
        post(&mirror, Time(1_009_000));
        post(&mirror, Time(99_000_000));
        let sending = mirror.clone();
        let mut world = world(move |_| {
            let letter = sending.next_outgoing(Time(1_000_000)).unwrap().unwrap();
            sending.sent(letter.id, false, None).unwrap();
        });
        let accounts = [("alice".to_owned(), mirror.clone())];
        let mut told = Vec::new();
        let left = leave(&accounts, &mut world, Duration::from_secs(10), |words| told.push(words.to_owned()));
        assert_eq!((told, mirror.outgoing().unwrap().len()), (vec!["Sending 1 letter ...".to_owned()], 1));
        // What is to go tomorrow is no news.
        assert!(left.len() == 1 && left[0].contains("1 letter in the outbox"), "{left:?}");
    }

    #[test]
    fn a_server_that_says_nothing_is_not_waited_for_long() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
        post(&mirror, Time(1_009_000));
        let accounts = [("alice".to_owned(), mirror)];
        let mut silent = world(|_| {});
        let left = leave(&accounts, &mut silent, Duration::from_secs(10), |_| {});
        let passed = (silent.now)().0 - 1_000_000;
        assert!(left.len() == 1 && (10_000..11_000).contains(&passed), "{left:?} after {passed}");
        let mut refusing = world(|tell| {
            let trouble = Trouble::new(Kind::NotAllowed, "wrong password\u{1b}[2J");
            tell.try_send(News::Trouble { account: "alice".to_owned(), trouble }).unwrap();
        });
        let left = leave(&accounts, &mut refusing, Duration::from_secs(10), |_| {});
        assert!((refusing.now)().0 - 1_000_000 < 1000 && left[0].contains("wrong password"), "{left:?}");
        assert!(!left[0].contains('\u{1b}'));
    }

    #[test]
    fn who_left_nothing_behind_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("alice.sqlite")).unwrap();
        let accounts = [("alice".to_owned(), mirror)];
        let mut world = world(|_| panic!("an order for nothing"));
        assert!(leave(&accounts, &mut world, Duration::from_secs(10), |_| panic!("words for nothing")).is_empty());
        assert_eq!((world.now)(), Time(1_000_000));
        assert!(leave_offline(&accounts).is_empty());
    }
}
