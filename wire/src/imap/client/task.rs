//! One task under way: its command, the literals in it, the message it carries, IDLE.

use super::ask::{Append, Finish, Refusal, Task};
use super::session::{Client, State};
use crate::imap::command::{Command, Form, Target, Upload, UploadItem};
use crate::imap::encode::UploadEncoder;
use crate::session::{Framing, Relay};
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;

/// A task.
pub(super) struct Running {
    pub tag: String,
    /// What is to be sent upon continuations, in order.
    unsent: VecDeque<Unsent>,
    /// The message follows the piece before it without a continuation.
    at_once: bool,
    idle: Option<Idle>,
}

/// What a continuation is awaited for.
enum Unsent {
    Piece(Bytes),
    /// The message, and the end of the command.
    Message(Relay),
}

/// IDLE.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Idle {
    /// Said; not answered by `+`.
    Said(Time),
    /// It lasts until then.
    On(Time),
    /// `DONE` is to be said as soon as it is on: it cannot be before (RFC 9051 §6.3.13).
    Stopping,
    /// `DONE` was said.
    Over,
}

impl Running {
    /// When an IDLE that is on ends.
    pub fn idles_until(&self) -> Option<Time> {
        match self.idle {
            Some(Idle::On(until)) => Some(until),
            _ => None,
        }
    }
}

impl Client {
    pub(super) fn begin(&mut self, _now: Time, task: Task) {
        match task {
            Task::Run(command) if is_of_session(&command) => self.finish(Finish::Refused(Refusal::Command)),
            Task::Run(command) => {
                let (tag, pieces) = self.say(*command);
                let unsent = pieces.into_iter().map(Unsent::Piece).collect();
                self.state = State::Task(Box::new(Running { tag, unsent, at_once: false, idle: None }));
            }
            Task::Append(append) => self.append(*append),
            Task::Idle(_) if !self.facts.can("IDLE") && !self.facts.can("IMAP4REV2") => {
                self.finish(Finish::Refused(Refusal::NoIdle));
            }
            Task::Idle(until) => {
                let (tag, _) = self.say(Command::Idle);
                let idle = Some(Idle::Said(until));
                self.state = State::Task(Box::new(Running { tag, unsent: VecDeque::new(), at_once: false, idle }));
            }
        }
    }

    fn append(&mut self, append: Append) {
        let style = self.style();
        let literal = style.literal(append.octets, false);
        let Append { mailbox, flags, internal_date, source, octets } = append;
        let items = vec![UploadItem::Message { flags, internal_date, form: Form::Plain }];
        let upload = Upload { target: Target::Append(mailbox), items };
        let tag = self.tag();
        let pieces = UploadEncoder::default().first(&tag, &upload, Some(literal), style);
        let relay = Relay { source, framing: Framing::Range { offset: 0, octets } };
        let mut unsent: VecDeque<Unsent> = pieces.into_iter().map(Unsent::Piece).collect();
        unsent.push_back(Unsent::Message(relay));
        let at_once = !literal.synchronizing;
        self.state = State::Task(Box::new(Running { tag, unsent, at_once, idle: None }));
        self.send_next();
    }

    /// Sends what comes next of the command; whether there was anything.
    fn send_next(&mut self) -> bool {
        let State::Task(running) = &mut self.state else { return false };
        match running.unsent.pop_front() {
            Some(Unsent::Piece(piece)) => {
                let message = matches!(running.unsent.front(), Some(Unsent::Message(_))) && running.at_once;
                self.send(piece);
                if message {
                    self.send_next();
                }
            }
            Some(Unsent::Message(relay)) => {
                self.relay(relay);
                self.send("\r\n");
                self.unstarted = true;
            }
            None => return false,
        }
        true
    }

    /// `+`.
    pub(super) fn continued(&mut self, text: &[u8]) {
        match &mut self.state {
            State::Login(_) => self.challenged(text),
            State::Task(running) => match running.idle {
                Some(Idle::Said(until)) => running.idle = Some(Idle::On(until)),
                Some(Idle::Stopping) => {
                    running.idle = Some(Idle::Over);
                    self.send("DONE\r\n");
                }
                Some(Idle::On(_) | Idle::Over) => {}
                None => {
                    if !self.send_next() {
                        self.garbage(&String::from_utf8_lossy(text));
                    }
                }
            },
            _ => self.garbage(&String::from_utf8_lossy(text)),
        }
    }

    /// Ends an IDLE; whether one was on.
    pub(super) fn stop_idling(&mut self) -> bool {
        let State::Task(running) = &mut self.state else { return false };
        match running.idle {
            Some(Idle::On(_)) => {
                running.idle = Some(Idle::Over);
                self.send("DONE\r\n");
                true
            }
            Some(Idle::Said(_)) => {
                running.idle = Some(Idle::Stopping);
                false
            }
            _ => false,
        }
    }
}

/// Whether a command changes what the session itself keeps track of, or carries a message.
fn is_of_session(command: &Command) -> bool {
    matches!(
        command,
        Command::StartTls
            | Command::Authenticate { .. }
            | Command::Login { .. }
            | Command::Logout
            | Command::Idle
            | Command::Upload(_)
            | Command::Compress(_)
            | Command::Unauthenticate
    )
}
