//! `pillarbox mail fetch-body`: what a message points to instead of holding it (`message/external-body`, RFC 2046 §5.2.3,
//! RFC 2017). Nothing is fetched on the word of a message: a person says so, each time, and sees where from. Owns which ways
//! are gone; the pointer is read by `message::external`.

use super::desk::Desk;
use super::{network, read, save, which};
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::units;
use crate::view::View;
use agent::http::Client;
use agent::mirror::MessageId;
use agent::reading::{self, Held};
use agent::trouble::Kind;
use clap::Args;
use message::date;
use message::external::{Access, Pointer};
use office::admin::FailureKind;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Octets that are fetched: more than mail carries, and what memory is for.
const BODY_MAX: usize = 256 * 1024 * 1024;

/// `pillarbox mail fetch-body`
#[derive(Args, Debug)]
pub struct FetchBody {
    /// A number as in lists, a Message-ID, or last
    #[arg(value_name = "ID")]
    id: String,
    /// This part, by its number in the list of parts; all that point elsewhere if missing
    #[arg(long, value_name = "NUMBER")]
    part: Vec<usize>,
    /// Into this folder; the one you are in if missing
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Fetch without asking; the server learns that somebody does
    #[arg(short, long)]
    yes: bool,
}

/// What came of one pointer.
enum Came {
    Saved(PathBuf),
    /// It comes by mail: whom to write to, about what, and what.
    Letter(String, String, String),
}

/// Fetches.
pub fn run(fetch: &FetchBody, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let folder = fetch.to.clone().unwrap_or_else(|| PathBuf::from("."));
    if !folder.is_dir() {
        return Err(Trouble::new(FailureKind::CannotCreate, format!("{} is no folder", folder.display())));
    }
    let id = which::message(desk, &fetch.id)?.id;
    read::bring(&[id], desk, screen)?;
    let mut all = Vec::new();
    for (number, pointer) in chosen(fetch, id, &read::content(desk, id)?)? {
        all.push(match way(&pointer)? {
            Way::Page(url) => Came::Saved(page(fetch, (number, &pointer, &url), &folder, desk, screen)?),
            Way::Letter(server, subject, request) => Came::Letter(server, subject, request),
        });
    }
    tell(&all, screen)
}

fn chosen(fetch: &FetchBody, id: MessageId, content: &[u8]) -> Result<Vec<(usize, Pointer)>, Trouble> {
    let all = reading::pointers(content);
    let missing = |words: String| Trouble::new(FailureKind::NoUser, words);
    if let Some(wrong) = fetch.part.iter().find(|part| all.iter().all(|(number, _)| number != *part)) {
        return Err(missing(format!("part {wrong} of message {} points nowhere", id.0)));
    }
    let is_chosen = |(number, _): &(usize, Pointer)| fetch.part.is_empty() || fetch.part.contains(number);
    let chosen: Vec<(usize, Pointer)> = all.into_iter().filter(is_chosen).collect();
    if chosen.is_empty() { Err(missing(format!("message {} holds all it has", id.0))) } else { Ok(chosen) }
}

/// A way that is gone.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    Page(String),
    Letter(String, String, String),
}

fn way(pointer: &Pointer) -> Result<Way, Trouble> {
    let told = units::harmless(&pointer.told()).into_owned();
    let refused = |words: &str| Err(Trouble::new(FailureKind::Unavailable, format!("{told}: {words}")));
    match &pointer.access {
        Access::Url(url) if is_web(url) => Ok(Way::Page(url.clone())),
        Access::Url(_) | Access::File { .. } => {
            refused("this program fetches by HTTPS only; a program for that kind of address can fetch it")
        }
        // RFC 2046 §5.2.3.3: it is where the writer is, or where files are shared.
        Access::Local { .. } => refused(
            "a file named by a stranger is not opened; look for it yourself, if you share files with the writer",
        ),
        Access::MailServer { server, subject, request } => {
            Ok(Way::Letter(server.clone(), subject.clone().unwrap_or_default(), request.clone()))
        }
        Access::Unknown => refused("nobody here knows how to get it"),
    }
}

fn is_web(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("https" | "http"))
}

