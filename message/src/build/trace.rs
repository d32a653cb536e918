//! The trace fields a server adds (RFC 5321 §4.4): `Received`, `Return-Path`, and `Delivered-To` (RFC 9228).

use super::fold::Folder;
use crate::{Address, Domain, Host, Time, date};
use std::net::IpAddr;

/// Octets of a HELO name that are written down; a longer one is cut (a name has at most 255, RFC 5321 §4.5.3.1.2).
const HELO_MAX: usize = 255;

/// What a `Received` field says. Borrowed: it is written once and let go.
#[derive(Clone, Debug)]
pub struct Received<'a> {
    /// What the client called itself in HELO or EHLO, hostile or not; unfit characters are written as `?`.
    pub from_helo: &'a str,
    /// The name its address leads to, where one was looked up and confirmed.
    pub from_reverse_name: Option<&'a Domain>,
    /// The address the client connected from.
    pub from_ip: IpAddr,
    /// Our own name.
    pub by: &'a Domain,
    /// The protocol word of RFC 3848 and RFC 6531: `ESMTPSA`, `LMTP`, `UTF8SMTPS`, ...
    pub with: &'a str,
    /// TLS version and cipher suite, as in `("TLSv1.3", "TLS_AES_256_GCM_SHA384")`.
    pub tls: Option<(&'a str, &'a str)>,
    /// The id the `250` carries.
    pub queue_id: &'a str,
    /// The recipient, only where there is a single one.
    pub for_: Option<&'a Address>,
    /// When the message was taken; written in UTC.
    pub at: Time,
}

impl Received<'_> {
    /// Writes the whole field, folded, with its final CRLF. No line passes 998 octets whatever the client sent.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut field = Folder::new("Received");
        field.word("from");
        field.word(&plain_helo(self.from_helo));
        // RFC 5321 §4.4: TCP-info = address-literal / ( Domain FWS address-literal )
        let literal = Host::Literal(self.from_ip.to_canonical());
        match self.from_reverse_name {
            Some(name) => {
                field.word(&format!("({name}"));
                field.word(&format!("{literal})"));
            }
            None => field.word(&format!("({literal})")),
        }
        field.word_on_new_line("by");
        field.word(self.by.as_str());
        field.word("with");
        field.word(self.with);
        if let Some((version, _)) = self.tls {
            field.word(&format!("({version})"));
        }
        self.write_tail(&mut field);
        field.finish()
    }

    /// RFC 5321 §4.4: `Opt-info = [Via] [With] [ID] [For] [Additional-Registered-Clauses]`, then the date.
    fn write_tail(&self, field: &mut Folder) {
        let mut clauses = vec![("id", self.queue_id.to_owned())];
        if let Some(address) = self.for_ {
            clauses.push(("for", format!("<{address}>")));
        }
        if let Some((_, cipher)) = self.tls {
            // RFC 8314 §4.3
            clauses.push(("tls", cipher.to_owned()));
        }
        let last = clauses.len() - 1;
        for (index, (word, value)) in clauses.into_iter().enumerate() {
            let end = if index == last { ";" } else { "" };
            field.word(&format!("{word} {value}{end}"));
        }
        field.word_on_new_line(&date::write(self.at, 0));
    }
}

/// A name or literal as given, else with everything that could end the word, open a comment or begin a field as `?`.
fn plain_helo(helo: &str) -> String {
    let helo = helo.get(..helo.floor_char_boundary(HELO_MAX)).unwrap_or("");
    if let Ok(literal @ Host::Literal(_)) = Host::parse(helo) {
        return literal.to_string();
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let plain: String = helo.chars().map(|c| if fits(c) { c } else { '?' }).collect();
    if plain.is_empty() { "unknown".to_owned() } else { plain }
}

/// The field of a message that a user of this machine handed in, over no connection: there is no host it is from (RFC 5321
/// §4.4 asks for one only of what came by SMTP), so the login name stands in a comment.
#[must_use]
pub fn received_here(by: &Domain, user: &str, queue_id: &str, at: Time) -> Vec<u8> {
    let mut field = Folder::new("Received");
    field.word("by");
    field.word(by.as_str());
    field.word(&format!("(from {})", plain_helo(user)));
    field.word(&format!("id {queue_id};"));
    field.word_on_new_line(&date::write(at, 0));
    field.finish()
}

/// `Return-Path: <alice@hamburger.edu>`, or `<>` for the null reverse-path (RFC 5321 §4.4).
#[must_use]
pub fn return_path(reverse_path: Option<&Address>) -> Vec<u8> {
    let path = reverse_path.map(Address::to_string).unwrap_or_default();
    let mut field = Folder::new("Return-Path");
    field.word(&format!("<{path}>"));
    field.finish()
}

/// `Delivered-To: bob@crepes.fr` (RFC 9228 §3): by it the next visit of the message shows a loop.
#[must_use]
pub fn delivered_to(address: &Address) -> Vec<u8> {
    let mut field = Folder::new("Delivered-To");
    field.word(&address.to_string());
    field.finish()
}
