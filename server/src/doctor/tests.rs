#![allow(clippy::disallowed_methods, reason = "makes the folders that the doctor looks at")]
#![allow(clippy::unwrap_used)]
use super::*;
use std::net::TcpListener;

const NOW: Time = Time(1_800_000_000_000);

fn config(folder: &Path, rest: &str) -> Config {
    let text = format!("hostname = \"mx.hamburger.edu\"\ndata_dir = \"{}\"\n{rest}", folder.display());
    Config::parse(&text, "p.toml").unwrap()
}

fn find(checks: &[Check], name: &str) -> Check {
    checks
        .iter()
        .find(|check| check.name.starts_with(name))
        .unwrap_or_else(|| panic!("no {name} in {checks:?}"))
        .clone()
}

#[test]
fn a_house_that_was_never_opened_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let listen = "admin = \"alice@hamburger.edu\"\n[listen]\nsmtp = [\"127.0.0.1:0\"]\n";
    let checks = doctor(&config(folder.path(), listen));
    for name in ["server", "configuration", "port smtp", "folder", "clock", "certificate"] {
        assert_eq!(find(&checks, name).state, State::Ok, "{:?}", find(&checks, name));
    }
}

#[test]
fn a_port_that_another_program_has_is_told_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = config(folder.path(), &format!("[listen]\npop3 = [\"{}\"]\n", taken.local_addr().unwrap()));
    let listen = config.listen.first().unwrap();
    let check = port(listen, false);
    assert_eq!(check.state, State::Failed);
    assert!(check.advice.contains("ss -ltnp"));
    assert_eq!(port(listen, true).state, State::Ok, "held by the server that runs");
    drop(taken);
    assert_eq!(port(listen, true).state, State::Warning, "the server runs without it");
}

#[test]
fn a_port_that_the_system_chooses_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "[listen]\npop3 = [\"127.0.0.1:0\"]\n");
    for running in [true, false] {
        assert_eq!(port(config.listen.first().unwrap(), running).state, State::Ok);
    }
}

#[test]
fn a_house_without_postmaster_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(configuration(&config(folder.path(), "")).state, State::Warning);
}

#[test]
fn clocks_that_cannot_be_right() {
    assert_eq!(clock(NOW, Some(NOW.after(AHEAD))).state, State::Ok, "at the limit");
    assert_eq!(clock(NOW, Some(NOW.after(AHEAD + Duration::from_secs(1)))).state, State::Warning);
    assert_eq!(clock(Time(0), None).state, State::Failed);
    assert_eq!(clock(Time(YEARS.end * 1000), None).state, State::Failed);
}

#[test]
fn certificates_in_every_state() {
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str, made: Time| {
        let own = folder.path().join(format!("{name}-{}", made.0));
        std::fs::create_dir_all(&own).unwrap();
        Certificate::self_signed(&own, name, made).unwrap();
        let (chain, key) = (own.join(SELF_SIGNED_CERTIFICATE), own.join(SELF_SIGNED_KEY));
        config(folder.path(), &format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", chain.display(), key.display()))
    };
    let good = make("mx.hamburger.edu", NOW);
    assert_eq!(certificate(&good, NOW).state, State::Ok);
    let years = |years: u64| Duration::from_secs(years * 365 * 24 * 60 * 60);
    let last_week = NOW.after(years(10) - Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!(certificate(&good, last_week).state, State::Warning, "about to end");
    assert_eq!(certificate(&good, NOW.after(years(11))).state, State::Failed);
    let other = certificate(&make("mx.crepes.fr", NOW), NOW);
    assert!(other.state == State::Warning && other.text.contains("mx.crepes.fr"), "{other:?}");
    std::fs::remove_file(&good.tls.as_ref().unwrap().key).unwrap();
    assert_eq!(certificate(&good, NOW).state, State::Failed);
}
