//! What a person's mail program is, without a screen: accounts and their secrets, discovery, connections, submission, the
//! local mirror of mail, what goes over the network to keep it true, letters, reading. Prints nothing (`pillarbox` and `tui`
//! do), reads no environment and no clock: folders, time and answers are passed in. Knows nothing of the server's rooms.

pub mod account;
pub mod book;
pub mod carriage;
pub mod credentials;
pub mod dialing;
pub mod discovery;
pub mod disk;
pub mod draft_ties;
pub mod house;
pub mod http;
pub mod key_folder;
pub mod letter;
pub mod mailcap;
pub mod mailfile;
pub mod mailx;
pub mod mirror;
pub mod moment;
pub mod newcomer;
pub mod oauth;
pub mod outbox;
pub mod pieces;
pub mod progress;
pub mod reach;
pub mod reading;
pub mod remote;
pub mod sealed_draft;
pub mod sealing;
pub mod secret;
pub mod snoozed;
pub mod submission;
pub mod sync;
pub mod trial;
pub mod trouble;
pub mod verdict;
pub mod worker;

#[cfg(test)]
mod sealing_tests;
#[cfg(test)]
mod stage;
