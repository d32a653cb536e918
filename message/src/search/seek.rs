//! Finding folded texts in text that comes in pieces. Owns the needles and the overlap where pieces meet. Does not
//! know where the text comes from.

use super::fold::{fold, fold_into};
use memchr::memmem;

/// A text to look for, in its folded form.
#[derive(Clone, Debug)]
pub struct Needle {
    folded: String,
    finder: memmem::Finder<'static>,
}

impl Needle {
    /// For a text as it was typed.
    #[must_use]
    pub fn new(text: &str) -> Needle {
        let folded = fold(text);
        let finder = memmem::Finder::new(folded.as_bytes()).into_owned();
        Needle { folded, finder }
    }

    /// The folded form.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// Whether a folded text holds it. Every text holds the empty one.
    #[must_use]
    pub fn is_in(&self, folded: &[u8]) -> bool {
        self.finder.find(folded).is_some()
    }

    /// Where a folded text holds it, from `at` on.
    #[must_use]
    pub fn find(&self, folded: &[u8], at: usize) -> Option<usize> {
        self.finder.find(folded.get(at..)?).map(|found| at + found)
    }
}

/// Looks for several texts at once, through text pushed in pieces. Memory: the longest needle and a piece.
#[derive(Debug)]
pub struct Seeker<'a> {
    needles: Vec<&'a Needle>,
    found: Vec<bool>,
    window: String,
    overlap: usize,
}

impl<'a> Seeker<'a> {
    /// For these.
    #[must_use]
    pub fn new(needles: Vec<&'a Needle>) -> Seeker<'a> {
        let overlap = needles.iter().map(|needle| needle.folded.len()).max().unwrap_or(0).saturating_sub(1);
        let found = needles.iter().map(|needle| needle.folded.is_empty()).collect();
        Seeker { needles, found, window: String::new(), overlap }
    }

    /// What follows does not belong to what came before.
    pub fn begin(&mut self) {
        self.window.clear();
    }

    /// The next piece, as people read it.
    pub fn push(&mut self, text: &str) {
        if self.is_done() {
            return;
        }
        fold_into(text, &mut self.window);
        for (needle, found) in self.needles.iter().zip(&mut self.found) {
            *found = *found || needle.is_in(self.window.as_bytes());
        }
        let kept = self.window.floor_char_boundary(self.window.len().saturating_sub(self.overlap));
        self.window.drain(..kept);
    }

    /// Whether nothing is left to look for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.found.iter().all(|found| *found)
    }

    /// Which were found, in the order they were given.
    #[must_use]
    pub fn found(&self) -> &[bool] {
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_empty_text_is_everywhere() {
        let needle = Needle::new("");
        assert!(needle.is_in(b"") && Seeker::new(vec![&needle]).is_done());
    }

    #[test]
    fn nothing_is_found_across_a_beginning() {
        let needle = Needle::new("ab");
        let mut seeker = Seeker::new(vec![&needle]);
        seeker.push("a");
        seeker.begin();
        seeker.push("b");
        assert_eq!(seeker.found(), [false]);
        seeker.push("AB");
        assert_eq!(seeker.found(), [true]);
    }

    proptest! {
        /// Pieces of any length find what the whole holds, no more and no less.
        #[test]
        fn pieces_find_what_the_whole_holds(text in "[abé]{0,60}", needles in prop::collection::vec("[abÉ]{1,4}", 1..4), step in 1_usize..9) {
            let needles: Vec<Needle> = needles.iter().map(|text| Needle::new(text)).collect();
            let mut seeker = Seeker::new(needles.iter().collect());
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.ceil_char_boundary(step));
                seeker.push(piece);
                rest = after;
            }
            let whole: Vec<bool> = needles.iter().map(|needle| fold(&text).contains(needle.folded())).collect();
            prop_assert_eq!(seeker.found(), whole);
        }
    }
}
