//! Tables: what DNS holds, and where mail goes then.
#![allow(clippy::unwrap_used)]

use super::*;
use std::collections::BTreeMap;

/// DNS as lines: `NAME mx 10 HOST, 20 HOST`, `NAME ip ADDRESS ADDRESS`, `NAME mx fails`, `NAME ip fails`. A name that no
/// line mentions does not exist.
#[derive(Default)]
struct Dns {
    lines: BTreeMap<(String, &'static str), String>,
}

impl Dns {
    fn of(text: &str) -> Dns {
        let mut dns = Dns::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, rest) = line.split_once(' ').unwrap();
            let (kind, data) = rest.split_once(' ').unwrap_or((rest, ""));
            let kind = ["mx", "ip"].into_iter().find(|known| *known == kind).unwrap();
            dns.lines.insert((name.to_owned(), kind), data.to_owned());
        }
        dns
    }

    fn answer<T>(&self, name: &Domain, kind: &'static str, read: impl Fn(&str) -> T) -> Answer<T> {
        let exists = self.lines.keys().any(|(known, _)| known == name.as_str());
        match self.lines.get(&(name.to_string(), kind)).map(String::as_str) {
            Some("fails") => Answer::Failed("SERVFAIL".to_owned()),
            Some(data) => Answer::Found(read(data)),
            None if exists => Answer::NoRecords,
            None => Answer::NoDomain,
        }
    }

    fn mx(&self, domain: &Domain) -> Answer<MxAnswer> {
        let record = |text: &str| {
            let (preference, host) = text.trim().split_once(' ').unwrap();
            (preference.parse().unwrap(), Exchange::parse(host))
        };
        self.answer(domain, "mx", |data| MxAnswer::unchecked(data.split(',').map(record)))
    }

    fn addresses(&self, host: &Domain) -> Answer<Addresses> {
        let list = |data: &str| data.split_whitespace().map(|ip| ip.parse().unwrap()).collect();
        self.answer(host, "ip", |data| Addresses { list: list(data), dnssec: Dnssec::Unchecked })
    }
}

fn rules() -> Rules {
    Rules {
        own_names: vec![Domain::parse("mx.hamburger.edu").unwrap()],
        own_sockets: vec!["203.0.113.25:25".parse().unwrap()],
        routes: Vec::new(),
        smarthost: None,
        port: 25,
        ipv6: true,
        loopback_targets: false,
    }
}

fn hop(host: &str, port: u16) -> NextHop {
    NextHop { host: Host::parse(host).unwrap(), port }
}

fn route(domain: &str, host: &str, port: u16) -> Route {
    Route { domain: Domain::parse(domain).unwrap(), to: hop(host, port) }
}

fn plan_for(rules: &Rules, destination: &str, dns: &Dns, random: u64) -> Plan {
    let mut lookup = Lookup::new(Arc::new(rules.clone()), Host::parse(destination).unwrap(), random);
    for _ in 0..3 {
        let need = lookup.step();
        assert_eq!(lookup.step(), need);
        match need {
            Need::Mx(domain) => lookup.told_mx(dns.mx(&domain)),
            Need::Addresses(hosts) => {
                assert!((1..=HOSTS_MAX).contains(&hosts.len()));
                let told = hosts.into_iter().rev().map(|host| (host.clone(), dns.addresses(&host)));
                lookup.told_addresses(told.collect());
            }
            Need::Ready(plan) => return plan,
        }
    }
    panic!("{destination}: two questions are enough");
}

/// As in `Mx 10 mx1.crepes.fr:25 192.0.2.1 | 20 mx2.crepes.fr:25 192.0.2.2`.
fn show(plan: &Plan) -> String {
    let target = |target: &Target| {
        let addresses: Vec<String> = target.addresses.iter().map(ToString::to_string).collect();
        format!("{} {}:{} {}", target.preference, target.host, target.port, addresses.join(" "))
    };
    match plan {
        Plan::Hosts { targets, via } => {
            format!("{via:?} {}", targets.iter().map(target).collect::<Vec<_>>().join(" | "))
        }
        Plan::Later(reason) => format!("later: {reason}"),
        Plan::Fail { status, reason } => format!("{status}: {reason}"),
    }
}

/// Destination, DNS, and how the shown plan begins.
type Row<'a> = (&'a str, &'a str, &'a str);

