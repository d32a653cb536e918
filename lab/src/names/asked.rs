//! What the name server was asked and what it said, kept for those who want to see it.

use super::zone::{Data, Kind, Reply};
use message::Time;
use net::Clock;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Questions that are kept; a lab that asks more shows the latest.
const ASKED_MAX: usize = 1_000;

/// A question that was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Time,
    /// The name, in lower case and without the final dot.
    pub name: String,
    /// What of it: `MX`, `A`, `AAAA`, `TXT`, `CNAME`, `PTR`, or `?`.
    pub kind: &'static str,
    /// What was said, in words.
    pub said: String,
}

/// The latest questions. All clones are one.
#[derive(Clone)]
pub(super) struct Log {
    clock: Clock,
    asked: Arc<Mutex<VecDeque<Asked>>>,
}

impl Log {
    pub(super) fn new() -> Log {
        Log { clock: Clock::system(), asked: Arc::default() }
    }

    pub(super) fn note(&self, name: &str, kind: Kind, reply: &Reply) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut asked = self.asked.lock();
        if asked.len() == ASKED_MAX {
            asked.pop_front();
        }
        asked.push_back(Asked { at: self.clock.now(), name, kind: word(kind), said: said(reply) });
    }

    pub(super) fn all(&self) -> Vec<Asked> {
        self.asked.lock().iter().cloned().collect()
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Mx => "MX",
        Kind::V4 => "A",
        Kind::V6 => "AAAA",
        Kind::Text => "TXT",
        Kind::Alias => "CNAME",
        Kind::Pointer => "PTR",
        Kind::Other => "?",
    }
}

fn said(reply: &Reply) -> String {
    if let Some(fault) = reply.fault {
        return format!("a fault ({fault:?})");
    }
    let records: Vec<String> = reply.records.iter().map(|(_, data)| value(data)).collect();
    match records.is_empty() {
        true if reply.no_domain => "no such name".to_owned(),
        true => "nothing of this kind".to_owned(),
        false => records.join(", "),
    }
}

fn value(data: &Data) -> String {
    match data {
        Data::Mx(preference, host) => format!("{preference} {host}"),
        Data::Address(address) => address.to_string(),
        Data::Alias(name) | Data::Pointer(name) => name.clone(),
        Data::Text(text) => format!("\"{text}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_latest() {
        let log = Log::new();
        let records = vec![("crepes.fr".to_owned(), Data::Mx(10, "mail.crepes.fr".to_owned()))];
        let reply = Reply { records, ..Reply::default() };
        log.note("First.Example.", Kind::V4, &Reply { no_domain: true, ..Reply::default() });
        let first = log.all().remove(0);
        assert_eq!((first.name.as_str(), first.kind, first.said.as_str()), ("first.example", "A", "no such name"));
        (1..ASKED_MAX).for_each(|_| log.note("crepes.fr", Kind::Mx, &reply));
        assert_eq!((log.all().len(), log.all()[0].kind), (ASKED_MAX, "A"));
        log.note("crepes.fr", Kind::Mx, &reply);
        assert_eq!((log.all().len(), log.all()[0].said.as_str()), (ASKED_MAX, "10 mail.crepes.fr"));
    }
}
