//! Autoconfig: what a domain tells of its servers over HTTPS, as XML (`clientConfig` 1.1, as Thunderbird asks for it). Over
//! HTTP nothing is asked: whoever sits in between could name any server. Owns the places, the reading and its limits.

use super::{Looked, Place, Source, Way};
use crate::account::{Incoming, Security, Server};
use crate::http::{Client, encode};
use message::{Address, Domain};
use roxmltree::{Document, Node, ParsingOptions};
use tokio::time::timeout;

/// The longest answer, in octets: real ones have two thousand.
pub const DOCUMENT_MAX: usize = 64 * 1024;
/// Elements and texts of an answer: real ones have a hundred.
pub const NODES_MAX: u32 = 4096;
/// Characters of an error that are shown.
const ERROR_MAX: usize = 200;
/// Servers that are read of one answer.
const SERVERS_MAX: usize = 20;

/// Where a domain may tell.
pub(super) fn urls(address: &Address, domain: &Domain) -> [String; 2] {
    let address = encode(&address.to_string());
    [
        format!("https://autoconfig.{domain}/mail/config-v1.1.xml?emailaddress={address}"),
        format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress={address}"),
    ]
}

/// Where Thunderbird's database tells of a domain; of the person it learns nothing.
pub(super) fn database_url(domain: &Domain) -> String {
    format!("{DATABASE}{domain}")
}

const DATABASE: &str = "https://autoconfig.thunderbird.net/v1.1/";

/// Asks one place.
pub(super) async fn look(http: &Client, url: &str, (address, domain): (&Address, &Domain)) -> Looked {
    let shown = url.split('?').next().unwrap_or(url);
    let asked = async {
        let response = http.get(url).await.map_err(|error| error.to_string())?;
        if !response.status.is_success() {
            return Err(format!("{} there", response.status));
        }
        let octets = response.octets(DOCUMENT_MAX).await.map_err(|error| error.to_string())?;
        let source = if url.starts_with(DATABASE) { Source::Database } else { Source::Autoconfig };
        read(&octets, (address, domain), source)
    };
    let late = || Err(format!("no answer within {} s", super::LOOK_LIMIT.as_secs()));
    match timeout(super::LOOK_LIMIT, asked).await.unwrap_or_else(|_| late()) {
        Ok(places) => {
            let text = format!("{shown}: names {} servers", places.len());
            (places, text)
        }
        Err(why) => (Vec::new(), format!("{shown}: {why}")),
    }
}

/// Reads an answer. What is unknown in it is passed over; a document type is refused, for it could make the text grow.
///
/// # Errors
/// It is no such document; in words.
pub fn read(octets: &[u8], (address, domain): (&Address, &Domain), source: Source) -> Result<Vec<Place>, String> {
    let text = std::str::from_utf8(octets).map_err(|_| "it is not UTF-8".to_owned())?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options)
        .map_err(|error| format!("it is no XML of ours: {}", shown(&error)))?;
    let root = document.root_element();
    if root.tag_name().name() != "clientConfig" {
        return Err("it tells no settings".to_owned());
    }
    let fill = |text: &str| {
        text.replace("%EMAILADDRESS%", &address.to_string())
            .replace("%EMAILLOCALPART%", address.local_part())
            .replace("%EMAILDOMAIN%", domain.as_str())
    };
    let elements =
        root.descendants().filter(|node| matches!(node.tag_name().name(), "incomingServer" | "outgoingServer"));
    Ok(elements.take(SERVERS_MAX).filter_map(|node| place(node, fill, (address, source))).collect())
}

/// What the reader says of a document, which names pieces of it: on a terminal they do nothing.
fn shown(error: &roxmltree::Error) -> String {
    let is_plain = |letter: &char| letter.is_ascii() && !letter.is_control();
    error.to_string().chars().filter(is_plain).take(ERROR_MAX).collect()
}

/// One server; `None`: its kind is unknown, or something is missing or odd.
fn place(node: Node<'_, '_>, fill: impl Fn(&str) -> String, (address, source): (&Address, Source)) -> Option<Place> {
    let text = |name: &str| {
        let child = node.children().find(|child| child.tag_name().name() == name)?;
        child.text().map(|text| fill(text.trim())).filter(|text| !text.is_empty())
    };
    let host = text("hostname")?;
    // Where it comes to a connection the name is one of a host.
    crate::dialing::server_name(&host).ok()?;
    let port = text("port")?.parse().ok().filter(|port| *port > 0)?;
    let security = match text("socketType")?.as_str() {
        "SSL" => Security::Tls,
        "STARTTLS" => Security::StartTls,
        "plain" => Security::Plain,
        _ => return None,
    };
    let sound = |name: &String| name.len() <= 255 && !name.chars().any(char::is_control);
    let users = text("username").filter(sound).map_or_else(|| super::usual_users(address), |name| vec![name]);
    let server = Server { host, port, security, user: None, trust: None };
    let way = match (node.tag_name().name(), node.attribute("type")?) {
        ("incomingServer", "imap") => Way::Incoming(Incoming::Imap(server)),
        ("incomingServer", "pop3") => Way::Incoming(Incoming::Pop3 { server, keep: true }),
        ("outgoingServer", "smtp") => Way::Outgoing(server),
        _ => return None,
    };
    Some(Place { way, users, source, foreign: false })
}
