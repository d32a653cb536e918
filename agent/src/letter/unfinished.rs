//! What somebody typed into To, Cc and Bcc, however unfinished: a draft has what is well-formed of it in these fields, and all of
//! it, as it was typed, in fields of its own. Owns these fields; they never go out.

use super::{Letter, Recipients, typed};
use message::Address;

/// The fields of a draft with what was typed.
const FIELDS: [&str; 3] = ["X-Pillarbox-To", "X-Pillarbox-Cc", "X-Pillarbox-Bcc"];

impl Letter {
    /// Puts into To, Cc and Bcc what is well-formed of what was typed, and keeps beside it what does not come back from that.
    pub fn keep_typed(&mut self, typed: [&str; 3]) {
        self.extra.retain(|(name, _)| !is_field(name));
        let lists = [&mut self.to, &mut self.cc, &mut self.bcc];
        for ((list, text), name) in lists.into_iter().zip(typed).zip(FIELDS) {
            *list = typed::sound_part(text);
            if list.to_string() != text {
                self.extra.push((name.to_owned(), text.to_owned()));
            }
        }
    }

    /// To, Cc and Bcc as they were typed, where they were not changed elsewhere since. From here on the letter can go out.
    pub fn take_typed(&mut self) -> [String; 3] {
        let mut kept = [const { None }; 3];
        for (name, text) in &self.extra {
            let place = FIELDS.iter().position(|field| name.eq_ignore_ascii_case(field));
            place.and_then(|place| kept.get_mut(place)).into_iter().for_each(|kept| *kept = Some(text.clone()));
        }
        self.extra.retain(|(name, _)| !is_field(name));
        let [to, cc, bcc] = kept;
        let still = |list: &Recipients, typed: Option<String>| {
            let typed = typed.filter(|text| addresses(&typed::sound_part(text)) == addresses(list));
            typed.unwrap_or_else(|| list.to_string())
        };
        [still(&self.to, to), still(&self.cc, cc), still(&self.bcc, bcc)]
    }
}

fn is_field(name: &str) -> bool {
    FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

/// The whole addresses of a list, however they are written.
fn addresses(list: &Recipients) -> Vec<Address> {
    list.people().filter_map(|person| Address::parse(person.email.trim()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::date::Date;

    const NOW: Date = Date { unix_seconds: 1_795_238_264, offset_minutes: Some(60) };

    fn kept(to: &str) -> Letter {
        let mut letter = Letter::default();
        letter.keep_typed([to, "carol@hamburger.edu", ""]);
        Letter::read(&letter.compose(NOW, &[7; 32]).copy)
    }

    #[test]
    fn what_was_typed_comes_back_as_it_was() {
        let long = format!("{} just bob", "somebody.or.other@crepes.fr,  ".repeat(20));
        for (typed, sound) in [
            ("bob@hamburger.edu, carol@, just bob, \"Doe, John\" john@x.test", "bob@hamburger.edu"),
            ("Bob <bob@hamburger.edu, carol@crepes.fr; dave@x.test", "carol@crepes.fr, dave@x.test"),
            ("friends: bob@hamburger.edu, carol@", ""),
            ("\"a, bob@hamburger.edu", ""),
            ("x@b\u{fc}cher.example,carol", "x@b\u{fc}cher.example, carol"),
            ("Cr\u{ea}pes  <c@crepes.fr> ,", "Cr\u{ea}pes <c@crepes.fr>"),
            ("=?utf-8?q?x?= bob", ""),
            ("bob@hamburger.edu,  ,carol", "bob@hamburger.edu, carol"),
            ("undisclosed-recipients:;", ""),
            (&long, &format!("{}somebody.or.other@crepes.fr", "somebody.or.other@crepes.fr, ".repeat(19))),
        ] {
            let mut letter = kept(typed);
            assert_eq!(letter.to.to_string(), sound, "{typed}");
            assert_eq!(letter.take_typed(), [typed, "carol@hamburger.edu", ""], "{typed}");
            assert_eq!(letter.extra, []);
        }
        assert_eq!(kept("Bob <bob@hamburger.edu>, carol").extra, []);
    }

    #[test]
    fn what_was_changed_elsewhere_holds() {
        let mut letter = kept("bob@hamburger.edu, carol@");
        letter.to = Recipients::lenient("dave@x.test");
        assert_eq!(letter.take_typed(), ["dave@x.test", "carol@hamburger.edu", ""]);
        assert_eq!(letter.extra, []);
    }
}
