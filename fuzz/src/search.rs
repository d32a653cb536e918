//! Looking for words in any octets: cuts change nothing, and what an index keeps never rules out what is there.

use message::search::{Depth, Digest, Digester, Implied, Key, Meaning, Plan, Record, SystemFlag};
use message::thread::base_subject;
use message::{Summary, Time};

/// Octets of a needle: as long as what people type.
const NEEDLE_MAX: usize = 24;

/// Nothing but texts is asked for.
struct Texts;

impl Meaning for Texts {
    fn now(&self) -> Time {
        Time(0)
    }
    fn last_uid(&self) -> u32 {
        1
    }
    fn flag(&self, _flag: SystemFlag) -> u64 {
        0
    }
    fn keyword(&self, _name: &str) -> Option<u64> {
        None
    }
    fn email(&self, _id: &str) -> Option<u64> {
        None
    }
    fn thread(&self, _id: &str) -> Option<u64> {
        None
    }
}

/// The first octet says how long the needle is that follows and where in the message it is repeated; then the message.
///
/// # Panics
/// When a law is broken.
pub fn search(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let (needle, content) = rest.split_at(rest.len().min(usize::from(*first) % NEEDLE_MAX));
    let summary = Summary::of(&message::parse(content));
    let digest = digest(&summary, content);
    // What was typed, and what surely is there.
    let words = [String::from_utf8_lossy(needle).into_owned(), summary.subject_text(), piece_of(content, *first)];
    for word in words {
        for key in [
            Key::Text(word.clone()),
            Key::Body(word.clone()),
            Key::Subject(word.clone()),
            Key::Header { name: "Subject".to_owned(), text: word.clone() },
        ] {
            let plan = Plan::new(&key, &Texts);
            let found = is_found(&plan, &summary, content, content.len().max(1));
            for octets in [1, 7] {
                assert_eq!(is_found(&plan, &summary, content, octets), found, "{key:?} cut into {octets}");
            }
            allows(&plan, &digest, found, &key);
        }
    }
}

/// A few octets from the middle.
fn piece_of(content: &[u8], seed: u8) -> String {
    let at = content.len() * usize::from(seed) / 256;
    String::from_utf8_lossy(content.get(at..).unwrap_or(&[]).get(..6).unwrap_or(&[])).into_owned()
}

fn digest(summary: &Summary, content: &[u8]) -> Digest {
    let mut digester = Digester::default();
    let mut digesting = digester.begin(summary);
    for piece in content.chunks(5) {
        digesting.push(piece);
    }
    digesting.finish()
}

fn is_found(plan: &Plan, summary: &Summary, content: &[u8], octets: usize) -> bool {
    let mut known = plan.unknown();
    while let Some(depth) = plan.next(&known) {
        if depth <= Depth::Summary {
            plan.look_at_summary(&Record { thread: 0, saved: Time(0) }, summary, &mut known);
            continue;
        }
        let mut listener = plan.listen(summary, depth, &known);
        content.chunks(octets).for_each(|piece| listener.push(piece));
        listener.finish(&mut known);
    }
    plan.decide(&known) == Some(true)
}

/// What the index would say is no lie.
fn allows(plan: &Plan, digest: &Digest, found: bool, key: &Key) {
    for leaf in plan.leaves() {
        match leaf.implies() {
            Some(Implied::Column(column, needle)) => {
                let text = digest.columns.get(column.place()).map_or("", String::as_str);
                assert_eq!(needle.is_in(text.as_bytes()), found, "{key:?}");
            }
            Some(Implied::Grams(grams)) if found => {
                let missing = |kept: &Vec<u32>| grams.iter().find(|gram| kept.binary_search(gram).is_err()).copied();
                assert_eq!(digest.grams.as_ref().and_then(missing), None, "{key:?} is there");
            }
            _ => {}
        }
    }
}

/// A base subject has no marks left, and spaces only within.
///
/// # Panics
/// When a law is broken.
pub fn subject(data: &[u8]) {
    let base = base_subject(&String::from_utf8_lossy(data));
    let again = base_subject(&base.text);
    assert_eq!((again.text.as_str(), again.is_reply), (base.text.as_str(), false));
    assert_eq!(base.text.trim_matches(' '), base.text);
}
