//! Waiting for news: IDLE (RFC 2177) on the inbox, with NOTIFY (RFC 5465) on all folders where the server has it, else looking
//! from time to time. What came between the last look and the wait is not waited for.

use super::ImapRemote;
use super::line::Heard;
use super::open;
use super::state::State;
use crate::mirror::{Mirror, Role};
use crate::trouble::Trouble;
use message::Time;
use std::time::Duration;
use wire::imap::command::{Command, EventGroup, Notify, NotifyEvent, Scope};
use wire::imap::response::{Data, Status};

/// RFC 2177 §3: a server may let go who idles for half an hour.
const IDLE: Duration = Duration::from_secs(29 * 60);
/// How often a server without IDLE is asked.
const POLL: Duration = Duration::from_secs(2 * 60);

impl ImapRemote {
    pub(super) async fn watch_inbox(&mut self, mirror: &Mirror, until: Time) -> Result<(), Trouble> {
        let Some(inbox) = mirror.folder_of_role(Role::Inbox)? else { return Ok(()) };
        let state = State::read(&mirror.folder_state(inbox.id)?);
        let Some(name) = inbox.remote.clone() else { return Ok(()) };
        self.selected = None;
        let Some(opened) = open::open(&mut self.line, &name, self.tracking, None).await? else { return Ok(()) };
        self.selected = Some((inbox.id, opened.permanent.clone()));
        let is_newer = opened.uid_validity != state.uid_validity
            || opened.uid_next.is_some_and(|next| next > state.high.saturating_add(1))
            || opened.mod_seq != state.mod_seq;
        if is_newer {
            return Ok(());
        }
        self.ask_for_notice().await?;
        let can_idle = self.line.facts.can("IDLE") || self.line.facts.can("IMAP4REV2");
        while self.now() < until {
            let wait = if can_idle { IDLE } else { POLL };
            let then = until.min(self.now().after(wait));
            let number = if can_idle {
                self.line.idle(then).await?
            } else {
                self.clock.sleep_until(then).await;
                self.line.say(Command::Noop).await?
            };
            if self.hears_news(number).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether something changed before a command ended; an IDLE ends with the next command, which may be long in coming, so
    /// the first news is enough.
    async fn hears_news(&mut self, number: super::line::Number) -> Result<bool, Trouble> {
        loop {
            match self.line.hear(number).await? {
                Heard::Data(data, _) if is_news(&data) => return Ok(true),
                Heard::Data(..) | Heard::Large | Heard::Piece(_) => {}
                Heard::End(_) => return Ok(false),
            }
        }
    }

    /// All folders, where the server can tell of all; who refuses tells of the inbox alone.
    async fn ask_for_notice(&mut self) -> Result<(), Trouble> {
        if !self.line.facts.can("NOTIFY") || self.notified {
            return Ok(());
        }
        let events = || vec![NotifyEvent::MessageNew(Vec::new()), NotifyEvent::MessageExpunge, NotifyEvent::FlagChange];
        let mut personal = events();
        personal.push(NotifyEvent::MailboxName);
        let groups = vec![
            EventGroup { scope: Scope::Selected, events: events() },
            EventGroup { scope: Scope::Personal, events: personal },
        ];
        let (_, status) = self.line.run(Command::Notify(Notify::Set { status: false, groups })).await?;
        self.notified = status.status == Status::Ok;
        Ok(())
    }
}

fn is_news(data: &Data) -> bool {
    matches!(
        data,
        Data::Exists(_)
            | Data::Expunge(_)
            | Data::Vanished(false, _)
            | Data::Fetch(..)
            | Data::UidFetch(..)
            | Data::Figures(..)
            | Data::List(_)
    )
}
