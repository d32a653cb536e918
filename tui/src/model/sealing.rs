//! Commands about signing and encrypting the letter that is written (S/MIME).

use super::{Focus, Model};
use crate::command::Verb;
use crate::event::Question;
use agent::sealing::{Choice, Refusal};

impl Model {
    /// Turns signing or encrypting on or off; whether that can be done is asked at once.
    pub(super) fn turn_seal(&mut self, verb: Verb) {
        let now = self.now;
        let Some(composer) = &mut self.composer else { return };
        let known = composer.seal.0;
        let wish = &mut composer.ties.wish;
        if verb == Verb::Sign {
            wish.signs = Some(!wish.signs.unwrap_or(known.signs));
        } else {
            wish.encrypts = Some(!wish.encrypts.unwrap_or(known.encrypts || wish.answers_encrypted));
        }
        composer.touch(now);
        self.ask_seal();
    }

    /// Asks what is done to the letter as it goes.
    pub(super) fn ask_seal(&mut self) {
        let Some(composer) = &self.composer else { return };
        let question = Question::Seal(Box::new(composer.draft()), composer.ties.wish);
        self.ask(question);
    }

    /// What is done to the letter, and what keeps that from being done. What cannot be encrypted to its writer could not even
    /// be kept as a draft, so that is turned off again; on the rest, signing too, the review insists.
    pub(super) fn take_seal(&mut self, mut choice: Choice, problem: Option<Refusal>) {
        let in_review = self.focus == Focus::Review;
        let Some(composer) = &mut self.composer else { return };
        if problem.as_ref().is_some_and(Refusal::is_of_own_copy) && !in_review {
            (composer.ties.wish.encrypts, choice.encrypts) = (Some(false), false);
        }
        let told = problem.as_ref().map(ToString::to_string);
        let was_asked_for = composer.is_touched;
        composer.seal = (choice, problem);
        match (told, in_review) {
            (Some(_), true) => self.complain("It cannot go like this; the line `Seal` says why"),
            (Some(told), false) if was_asked_for => self.complain(crate::draw::safe(&told).into_owned()),
            (None, false) if was_asked_for && choice.seals() => self.tell(format!("It goes {}", choice.words())),
            (None, false) if was_asked_for => self.tell("It goes neither signed nor encrypted"),
            _ => {}
        }
    }
}
