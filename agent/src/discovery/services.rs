//! What DNS tells of a domain's servers (RFC 6186, RFC 8314 §5.1, RFC 8620 §2.2), and JMAP's fixed place. DNS alone proves
//! nothing: who lies outside the domain is marked, so that a person is asked (RFC 6186 §6).

use super::{Looked, Place, Source, Way, is_below, usual_users};
use crate::account::{Incoming, Security, Server};
use crate::dialing::Internet;
use crate::http::Client;
use futures_util::future::join_all;
use message::{Address, Domain};
use wire::names::{Answer, Srv};

/// The services of mail, as DNS calls them.
const SERVICES: [(&str, Kind, Security); 6] = [
    ("_imaps", Kind::Imap, Security::Tls),
    ("_imap", Kind::Imap, Security::StartTls),
    ("_pop3s", Kind::Pop3, Security::Tls),
    ("_pop3", Kind::Pop3, Security::StartTls),
    ("_submissions", Kind::Smtp, Security::Tls),
    ("_submission", Kind::Smtp, Security::StartTls),
];

#[derive(Clone, Copy)]
enum Kind {
    Imap,
    Pop3,
    Smtp,
}

/// All services of mail but JMAP.
pub(super) async fn look(internet: &Internet, address: &Address, domain: &Domain) -> Looked {
    let asked = SERVICES.iter().map(|(name, kind, security)| async move {
        match records(internet, name, domain).await {
            Ok(records) => Ok(places(&records, (*kind, *security), address, domain)),
            Err(why) => Err(why),
        }
    });
    let mut places = Vec::new();
    let mut failed = None;
    for answer in join_all(asked).await {
        match answer {
            Ok(found) => places.extend(found),
            Err(why) => failed = Some(why),
        }
    }
    let told = match (places.len(), failed) {
        (0, Some(why)) => format!("DNS: {why}"),
        (0, None) => format!("DNS: {domain} names no servers of mail"),
        (count, _) => format!("DNS: {domain} names {count} servers"),
    };
    (places, told)
}

async fn records(internet: &Internet, service: &str, domain: &Domain) -> Result<Vec<Srv>, String> {
    // A domain so long that the service's name does not fit before it has none.
    let Ok(name) = Domain::parse(&format!("{service}._tcp.{domain}")) else { return Ok(Vec::new()) };
    match internet.services(&name).await {
        Answer::Found(records) => Ok(records),
        Answer::NoRecords | Answer::NoDomain => Ok(Vec::new()),
        Answer::Failed(why) => Err(why),
    }
}

/// The servers that records name. RFC 6186 §3.4: a target of "." says that there is none.
fn places(records: &[Srv], (kind, security): (Kind, Security), address: &Address, domain: &Domain) -> Vec<Place> {
    let named = records.iter().filter_map(|record| Some((record.target.as_ref()?, record.port)));
    let of = |(host, port): (&Domain, u16)| {
        let server = Server { host: host.as_str().to_owned(), port, security, user: None, trust: None };
        let way = match kind {
            Kind::Imap => Way::Incoming(Incoming::Imap(server)),
            Kind::Pop3 => Way::Incoming(Incoming::Pop3 { server, keep: true }),
            Kind::Smtp => Way::Outgoing(server),
        };
        let foreign = !is_below(host.as_str(), domain);
        Place { way, users: usual_users(address), source: Source::Dns, foreign }
    };
    named.filter(|(_, port)| *port > 0).map(of).collect()
}

/// JMAP: where DNS says, and at the domain itself.
pub(super) async fn jmap(http: &Client, internet: &Internet, (address, domain): (&Address, &Domain)) -> Looked {
    let mut hosts = vec![(domain.as_str().to_owned(), 443)];
    if let Ok(records) = records(internet, "_jmap", domain).await {
        let named =
            records.iter().filter_map(|record| Some((record.target.as_ref()?.as_str().to_owned(), record.port)));
        hosts.splice(0..0, named);
    }
    let asked = hosts.iter().map(|(host, port)| async move {
        let port = if *port == 443 { String::new() } else { format!(":{port}") };
        let url = format!("https://{host}{port}/.well-known/jmap");
        is_jmap(http, &url).await.map(|()| (url, host))
    });
    let mut found = Vec::new();
    for (url, host) in join_all(asked).await.into_iter().flatten() {
        let source = if host == domain.as_str() { Source::WellKnown } else { Source::Dns };
        let way = Way::Incoming(Incoming::Jmap { url, user: None, trust: None });
        found.push(Place { way, users: usual_users(address), source, foreign: !is_below(host, domain) });
    }
    let told = if found.is_empty() { "none" } else { "there" };
    (found, format!("https://{domain}/.well-known/jmap: {told}"))
}

/// Whether something there wants a login, or tells a session (RFC 8620 §2).
async fn is_jmap(http: &Client, url: &str) -> Option<()> {
    let response = http.get(url).await.ok()?;
    match response.status.as_u16() {
        401 => Some(()),
        200 => {
            let kind = response.headers.get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            kind.starts_with("application/json").then_some(())
        }
        _ => None,
    }
}
