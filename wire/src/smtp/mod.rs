//! SMTP (RFC 5321) and LMTP (RFC 2033), server end: what a session asks, what the desk answers, replies and limits.

pub mod ask;
pub mod reply;

pub use ask::{Answer, Ask, Body, ForwardPath, Greeting, Notify, Recipient, Return, ReversePath, Sender, Verb};
pub use reply::{Enhanced, Reply};
