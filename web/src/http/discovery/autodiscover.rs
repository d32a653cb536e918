//! Autodiscover, as Outlook and many phones ask for it: the plain old XML for IMAP, POP3 and SMTP, and the JSON of
//! version 2, which says where the XML is.

use super::services::{Offer, Protocol, Service, domain_of, offer};
use super::{escaped, not_told, xml};
use crate::Connection;
use crate::Web;
use crate::caller::host_of;
use crate::http::body::Asked;
use crate::http::problem::{INVALID, Problem};
use crate::origin::base;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

/// The form that we answer in.
const SCHEMA: &str = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
const OUTER: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
/// Octets of a question at most: an address in some lines of XML.
const ASKED_MAX: usize = 8 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Question {
    email: Option<String>,
    protocol: Option<String>,
}

/// POX: the address stands in the body.
pub(super) async fn tell(State(web): State<Web>, body: Bytes) -> Result<Response, Problem> {
    if body.len() > ASKED_MAX {
        return Err(Problem::new(INVALID, "the question is too long"));
    }
    let text = String::from_utf8_lossy(&body);
    let address = asked(&text).ok_or_else(|| Problem::new(INVALID, "there is no EMailAddress in the question"))?;
    let domain = domain_of(Some(address), None).ok_or_else(|| Problem::new(INVALID, "EMailAddress is no address"))?;
    Ok(xml(written(&offer(&web, domain).await?, address)))
}

/// Version 2: where to ask.
pub(super) async fn tell_json(
    State(web): State<Web>,
    connection: Connection,
    Asked(question): Asked<Question>,
    parts: Parts,
) -> Result<Response, Problem> {
    let address = question.email.unwrap_or_default();
    place(&web, (&connection, &parts), &address, question.protocol.as_deref()).await
}

/// The same with the address in the path.
pub(super) async fn tell_json_of(
    State(web): State<Web>,
    connection: Connection,
    Path(address): Path<String>,
    Asked(question): Asked<Question>,
    parts: Parts,
) -> Result<Response, Problem> {
    place(&web, (&connection, &parts), &address, question.protocol.as_deref()).await
}

async fn place(
    web: &Web,
    (connection, parts): (&Connection, &Parts),
    address: &str,
    protocol: Option<&str>,
) -> Result<Response, Problem> {
    let domain = domain_of(Some(address), None).ok_or_else(|| Problem::new(INVALID, "Email is no address"))?;
    offer(web, domain).await?;
    match protocol {
        Some(protocol) if protocol.eq_ignore_ascii_case("autodiscoverv1") => {
            let origin = base(web, host_of(parts).as_deref(), connection.secure).await;
            let url = format!("{origin}/autodiscover/autodiscover.xml");
            Ok(Json(json!({ "Protocol": "AutodiscoverV1", "Url": url })).into_response())
        }
        _ => Ok(not_told("only AutodiscoverV1 is spoken here")),
    }
}

/// What stands in the first EMailAddress. No XML is understood: nothing in it could lead anywhere.
fn asked(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("EMailAddress>")?;
    let (address, _) = rest.split_once('<')?;
    Some(address.trim()).filter(|address| !address.is_empty())
}

fn written(offer: &Offer, address: &str) -> String {
    let protocols = [("IMAP", Protocol::Imap), ("POP3", Protocol::Pop3), ("SMTP", Protocol::Send)];
    let protocols: String = protocols
        .iter()
        .filter_map(|(name, protocol)| Some(one(offer, name, offer.best(*protocol)?, address)))
        .collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Autodiscover xmlns=\"{OUTER}\">\n  <Response xmlns=\"{SCHEMA}\">\n    \
         <Account>\n      <AccountType>email</AccountType>\n      <Action>settings</Action>\n{protocols}    </Account>\n  \
         </Response>\n</Autodiscover>\n"
    )
}

fn one(offer: &Offer, name: &str, service: &Service, address: &str) -> String {
    let (hostname, address, port) = (escaped(&offer.hostname), escaped(address), service.port);
    let (ssl, encryption) = if service.tls { ("on", "SSL") } else { ("off", "TLS") };
    format!(
        "      <Protocol>\n        <Type>{name}</Type>\n        <Server>{hostname}</Server>\n        <Port>{port}</Port>\n        \
         <LoginName>{address}</LoginName>\n        <DomainRequired>off</DomainRequired>\n        <SPA>off</SPA>\n        \
         <SSL>{ssl}</SSL>\n        <Encryption>{encryption}</Encryption>\n        <AuthRequired>on</AuthRequired>\n      \
         </Protocol>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_the_question() {
        assert_eq!(asked("<Request><EMailAddress>bob@hamburger.edu</EMailAddress>"), Some("bob@hamburger.edu"));
        assert_eq!(asked("<a:EMailAddress> bob@x </a:EMailAddress>"), Some("bob@x"));
        for none in ["", "<EMailAddress>", "<EMailAddress></EMailAddress>", "EMailAddress"] {
            assert_eq!(asked(none), None, "{none}");
        }
    }
}
