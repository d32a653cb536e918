//! SMTP (RFC 5321) and LMTP (RFC 2033), server end: what a session asks, what the desk answers, replies and limits.

pub mod ask;
pub mod reply;

pub use ask::{Answer, Ask, Body, ForwardPath, Greeting, Notify, Recipient, Return, ReversePath, Sender, Verb};
/// Which service a listener gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Mail from other servers (port 25).
    Mx,
    /// Mail from users (RFC 6409).
    Submission,
    /// Mail from a neighbour on the same machine or network (RFC 2033).
    Lmtp,
}

pub use reply::{Enhanced, Reply};
