//! Names that most servers have: `imap.`, `mail.`, `smtp.` and the like. Owns which are tried, and that they answer; a login
//! shows more.

use super::{LOOK_LIMIT, Looked, Place, Source, Way, usual_users};
use crate::account::{Incoming, Security, Server};
use crate::dialing::{Internet, server_name};
use futures_util::future::join_all;
use message::{Address, Domain};
use tokio::time::timeout;

/// What stands before the domain, the port and how it is protected; the likeliest first.
const IMAP: [(&str, u16, Security); 5] = [
    ("imap.", 993, Security::Tls),
    ("mail.", 993, Security::Tls),
    ("", 993, Security::Tls),
    ("imap.", 143, Security::StartTls),
    ("mail.", 143, Security::StartTls),
];
const POP3: [(&str, u16, Security); 3] =
    [("pop.", 995, Security::Tls), ("pop3.", 995, Security::Tls), ("mail.", 995, Security::Tls)];
const SMTP: [(&str, u16, Security); 5] = [
    ("smtp.", 465, Security::Tls),
    ("mail.", 465, Security::Tls),
    ("", 465, Security::Tls),
    ("smtp.", 587, Security::StartTls),
    ("mail.", 587, Security::StartTls),
];

/// Those that answer, of the kinds that are missing: to read mail, to send it.
pub(super) async fn look(
    internet: &Internet,
    (address, domain): (&Address, &Domain),
    (incoming, outgoing): (bool, bool),
) -> Looked {
    let server = |(prefix, port, security): &(&str, u16, Security)| Server {
        host: format!("{prefix}{domain}"),
        port: *port,
        security: *security,
        user: None,
        trust: None,
    };
    let mut ways: Vec<Way> = Vec::new();
    if incoming {
        ways.extend(IMAP.iter().map(server).map(Incoming::Imap).map(Way::Incoming));
        ways.extend(POP3.iter().map(server).map(|server| Way::Incoming(Incoming::Pop3 { server, keep: true })));
    }
    if outgoing {
        ways.extend(SMTP.iter().map(server).map(Way::Outgoing));
    }
    let place = |way| Place { way, users: usual_users(address), source: Source::Guess, foreign: false };
    let asked = ways.into_iter().map(place).map(|place| async move {
        let answers = match place.server() {
            Some(server) => timeout(LOOK_LIMIT, answers(internet, server)).await.unwrap_or(false),
            None => false,
        };
        answers.then_some(place)
    });
    let places: Vec<Place> = join_all(asked).await.into_iter().flatten().collect();
    let hosts: Vec<&str> = places.iter().map(Place::host).collect();
    let told = if hosts.is_empty() { "nobody answers".to_owned() } else { hosts.join(", ") };
    (places, format!("usual names (imap., mail., pop., smtp.): {told}"))
}

/// Whether somebody is there who is the host by certificate, where TLS comes first.
async fn answers(internet: &Internet, server: &Server) -> bool {
    let (Ok(tls), Ok(name)) = (internet.trust(None), server_name(&server.host)) else { return false };
    match (internet.connect(&server.host, server.port).await, server.security) {
        (Err(_), _) => false,
        (Ok(connection), Security::Tls) => net::tls::connect(connection, (tls, name), LOOK_LIMIT).await.is_ok(),
        (Ok(_), _) => true,
    }
}
