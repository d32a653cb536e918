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

    pub(super) async fn within_limit<'a, T, F>(&'a self, ask: impl FnOnce(&'a Dns) -> F) -> Answer<T>
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
    pub(super) async fn records<T>(&self, domain: &Domain, of: RecordType, read: fn(&RData) -> Option<T>) -> Found<T> {
        // The final dot keeps the search list of resolv.conf out: RFC 5321 §5.1 forbids completing names.
        let Ok(name) = Name::from_ascii(format!("{domain}.")) else {
            return Answer::NoDomain;
        };
        let first = self.together.lookup(name.clone(), of).await;
        // One server that spoke and could not tell: another may know. Where none spoke, all were asked already.
        let to_ask = if matches!(first, Err(NetError::Dns(_))) { self.each.as_slice() } else { &[] };
        let first = answer(&name, first, read);
        for alone in to_ask.iter().filter(|_| matches!(first, Answer::Failed(_))) {
            let answer = answer(&name, alone.lookup(name.clone(), of).await, read);
            if !matches!(answer, Answer::Failed(_)) {
                return answer;
            }
        }
        first
    }
}

fn answer<T>(name: &Name, result: Result<Lookup, NetError>, read: fn(&RData) -> Option<T>) -> Found<T> {
    match result {
        Ok(lookup) => records(name, lookup.answers(), read),
        Err(error) => failure(&error),
    }
}

/// What belongs to the name or to what it is an alias of. Other records that lie in the same answer are nobody's word.
fn records<T>(name: &Name, answers: &[Record], read: fn(&RData) -> Option<T>) -> Found<T> {
    let mut owner = name;
    let mut chain = Vec::new();
    // Each alias is used once, so a ring ends.
    while chain.len() < answers.len()
        && let Some((alias, target)) = answers.iter().find_map(|record| alias_of(owner, record))
    {
        chain.push(alias);
        owner = target;
    }
    let owned = answers.iter().filter(|record| record.name == *owner);
    let (found, own): (Vec<T>, Vec<&Record>) = owned.filter_map(|record| Some((read(&record.data)?, record))).unzip();
    chain.extend(own);
    // The library leaves the alias out where it knew the target from before: what such an answer lacks nobody denied.
    if found.is_empty() && !answers.is_empty() && !answers.iter().any(|record| record.name == *name) {
        return Answer::Failed("the answer speaks of other names".to_owned());
    }
    if found.is_empty() { Answer::NoRecords } else { Answer::Found((found, sureness(&chain))) }
}

fn alias_of<'a>(owner: &Name, record: &'a Record) -> Option<(&'a Record, &'a Name)> {
    match &record.data {
        RData::CNAME(target) if record.name == *owner => Some((record, &target.0)),
        _ => None,
    }
}

