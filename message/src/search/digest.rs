//! What an index keeps of a message: the folded texts of its envelope, and which three octets follow each other anywhere
//! in what a search could look through. Owns what a needle implies about a digest; does not own how digests are kept.

use super::key::AddressField;
use super::plan::Leaf;
use super::reading::{Heard, Reading};
use super::seek::Needle;
use super::{fold, fold_into};
use crate::Summary;

/// Octets of a gram. Three of ASCII are few enough to be found in most words that are searched for, and one character of
/// Chinese is three of UTF-8.
const GRAM: usize = 3;
/// Grams of a page, and pages for all there can be.
const PAGE_GRAMS: usize = 4096;
const PAGES: usize = (1 << (8 * GRAM)) / PAGE_GRAMS;
/// A bit for each gram of a page.
type Page = [u64; PAGE_GRAMS / 64];
/// Grams of one message that are kept; one with more is a candidate for every search. A message of ordinary words has one
/// or two thousand, the longest books thirty.
pub const GRAMS_MAX: usize = 100_000;

/// The texts of an envelope that are searched often, each kept by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// `From`.
    From,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// `Bcc`.
    Bcc,
    /// `Subject`.
    Subject,
}

impl Column {
    /// Every one, in the order of [`Digest::columns`].
    pub const ALL: [Column; 5] = [Column::From, Column::To, Column::Cc, Column::Bcc, Column::Subject];

    /// Its place in [`Digest::columns`].
    #[must_use]
    pub fn place(self) -> usize {
        match self {
            Column::From => 0,
            Column::To => 1,
            Column::Cc => 2,
            Column::Bcc => 3,
            Column::Subject => 4,
        }
    }

    fn of(self, summary: &Summary) -> String {
        fold(&match self {
            Column::From => summary.address_text(AddressField::From),
            Column::To => summary.address_text(AddressField::To),
            Column::Cc => summary.address_text(AddressField::Cc),
            Column::Bcc => summary.address_text(AddressField::Bcc),
            Column::Subject => summary.subject_text(),
        })
    }
}

/// What is kept of one message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Folded texts by [`Column::place`].
    pub columns: [String; 5],
    /// Grams in rising order; `None`: too many to tell.
    pub grams: Option<Vec<u32>>,
}

/// What a question implies about a digest.
#[derive(Debug)]
pub enum Implied<'a> {
    /// It is true exactly where the text of this column holds the needle.
    Column(Column, &'a Needle),
    /// It is false wherever one of these grams is missing, and open elsewhere.
    Grams(Vec<u32>),
}

impl Leaf {
    /// What an index can say to this question; `None`: nothing.
    #[must_use]
    pub fn implies(&self) -> Option<Implied<'_>> {
        let column = match self {
            Leaf::Address(AddressField::From, _) => Column::From,
            Leaf::Address(AddressField::To, _) => Column::To,
            Leaf::Address(AddressField::Cc, _) => Column::Cc,
            Leaf::Address(AddressField::Bcc, _) => Column::Bcc,
            // Whether there is a subject at all is not kept.
            Leaf::Subject(needle) if needle.folded().is_empty() => return None,
            Leaf::Subject(_) => Column::Subject,
            // A field is heard with its name before it.
            Leaf::Header(name, needle) => {
                return implied([grams_of(&fold(&format!("{name}: "))), grams_of(needle.folded())].concat());
            }
            Leaf::Body(needle) | Leaf::Text(needle) => return implied(grams_of(needle.folded())),
            _ => return None,
        };
        match self {
            Leaf::Address(_, needle) | Leaf::Subject(needle) => Some(Implied::Column(column, needle)),
            _ => None,
        }
    }
}

fn implied<'a>(mut grams: Vec<u32>) -> Option<Implied<'a>> {
    grams.sort_unstable();
    grams.dedup();
    (!grams.is_empty()).then_some(Implied::Grams(grams))
}

/// The different grams of a folded text.
fn grams_of(folded: &str) -> Vec<u32> {
    let mut grams: Vec<u32> = folded.as_bytes().windows(GRAM).map(gram).collect();
    grams.sort_unstable();
    grams.dedup();
    grams
}

fn gram(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |gram, octet| gram << 8 | u32::from(*octet))
}

/// Makes digests, one message after the other. Holds a bit for every gram there can be, in pages that are made when they
/// are needed: some KiB for one alphabet, 2 MiB for all octets.
#[derive(Debug)]
pub struct Digester {
    seen: Vec<Option<Box<Page>>>,
    grams: Vec<u32>,
    /// Folded text of which the last octets may go on in the next piece.
    window: String,
}

impl Default for Digester {
    fn default() -> Digester {
        Digester { seen: vec![None; PAGES], grams: Vec::new(), window: String::new() }
    }
}

impl Digester {
    /// Begins a message.
    pub fn begin<'a>(&'a mut self, summary: &'a Summary) -> Digesting<'a> {
        // One that was given up leaves nothing behind for the next.
        self.end();
        Digesting {
            columns: Column::ALL.map(|column| column.of(summary)),
            reading: Reading::new(summary, true),
            digester: self,
        }
    }

    fn hear(&mut self, heard: Heard<'_>) {
        match heard {
            Heard::Field { name, text, .. } => {
                self.window.clear();
                [name, ": ", text].iter().for_each(|piece| self.take(piece));
            }
            Heard::Body => self.window.clear(),
            Heard::Text(text) => self.take(text),
        }
    }

