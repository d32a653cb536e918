//! Rights to a mailbox as letters (RFC 4314 §2.1), both ways, the obsolete ones of RFC 2086 with them. Owns the letters;
//! who has which right is the desk's to say.

/// In the order in which clients are told them.
const LETTERS: &str = "lrswipkxtea";

/// RFC 4314 §2.1.1: what the letters of RFC 2086 stand for. It leaves to the server with which of them `x` goes.
const OBSOLETE: [(char, &str); 2] = [('c', "kx"), ('d', "te")];

/// Rights of RFC 4314 §2.1, a bit for each letter: bit 0 is `a`. The obsolete letters are none: they stand for others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(pub u32);

impl Rights {
    /// Every right there is.
    #[must_use]
    pub fn all() -> Rights {
        Rights::of(LETTERS)
    }

    /// Of letters; those that are no right are left out.
    #[must_use]
    pub fn of(letters: &str) -> Rights {
        let rights = letters.chars().filter(|letter| LETTERS.contains(*letter));
        Rights(rights.filter_map(bit).fold(0, |rights, bit| rights | bit))
    }

    /// Of a client's letters. `None`: one of them is no right.
    #[must_use]
    pub fn read(letters: &str) -> Option<Rights> {
        let mut rights = Rights::default();
        for letter in letters.chars() {
            rights.0 |= match OBSOLETE.iter().find(|(old, _)| *old == letter) {
                Some((_, members)) => Rights::of(members).0,
                None if LETTERS.contains(letter) => bit(letter)?,
                None => return None,
            };
        }
        Some(rights)
    }

    /// Whether this letter is among them.
    #[must_use]
    pub fn has(self, letter: char) -> bool {
        bit(letter).is_some_and(|bit| bit & self.0 != 0)
    }

    /// Its letters, in order of the alphabet.
    #[must_use]
    pub fn letters(self) -> String {
        ('a'..='z').filter(|letter| self.has(*letter)).collect()
    }

    /// As a client is told them: `""` where there are none.
    #[must_use]
    pub fn told(self) -> String {
        let letters: String = LETTERS.chars().filter(|letter| self.has(*letter)).chain(self.obsolete()).collect();
        if letters.is_empty() { "\"\"".to_owned() } else { letters }
    }

    /// The obsolete letters that any of them is told with (RFC 4314 §2.1.1).
    pub fn obsolete(self) -> impl Iterator<Item = char> {
        let stands_for_some = move |members: &str| members.chars().any(|member| self.has(member));
        OBSOLETE.into_iter().filter(move |(_, members)| stands_for_some(members)).map(|(letter, _)| letter)
    }
}

fn bit(letter: char) -> Option<u32> {
    letter.is_ascii_lowercase().then(|| 1 << (u32::from(letter) - u32::from('a')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_letters_are_understood_and_told() {
        assert_eq!(Rights::read("lrc").map(Rights::letters).as_deref(), Some("klrx"));
        assert_eq!(Rights::read("d").map(Rights::letters).as_deref(), Some("et"));
        assert_eq!((Rights::read("z"), Rights::read("9"), Rights::read("lR")), (None, None, None));
        assert_eq!(Rights::of("rlk").told(), "lrkc");
        assert_eq!(Rights::of("x").told(), "xc");
        assert_eq!(Rights::of("et").told(), "ted");
        assert_eq!(Rights::default().told(), "\"\"");
        assert_eq!(Rights::all().told(), "lrswipkxteacd");
    }

    #[test]
    fn rights_are_letters() {
        assert_eq!(Rights::of("lrs9 Xcdz").letters(), "lrs");
        assert!(Rights::of("a").has('a') && !Rights::of("a").has('b') && !Rights(u32::MAX).has('1'));
    }
}