/// Of all records of an answer, the aliases among them too.
fn sureness(answers: &[&Record]) -> Dnssec {
    let of_one = |record: &&Record| match record.proof {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "looks at tokio's paused clock")]
    #![allow(clippy::unwrap_used)]
    use super::*;
    use hickory_resolver::proto::op::Query;
    use hickory_resolver::proto::rr::rdata::{A, CNAME, NS};
    use std::sync::Arc;

    fn domain() -> Domain {
        Domain::parse("crepes.fr").unwrap()
    }

    fn found(addresses: &[&str], dnssec: Dnssec) -> Found<IpAddr> {
        Answer::Found((addresses.iter().map(|ip| ip.parse().unwrap()).collect(), dnssec))
    }

    #[test]
    fn what_two_questions_about_a_host_come_to() {
        let failed = || Answer::Failed("SERVFAIL".to_owned());
        let rows = [
            (Answer::NoDomain, Answer::NoDomain, Answer::NoDomain),
            // Servers that deny a whole name for want of an AAAA record.
            (Answer::NoDomain, Answer::NoRecords, Answer::NoRecords),
            (Answer::NoRecords, Answer::NoRecords, Answer::NoRecords),
            (Answer::NoDomain, failed(), failed()),
            (failed(), Answer::NoRecords, failed()),
        ];
        for (v6, v4, expected) in rows {
            assert_eq!(both(v6.clone(), v4.clone()), expected.clone().map(|(list, dnssec)| Addresses { list, dnssec }));
            assert_eq!(both(v4, v6), expected.map(|(list, dnssec)| Addresses { list, dnssec }));
        }
        let one = || found(&["192.0.2.1"], Dnssec::Secure);
        for none in [Answer::NoDomain, Answer::NoRecords, failed()] {
            let list = vec!["192.0.2.1".parse().unwrap()];
            let expected = Answer::Found(Addresses { list, dnssec: Dnssec::Secure });
            assert_eq!(both(none.clone(), one()), expected);
            assert_eq!(both(one(), none), expected);
        }
        let sixes = found(&["2001:db8::1", "2001:db8::2", "2001:db8::3"], Dnssec::Insecure);
        let Answer::Found(answer) = both(sixes, one()) else { panic!("both have addresses") };
        let shown: Vec<String> = answer.list.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["2001:db8::1", "192.0.2.1", "2001:db8::2", "2001:db8::3"]);
        assert_eq!(answer.dnssec, Dnssec::Insecure);
    }

    #[test]
    fn nothing_is_told_apart_from_not_knowing() {
        let none = |code| NoRecords::new(Query::new(), code);
        assert_eq!(nothing::<()>(&none(ResponseCode::NXDomain)), Answer::NoDomain);
        assert_eq!(nothing::<()>(&none(ResponseCode::NoError)), Answer::NoRecords);
        assert!(matches!(nothing::<()>(&none(ResponseCode::ServFail)), Answer::Failed(_)));
        let bogus = NetError::Dns(DnsError::DnssecBogus);
        for error in [bogus, NetError::Timeout, NetError::Busy, NetError::NoConnections] {
            assert!(matches!(failure::<()>(&error), Answer::Failed(_)), "{error}");
        }
    }

    #[test]
    fn an_answer_is_as_sure_as_all_of_its_records() {
        let record = |proof, data| {
            let mut record = Record::from_rdata(Name::root(), 60, data);
            record.proof = proof;
            record
        };
        let alias = || RData::CNAME(CNAME(Name::root()));
        let other = || RData::NS(NS(Name::root()));
        for (proofs, expected) in [
            (vec![Proof::Secure, Proof::Secure], Dnssec::Secure),
            (vec![Proof::Secure, Proof::Insecure], Dnssec::Insecure),
            (vec![Proof::Insecure, Proof::Bogus], Dnssec::Unchecked),
            (vec![Proof::Indeterminate, Proof::Secure], Dnssec::Unchecked),
            (vec![], Dnssec::Unchecked),
        ] {
            let answers: Vec<Record> =
                proofs.iter().zip([alias(), other()]).map(|(proof, data)| record(*proof, data)).collect();
            assert_eq!(sureness(&answers.iter().collect::<Vec<_>>()), expected, "{proofs:?}");
        }
    }

    #[test]
    fn only_what_belongs_to_the_name_counts() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let alias = |of: &str, to: &str| Record::from_rdata(name(of), 60, RData::CNAME(CNAME(name(to))));
        let host = |of: &str, last: u8| Record::from_rdata(name(of), 60, RData::A(A::new(192, 0, 2, last)));
        for (answers, expected) in [
            (vec![host("MX.crepes.fr.", 1), host("other.fr.", 2)], Some(vec![1])),
            (vec![host("other.fr.", 2)], None),
            (vec![alias("mx.crepes.fr.", "a.fr."), host("a.fr.", 3), host("mx.crepes.fr.", 4)], Some(vec![3])),
            (vec![host("b.fr.", 5), alias("a.fr.", "b.fr."), alias("mx.crepes.fr.", "a.fr.")], Some(vec![5])),
            (vec![alias("mx.crepes.fr.", "a.fr."), alias("a.fr.", "mx.crepes.fr.")], None),
        ] {
            let addresses = |last: Vec<u8>| last.into_iter().map(|last| IpAddr::from([192, 0, 2, last])).collect();
            let found: Option<Vec<IpAddr>> =
                records(&name("mx.crepes.fr."), &answers, address).found().map(|(list, _)| list);
            assert_eq!(found, expected.map(addresses), "{answers:?}");
        }
        let of_other = records(&name("mx.crepes.fr."), &[host("other.fr.", 2)], address);
        assert!(matches!(of_other, Answer::Failed(_)), "it says nothing of the name");
        let no_target = records(&name("mx.crepes.fr."), &[alias("mx.crepes.fr.", "a.fr.")], address);
        assert_eq!(no_target, Answer::NoRecords);
    }

    #[tokio::test]
    async fn where_there_is_no_dns_nothing_is_known() {
        let resolver = Resolver::table([]);
        assert!(matches!(resolver.mx(&domain()).await, Answer::Failed(_)));
        assert!(matches!(resolver.addresses(&domain()).await, Answer::Failed(_)));
    }

    #[tokio::test]
    async fn names_are_not_completed() {
        use hickory_resolver::config::{ResolverConfig, ResolverOpts};
        use hickory_resolver::proto::op::{Message, MessageType, OpCode};
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let servers = vec![super::super::server(&socket.local_addr().unwrap())];
        let search = vec![Name::from_ascii("hamburger.edu.").unwrap()];
        let config = ResolverConfig::from_parts(None, search, servers);
        let resolver = Resolver::configured(&config, ResolverOpts::default()).unwrap();
        let mut asked = Vec::new();
        let deny = async {
            let mut packet = [0; 512];
            while let Ok((octets, from)) = socket.recv_from(&mut packet).await {
                let query = Message::from_vec(&packet[..octets]).unwrap();
                let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
                reply.add_queries(query.queries.clone());
                reply.metadata.response_code = ResponseCode::NXDomain;
                asked.extend(query.queries.iter().map(|question| question.name().to_ascii()));
                socket.send_to(&reply.to_vec().unwrap(), from).await.unwrap();
            }
        };
        // One label, since those are completed first.
        let of = Domain::parse("crepes").unwrap();
        tokio::select! {
            answer = resolver.mx(&of) => assert_eq!(answer, Answer::NoDomain),
            () = deny => panic!("the socket stays open"),
        }
        assert!(!asked.is_empty() && asked.iter().all(|name| name == "crepes."), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_not_waited_for_longer_than_the_limit() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let other = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let resolver = Resolver::new(&[silent.local_addr().unwrap(), other.local_addr().unwrap()]).unwrap();
        let started = tokio::time::Instant::now();
        assert!(matches!(resolver.mx(&domain()).await, Answer::Failed(_)));
        assert!(matches!(resolver.addresses(&domain()).await, Answer::Failed(_)));
        assert!(started.elapsed() <= 2 * ANSWER_LIMIT + Duration::from_millis(10), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn questions_take_their_turn_and_the_wait_counts() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let resolver = Arc::new(Resolver::new(&[silent.local_addr().unwrap()]).unwrap());
        for (under_way, asked) in [(MAIL_LOOKUPS_MAX - 1, true), (MAIL_LOOKUPS_MAX, false)] {
            let Source::Dns(dns) = &resolver.0 else { panic!("it asks a server") };
            let _others = dns.for_mail.acquire_many(under_way).await.unwrap();
            let started = tokio::time::Instant::now();
            let of = domain();
            let (answer, sent) = tokio::join!(resolver.mx(&of), async {
                let mut packet = [0; 512];
                tokio::time::timeout(ANSWER_LIMIT, silent.recv(&mut packet)).await.is_ok()
            });
            assert!(matches!(answer, Answer::Failed(_)) && sent == asked, "{under_way} under way: {answer:?}");
            assert!(started.elapsed() <= ANSWER_LIMIT + Duration::from_millis(10), "{:?}", started.elapsed());
            while silent.try_recv(&mut [0; 512]).is_ok() {}
        }
    }
}
