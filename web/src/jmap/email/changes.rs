//! `Email/changes` (RFC 8621 §4.3), and what became of e-mails, for all that hangs on them. For JMAP an e-mail with
//! `\Deleted` in all its places is not there: what only changed for the store came or went here.

use crate::jmap::context::{Answer, Arguments, Context};
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Changed, Changes};
use crate::jmap::ids;
use crate::jmap::state::State;
use office::jmap::{Became, Catalogue, SharedAccount};
use std::collections::HashSet;
use std::sync::Arc;
use store::query::{EmailsSince, States};
use store::types::{AccountId, EmailId, Mark};

/// Ids in one answer where the client names no limit; it asks on.
pub const CHANGES_MAX: usize = 10_000;

/// What became of e-mails after a mark, and the account after it.
pub(in crate::jmap) struct News {
    pub catalogue: Arc<Catalogue>,
    pub created: Vec<EmailId>,
    /// Those that changed for the store and came to be seen; the client may have seen them before they ceased to be.
    pub appeared: Vec<EmailId>,
    pub updated: Vec<EmailId>,
    pub destroyed: Vec<EmailId>,
    /// Those that changed for the store and are not to be seen now.
    pub hidden: Vec<EmailId>,
    pub state: State,
    pub more: bool,
}

impl News {
    /// After a mark, at most so many.
    ///
    /// # Errors
    /// `cannotCalculateChanges` where it is too long ago, or none that was.
    pub async fn since(
        context: &Context<'_>,
        account: AccountId,
        since: Mark,
        most: usize,
    ) -> Result<News, MethodError> {
        if let Some(shared) = context.reach(account).await?.shared() {
            return News::shared(shared, since, most);
        }
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        let query = (EmailsSince { account, since, limit }, States { account });
        let (changes, states) = context.web.office().store().read(query).await?;
        let states = states.ok_or_else(MethodError::account_not_found)?;
        let changes = changes.ok_or_else(MethodError::cannot_calculate_changes)?;
        // Asked after the changes: what they name and it does not hold is not to be seen.
        let catalogue = context.catalogue(account).await?;
        let state = if changes.more { changes.until } else { Mark::from(states.emails).max(since) };
        let is_seen = |email: &EmailId| catalogue.email(*email).is_some();
        let (updated, hidden): (Vec<_>, Vec<_>) = changes.updated.into_iter().partition(is_seen);
        let mut news = News {
            created: changes.created.into_iter().filter(is_seen).collect(),
            appeared: Vec::new(),
            updated,
            destroyed: changes.destroyed,
            hidden,
            state: state.into(),
            more: changes.more,
            catalogue: catalogue.clone(),
        };
        news.tell_what_appeared(since);
        Ok(news)
    }

    /// The same of what is seen of another's account: all of it, or nothing.
    fn shared(shared: &SharedAccount, since: Mark, most: usize) -> Result<News, MethodError> {
        let became = shared.emails_since(since.whole()).ok_or_else(MethodError::cannot_calculate_changes)?;
        let Became { created, updated, destroyed } = became;
        if created.len() + updated.len() + destroyed.len() > most {
            return Err(MethodError::cannot_calculate_changes());
        }
        let catalogue = shared.catalogue().clone();
        let state = super::state(&catalogue).max(State::from(since));
        let (appeared, hidden, more) = (Vec::new(), Vec::new(), false);
        Ok(News { catalogue, created, appeared, updated, destroyed, hidden, state, more })
    }

    /// What came to be seen is new to the client.
    fn tell_what_appeared(&mut self, since: Mark) {
        let Some(shown) = self.catalogue.shown_since(since.whole()) else { return };
        let shown: HashSet<EmailId> = shown.into_iter().map(|(email, _)| email).collect();
        let changed = std::mem::take(&mut self.updated);
        (self.appeared, self.updated) = changed.into_iter().partition(|email| shown.contains(email));
    }
}

/// RFC 8621 §4.3.
pub async fn changes(context: &mut Context<'_>, mut arguments: Arguments) -> Answer {
    let changes = Changes::read(context, &mut arguments)?;
    arguments.end()?;
    let current = State::from(context.catalogue(changes.account).await?.modseq());
    let since = changes.since(current)?.mark();
    let most = changes.max_changes.unwrap_or(CHANGES_MAX);
    let news = News::since(context, changes.account, since, most).await?;
    let ids = |emails: &[EmailId]| emails.iter().map(|email| ids::of_email(changes.account, *email)).collect();
    let destroyed = [news.destroyed.as_slice(), &news.hidden].concat();
    let changed = Changed {
        new_state: news.state,
        has_more: news.more,
        created: ids(&[news.created.as_slice(), &news.appeared].concat()),
        updated: ids(&news.updated),
        destroyed: ids(&destroyed),
    };
    changes.answer("Email/changes", &changed, &[])
}
