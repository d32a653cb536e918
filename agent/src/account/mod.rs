//! Accounts of the user agent: where a person's mail is fetched and sent, as it stands in `accounts.toml`. Owns the
//! settings, their form and what is wrong in them. Passwords do not stand there: [`crate::secret`].

mod form;
mod problem;
pub mod settings;

pub use problem::{SettingsError, nearest};
pub use settings::{
    Account, Change, FolderNames, Incoming, Keep, Outgoing, Provider, SealHabits, SecretSource, Security, Server,
    Settings,
};
