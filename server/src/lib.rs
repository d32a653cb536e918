//! The doors of the house: configuration file, listeners, certificates, logs, metrics, the control socket, start, reload
//! and drain. Carries out what the post office decides; decides nothing about mail itself.

pub mod administer;
pub mod config;
pub mod control;
mod courier;
pub mod doctor;
mod doors;
pub mod drop;
mod error;
mod files;
pub mod host;
mod house;
mod http;
mod indexing;
mod live;
mod logs;
mod metrics;
mod outgoing;
mod parting;
mod privileges;
mod reception;
mod running;
pub mod screens;
mod seams;
mod secret;
mod serve;
mod submitting;
mod systemd;

pub use administer::administer;
pub use config::{Config, ConfigError, HostPort, ListenerKind, duration};
pub use doctor::{Check, State, doctor};
pub use error::StartError;
pub use running::{Running, start};
pub use seams::Seams;
pub use serve::serve;
