//! What a person's mail program is, without a screen: accounts, the local mirror of their mail, what goes over the network to
//! keep it true, letters, reading. Prints nothing; `pillarbox` and `tui` do.

pub mod letter;
pub mod mirror;
pub mod progress;
pub mod reading;
pub mod remote;
pub mod trouble;
pub mod worker;
