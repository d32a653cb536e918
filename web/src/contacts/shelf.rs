//! The cards of accounts in memory, as long as they are true: reading ten thousand cards again for every letter that is
//! typed would take too long. Owns what is kept of each and how much in all.

use super::{CARD, card};
use crate::jmap::kept::Kept;
use crate::jmap::{Context, MethodError, State};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use store::types::AccountId;

/// Octets of cards of all accounts that are held: each takes some five times as much in memory.
const HELD_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// A card with what it is found by.
pub struct Held {
    /// The card.
    pub kept: Kept,
    /// All its texts, folded.
    pub text: String,
    /// Its name, folded.
    pub name: String,
    /// How often it was written to; 0 for a card that somebody made.
    pub written_to: u64,
}

/// All cards of an account in one state, by number.
pub struct Cards {
    /// The state.
    pub state: State,
    /// Them.
    pub all: Vec<Held>,
    octets: usize,
}

/// The cards of some accounts.
#[derive(Default)]
pub struct Shelf {
    held: Mutex<HashMap<AccountId, Arc<Cards>>>,
}

impl Shelf {
    /// The cards of an account as they are now.
    ///
    /// # Errors
    /// `accountNotFound`, and the store's.
    pub async fn cards(&self, context: &Context<'_>, account: AccountId) -> Result<Arc<Cards>, MethodError> {
        let state = CARD.state(context, account).await?;
        let held = self.held.lock().get(&account).cloned();
        if let Some(cards) = held.filter(|cards| cards.state == state) {
            return Ok(cards);
        }
        let (state, all) = CARD.all(context, account).await?;
        let octets = all.iter().map(|kept| kept.object.value.len()).sum();
        let all = all.into_iter().map(Held::of).collect();
        let cards = Arc::new(Cards { state, all, octets });
        self.hold(account, &cards);
        Ok(cards)
    }

    fn hold(&self, account: AccountId, cards: &Arc<Cards>) {
        let mut held = self.held.lock();
        held.remove(&account);
        let others: usize = held.values().map(|cards| cards.octets).sum();
        if others.saturating_add(cards.octets) > HELD_OCTETS_MAX {
            held.clear();
        }
        held.insert(account, cards.clone());
    }
}

impl Held {
    fn of(kept: Kept) -> Held {
        let text = card::all_text(&kept.value);
        let name = message::search::fold(&card::display_name(&kept.value));
        let mark = kept.value.get(card::WRITTEN_TO);
        let written_to = mark.and_then(|mark| mark.get("count")).and_then(serde_json::Value::as_u64).unwrap_or(0);
        Held { kept, text, name, written_to }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> String {
        CARD.id(self.kept.number)
    }
}

impl Cards {
    /// One, by its number.
    #[must_use]
    pub fn get(&self, number: i64) -> Option<&Held> {
        let at = self.all.binary_search_by_key(&number, |held| held.kept.number).ok()?;
        self.all.get(at)
    }

    /// One, by its `uid`.
    #[must_use]
    pub fn by_uid(&self, uid: &str) -> Option<&Held> {
        self.all.iter().find(|held| card::text(&held.kept.value, "uid") == uid)
    }
}
