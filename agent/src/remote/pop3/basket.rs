//! Where fetched mail goes, and how it is known again.

use crate::mirror::{FolderId, Mirror};
use crate::trouble::Trouble;
use message::Time;
use std::collections::HashSet;

/// Where fetched mail goes. What it took is there for good, and remembered, once it was told to [`settle`](Basket::settle);
/// until then it may be gone.
pub trait Basket: Send {
    /// Whether the message of a UIDL is here already, and since when.
    ///
    /// # Errors
    /// When its memory cannot be read.
    fn since(&mut self, uid: &str) -> Result<Option<Time>, Trouble>;

    /// Takes a message in; one that is here already is not taken again: `false`.
    ///
    /// # Errors
    /// When it cannot be written.
    fn take(&mut self, uid: &str, content: &[u8], now: Time) -> Result<bool, Trouble>;

    /// All that was taken is on disk, and so is the memory of it.
    ///
    /// # Errors
    /// When it cannot be written.
    fn settle(&mut self) -> Result<(), Trouble>;

    /// The server has these and no others: what is remembered of others is of no use any more.
    ///
    /// # Errors
    /// When the memory cannot be written.
    fn forget_all_but(&mut self, there: &HashSet<String>) -> Result<(), Trouble>;
}

/// A folder of an account's mirror.
pub struct MirrorBasket {
    /// The mirror.
    pub mirror: Mirror,
    /// Which folder.
    pub folder: FolderId,
}

impl Basket for MirrorBasket {
    fn since(&mut self, uid: &str) -> Result<Option<Time>, Trouble> {
        Ok(self.mirror.popped(uid)?)
    }

    fn take(&mut self, uid: &str, content: &[u8], now: Time) -> Result<bool, Trouble> {
        Ok(self.mirror.take_popped(self.folder, uid, content, now)?.is_some())
    }

    fn settle(&mut self) -> Result<(), Trouble> {
        // Each was on disk when it was taken; what follows from it belongs to nobody's server.
        Ok(self.mirror.settle_here()?)
    }

    fn forget_all_but(&mut self, there: &HashSet<String>) -> Result<(), Trouble> {
        Ok(self.mirror.forget_popped_but(there)?)
    }
}
