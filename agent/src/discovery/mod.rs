//! Finding the servers of an address: what the domain tells over HTTPS ([`autoconfig`]) and in DNS ([`services`]), JMAP's
//! fixed place, names that most use ([`hosts`]); then a login that shows which of them it is. Owns the order, the limits of
//! time, and the words for what was tried. A password goes nowhere before TLS has shown whose server it is.

pub mod autoconfig;
mod hosts;
mod services;

use crate::account::{Incoming, Outgoing, Security, Server};
use crate::dialing::{Internet, is_this_machine};
use crate::http::Client;
use crate::trial::{Trial, Who};
use crate::trouble::{Kind, Trouble};
use message::{Address, Domain};
use std::time::Duration;
use tokio::time::timeout;
use wire::smtp::client::Credential;

/// How long each way of looking may take. All of them are gone at once.
pub const LOOK_LIMIT: Duration = Duration::from_secs(3);
/// Servers of one kind that are tried with a login.
pub const TRIES_MAX: usize = 6;

/// What may be asked and used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// A database of providers that Thunderbird keeps may be asked; it learns the domain.
    pub database: bool,
    /// Servers on this machine may be spoken to without TLS.
    pub open_here: bool,
}

/// A server that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What it is for.
    pub way: Way,
    /// Names to log in with, the likeliest first.
    pub users: Vec<String>,
    /// Who named it.
    pub source: Source,
    /// It lies outside the domain, and nobody vouches for that but DNS (RFC 6186 §6): a person is asked.
    pub foreign: bool,
}

/// What a server is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Mail is read there.
    Incoming(Incoming),
    /// Mail is sent there.
    Outgoing(Server),
}

/// Who named a server, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The domain itself, over HTTPS.
    Autoconfig,
    /// JMAP's fixed place at the domain.
    WellKnown,
    /// DNS.
    Dns,
    /// The database of providers.
    Database,
    /// It is called as most are.
    Guess,
}

/// What was found, and what was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The best first.
    pub places: Vec<Place>,
    /// A line each.
    pub tried: Vec<String>,
}

/// Settings that work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Where mail is read.
    pub incoming: Incoming,
    /// Where it is sent.
    pub outgoing: Option<Outgoing>,
    /// What was tried, a line each.
    pub tried: Vec<String>,
}

/// What one way of looking came to: servers, and what is said of it.
pub(crate) type Looked = (Vec<Place>, String);

impl Place {
    /// The host, for words.
    #[must_use]
    pub fn host(&self) -> &str {
        match &self.way {
            Way::Incoming(Incoming::Imap(server) | Incoming::Pop3 { server, .. }) | Way::Outgoing(server) => {
                &server.host
            }
            Way::Incoming(Incoming::Jmap { url, .. }) => url,
            Way::Incoming(_) => "this machine",
        }
    }

    fn server(&self) -> Option<&Server> {
        match &self.way {
            Way::Incoming(Incoming::Imap(server) | Incoming::Pop3 { server, .. }) | Way::Outgoing(server) => {
                Some(server)
            }
            Way::Incoming(_) => None,
        }
    }

    /// IMAP and JMAP before POP3, then who named it, then TLS from the start before TLS later (RFC 8314 §3).
    fn rank(&self) -> (u8, Source, u8) {
        let kind = match &self.way {
            Way::Incoming(Incoming::Imap(_)) | Way::Outgoing(_) => 0,
            Way::Incoming(Incoming::Jmap { .. }) => 1,
            Way::Incoming(_) => 2,
        };
        let security = match self.server().map(|server| server.security) {
            Some(Security::Tls) | None => 0,
            Some(Security::StartTls) => 1,
            Some(Security::Plain) => 2,
        };
        (kind, self.source, security)
    }

    /// Without TLS only on this machine, and only where a person wants it.
    fn is_allowed(&self, consent: Consent) -> bool {
        let open = self.server().filter(|server| server.security == Security::Plain);
        open.is_none_or(|server| consent.open_here && is_this_machine(&server.host))
    }
}

/// The names that people log in with.
pub(crate) fn usual_users(address: &Address) -> Vec<String> {
    vec![address.to_string(), address.local_part().to_owned()]
}

/// Whether a host belongs to a domain.
pub(crate) fn is_below(host: &str, domain: &Domain) -> bool {
    let host = host.to_ascii_lowercase();
    host == domain.as_str() || host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
}

