//! Checks that answer the first questions of somebody whose server does not work: ports, disk, clock, certificate.
#![allow(clippy::disallowed_methods, reason = "looks into the data folder")]

use crate::config::{Config, Listen};
use crate::running::{SELF_SIGNED_FOLDER, has_store};
use crate::{control, seams};
use net::clock::Clock;
use net::tls::{Certificate, CertificateError, SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY};
use nix::unistd::{AccessFlags, access};
use office::admin::Request;
use serde::Serialize;
use std::io;
use std::path::Path;
use std::time::Duration;
use wire::Time;

/// Free space below which it is time to look, in octets.
const SPACE_SCARCE: u64 = 1024 * 1024 * 1024;
/// A certificate with less time left is about to be missed.
const RENEWAL: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// How far files may be dated ahead of the clock.
const AHEAD: Duration = Duration::from_secs(60);
/// Clocks outside these years are wrong: 2025-01-01 and 2100-01-01.
const YEARS: std::ops::Range<u64> = 1_735_689_600..4_102_444_800;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum State {
    Ok,
    Warning,
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at, as in `port smtp 0.0.0.0:25`.
    pub name: String,
    /// How it is.
    pub state: State,
    /// What was found.
    pub text: String,
    /// What to do; empty when nothing.
    pub advice: String,
}

/// Makes every check; blocks for as long as they take.
#[must_use]
pub fn doctor(config: &Config) -> Vec<Check> {
    let now = Clock::system().now();
    let running = matches!(control::ask(&control::path(&config.data_dir), &Request::Status), Some(Ok(_)));
    let mut checks = vec![server(running), configuration(config)];
    checks.extend(config.listen.iter().map(|listen| port(listen, running)));
    checks.push(folder(&config.data_dir));
    checks.push(space(&config.data_dir, config.limits.disk_reserve));
    checks.push(clock(now, newest(&config.data_dir)));
    checks.push(certificate(config, now));
    checks
}

fn check(name: impl Into<String>, state: State, text: impl Into<String>, advice: impl Into<String>) -> Check {
    Check { name: name.into(), state, text: text.into(), advice: advice.into() }
}

fn server(running: bool) -> Check {
    let text = if running { "it runs and answers" } else { "it does not run" };
    check("server", State::Ok, text, "")
}

fn configuration(config: &Config) -> Check {
    let name = "configuration";
    if config.admin.is_none() {
        let advice = "set `admin` to one of your accounts (RFC 5321 §4.5.1: postmaster must be reachable)";
        return check(name, State::Warning, "nobody receives mail for postmaster and abuse", advice);
    }
    let file = config.file.as_ref().map_or("none".to_owned(), |file| file.display().to_string());
    check(name, State::Ok, format!("{file}, no mistakes"), "")
}

fn port(listen: &Listen, running: bool) -> Check {
    let name = format!("port {} {}", listen.kind, listen.address);
    match net::accept::bind(listen.address) {
        // A port that the system chose is known to the server only.
        Ok(_) if running && listen.address.port() == 0 => check(name, State::Ok, "chosen by the system", ""),
        Ok(_) if running => {
            check(name, State::Warning, "the server runs but does not listen here", "restart it to take [listen] in")
        }
        Ok(_) => check(name, State::Ok, "free", ""),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && running => {
            check(name, State::Ok, "held, the server runs", "")
        }
        Err(error) => {
            let advice = match error.kind() {
                io::ErrorKind::AddrInUse => "another program has it: `ss -ltnp` names it",
                io::ErrorKind::PermissionDenied => "ports below 1024 need root and `user`, or socket activation",
                io::ErrorKind::AddrNotAvailable => "no interface of this machine has the address",
                _ => "",
            };
            let state = if error.kind() == io::ErrorKind::PermissionDenied { State::Warning } else { State::Failed };
            check(name, state, error.to_string(), advice)
        }
    }
}

fn folder(data_dir: &Path) -> Check {
    let name = format!("folder {}", data_dir.display());
    if !data_dir.exists() {
        return check(name, State::Ok, "not there yet, made at the first start", "");
    }
    match access(data_dir, AccessFlags::R_OK | AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) if has_store(data_dir) => check(name, State::Ok, "there and writable", ""),
        Ok(()) => check(name, State::Ok, "empty and writable", ""),
        Err(error) => {
            check(name, State::Failed, error.desc(), "give it to the user the server runs as: `chown -R USER FOLDER`")
        }
    }
}

fn space(data_dir: &Path, reserve: u64) -> Check {
    let there = data_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let name = "disk";
    match seams::free_octets(there) {
        Some(free) => {
            let text = format!("{} MiB free", free >> 20);
            match free {
                free if free < reserve => check(name, State::Failed, text, "make room: mail is refused for now"),
                SPACE_SCARCE.. => check(name, State::Ok, text, ""),
                _ => check(name, State::Warning, text, "make room soon"),
            }
        }
        None => check(name, State::Warning, "nobody knows how much is free", ""),
    }
}

/// The latest date of a file in the store.
fn newest(data_dir: &Path) -> Option<Time> {
    let entries = std::fs::read_dir(data_dir).ok()?;
    let dates = entries.filter_map(|entry| {
        let changed = entry.ok()?.metadata().ok()?.modified().ok()?;
        let since = changed.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Time::default().after(since))
    });
    dates.max()
}

fn clock(now: Time, newest: Option<Time>) -> Check {
    let (name, advice) = ("clock", "set the time (`timedatectl set-ntp true`)");
    if !YEARS.contains(&now.unix_seconds()) {
        return check(name, State::Failed, "the year cannot be right", advice);
    }
    let ahead = newest.map_or(Duration::ZERO, |newest| newest.since(now));
    if ahead > AHEAD {
        let text = format!("files of the store are dated {} s ahead", ahead.as_secs());
        return check(name, State::Warning, text, advice);
    }
    check(name, State::Ok, "not before what is stored", "")
}

fn certificate(config: &Config, now: Time) -> Check {
    let name = "certificate";
    let loaded = match &config.tls {
        Some(files) => Certificate::load(&files.certificate, &files.key),
        None => {
            let folder = config.data_dir.join(SELF_SIGNED_FOLDER);
            Certificate::load(&folder.join(SELF_SIGNED_CERTIFICATE), &folder.join(SELF_SIGNED_KEY))
        }
    };
    let facts = match loaded {
        Ok(certificate) => certificate.facts,
        Err(CertificateError::Missing(_)) if config.tls.is_none() => {
            return check(name, State::Ok, "none yet, one of our own is made at the first start", "");
        }
        Err(error) => return check(name, State::Failed, error.to_string(), "mend [tls]"),
    };
    if !facts.is_valid_at(now) {
        return check(name, State::Failed, "not valid now", "renew it, then `kill -HUP` or `systemctl reload`");
    }
    if config.tls.is_none() {
        let text = format!("of our own making, sha256 {}", facts.fingerprint);
        return check(name, State::Warning, text, "mail programs will ask their users: get one and set [tls]");
    }
    if !facts.is_for(config.hostname.as_str()) {
        let text = format!("it is for {}, not for {}", facts.names.join(", "), config.hostname);
        return check(name, State::Warning, text, "get one for the host name that users enter");
    }
    let left = facts.not_after.since(now);
    let text = format!("valid for {} days more", left.as_secs() / (24 * 60 * 60));
    let state = if left < RENEWAL { State::Warning } else { State::Ok };
    check(name, state, text, if left < RENEWAL { "renew it" } else { "" })
}

#[cfg(test)]
mod tests;
