//! How letters are sealed (S/MIME), as far as it is said on the command line, and what is told of those that are read.

use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units;
use agent::account::SealHabits;
use agent::key_folder::KeyFolder;
use agent::letter::Composed;
use agent::mirror::MessageId;
use agent::sealing::{Choice, Wish};
use agent::verdict::{Mark, Verdict};
use clap::Args;
use message::Time;
use office::admin::FailureKind;

/// The name of what is told first; a field of this name in a letter is told as another.
pub const NAME: &str = "Seal";

/// What is done to the letter.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct SealArguments {
    /// Sign it with your key (S/MIME)
    #[arg(long, conflicts_with = "no_sign")]
    pub sign: bool,
    /// Do not sign it, whatever the account's settings say
    #[arg(long)]
    pub no_sign: bool,
    /// Encrypt it to everybody who gets it, and to you
    #[arg(long, conflicts_with = "no_encrypt")]
    pub encrypt: bool,
    /// Do not encrypt it, even where it answers what was encrypted
    #[arg(long)]
    pub no_encrypt: bool,
    /// Encrypt it as programs of before 2019 can read it
    #[arg(long, requires = "encrypt")]
    pub for_old_programs: bool,
}

/// What is known of how a letter is to be sealed.
#[derive(Clone, Debug)]
pub struct Sealing {
    /// Where keys are.
    pub keys: KeyFolder,
    /// What was said of it.
    pub wish: Wish,
    /// What is done where nothing is said.
    pub habits: SealHabits,
}

impl SealArguments {
    /// The same as a wish.
    pub fn wish(self, answers_encrypted: bool) -> Wish {
        let said = |yes: bool, no: bool| if yes { Some(true) } else { no.then_some(false) };
        Wish {
            signs: said(self.sign, self.no_sign),
            encrypts: said(self.encrypt, self.no_encrypt),
            for_old_programs: self.for_old_programs,
            answers_encrypted,
        }
    }
}

impl Sealing {
    /// What is done to the letter. Keys are looked at only where something may be done.
    pub fn choice(&self, letter: &Composed, now: Time) -> Choice {
        let wish = self.wish;
        let is_open = wish.encrypts.is_none() && (self.habits.encrypts_when_possible || wish.answers_encrypted);
        let keys = if is_open { self.keys.load().keys } else { agent::sealing::Keys::default() };
        keys.choose(letter, wish, self.habits, now)
    }

    /// The same, refused where it cannot be done.
    pub fn sound_choice(&self, letter: &Composed, now: Time) -> Result<Choice, Trouble> {
        let choice = self.choice(letter, now);
        if choice.seals() {
            let loaded = self.keys.load();
            loaded.keys.check(letter, choice, now).map_err(|refusal| refused(&refusal, &loaded.problems))?;
        }
        Ok(choice)
    }

    /// The letter as it would go, one message for each group of recipients.
    pub fn sealed(&self, letter: &Composed, now: Time) -> Result<(Choice, Vec<Vec<u8>>), Trouble> {
        let choice = self.sound_choice(letter, now)?;
        if !choice.seals() {
            return Ok((choice, vec![letter.message.clone()]));
        }
        let loaded = self.keys.load();
        let sealed = loaded.keys.seal(letter, choice, now).map_err(|refusal| refused(&refusal, &loaded.problems))?;
        Ok((choice, sealed.postings.into_iter().map(|posting| posting.message).collect()))
    }
}

/// What keeps a letter from being sealed, and the files that could not be read.
fn refused(refusal: &agent::sealing::Refusal, problems: &[String]) -> Trouble {
    let lines: Vec<String> = [refusal.to_string()].into_iter().chain(problems.iter().cloned()).collect();
    Trouble::new(FailureKind::Data, lines.join("\n"))
}

/// Trouble with one message.
pub fn of_message(id: MessageId, trouble: agent::trouble::Trouble) -> Trouble {
    agent::trouble::Trouble { text: format!("message {}: {}", id.0, trouble.text), ..trouble }.into()
}

/// What is told of seals above a letter.
pub fn told(verdict: &Verdict, colour: bool) -> String {
    let (on, off) = match (colour, verdict.mark) {
        (false, _) => ("", ""),
        (true, Mark::Good) => ("\x1b[1;32m", "\x1b[0m"),
        (true, Mark::Doubtful) => ("\x1b[1;33m", "\x1b[0m"),
        (true, Mark::Bad) => ("\x1b[1;31m", "\x1b[0m"),
    };
    let mut text = format!("{on}{NAME}: {}{off}\n", units::harmless(&verdict.headline));
    for (sign, sentences) in [('+', &verdict.proved), ('-', &verdict.not_proved)] {
        sentences.iter().for_each(|sentence| text.push_str(&format!("  {sign} {}\n", units::harmless(sentence))));
    }
    text
}

/// A note where the text of a letter is left out of an answer.
pub fn note_unquoted(screen: &mut Screen) {
    screen.note(
        "their text is left out: the letter was encrypted, but nothing proves that who sent it could read it, and an answer \
         would tell him what is in it",
    );
}