fn check(rules: &Rules, rows: &[Row<'_>]) {
    for (destination, dns, expected) in rows {
        for random in 0..3 {
            let shown = show(&plan_for(rules, destination, &Dns::of(dns), random));
            assert!(shown.starts_with(expected), "{destination} in {dns}\n got {shown}\nwant {expected}");
        }
    }
}

#[test]
fn mail_goes_by_preference_and_by_address_without_mx() {
    check(
        &rules(),
        &[
            (
                "crepes.fr",
                "crepes.fr mx 20 b.fr, 10 a.fr, 30 c.fr
                 a.fr ip 192.0.2.1
                 b.fr ip 192.0.2.2
                 c.fr ip 192.0.2.3",
                "Mx 10 a.fr:25 192.0.2.1 | 20 b.fr:25 192.0.2.2 | 30 c.fr:25 192.0.2.3",
            ),
            ("crepes.fr", "crepes.fr ip 192.0.2.1", "ImplicitMx 0 crepes.fr:25 192.0.2.1"),
            // With MX records the domain's own address counts for nothing (RFC 5321 §5.1).
            ("crepes.fr", "crepes.fr mx 10 a.fr\n crepes.fr ip 192.0.2.1", "5.4.4: No server"),
            (
                "crepes.fr",
                "crepes.fr mx 10 a.fr, 20 a.fr, 20 b.fr
                 a.fr ip 192.0.2.1
                 b.fr ip 192.0.2.2",
                "Mx 10 a.fr:25 192.0.2.1 | 20 b.fr:25 192.0.2.2",
            ),
            ("crepes.fr", "crepes.fr mx 10 192.0.2.9, 20 b.fr\n b.fr ip 192.0.2.2", "Mx 20 b.fr:25 192.0.2.2"),
        ],
    );
}

#[test]
fn what_does_not_exist_comes_back_and_what_is_not_known_waits() {
    check(
        &rules(),
        &[
            ("crepes.fr", "", "5.1.2: There is no domain crepes.fr."),
            (
                "crepes.fr",
                "crepes.fr mx fails",
                "later: No mail server of crepes.fr can be found now (its MX records: SERVFAIL).",
            ),
            (
                "crepes.fr",
                "crepes.fr ip fails",
                "later: No mail server of crepes.fr can be found now (crepes.fr: SERVFAIL).",
            ),
            ("crepes.fr", "crepes.fr mx 0 .", "5.1.10: The domain crepes.fr receives no mail and says so in DNS."),
            ("crepes.fr", "crepes.fr mx 0 ., 5 .", "5.1.10: "),
            ("crepes.fr", "crepes.fr mx 0 ., 10 a.fr\n a.fr ip 192.0.2.1", "Mx 10 a.fr:25 192.0.2.1"),
            (
                "crepes.fr",
                "crepes.fr mx 10 192.0.2.1",
                "5.4.4: No server receives the mail for crepes.fr (its MX records name no host).",
            ),
            (
                "crepes.fr",
                "crepes.fr mx 10 a.fr\n a.fr mx 5 b.fr",
                "5.4.4: No server receives the mail for crepes.fr (a.fr has no address).",
            ),
            (
                "crepes.fr",
                "crepes.fr mx 10 a.fr",
                "5.4.4: No server receives the mail for crepes.fr (a.fr does not exist).",
            ),
            (
                "crepes.fr",
                "crepes.fr mx 10 a.fr, 20 b.fr\n a.fr ip fails",
                "later: No mail server of crepes.fr can be found now (a.fr: SERVFAIL; b.fr does not exist).",
            ),
            (
                "crepes.fr",
                "crepes.fr mx 10 a.fr, 20 b.fr\n a.fr ip fails\n b.fr ip 192.0.2.2",
                "Mx 20 b.fr:25 192.0.2.2",
            ),
        ],
    );
    let mut absent = Lookup::new(Arc::new(rules()), Host::parse("crepes.fr").unwrap(), 0);
    absent.told_mx(Answer::NoRecords);
    let mut empty = absent.clone();
    empty.told_addresses(vec![(Domain::parse("crepes.fr").unwrap(), Answer::NoRecords)]);
    absent.told_addresses(vec![(Domain::parse("crepes.fr").unwrap(), Answer::NoDomain)]);
    for (lookup, begins) in [(absent, "5.1.2: "), (empty, "5.4.4: ")] {
        let Need::Ready(plan) = lookup.step() else { panic!("all is told") };
        assert!(show(&plan).starts_with(begins), "{plan:?}");
    }
}

#[test]
fn we_never_send_to_ourselves_or_past_ourselves() {
    let better = "a.fr ip 192.0.2.1\n b.fr ip 192.0.2.2\n mx.hamburger.edu ip 127.0.0.1\n me.fr ip 203.0.113.25";
    let row = |mx: &str| format!("crepes.fr mx {mx}\n{better}");
    let rows = [
        ("10 mx.hamburger.edu", "5.4.6: Mail for crepes.fr would come back to us"),
        ("10 mx.hamburger.edu, 20 a.fr", "5.4.6: "),
        ("10 mx.hamburger.edu, 10 a.fr", "5.4.6: "),
        ("10 a.fr, 20 MX.hamburger.edu., 20 b.fr, 30 c.fr", "Mx 10 a.fr:25 192.0.2.1"),
        ("10 a.fr, 15 b.fr, 20 mx.hamburger.edu", "Mx 10 a.fr:25 192.0.2.1 | 15 b.fr:25 192.0.2.2"),
        // Twice in the list: the better place counts.
        ("5 a.fr, 10 mx.hamburger.edu, 15 b.fr, 20 mx.hamburger.edu", "Mx 5 a.fr:25 192.0.2.1"),
        ("10 nobody.fr, 20 mx.hamburger.edu, 30 b.fr", "5.4.4: "),
        ("10 me.fr", "5.4.6: "),
        ("10 me.fr, 20 a.fr", "5.4.6: "),
        ("10 me.fr, 10 a.fr", "5.4.6: "),
        ("5 b.fr, 10 me.fr, 10 a.fr, 20 a.fr", "Mx 5 b.fr:25 192.0.2.2"),
    ];
    for (mx, expected) in rows {
        let dns = row(mx);
        assert!(dns.contains("me.fr"));
        // Among equals, ourselves may be met before or after; many throws see both.
        for random in 0..20 {
            let shown = show(&plan_for(&rules(), "crepes.fr", &Dns::of(&dns), random));
            let whole = expected.starts_with("Mx");
            assert!(if whole { shown == expected } else { shown.starts_with(expected) }, "{mx}: {shown}");
        }
    }
    let failing = "crepes.fr mx 10 a.fr, 20 me.fr\n a.fr ip fails\n me.fr ip 203.0.113.25";
    check(
        &rules(),
        &[
            ("crepes.fr", failing, "later: No mail server of crepes.fr can be found now (a.fr: SERVFAIL)."),
            ("mx.hamburger.edu", "mx.hamburger.edu ip 127.0.0.1", "5.4.6: "),
            ("[203.0.113.25]", "", "5.4.6: "),
        ],
    );
    // At another port there is somebody else.
    let rules = Rules { port: 2525, ..rules() };
    check(&rules, &[("crepes.fr", "crepes.fr mx 10 me.fr\n me.fr ip 203.0.113.25", "Mx 10 me.fr:2525 203.0.113.25")]);
}

#[test]
fn addresses_that_lead_nowhere_are_not_tried() {
    let unusable = [
        ("127.0.0.1", "a loopback address"),
        ("127.8.8.8", "a loopback address"),
        ("::1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("0.0.0.0", "not the address of a host"),
        ("0.1.2.3", "not the address of a host"),
        ("::", "not the address of a host"),
        ("255.255.255.255", "not the address of a host"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("fe80::1", "a link-local address"),
    ];
    let in_the_lab = Rules { loopback_targets: true, ..rules() };
    for (address, why) in unusable {
        let dns = format!("crepes.fr mx 10 a.fr, 20 b.fr\n a.fr ip {address}\n b.fr ip {address} 192.0.2.2");
        check(&rules(), &[("crepes.fr", &dns, "Mx 20 b.fr:25 192.0.2.2")]);
        let dns = format!("crepes.fr mx 10 a.fr\n a.fr ip {address}");
        let fails = show(&plan_for(&rules(), "crepes.fr", &Dns::of(&dns), 0));
        assert!(fails.starts_with("5.4.4: ") && fails.contains(why), "{address}: {fails}");
        let lab = show(&plan_for(&in_the_lab, "crepes.fr", &Dns::of(&dns), 0));
        assert_eq!(lab.starts_with("Mx 10 a.fr"), why == "a loopback address", "{address}: {lab}");
    }
    for (literal, expected) in [
        ("[127.0.0.1]", "5.4.4: "),
        ("[IPv6:::1]", "5.4.4: "),
        ("[192.0.2.1]", "Literal 0 [192.0.2.1]:25 192.0.2.1"),
        ("[IPv6:2001:db8::1]", "Literal 0 [IPv6:2001:db8::1]:25 2001:db8::1"),
    ] {
        check(&rules(), &[(literal, "", expected)]);
    }
    let v4_only = Rules { ipv6: false, ..rules() };
    check(
        &v4_only,
        &[
            ("crepes.fr", "crepes.fr ip 2001:db8::1 192.0.2.1", "ImplicitMx 0 crepes.fr:25 192.0.2.1"),
            (
                "crepes.fr",
                "crepes.fr ip 2001:db8::1",
                "5.4.4: No server receives the mail for crepes.fr (crepes.fr cannot be reached: 2001:db8::1 is an IPv6",
            ),
        ],
    );
}

#[test]
fn both_families_take_turns_and_keep_their_order() {
    for (listed, expected) in [
        ("192.0.2.9 192.0.2.1 2001:db8::9 2001:db8::1", "2001:db8::9 192.0.2.9 2001:db8::1 192.0.2.1"),
        ("192.0.2.9 2001:db8::9 192.0.2.1", "2001:db8::9 192.0.2.9 192.0.2.1"),
        ("2001:db8::3 2001:db8::2 2001:db8::1", "2001:db8::3 2001:db8::2 2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4"),
        ("192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5", "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4"),
    ] {
        let shown = show(&plan_for(&rules(), "crepes.fr", &Dns::of(&format!("crepes.fr ip {listed}")), 0));
        assert_eq!(shown, format!("ImplicitMx 0 crepes.fr:25 {expected}"));
    }
    assert_eq!(ADDRESSES_TRIED_MAX, 4);
}

#[test]
fn ten_hosts_are_tried_and_no_more() {
    for (listed, tried) in [(HOSTS_MAX, HOSTS_MAX), (HOSTS_MAX + 1, HOSTS_MAX)] {
        let hosts: Vec<String> = (1..=listed).map(|number| format!("{number} h{number}.fr")).collect();
        let addresses: Vec<String> = (1..=listed).map(|number| format!("h{number}.fr ip 192.0.2.{number}")).collect();
        let dns = Dns::of(&format!("crepes.fr mx {}\n{}", hosts.join(", "), addresses.join("\n")));
        let Plan::Hosts { targets, .. } = plan_for(&rules(), "crepes.fr", &dns, 7) else { panic!("there are hosts") };
        let preferences: Vec<u16> = targets.iter().map(|target| target.preference).collect();
        let best: Vec<u16> = (1..).take(tried).collect();
        assert_eq!(preferences, best);
    }
}

#[test]
fn the_operators_word_comes_before_dns() {
    let routes = vec![
        route("crepes.fr", "[127.0.0.1]", 2526),
        route("named.fr", "relay.fr", 26),
        route("own.fr", "[203.0.113.25]", 25),
        route("odd.fr", "[224.0.0.1]", 25),
    ];
    let routed = Rules { routes, ..rules() };
    let dns = "crepes.fr mx 10 a.fr\n relay.fr mx 10 a.fr\n relay.fr ip 192.0.2.7\n a.fr ip 192.0.2.1
               below.crepes.fr mx 5 a.fr";
    let rows = [
        ("crepes.fr", dns, "Route(0) 0 [127.0.0.1]:2526 127.0.0.1"),
        ("below.crepes.fr", dns, "Mx 5 a.fr:25 192.0.2.1"),
        ("named.fr", dns, "Route(1) 0 relay.fr:26 192.0.2.7"),
        ("named.fr", "", "later: No mail server of named.fr can be found now (relay.fr does not exist)."),
        ("named.fr", "relay.fr mx 1 a.fr", "later: "),
        ("named.fr", "relay.fr ip fails", "later: "),
        ("own.fr", "", "5.4.6: "),
        ("odd.fr", "", "later: "),
    ];
    check(&routed, &rows);
    let relayed = Rules { smarthost: Some(hop("relay.fr", 587)), ..routed };
    let rows = [
        ("crepes.fr", dns, "Route(0) "),
        ("below.crepes.fr", dns, "Smarthost 0 relay.fr:587 192.0.2.7"),
        ("nowhere.fr", dns, "Smarthost 0 relay.fr:587 192.0.2.7"),
        ("[192.0.2.1]", dns, "Smarthost 0 relay.fr:587 192.0.2.7"),
        ("nowhere.fr", "", "later: "),
        ("nowhere.fr", "relay.fr ip 127.0.0.1", "Smarthost 0 relay.fr:587 127.0.0.1"),
    ];
    check(&relayed, &rows);
}

#[test]
fn equals_share_the_mail_evenly() {
    const THROWS: u64 = 6000;
    let dns = Dns::of(
        "crepes.fr mx 10 a.fr, 10 b.fr, 10 c.fr, 5 first.fr
         first.fr ip 192.0.2.9
         a.fr ip 192.0.2.1
         b.fr ip 192.0.2.2
         c.fr ip 192.0.2.3",
    );
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for random in 0..THROWS {
        let Plan::Hosts { targets, .. } = plan_for(&rules(), "crepes.fr", &dns, random) else { panic!("hosts") };
        let order: Vec<String> = targets.iter().map(|target| target.host.to_string()).collect();
        assert_eq!(order.first().map(String::as_str), Some("first.fr"));
        *seen.entry(order.join(" ")).or_default() += 1;
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
    // A sixth is 1000; five standard deviations are 144.
    assert!(seen.values().all(|times| (856..=1144).contains(times)), "{seen:?}");
}

#[test]
fn the_order_of_an_answer_says_nothing() {
    let addresses = "a.fr ip 192.0.2.1\n b.fr ip 192.0.2.2\n c.fr ip 192.0.2.3";
    let of = |mx: &str| Dns::of(&format!("crepes.fr mx {mx}\n{addresses}"));
    let (one, other) = (of("10 a.fr, 10 b.fr, 10 c.fr"), of("10 c.fr, 10 b.fr, 10 a.fr"));
    for random in 0..20 {
        assert_eq!(plan_for(&rules(), "crepes.fr", &one, random), plan_for(&rules(), "crepes.fr", &other, random));
    }
}

#[test]
fn a_target_is_authenticated_when_every_answer_was() {
    use Dnssec::{Insecure, Secure, Unchecked};
    let host = Domain::parse("a.fr").unwrap();
    for (of_mx, of_host, expected) in [
        (Secure, Secure, true),
        (Secure, Insecure, false),
        (Insecure, Secure, false),
        (Unchecked, Secure, false),
        (Secure, Unchecked, false),
    ] {
        let mut lookup = Lookup::new(Arc::new(rules()), Host::parse("crepes.fr").unwrap(), 0);
        let answer = MxAnswer::unchecked([(10, Exchange::Host(host.clone()))]);
        lookup.told_mx(Answer::Found(MxAnswer { dnssec: of_mx, ..answer }));
        let list = vec!["192.0.2.1".parse().unwrap()];
        lookup.told_addresses(vec![(host.clone(), Answer::Found(Addresses { list, dnssec: of_host }))]);
        let Need::Ready(Plan::Hosts { targets, .. }) = lookup.step() else { panic!("a host") };
        assert_eq!(targets.first().map(|target| target.authenticated), Some(expected), "{of_mx:?} {of_host:?}");
    }
}

#[test]
fn what_was_not_asked_changes_nothing_and_what_is_left_out_is_unknown() {
    let mut lookup = Lookup::new(Arc::new(rules()), Host::parse("crepes.fr").unwrap(), 0);
    lookup.told_addresses(Vec::new());
    assert_eq!(lookup.step(), Need::Mx(Domain::parse("crepes.fr").unwrap()));
    lookup.told_mx(Answer::NoRecords);
    lookup.told_mx(Answer::NoDomain);
    assert_eq!(lookup.step(), Need::Addresses(vec![Domain::parse("crepes.fr").unwrap()]));
    lookup.told_addresses(Vec::new());
    let Need::Ready(plan) = lookup.step() else { panic!("all is told") };
    assert!(matches!(plan, Plan::Later(_)), "{plan:?}");
    lookup.told_addresses(Vec::new());
    assert_eq!(lookup.step(), Need::Ready(plan));
}