fn page(
    fetch: &FetchBody,
    (number, pointer, url): (usize, &Pointer, &str),
    folder: &std::path::Path,
    desk: &Desk,
    screen: &mut Screen,
) -> Result<PathBuf, Trouble> {
    let Some(reach) = desk.reach.clone() else {
        return Err(Trouble::new(FailureKind::Usage, "fetch-body and --offline do not go together"));
    };
    if pointer.octets.is_some_and(|octets| octets > BODY_MAX as u64) {
        let size = units::octets(pointer.octets.unwrap_or_default());
        return Err(Trouble::new(FailureKind::Data, format!("{size} are more than are fetched")));
    }
    if !fetch.yes {
        screen.confirm(&question(pointer, url, desk.now))?;
    }
    let octets = network::wait(async {
        let client = Client::new(&reach.internet, None);
        let answer = client.get(url).await?;
        if !answer.status.is_success() {
            let words = format!("{}: the server answers {}", units::harmless(url), answer.status);
            return Err(agent::trouble::Trouble::new(Kind::Unavailable, words));
        }
        Ok(answer.octets(BODY_MAX).await?)
    })?;
    let name = name_of(url).unwrap_or_else(|| format!("part{number}"));
    save::write(
        folder,
        &Held { name: Some(name), media_type: pointer.media_type.clone(), octets, ..Held::default() },
        false,
    )
}

fn question(pointer: &Pointer, url: &str, now: message::Time) -> String {
    let size = pointer.octets.map(|octets| format!(" ({}, it says)", units::octets(octets))).unwrap_or_default();
    let ended = pointer.expires.as_deref().and_then(|text| date::read(text.as_bytes()));
    let ended = if ended.is_some_and(|date| date.time() < now) { " It may be gone by now." } else { "" };
    format!("Fetch {}{size}? Its server learns that this letter is read.{ended}", units::harmless(url))
}

/// The last level of the path, without what is asked there.
fn name_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let path = rest.split(['?', '#']).next()?.split_once('/')?.1;
    path.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn tell(all: &[Came], screen: &mut Screen) -> Result<(), Trouble> {
    let (mut text, mut saved, mut letters) = (String::new(), Vec::new(), Vec::new());
    let mut notes = Vec::new();
    for came in all {
        match came {
            Came::Saved(path) => {
                text.push_str(&format!("{}\n", units::harmless(&path.display().to_string())));
                saved.push(path.display().to_string());
            }
            Came::Letter(server, subject, request) => {
                let letter = format!("To: {server}\nSubject: {subject}\n\n{}\n", request.trim());
                letter.lines().for_each(|line| text.push_str(&format!("{}\n", units::harmless(line))));
                letters.push(json!({ "to": server, "subject": subject, "text": request }));
                notes.push(
                    "it comes by mail, to who writes this letter; nothing was sent (`pillarbox send` does)".to_owned(),
                );
            }
        }
    }
    let json: Value = json!({ "saved": saved, "letters": letters });
    screen.show(&View::text(text, json).with_notes(notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(access: Access) -> Pointer {
        Pointer { access, octets: Some(2048), ..Pointer::default() }
    }

    #[test]
    fn the_web_is_gone_to_and_nothing_else() {
        let url = |text: &str| way(&pointer(Access::Url(text.to_owned())));
        assert_eq!(url("HTTPS://crepes.fr/menu.pdf").unwrap(), Way::Page("HTTPS://crepes.fr/menu.pdf".to_owned()));
        for refused in ["ftp://crepes.fr/x", "file:///etc/passwd", "javascript:x", "/etc/passwd", ""] {
            assert_eq!(url(refused).unwrap_err().exit_code(), 69, "{refused}");
        }
        let local = Access::Local { name: "/etc/passwd".to_owned(), site: None };
        assert!(way(&pointer(local)).unwrap_err().message().unwrap_or_default().contains("not opened"));
        assert!(way(&pointer(Access::Unknown)).is_err());
        let server = "lists@crepes.fr".to_owned();
        let letter = Access::MailServer { server: server.clone(), subject: None, request: "get menu".to_owned() };
        assert_eq!(way(&pointer(letter)).unwrap(), Way::Letter(server, String::new(), "get menu".to_owned()));
    }

    #[test]
    fn a_person_is_told_where_it_leads() {
        let mut it = pointer(Access::Url(String::new()));
        let now = message::Time(1_800_000_000_000);
        it.expires = Some("Fri, 14 Jun 1991 19:13:14 -0400 (EDT)".to_owned());
        let asked = question(&it, "https://crepes.fr/a\u{1b}[2J", now);
        assert!(asked.starts_with("Fetch https://crepes.fr/a") && !asked.contains('\u{1b}'), "{asked}");
        assert!(asked.contains("2.0 KiB") && asked.ends_with("gone by now."), "{asked}");
    }

    #[test]
    fn files_have_the_name_of_the_page() {
        for (url, name) in [
            ("https://crepes.fr/a/menu.pdf?x=/y#z", Some("menu.pdf")),
            ("https://crepes.fr/a/", None),
            ("https://crepes.fr", None),
        ] {
            assert_eq!(name_of(url).as_deref(), name, "{url}");
        }
    }
}
