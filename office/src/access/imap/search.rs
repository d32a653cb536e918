//! SEARCH, SORT and THREAD: which mailbox is searched; `crate::search` does the rest, a page a question.

use super::{ImapDesk, refusal};
use crate::search::Search;
use message::Time;
use message::search::Program;
use wire::imap::{Answer, MailboxName, Refusal};

/// A search under way.
pub(super) type Running = Search;

impl ImapDesk {
    /// Begins a search, and ends the one before.
    pub(super) async fn search(
        &mut self,
        now: Time,
        program: Program,
        mailbox: Option<MailboxName>,
    ) -> Result<Answer, Refusal> {
        self.search = None;
        let (place, listing) = match mailbox {
            None => {
                self.may_read().await?;
                let selected = self.open()?;
                ((selected.view.account(), selected.view.mailbox()), selected.listing.clone())
            }
            Some(name) => {
                // RFC 7377 §2.2: as if it were selected.
                let found = self.find_next(&name).await?.opened("r")?;
                let place = (found.account, found.mailbox.id);
                let view = self.office.views().open(self.office.store(), place.0, place.1, now).await;
                let listing = view.current().await.map_err(|error| refusal(&error))?;
                (place, listing.ok_or(Refusal::NonExistent)?)
            }
        };
        self.search = Some(Box::new(Search::new(self.office.store().clone(), place, listing, program, now)));
        self.search_more(now).await
    }

    /// The next page.
    pub(super) async fn search_more(&mut self, _now: Time) -> Result<Answer, Refusal> {
        let search = self.search.as_mut().ok_or(Refusal::Permanent)?;
        let found = search.page().await;
        if !found.as_ref().is_ok_and(|found| found.more) {
            self.search = None;
        }
        found.map(Answer::Found).map_err(|error| refusal(&error))
    }
}
