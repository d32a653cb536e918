//! Autoconfig, as Thunderbird and many others ask for it: `clientConfig` version 1.1.

use super::services::{Offer, Protocol, Service, domain_of, offer};
use super::{escaped, xml};
use crate::Web;
use crate::http::body::Asked;
use crate::http::problem::{INVALID, Problem};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Whose {
    emailaddress: Option<String>,
}

pub(super) async fn tell(
    State(web): State<Web>,
    headers: HeaderMap,
    Asked(whose): Asked<Whose>,
) -> Result<Response, Problem> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let domain = domain_of(whose.emailaddress.as_deref(), host);
    let domain = domain.ok_or_else(|| Problem::new(INVALID, "emailaddress is no address"))?;
    Ok(xml(written(&offer(&web, domain).await?)))
}

fn written(offer: &Offer) -> String {
    let domain = escaped(offer.domain.as_str());
    let servers: String = offer.services.iter().map(|service| server(offer, service)).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"{domain}\">\n    \
         <domain>{domain}</domain>\n    <displayName>{domain}</displayName>\n    \
         <displayShortName>{domain}</displayShortName>\n{servers}  </emailProvider>\n</clientConfig>\n"
    )
}

fn server(offer: &Offer, service: &Service) -> String {
    let (element, kind) = match service.protocol {
        Protocol::Imap => ("incomingServer", "imap"),
        Protocol::Pop3 => ("incomingServer", "pop3"),
        Protocol::Send => ("outgoingServer", "smtp"),
    };
    let socket = if service.tls { "SSL" } else { "STARTTLS" };
    let (hostname, port) = (escaped(&offer.hostname), service.port);
    format!(
        "    <{element} type=\"{kind}\">\n      <hostname>{hostname}</hostname>\n      <port>{port}</port>\n      \
         <socketType>{socket}</socketType>\n      <username>%EMAILADDRESS%</username>\n      \
         <authentication>password-cleartext</authentication>\n    </{element}>\n"
    )
}