    fn take(&mut self, text: &str) {
        if self.grams.len() > GRAMS_MAX {
            return;
        }
        fold_into(text, &mut self.window);
        for octets in self.window.as_bytes().windows(GRAM) {
            let gram = gram(octets);
            let Some(page) = self.seen.get_mut(gram as usize / PAGE_GRAMS) else { continue };
            let page = page.get_or_insert_with(|| Box::new([0; PAGE_GRAMS / 64]));
            let bit = 1_u64 << (gram % 64);
            if let Some(word) = page.get_mut(gram as usize % PAGE_GRAMS / 64)
                && *word & bit == 0
            {
                *word |= bit;
                self.grams.push(gram);
            }
        }
        let kept = self.window.floor_char_boundary(self.window.len().saturating_sub(GRAM - 1));
        self.window.drain(..kept);
    }

    fn end(&mut self) -> Option<Vec<u32>> {
        for gram in &self.grams {
            let page = self.seen.get_mut(*gram as usize / PAGE_GRAMS).and_then(Option::as_mut);
            page.and_then(|page| page.get_mut(*gram as usize % PAGE_GRAMS / 64)).into_iter().for_each(|word| *word = 0);
        }
        self.window.clear();
        let mut grams = std::mem::take(&mut self.grams);
        grams.sort_unstable();
        (grams.len() <= GRAMS_MAX).then_some(grams)
    }
}

/// One message on its way through.
#[derive(Debug)]
pub struct Digesting<'a> {
    columns: [String; 5],
    reading: Reading<'a>,
    digester: &'a mut Digester,
}

impl Digesting<'_> {
    /// Fields that stand before the content.
    pub fn push_prefix(&mut self, prefix: &[u8]) {
        let digester = &mut *self.digester;
        self.reading.push_prefix(prefix, &mut |heard| digester.hear(heard));
    }

    /// The next octets of the content; whether more of it would count.
    pub fn push(&mut self, content: &[u8]) -> bool {
        let digester = &mut *self.digester;
        self.reading.push(content, &mut |heard| digester.hear(heard));
        self.digester.grams.len() <= GRAMS_MAX
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> Digest {
        let Digesting { columns, reading, digester } = self;
        reading.finish(&mut |heard| digester.hear(heard));
        Digest { columns, grams: digester.end() }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::parse;

    fn digest(digester: &mut Digester, content: &[u8]) -> Digest {
        let summary = Summary::of(&parse(content));
        let mut digesting = digester.begin(&summary);
        for piece in content.chunks(5) {
            digesting.push(piece);
        }
        digesting.finish()
    }

    fn has(digest: &Digest, text: &str) -> bool {
        let grams = grams_of(Needle::new(text).folded());
        grams.iter().all(|gram| digest.grams.as_ref().unwrap().contains(gram))
    }

    #[test]
    fn every_gram_of_what_can_be_found_is_kept() {
        let mut digester = Digester::default();
        let content = "Subject: =?utf-8?Q?cr=C3=AApes?=\r\nFrom: Al <al@x>\r\n\r\nHello wörld 日本\r\n".as_bytes();
        let first = digest(&mut digester, content);
        for text in ["subject: crêpes", "hello wörld", "日本", "<al@x>", "cre"] {
            assert!(has(&first, text), "{text}");
        }
        for text in ["crapes", "world", "日木", "lo  w", "x>hel"] {
            assert!(!has(&first, text), "{text}");
        }
        assert_eq!(first.columns.each_ref().map(String::as_str), ["AL <AL@X>", "", "", "", "CRE\u{302}PES"]);
        assert!(first.grams.as_ref().unwrap().is_sorted());
        // What one that is given up leaves does not reach the next.
        digester.begin(&Summary::of(&parse(b"\r\nleft"))).push(b"\r\nleft");
        assert_eq!(digest(&mut digester, b"\r\nab").grams, Some(vec![]));
        assert_eq!(digest(&mut digester, content), first);
    }

    #[test]
    fn a_message_of_too_many_grams_is_left_open() {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()*+,-./:;<>?@[]^_`{|}~";
        let letter = |n: usize| LETTERS[n % 64];
        let body = |triples: usize| {
            [b"\r\n".to_vec(), (0..triples).flat_map(|n| [letter(n / 4096), letter(n / 64), letter(n)]).collect()]
                .concat()
        };
        let mut digester = Digester::default();
        assert!(digest(&mut digester, &body(GRAMS_MAX / 4)).grams.is_some());
        assert_eq!(digest(&mut digester, &body(64 * 64 * 64)).grams, None);
        assert_eq!(digest(&mut digester, b"\r\nabc").grams, Some(vec![0x41_42_43]));
    }

    #[test]
    fn questions_imply_what_they_can() {
        let needle = || Needle::new("abc");
        assert!(matches!(Leaf::Subject(needle()).implies(), Some(Implied::Column(Column::Subject, _))));
        assert!(Leaf::Subject(Needle::new("")).implies().is_none());
        assert!(matches!(Leaf::Address(AddressField::Cc, needle()).implies(), Some(Implied::Column(Column::Cc, _))));
        for leaf in [Leaf::Body(needle()), Leaf::Text(needle())] {
            assert!(matches!(leaf.implies(), Some(Implied::Grams(grams)) if grams == [0x41_42_43]), "{leaf:?}");
        }
        let field = Leaf::Header("to".to_owned(), Needle::new(""));
        assert!(matches!(field.implies(), Some(Implied::Grams(grams)) if grams == [0x4F_3A_20, 0x54_4F_3A]));
        assert!(Leaf::Text(Needle::new("ab")).implies().is_none() && Leaf::Always(true).implies().is_none());
    }
}
