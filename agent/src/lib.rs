//! What a person's mail program is, without a screen: accounts and their secrets, the local mirror of their mail, what goes
//! over the network to keep it true, letters, reading. Prints nothing, reads no environment and no clock: folders, time and
//! answers are passed in. Knows nothing of the server's rooms.

pub mod account;
pub mod disk;
pub mod house;
pub mod mailfile;
pub mod mirror;
pub mod progress;
pub mod remote;
pub mod secret;
pub mod trouble;
pub mod worker;
