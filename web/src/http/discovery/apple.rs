//! A profile for the mail of Apple's systems. It is not signed, and the system says so when it is opened; the password is
//! asked for then and is not in it.

use super::escaped;
use super::services::{Offer, Protocol, Service, domain_of, offer};
use crate::Web;
use crate::http::body::Asked;
use crate::http::problem::{CONFLICT, INVALID, Problem};
use aws_lc_rs::digest;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Whose {
    email: String,
}

pub(super) async fn tell(State(web): State<Web>, Asked(whose): Asked<Whose>) -> Result<Response, Problem> {
    let domain = domain_of(Some(&whose.email), None).ok_or_else(|| Problem::new(INVALID, "email is no address"))?;
    let offer = offer(&web, domain).await?;
    let (Some(reading), Some(sending)) = (offer.best(Protocol::Imap), offer.best(Protocol::Send)) else {
        return Err(Problem::new(CONFLICT, "this server has no listener for both reading and sending"));
    };
    let text = written(&offer, &whose.email, reading, sending);
    let headers = [
        (header::CONTENT_TYPE, "application/x-apple-aspen-config"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"pillarbox.mobileconfig\""),
    ];
    Ok((headers, text).into_response())
}

fn key(name: &str, value: &str) -> String {
    format!("<key>{name}</key><string>{}</string>\n", escaped(value))
}

fn switch(name: &str, on: bool) -> String {
    format!("<key>{name}</key><{on}/>\n")
}

fn number(name: &str, value: u16) -> String {
    format!("<key>{name}</key><integer>{value}</integer>\n")
}

fn written(offer: &Offer, address: &str, reading: &Service, sending: &Service) -> String {
    let (hostname, domain) = (&offer.hostname, offer.domain.as_str());
    let mail = [
        key("PayloadType", "com.apple.mail.managed"),
        key("PayloadIdentifier", &format!("{hostname}.mail.{address}")),
        key("PayloadUUID", &uuid(&["mail", hostname, address])),
        "<key>PayloadVersion</key><integer>1</integer>\n".to_owned(),
        key("EmailAccountType", "EmailTypeIMAP"),
        key("EmailAccountDescription", domain),
        key("EmailAddress", address),
        key("IncomingMailServerAuthentication", "EmailAuthPassword"),
        key("IncomingMailServerHostName", hostname),
        number("IncomingMailServerPortNumber", reading.port),
        switch("IncomingMailServerUseSSL", true),
        key("IncomingMailServerUsername", address),
        key("OutgoingMailServerAuthentication", "EmailAuthPassword"),
        key("OutgoingMailServerHostName", hostname),
        number("OutgoingMailServerPortNumber", sending.port),
        switch("OutgoingMailServerUseSSL", true),
        key("OutgoingMailServerUsername", address),
        switch("OutgoingPasswordSameAsIncomingPassword", true),
    ]
    .concat();
    let profile = [
        key("PayloadType", "Configuration"),
        key("PayloadIdentifier", &format!("{hostname}.profile.{address}")),
        key("PayloadUUID", &uuid(&["profile", hostname, address])),
        "<key>PayloadVersion</key><integer>1</integer>\n".to_owned(),
        key("PayloadDisplayName", &format!("Mail of {domain}")),
        key(
            "PayloadDescription",
            "Not signed: your device says so. Open it only if you fetched it from your own mail server.",
        ),
    ]
    .concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n{profile}\
         <key>PayloadContent</key>\n<array>\n<dict>\n{mail}</dict>\n</array>\n</dict>\n</plist>\n"
    )
}

/// A name that is always the same for the same words, so that a newer profile takes the place of the older (RFC 9562 §5.8).
fn uuid(words: &[&str]) -> String {
    let hash = digest::digest(&digest::SHA256, words.join("\0").as_bytes());
    let mut octets: [u8; 16] = std::array::from_fn(|at| hash.as_ref().get(at).copied().unwrap_or(0));
    octets[6] = octets[6] & 0x0f | 0x80;
    octets[8] = octets[8] & 0x3f | 0x80;
    let hex: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_the_eighth_kind_and_stays() {
        let name = uuid(&["a", "b"]);
        assert_eq!(name, uuid(&["a", "b"]));
        assert_ne!(name, uuid(&["ab"]));
        let dashes: Vec<usize> = name.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((name.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert_eq!(name.as_bytes()[14], b'8');
    }
}
