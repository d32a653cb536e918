//! Model and hands together: an event in, everything that follows from it on this machine done. What is for the worker and
//! the terminal is handed on.

use crate::event::{Effect, Event, Screen};
use crate::hands::Hands;
use crate::model::Model;
use agent::worker::Order;
use std::collections::VecDeque;

/// Effects one event may lead to: far more than any does; a loop among them ends here.
const EFFECTS_MAX: usize = 10_000;

/// The program without terminal and network.
pub struct Program {
    /// What is known and shown.
    pub model: Model,
    hands: Hands,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outside {
    /// By the worker.
    Order(Order),
    /// By the terminal.
    Screen(Screen),
}

impl Program {
    /// Puts both together.
    #[must_use]
    pub fn new(model: Model, hands: Hands) -> Program {
        Program { model, hands }
    }

    /// Numbers that are others once a mirror was changed, by whatever program.
    #[must_use]
    pub fn versions(&self) -> Vec<i64> {
        (0..self.model.accounts.len()).map(|account| self.hands.version(account)).collect()
    }

    /// Pictures that are ready by now.
    #[must_use]
    pub fn developed(&self) -> Vec<Event> {
        self.hands.developed().into_iter().map(Event::Developed).collect()
    }

    /// All pictures that were wanted; waits for them.
    pub fn wait_for_pictures(&mut self) {
        for developed in self.hands.all_developed() {
            self.feed(Event::Developed(developed));
        }
    }

    /// Something happened.
    pub fn feed(&mut self, event: Event) -> Vec<Outside> {
        let mut outside = Vec::new();
        let mut effects: VecDeque<Effect> = self.model.update(event).into();
        for _ in 0..EFFECTS_MAX {
            let Some(effect) = effects.pop_front() else { break };
            match self.hands.perform(effect, self.model.now) {
                Ok(Some(event)) => effects.extend(self.model.update(event)),
                Ok(None) => {}
                Err(other) => match *other {
                    Effect::Order(order) => outside.push(Outside::Order(order)),
                    Effect::Screen(screen) => outside.push(Outside::Screen(screen)),
                    Effect::Ask(..) | Effect::Do(..) => {}
                },
            }
        }
        outside
    }
}
