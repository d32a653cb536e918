//! When and how mail leaves, and what an answer means: the schedule of attempts, the judgement of what came of one, the
//! order in which what is due goes out, and the reports to senders. Pure: no I/O, no clock (time comes in as
//! [`message::Time`]), no randomness (numbers come in as arguments). Does not keep the outbox (`store`), speak to anyone
//! (`wire`, `net`) or know where a domain's hosts are (`net`, `office`).
//!
//! One turn of the wheel, as `office` drives it: [`Queue::next`] names an [`Attempt`]; it is made; each recipient's
//! outcome goes through [`judge`]; what is to be tried again gets its time from [`Schedule::next`], what failed gets a
//! [`bounce`]; [`Queue::done`] frees the places.

pub mod bounce;
pub mod judge;
pub mod plan;
pub mod schedule;

pub use judge::{Class, Failure, History, Said, Scope, Stage, Verdict, judge};
pub use plan::{Attempt, Next, Offered, Outcome, Queue, Row};
pub use schedule::{Schedule, Waited, When};