/// Looks for the servers of an address; nothing is logged in to.
///
/// # Errors
/// The address has no domain.
pub async fn look(internet: &Internet, address: &Address, consent: Consent) -> Result<Found, Trouble> {
    let no_domain = || Trouble::new(Kind::Data, format!("{address} has no domain to look for servers of"));
    let domain = address.domain().ok_or_else(no_domain)?;
    let http = Client::with_patience(internet, None, LOOK_LIMIT);
    let [own, known] = autoconfig::urls(address, domain);
    let database = async {
        match consent.database {
            true => Some(autoconfig::look(&http, &autoconfig::database_url(domain), (address, domain)).await),
            false => None,
        }
    };
    let (own, known, dns, jmap, database) = tokio::join!(
        autoconfig::look(&http, &own, (address, domain)),
        autoconfig::look(&http, &known, (address, domain)),
        in_time("DNS", services::look(internet, address, domain)),
        in_time("JMAP", services::jmap(&http, internet, (address, domain))),
        database,
    );
    let mut found = Found::default();
    for (places, tried) in [own, known, dns, jmap].into_iter().chain(database) {
        found.places.extend(places);
        found.tried.push(tried);
    }
    // What is missing is guessed.
    let has = |incoming: bool| found.places.iter().any(|place| matches!(place.way, Way::Incoming(_)) == incoming);
    let missing = (!has(true), !has(false));
    if missing.0 || missing.1 {
        let (places, tried) = hosts::look(internet, (address, domain), missing).await;
        found.places.extend(places);
        found.tried.push(tried);
    }
    found.places.retain(|place| place.is_allowed(consent));
    found.places.sort_by_key(Place::rank);
    let mut ways: Vec<Way> = Vec::new();
    found.places.retain(|place| {
        let new = !ways.contains(&place.way);
        ways.push(place.way.clone());
        new
    });
    Ok(found)
}

async fn in_time(what: &str, looking: impl Future<Output = Looked>) -> Looked {
    let late = || (Vec::new(), format!("{what}: no answer within {} s", LOOK_LIMIT.as_secs()));
    timeout(LOOK_LIMIT, looking).await.unwrap_or_else(|_| late())
}

/// Logs in to what was found until something works. `agree` is asked of servers outside the domain.
///
/// # Errors
/// Nothing was found, nothing works, or a server refuses the password: then no other is tried with it.
pub async fn try_out(
    trial: Trial<'_>,
    address: &Address,
    credential: &Credential,
    found: Found,
    mut agree: impl FnMut(&Place) -> bool,
) -> Result<Setup, Trouble> {
    let mut tried = found.tried;
    let mut agreed = |place: &Place| !place.foreign || agree(place);
    let (incoming, outgoing): (Vec<Place>, Vec<Place>) =
        found.places.into_iter().partition(|place| matches!(place.way, Way::Incoming(_)));
    let chosen = first_that_works(trial, (address, credential), (incoming, &mut agreed), &mut tried).await?;
    let Some((Way::Incoming(incoming), user)) = chosen else {
        let domain = address.domain().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "no server of {domain} was found that works; name it yourself (--imap HOST --smtp HOST). Tried:\n  {}",
            tried.join("\n  ")
        );
        return Err(Trouble::new(Kind::NoHost, text));
    };
    // Who logs in there so does it here, too.
    let outgoing = outgoing.into_iter().map(|mut place| {
        place.users.retain(|other| *other != user);
        place.users.insert(0, user.clone());
        place
    });
    let sending = first_that_works(trial, (address, credential), (outgoing.collect(), &mut agreed), &mut tried).await?;
    let outgoing = match (sending, &incoming) {
        (Some((Way::Outgoing(server), _)), _) => Some(Outgoing::Smtp(server)),
        (_, Incoming::Jmap { .. }) => Some(Outgoing::Jmap),
        _ => None,
    };
    Ok(Setup { incoming, outgoing, tried })
}

async fn first_that_works(
    trial: Trial<'_>,
    (address, credential): (&Address, &Credential),
    (places, agreed): (Vec<Place>, &mut impl FnMut(&Place) -> bool),
    tried: &mut Vec<String>,
) -> Result<Option<(Way, String)>, Trouble> {
    for place in places.into_iter().take(TRIES_MAX) {
        if !agreed(&place) {
            tried.push(format!("{}: left, for it lies outside the domain", place.host()));
            continue;
        }
        let mut refused = None;
        for user in &place.users {
            let way = with_user(place.way.clone(), user, address);
            match once((trial, address), &way, (user.clone(), credential.clone())).await {
                Ok(()) => {
                    tried.push(format!("{}: logged in as {user}", place.host()));
                    return Ok(Some((way, user.clone())));
                }
                Err(trouble) if trouble.kind == Kind::NotAllowed => refused = Some(trouble),
                Err(trouble) => {
                    tried.push(trouble.text);
                    break;
                }
            }
        }
        // A server that knows the names and not the password: others are not told it.
        if let Some(trouble) = refused {
            return Err(trouble);
        }
    }
    Ok(None)
}

async fn once((trial, address): (Trial<'_>, &Address), way: &Way, who: Who) -> Result<(), Trouble> {
    match way {
        Way::Incoming(incoming) => trial.incoming(incoming, address, Some(who)).await,
        Way::Outgoing(server) => trial.outgoing(&Outgoing::Smtp(server.clone()), address, Some(who)).await,
    }
}

/// The settings say the name only where it is not the address.
fn with_user(mut way: Way, name: &str, address: &Address) -> Way {
    let name = Some(name.to_owned()).filter(|name| *name != address.to_string());
    match &mut way {
        Way::Incoming(Incoming::Imap(server) | Incoming::Pop3 { server, .. }) | Way::Outgoing(server) => {
            server.user = name;
        }
        Way::Incoming(Incoming::Jmap { user, .. }) => *user = name,
        Way::Incoming(_) => {}
    }
    way
}

#[cfg(test)]
pub(crate) mod tests;
