//! Names of clients: reverse DNS with forward confirmation, for the trace field and the log. A name is a courtesy: it
//! never holds up a session, and nothing is decided by it.

use super::{Resolver, Source};
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{Name, RData};
use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

/// How long a client's name is looked for.
pub const LOOKUP_LIMIT: Duration = Duration::from_secs(2);

/// How many names are looked for at a time; clients that come meanwhile have theirs looked for afterwards, if their
/// [`LOOKUP_LIMIT`] lets them. Each lookup takes a socket or two, which connections shall not go without.
pub const LOOKUPS_MAX: u32 = 16;

/// How many names of one address are confirmed; an address with more has none that says anything.
const NAMES_MAX: usize = 4;

/// The longest name, in octets (RFC 1035 §2.3.4).
const NAME_LENGTH_MAX: usize = 255;

impl Resolver {
    /// Puts the client's name into `slot` when it has one that leads back to it. Returns after [`LOOKUP_LIMIT`] at the
    /// latest. Addresses that only mean something inside a network are not asked about.
    pub async fn name(&self, client: IpAddr, slot: &OnceLock<String>) {
        let client = client.to_canonical();
        let name = match &self.0 {
            Source::Table(names) => names.get(&client).cloned(),
            Source::Dns(..) if !is_public(client) => None,
            Source::Dns(dns) => {
                let looked = async {
                    let _free = dns.for_clients.acquire().await.ok()?;
                    // Boxed, since most wait for nothing: each connection brings one of these.
                    Box::pin(confirmed(&dns.together, client)).await
                };
                tokio::time::timeout(LOOKUP_LIMIT, looked).await.ok().flatten()
            }
        };
        if let Some(name) = name {
            // Somebody else may have been quicker; their answer is as good.
            let _ = slot.set(name);
        }
    }
}

/// The first name of the address that leads back to the address.
async fn confirmed(dns: &TokioResolver, client: IpAddr) -> Option<String> {
    let answer = dns.reverse_lookup(Name::from(client)).await.ok()?;
    let names = answer.answers().iter().filter_map(|record| match &record.data {
        RData::PTR(name) => Some(name.0.clone()),
        _ => None,
    });
    for name in names.take(NAMES_MAX) {
        let leads_back = dns.lookup_ip(name.clone()).await.is_ok_and(|found| found.iter().any(|ip| ip == client));
        if leads_back {
            return presentable(&name.to_ascii());
        }
    }
    None
}

/// The name without its final dot, where it is a host name. Whoever owns an address can put anything into its PTR.
fn presentable(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let fits = !name.is_empty() && name.len() <= NAME_LENGTH_MAX;
    let plain = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_'));
    (fits && plain).then(|| name.to_ascii_lowercase())
}

/// Whether the world's DNS can know this address: not loopback, private (RFC 1918, RFC 4193), link-local or shared
/// (RFC 6598).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.to_bits() & 0xFFC0_0000 == 0x6440_0000;
            !(v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_unspecified() || shared)
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_unspecified())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "looks at tokio's paused clock")]
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::SocketAddr;

    #[test]
    fn addresses_without_a_public_name() {
        for inside in ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.0.1", "100.64.0.1", "0.0.0.0"] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for inside in ["::1", "fe80::1", "fd00::1", "::"] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["130.127.48.19", "100.128.0.1", "100.63.255.255", "2001:db8::1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn only_host_names_are_written_into_mail() {
        assert_eq!(presentable("Eclipse1.cs.clemson.edu.").as_deref(), Some("eclipse1.cs.clemson.edu"));
        for odd in ["", ".", "a b.test.", "a\\013.test.", "a(b).test.", &"x".repeat(256)] {
            assert_eq!(presentable(odd), None, "{odd}");
        }
        assert!(presentable(&"x".repeat(255)).is_some());
    }

    #[tokio::test]
    async fn a_table_stands_in_for_dns() {
        let resolver = Resolver::table([("127.0.0.1".parse().unwrap(), "alice.crepes.fr".to_owned())]);
        let (known, unknown) = (OnceLock::new(), OnceLock::new());
        resolver.name("::ffff:127.0.0.1".parse().unwrap(), &known).await;
        resolver.name("127.0.0.2".parse().unwrap(), &unknown).await;
        assert_eq!(known.get().map(String::as_str), Some("alice.crepes.fr"));
        assert_eq!(unknown.get(), None);
    }

    #[tokio::test]
    async fn a_name_counts_only_when_it_leads_back() {
        let server = stand_in_server().await;
        let resolver = Resolver::new(&[server]).unwrap();
        let (honest, liar) = (OnceLock::new(), OnceLock::new());
        resolver.name("130.127.48.19".parse().unwrap(), &honest).await;
        resolver.name("130.127.48.20".parse().unwrap(), &liar).await;
        assert_eq!(honest.get().map(String::as_str), Some("eclipse1.cs.clemson.edu"));
        assert_eq!(liar.get(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_holds_nobody_up() {
        let silent = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let resolver = Resolver::new(&[silent.local_addr().unwrap()]).unwrap();
        let started = tokio::time::Instant::now();
        resolver.name("130.127.48.19".parse().unwrap(), &OnceLock::new()).await;
        assert!(started.elapsed() <= LOOKUP_LIMIT + Duration::from_millis(10), "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn lookups_take_their_turn() {
        for (under_way, found) in [(LOOKUPS_MAX - 1, true), (LOOKUPS_MAX, false)] {
            let resolver = Resolver::new(&[stand_in_server().await]).unwrap();
            let Source::Dns(dns) = &resolver.0 else { panic!("it asks a server") };
            let _others = dns.for_clients.acquire_many(under_way).await.unwrap();
            let name = OnceLock::new();
            let asked = resolver.name("130.127.48.19".parse().unwrap(), &name);
            let answered = tokio::time::timeout(LOOKUP_LIMIT / 4, asked).await.is_ok();
            assert_eq!((answered, name.get().is_some()), (found, found), "{under_way} under way");
        }
    }

    /// A name server on loopback: both addresses are called eclipse1, and eclipse1 has only the first.
    async fn stand_in_server() -> SocketAddr {
        use hickory_resolver::proto::op::{Message, MessageType, OpCode};
        use hickory_resolver::proto::rr::rdata::{A, PTR};
        use hickory_resolver::proto::rr::{Record, RecordType};
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 2048];
            while let Ok((octets, from)) = socket.recv_from(&mut packet).await {
                let query = Message::from_vec(&packet[..octets]).unwrap();
                let question = query.queries.first().unwrap().clone();
                let mut reply = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
                reply.add_query(question.clone());
                let data = match question.query_type() {
                    RecordType::PTR => Some(RData::PTR(PTR(Name::from_ascii("eclipse1.cs.clemson.edu.").unwrap()))),
                    RecordType::A => Some(RData::A(A("130.127.48.19".parse().unwrap()))),
                    _ => None,
                };
                if let Some(data) = data {
                    reply.add_answer(Record::from_rdata(question.name().clone(), 60, data));
                }
                socket.send_to(&reply.to_vec().unwrap(), from).await.unwrap();
            }
        });
        address
    }
}
