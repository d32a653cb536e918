//! The names of an account's keyword slots (RFC 9051 §2.3.2): which bit of a row means which keyword. Which slot a new
//! keyword gets is the store's to say.

use super::bits::FIRST_KEYWORD;

/// Keyword names by slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keywords {
    slots: Vec<(u32, Box<str>)>,
}

impl Keywords {
    /// Slots and their names.
    #[must_use]
    pub fn new(names: impl IntoIterator<Item = (u32, String)>) -> Keywords {
        let in_range = |(slot, _): &(u32, String)| *slot < u64::BITS - FIRST_KEYWORD;
        let slots = names.into_iter().filter(in_range).map(|(slot, name)| (slot, name.into_boxed_str())).collect();
        Keywords { slots }
    }

    /// The keywords among some flags, by slot.
    pub fn names(&self, flags: u64) -> impl Iterator<Item = &str> {
        self.slots.iter().filter(move |(slot, _)| flags & bit(*slot) != 0).map(|(_, name)| &**name)
    }

    /// Every keyword the account knows.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|(_, name)| &**name)
    }

    /// The bits that mean another keyword in a later table: their slots were given away.
    #[must_use]
    pub fn given_away(&self, later: &Keywords) -> u64 {
        let another = |slot: u32, name: &str| later.slots.iter().any(|(at, now)| *at == slot && **now != *name);
        let given = self.slots.iter().filter(|(slot, name)| another(*slot, name));
        given.fold(0, |all, (slot, _)| all | bit(*slot))
    }

    /// The bit of a keyword; `None` while nobody has used it. Upper and lower case are the same.
    #[must_use]
    pub fn bit(&self, name: &str) -> Option<u64> {
        self.slots.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(slot, _)| bit(*slot))
    }
}

fn bit(slot: u32) -> u64 {
    1_u64.checked_shl(slot.saturating_add(FIRST_KEYWORD)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_and_its_name_find_each_other() {
        let keywords = Keywords::new([(0, "$junk".to_owned()), (54, "last".to_owned()), (56, "beyond".to_owned())]);
        assert_eq!(keywords.bit("$Junk"), Some(1 << 8));
        assert_eq!(keywords.bit("last"), Some(1 << 62));
        assert_eq!((keywords.bit("beyond"), keywords.bit("$jun")), (None, None));
        assert_eq!(keywords.names(1 << 62 | 0xFF).collect::<Vec<_>>(), ["last"]);
        assert_eq!(keywords.all().collect::<Vec<_>>(), ["$junk", "last"]);
    }

    #[test]
    fn slots_with_another_name_were_given_away() {
        let table = |names: &[(u32, &str)]| Keywords::new(names.iter().map(|(slot, name)| (*slot, (*name).to_owned())));
        let before = table(&[(0, "kept"), (1, "gone"), (2, "replaced")]);
        let after = table(&[(0, "kept"), (2, "newer"), (3, "new")]);
        assert_eq!(before.given_away(&after), bit(2));
        assert_eq!(before.given_away(&before), 0);
    }
}
