//! IDLE (RFC 2177, RFC 9051 §6.3.13), and when the client hears of news unasked.

use super::input::Reading;
use super::out::Out;
use super::reply::Reply;
use super::sync::Expunges;
use super::{Server, State};
use crate::imap::{Answer, Ask};

impl Server {
    /// RFC 2177 §3. What waited to be told is told at once.
    pub(super) fn idle(&mut self, tag: String) {
        self.reading = Reading::Idle(tag);
        self.send("+ idling\r\n");
        self.sync_then(Expunges::Told, |_| {});
    }

    /// A line while idling: `DONE`, or a defect of the client.
    pub(super) fn idle_line(&mut self, tag: String, line: &[u8]) {
        self.reading = Reading::Command;
        if line.eq_ignore_ascii_case(b"DONE") {
            self.finish(tag, Reply::ok("IDLE is over"), Expunges::Told);
        } else {
            self.refuse(&tag, &Reply::bad("DONE ends IDLE"));
        }
    }

    /// Whether the client may be told of news right now.
    pub(super) fn may_tell_now(&self) -> bool {
        let somewhere = matches!(self.state, State::Home | State::Open(_));
        match self.reading {
            Reading::Idle(_) => somewhere,
            Reading::Command => somewhere && self.enabled.notified.is_on(),
            _ => false,
        }
    }

    /// The driver says that something is new. The client's time runs on: it said nothing.
    pub(super) fn news(&mut self) {
        if self.awaits_news_now() {
            let expunges = match self.reading {
                Reading::Idle(_) => Expunges::Told,
                _ => self.enabled.notified.expunges(),
            };
            self.ask(Ask::Sync, move |server, answer| match answer {
                Answer::Synced(synced) => {
                    server.synced(synced, expunges);
                    if server.out.iter().any(|out| !matches!(out, Out::Do(_))) {
                        // Told between commands, it may be the last before the connection breaks.
                        server.later(Server::tell_held);
                    }
                }
                // It would be asked again and again, for there is still news.
                _ => server.bye("[UNAVAILABLE] news cannot be told now; try again later"),
            });
        }
    }

    fn awaits_news_now(&self) -> bool {
        self.question.is_none() && self.out.is_empty() && self.may_tell_now()
    }
}
