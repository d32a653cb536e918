//! The server asked through `net`'s resolver over real sockets, and the same zones asked directly: both say the same.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "one client of the server is made by hand")]

use super::*;
use hickory_server::proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use message::Domain;
use net::dns::{ADDRESSES_MAX, Answer, Exchange, MX_MAX, Resolver};
use office::outbound::route::{Lookup, Need, Plan, Rules};
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::OnceLock;

fn domain(name: &str) -> Domain {
    Domain::parse(name).unwrap()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

fn hosts(list: &[(&str, &str)]) -> Vec<(String, Vec<IpAddr>)> {
    let addresses = |text: &str| text.split_whitespace().map(|ip| ip.parse().unwrap()).collect();
    list.iter().map(|(name, ips)| ((*name).to_owned(), addresses(ips))).collect()
}

fn mx(list: &[(u16, &str)]) -> Vec<(u16, String)> {
    list.iter().map(|(preference, host)| (*preference, (*host).to_owned())).collect()
}

/// Every kind of answer there is.
fn zones() -> Vec<Zone> {
    let crepes = Zone {
        domain: "crepes.fr".to_owned(),
        mx: mx(&[(20, "mx2.crepes.fr"), (10, "MX1.crepes.fr."), (30, "192.0.2.9")]),
        hosts: hosts(&[
            ("mx1.crepes.fr", "192.0.2.1 2001:db8::1"),
            ("mx2.crepes.fr", "192.0.2.2"),
            ("six.crepes.fr", "2001:db8::6"),
            ("deep.under.crepes.fr", "192.0.2.3"),
        ]),
        aliases: owned(&[
            ("mail.crepes.fr", "mx1.crepes.fr"),
            ("first.crepes.fr", "second.crepes.fr"),
            ("second.crepes.fr", "mail.crepes.fr"),
            ("other.crepes.fr", "hamburger.edu"),
            ("lost.crepes.fr", "nowhere.crepes.fr"),
            ("sick.crepes.fr", "servfail.faults.test"),
            ("ring.crepes.fr", "gnir.crepes.fr"),
            ("gnir.crepes.fr", "ring.crepes.fr"),
        ]),
        txt: owned(&[("note.crepes.fr", "only a text")]),
        ..Zone::default()
    };
    let null = Zone { domain: "null.fr".to_owned(), mx: mx(&[(0, ".")]), ..Zone::default() };
    let hamburger = Zone {
        domain: "hamburger.edu".to_owned(),
        mx: mx(&[(10, "mx1.crepes.fr")]),
        hosts: hosts(&[("hamburger.edu", "130.127.48.19")]),
        ..Zone::default()
    };
    let idn = Zone {
        domain: "bücher.example".to_owned(),
        mx: mx(&[(10, "post.bücher.example")]),
        hosts: hosts(&[("post.bücher.example", "192.0.2.4")]),
        ..Zone::default()
    };
    vec![crepes, null, hamburger, idn, faults()]
}

fn faults() -> Zone {
    let kinds = [
        ("servfail", Fault::ServerFailure),
        ("refused", Fault::Refused),
        ("gone", Fault::NoDomain),
        ("lame", Fault::Referral),
        ("long", Fault::Truncation),
    ];
    let named = |name: &str| format!("{name}.faults.test");
    Zone {
        domain: "faults.test".to_owned(),
        hosts: kinds.iter().map(|(name, _)| (named(name), vec!["192.0.2.5".parse().unwrap()])).collect(),
        faults: kinds.iter().map(|(name, fault)| (named(name), *fault)).collect(),
        ..Zone::default()
    }
}

/// An answer in one line; the reason of a failure is left out.
fn show<T>(answer: Answer<T>, found: impl Fn(T) -> String) -> String {
    match answer {
        Answer::Found(records) => found(records),
        Answer::NoRecords => "no records".to_owned(),
        Answer::NoDomain => "no domain".to_owned(),
        Answer::Failed(_) => "failed".to_owned(),
    }
}

fn show_mx(answer: Answer<net::dns::MxAnswer>) -> String {
    show(answer, |answer| {
        let mut hosts = answer.hosts;
        hosts.sort();
        hosts.iter().fold(String::new(), |mut text, mx| {
            let host = match &mx.exchange {
                Exchange::Host(host) => host.to_string(),
                Exchange::Null => ".".to_owned(),
                Exchange::NotAHost(text) => format!("!{text}"),
            };
            write!(text, "{} {host} ", mx.preference).unwrap();
            text
        })
    })
}

fn show_addresses(answer: Answer<net::dns::Addresses>) -> String {
    show(answer, |answer| answer.list.iter().map(|ip| format!("{ip} ")).collect())
}

async fn serve(zones: Vec<Zone>) -> (Names, Resolver) {
    let names = Names::start(zones).await.unwrap();
    let resolver = Resolver::new(&[names.address()]).unwrap();
    (names, resolver)
}

#[tokio::test]
async fn mail_exchangers_are_found() {
    let (_names, resolver) = serve(zones()).await;
    let zones = Zones::new(zones()).unwrap();
    for (of, expected) in [
        ("crepes.fr", "10 mx1.crepes.fr 20 mx2.crepes.fr 30 !192.0.2.9 "),
        ("null.fr", "0 . "),
        ("hamburger.edu", "10 mx1.crepes.fr "),
        ("bücher.example", "10 post.xn--bcher-kva.example "),
        ("other.crepes.fr", "10 mx1.crepes.fr "),
        ("mx1.crepes.fr", "no records"),
        ("mail.crepes.fr", "no records"),
        ("note.crepes.fr", "no records"),
        ("under.crepes.fr", "no records"),
        ("nowhere.crepes.fr", "no domain"),
        ("lost.crepes.fr", "no domain"),
        ("elsewhere.test", "no domain"),
        ("gone.faults.test", "no domain"),
        ("servfail.faults.test", "failed"),
        ("sick.crepes.fr", "failed"),
        ("refused.faults.test", "failed"),
        ("lame.faults.test", "failed"),
        ("long.faults.test", "no records"),
        ("ring.crepes.fr", "failed"),
    ] {
        assert_eq!(show_mx(resolver.mx(&domain(of)).await), expected, "{of}");
        assert_eq!(show_mx(zones.mx(&domain(of))), expected, "{of}, asked directly");
    }
}

#[tokio::test]
async fn addresses_are_found() {
    let (_names, resolver) = serve(zones()).await;
    let zones = Zones::new(zones()).unwrap();
    for (of, expected) in [
        ("mx1.crepes.fr", "2001:db8::1 192.0.2.1 "),
        ("MX2.CREPES.FR", "192.0.2.2 "),
        ("six.crepes.fr", "2001:db8::6 "),
        ("mail.crepes.fr", "2001:db8::1 192.0.2.1 "),
        ("first.crepes.fr", "2001:db8::1 192.0.2.1 "),
        ("other.crepes.fr", "130.127.48.19 "),
        ("post.bücher.example", "192.0.2.4 "),
        ("crepes.fr", "no records"),
        ("note.crepes.fr", "no records"),
        ("under.crepes.fr", "no records"),
        ("nowhere.crepes.fr", "no domain"),
        ("lost.crepes.fr", "no domain"),
        ("gone.faults.test", "no domain"),
        ("servfail.faults.test", "failed"),
        ("sick.crepes.fr", "failed"),
        ("refused.faults.test", "failed"),
        ("lame.faults.test", "failed"),
        ("long.faults.test", "192.0.2.5 "),
        ("ring.crepes.fr", "failed"),
    ] {
        assert_eq!(show_addresses(resolver.addresses(&domain(of)).await), expected, "{of}");
        assert_eq!(show_addresses(zones.addresses(&domain(of))), expected, "{of}, asked directly");
    }
}

#[tokio::test]
async fn a_client_has_the_name_of_its_host() {
    let (_names, resolver) = serve(zones()).await;
    for (address, expected) in
        [("130.127.48.19", Some("hamburger.edu")), ("2001:db8::6", Some("six.crepes.fr")), ("192.0.2.77", None)]
    {
        let slot = OnceLock::new();
        resolver.name(address.parse().unwrap(), &slot).await;
        assert_eq!(slot.get().map(String::as_str), expected, "{address}");
        assert_eq!(Zones::new(zones()).unwrap().name(address.parse().unwrap()).as_deref(), expected, "{address}");
    }
}

/// A domain with this many exchangers, each with this many addresses of either family.
fn crowd(exchangers: usize, addresses: usize) -> Zone {
    let names = (1..=exchangers).map(|number| (number, format!("mx{number}.crowd.test")));
    let list = || {
        let v4 = (1..=addresses).map(|number| format!("192.0.2.{number}"));
        let v6 = (1..=addresses).map(|number| format!("2001:db8::{number}"));
        v4.chain(v6).map(|ip| ip.parse().unwrap()).collect()
    };
    Zone {
        domain: "crowd.test".to_owned(),
        mx: names.clone().map(|(number, name)| (u16::try_from(exchangers - number).unwrap(), name)).collect(),
        hosts: names.take(1).map(|(_, name)| (name, list())).collect(),
        ..Zone::default()
    }
}

#[tokio::test]
async fn long_answers_are_cut_at_their_limits() {
    let (names, resolver) = serve(Vec::new()).await;
    for (listed, seen) in [(MX_MAX, MX_MAX), (MX_MAX + 1, MX_MAX)] {
        names.set(vec![crowd(listed, 1)]).unwrap();
        let answer = resolver.mx(&domain("crowd.test")).await.found().unwrap();
        let preferences: Vec<u16> = answer.hosts.iter().map(|mx| mx.preference).collect();
        assert_eq!(preferences, (0..).take(seen).collect::<Vec<u16>>(), "of {listed} the best");
    }
    for (of_each, v6, v4) in [(3, 3, 3), (ADDRESSES_MAX / 2, 10, 10), (ADDRESSES_MAX / 2 + 1, 10, 10)] {
        names.set(vec![crowd(1, of_each)]).unwrap();
        let list = resolver.addresses(&domain("mx1.crowd.test")).await.found().unwrap().list;
        let counted = list.iter().filter(|ip| ip.is_ipv6()).count();
        assert_eq!((counted, list.len() - counted), (v6, v4), "{list:?}");
    }
    for (of_one_family, seen) in [(ADDRESSES_MAX, ADDRESSES_MAX), (ADDRESSES_MAX + 1, ADDRESSES_MAX)] {
        let mut zone = crowd(1, of_one_family);
        zone.hosts.iter_mut().for_each(|(_, list)| list.retain(IpAddr::is_ipv4));
        names.set(vec![zone]).unwrap();
        let list = resolver.addresses(&domain("mx1.crowd.test")).await.found().unwrap().list;
        assert_eq!(list.len(), seen);
    }
}

#[tokio::test]
async fn aliases_are_followed_so_far() {
    for (aliases, expected) in [(ALIASES_MAX, "192.0.2.1 "), (ALIASES_MAX + 1, "failed")] {
        let chain = (0..aliases).map(|number| (format!("a{number}.test"), format!("a{}.test", number + 1))).collect();
        let end = vec![(format!("a{aliases}.test"), vec!["192.0.2.1".parse().unwrap()])];
        let zone = Zone { domain: "test".to_owned(), aliases: chain, hosts: end, ..Zone::default() };
        let (_names, resolver) = serve(vec![zone.clone()]).await;
        assert_eq!(show_addresses(resolver.addresses(&domain("a0.test")).await), expected, "{aliases}");
        let direct = Zones::new(vec![zone]).unwrap().addresses(&domain("a0.test"));
        assert_eq!(show_addresses(direct), expected, "{aliases}, asked directly");
    }
}

#[tokio::test]
async fn zones_change_while_they_are_served() {
    let zone = |address: &str, ttl_s: u32| Zone {
        domain: "a.test".to_owned(),
        hosts: hosts(&[("a.test", address)]),
        ttl_s,
        ..Zone::default()
    };
    let (names, resolver) = serve(vec![zone("192.0.2.1", 0)]).await;
    assert_eq!(show_addresses(resolver.addresses(&domain("a.test")).await), "192.0.2.1 ");
    names.set(vec![zone("192.0.2.2", 3600)]).unwrap();
    assert_eq!(show_addresses(resolver.addresses(&domain("a.test")).await), "192.0.2.2 ");
    // From here on both the address and the lack of a second one are remembered.
    let asked = names.questions();
    names.set(vec![zone("192.0.2.3", 0)]).unwrap();
    assert_eq!(show_addresses(resolver.addresses(&domain("a.test")).await), "192.0.2.2 ");
    assert_eq!(names.questions(), asked);
    assert!(names.set(vec![Zone { domain: "..".to_owned(), ..Zone::default() }]).is_err());
    let fresh = Resolver::new(&[names.address()]).unwrap();
    assert_eq!(show_addresses(fresh.addresses(&domain("a.test")).await), "192.0.2.3 ");
}

#[tokio::test]
async fn it_ends_when_it_is_dropped() {
    let (names, resolver) = serve(zones()).await;
    let address = names.address();
    assert_eq!(show_mx(resolver.mx(&domain("null.fr")).await), "0 . ");
    drop(names);
    // The port is free again for both protocols as soon as the tasks have gone.
    let bound = async {
        while UdpSocket::bind(address).await.is_err() || TcpListener::bind(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), bound).await.unwrap();
}

#[tokio::test]
async fn one_name_server_in_trouble_is_made_up_for_by_the_other() {
    for trouble in [Fault::ServerFailure, Fault::Refused, Fault::Referral, Fault::Silence] {
        let zone =
            |faults| Zone { domain: "a.test".to_owned(), mx: mx(&[(10, "mx.a.test")]), faults, ..Zone::default() };
        let ill = Names::start(vec![zone(vec![("a.test".to_owned(), trouble)])]).await.unwrap();
        let well = Names::start(vec![zone(Vec::new())]).await.unwrap();
        for servers in [[ill.address(), well.address()], [well.address(), ill.address()]] {
            let resolver = Resolver::new(&servers).unwrap();
            assert_eq!(show_mx(resolver.mx(&domain("a.test")).await), "10 mx.a.test ", "{trouble:?}");
        }
        assert!(ill.questions() > 0 && well.questions() > 0);
    }
}

#[test]
fn zones_that_contradict_themselves_are_refused() {
    let good = || Zone { domain: "a.test".to_owned(), ..Zone::default() };
    let address = "192.0.2.1";
    assert!(Zones::new(vec![Zone { hosts: hosts(&[("H.A.Test.", address)]), ..good() }]).is_ok());
    assert!(Zones::new(vec![Zone { aliases: owned(&[("a.test", "b.test")]), ..good() }]).is_ok());
    for bad in [
        Zone { domain: "a..test".to_owned(), ..Zone::default() },
        Zone { hosts: hosts(&[("h.b.test", address)]), ..good() },
        Zone { hosts: hosts(&[("ha.test", address)]), ..good() },
        Zone { faults: vec![("h.b.test".to_owned(), Fault::Silence)], ..good() },
        Zone { aliases: owned(&[("h.a.test", "x.test"), ("H.a.test", "y.test")]), ..good() },
        Zone { aliases: owned(&[("h.a.test", "x.test")]), hosts: hosts(&[("h.a.test", address)]), ..good() },
        Zone { aliases: owned(&[("a.test", "b.test")]), mx: mx(&[(10, "c.test")]), ..good() },
    ] {
        assert!(Zones::new(vec![bad.clone()]).is_err(), "{bad:?}");
    }
}

/// The plan for mail to this domain, with names from sockets and with the same names asked directly.
async fn plans(resolver: &Resolver, zones: &Zones, to: &str) -> [Plan; 2] {
    let rules = Rules {
        own_names: vec![domain("mx2.crepes.fr")],
        own_sockets: Vec::new(),
        routes: Vec::new(),
        smarthost: None,
        port: 25,
        ipv6: true,
        loopback_targets: false,
    };
    let mut asked = Lookup::new(rules.into(), message::Host::Domain(domain(to)), 1);
    let mut direct = asked.clone();
    loop {
        assert_eq!(matches!(asked.step(), Need::Ready(_)), matches!(direct.step(), Need::Ready(_)));
        match (asked.step(), direct.step()) {
            (Need::Ready(one), Need::Ready(other)) => return [one, other],
            (Need::Mx(domain), _) => {
                asked.told_mx(resolver.mx(&domain).await);
                direct.told_mx(zones.mx(&domain));
            }
            (Need::Addresses(hosts), _) => {
                direct.told_addresses(hosts.iter().map(|host| (host.clone(), zones.addresses(host))).collect());
                let mut told = Vec::new();
                for host in hosts {
                    told.push((host.clone(), resolver.addresses(&host).await));
                }
                asked.told_addresses(told);
            }
            (Need::Ready(_), _) => unreachable!("both are ready at once"),
        }
    }
}

#[tokio::test]
async fn mail_finds_its_way_by_names_from_sockets_and_without() {
    let (_names, resolver) = serve(zones()).await;
    let zones = Zones::new(zones()).unwrap();
    for (to, expected) in [
        ("crepes.fr", "10 mx1.crepes.fr 2001:db8::1 192.0.2.1"),
        ("hamburger.edu", "10 mx1.crepes.fr 2001:db8::1 192.0.2.1"),
        ("other.crepes.fr", "10 mx1.crepes.fr 2001:db8::1 192.0.2.1"),
        ("first.crepes.fr", "0 first.crepes.fr 2001:db8::1 192.0.2.1"),
        ("bücher.example", "10 post.xn--bcher-kva.example 192.0.2.4"),
        ("mx2.crepes.fr", "5.4.6"),
        ("null.fr", "5.1.10"),
        ("nowhere.crepes.fr", "5.1.2"),
        ("note.crepes.fr", "5.4.4"),
        ("lame.faults.test", "later"),
        ("servfail.faults.test", "later"),
    ] {
        for plan in plans(&resolver, &zones, to).await {
            let shown = match &plan {
                Plan::Hosts { targets, .. } => targets.iter().fold(String::new(), |text, target| {
                    let addresses: Vec<String> = target.addresses.iter().map(ToString::to_string).collect();
                    format!("{text}{} {} {}", target.preference, target.host, addresses.join(" "))
                }),
                Plan::Later(_) => "later".to_owned(),
                Plan::Fail { status, .. } => status.to_string(),
            };
            assert_eq!(shown, expected, "{to}: {plan:?}");
        }
    }
}

#[tokio::test]
async fn texts_and_what_does_not_fit() {
    let long: String = "x".repeat(300);
    let mut zone = crowd(40, 1);
    zone.txt = owned(&[("note.crowd.test", &long)]);
    let names = Names::start(vec![zone]).await.unwrap();
    let reply = ask(&names, "note.crowd.test.", RecordType::TXT).await;
    let RData::TXT(text) = &reply.answers.first().unwrap().data else { panic!("a text") };
    let pieces: Vec<usize> = text.txt_data.iter().map(|piece| piece.len()).collect();
    assert_eq!(pieces, [255, 45]);
    // Without EDNS a UDP message has 512 octets.
    let reply = ask(&names, "crowd.test.", RecordType::MX).await;
    assert!(reply.metadata.truncation && reply.answers.len() < 40);
    let reply = ask(&names, "mx9.crowd.test.", RecordType::SRV).await;
    assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(reply.authorities.iter().map(Record::record_type).collect::<Vec<_>>(), [RecordType::SOA]);
}

/// One question as a bare datagram.
async fn ask(names: &Names, name: &str, of: RecordType) -> Message {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut question = Message::new(7, MessageType::Query, OpCode::Query);
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), of));
    socket.send_to(&question.to_vec().unwrap(), names.address()).await.unwrap();
    let mut packet = [0; 2048];
    let octets = tokio::time::timeout(Duration::from_secs(5), socket.recv(&mut packet)).await.unwrap().unwrap();
    Message::from_vec(&packet[..octets]).unwrap()
}
