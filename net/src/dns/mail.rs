//! Where mail goes by DNS: the mail exchangers of a domain and the addresses of a host, for `office::outbound::route` to
//! decide by. Owns how the library's answers and errors turn into the four ways of [`Answer`], and the limits.

use super::{Dns, Resolver, Source};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::dnssec::Proof;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use message::Domain;
use std::net::IpAddr;
use std::time::Duration;
use wire::names::{Addresses, Answer, Dnssec, Exchange, Mx, MxAnswer};

/// How long an answer may take, the wait for a turn included. Mail is patient, but no try shall hang on DNS: what fails
/// now is asked again at the next try.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// How many questions about mail are asked at a time; each takes a socket or two.
pub const MAIL_LOOKUPS_MAX: u32 = 32;

/// How many MX records of a domain are looked at, the most preferred first. The largest lists in use have some twenty;
/// one message over TCP can hold thousands.
pub const MX_MAX: usize = 100;

/// How many addresses of a host are looked at, of both families in turn.
pub const ADDRESSES_MAX: usize = 20;

impl Resolver {
    /// The mail exchangers of a domain; an alias is followed (RFC 5321 §5.1). Answers within [`ANSWER_LIMIT`], with at
    /// most [`MX_MAX`] records. A made-up [`Resolver::table`] knows none: [`Answer::Failed`].
    pub async fn mx(&self, domain: &Domain) -> Answer<MxAnswer> {
        let answer = self.within_limit(|dns| async { dns.records(domain, RecordType::MX, exchange).await }).await;
        answer.map(|(mut hosts, dnssec)| {
            hosts.sort_by_key(|mx| mx.preference);
            hosts.truncate(MX_MAX);
            MxAnswer { hosts, dnssec }
        })
    }

    /// The addresses of a host, IPv6 and IPv4; an alias is followed. Answers within [`ANSWER_LIMIT`], with at most
    /// [`ADDRESSES_MAX`] addresses. What one family has is enough; without any, the name is said not to exist only when
    /// both questions say so, since some servers deny the whole name for want of an AAAA record.
    pub async fn addresses(&self, host: &Domain) -> Answer<Addresses> {
        self.within_limit(|dns| async {
            let v6 = dns.records(host, RecordType::AAAA, address);
            let v4 = dns.records(host, RecordType::A, address);
            let (v6, v4) = tokio::join!(v6, v4);
            both(v6, v4)
        })
        .await
    }

    async fn within_limit<'a, T, F>(&'a self, ask: impl FnOnce(&'a Dns) -> F) -> Answer<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let Source::Dns(dns) = &self.0 else {
            return Answer::Failed("there is no DNS here".to_owned());
        };
        let asked = async {
            let _turn = dns.for_mail.acquire().await.ok();
            ask(dns).await
        };
        let late = || Answer::Failed(format!("no answer from DNS within {} s", ANSWER_LIMIT.as_secs()));
        tokio::time::timeout(ANSWER_LIMIT, asked).await.unwrap_or_else(|_| late())
    }
}

/// Records of one type, and how sure they are.
type Found<T> = Answer<(Vec<T>, Dnssec)>;

impl Dns {
    async fn records<T>(&self, domain: &Domain, of: RecordType, read: fn(&RData) -> Option<T>) -> Found<T> {
        // The final dot keeps the search list of resolv.conf out: RFC 5321 §5.1 forbids completing names.
        let Ok(name) = Name::from_ascii(format!("{domain}.")) else {
            return Answer::NoDomain;
        };
        match self.hickory.lookup(name, of).await {
            Ok(lookup) => records(&lookup, read),
            Err(error) => failure(&error),
        }
    }
}

fn records<T>(lookup: &Lookup, read: fn(&RData) -> Option<T>) -> Found<T> {
    let answers = lookup.answers();
    let found: Vec<T> = answers.iter().filter_map(|record| read(&record.data)).collect();
    if found.is_empty() { Answer::NoRecords } else { Answer::Found((found, sureness(answers))) }
}

/// Of all records of an answer, the aliases among them too.
fn sureness(answers: &[Record]) -> Dnssec {
    let of_one = |record: &Record| match record.proof {
        Proof::Secure => Dnssec::Secure,
        Proof::Insecure => Dnssec::Insecure,
        Proof::Bogus | Proof::Indeterminate => Dnssec::Unchecked,
    };
    answers.iter().map(of_one).reduce(Dnssec::and).unwrap_or(Dnssec::Unchecked)
}

fn exchange(data: &RData) -> Option<Mx> {
    match data {
        RData::MX(mx) => Some(Mx { preference: mx.preference, exchange: Exchange::parse(&mx.exchange.to_ascii()) }),
        _ => None,
    }
}

fn address(data: &RData) -> Option<IpAddr> {
    match data {
        RData::A(v4) => Some(IpAddr::V4(v4.0)),
        RData::AAAA(v6) => Some(IpAddr::V6(v6.0)),
        _ => None,
    }
}

fn failure<T>(error: &NetError) -> Answer<T> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => nothing(none),
        NetError::Dns(DnsError::Nsec { response, proof, .. }) if *proof != Proof::Bogus => {
            if response.response_code == ResponseCode::NXDomain { Answer::NoDomain } else { Answer::NoRecords }
        }
        other => Answer::Failed(other.to_string()),
    }
}

fn nothing<T>(none: &NoRecords) -> Answer<T> {
    match none.response_code {
        ResponseCode::NXDomain => Answer::NoDomain,
        // A server that points elsewhere instead of answering says nothing about the name.
        ResponseCode::NoError if none.ns.is_some() && none.soa.is_none() => {
            Answer::Failed("the name server refers to others instead of answering".to_owned())
        }
        ResponseCode::NoError => Answer::NoRecords,
        code => Answer::Failed(format!("the name server answered {code}")),
    }
}

/// What two questions about one host come to.
fn both(v6: Found<IpAddr>, v4: Found<IpAddr>) -> Answer<Addresses> {
    match (v6, v4) {
        (Answer::Found((v6, sure6)), Answer::Found((v4, sure4))) => {
            Answer::Found(Addresses { list: in_turn(v6, v4), dnssec: sure6.and(sure4) })
        }
        (Answer::Found((mut list, dnssec)), _) | (_, Answer::Found((mut list, dnssec))) => {
            list.truncate(ADDRESSES_MAX);
            Answer::Found(Addresses { list, dnssec })
        }
        (Answer::Failed(reason), _) | (_, Answer::Failed(reason)) => Answer::Failed(reason),
        (Answer::NoDomain, Answer::NoDomain) => Answer::NoDomain,
        _ => Answer::NoRecords,
    }
}

fn in_turn(v6: Vec<IpAddr>, v4: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    let mut list = Vec::new();
    while list.len() < ADDRESSES_MAX {
        let before = list.len();
        list.extend(v6.next());
        list.extend(v4.next());
        if list.len() == before {
            break;
        }
    }
    list.truncate(ADDRESSES_MAX);
    list
}
