//! The doors of the house: configuration file, listeners, certificates, logs, metrics, the control socket, start, reload
//! and drain. Carries out what the post office decides; decides nothing about mail itself.

pub mod config;

pub use config::{Config, ConfigError, ListenerKind};
