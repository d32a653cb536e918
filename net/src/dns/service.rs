//! Where a service of a domain is: SRV records (RFC 2782), as programs of people look for their servers (RFC 6186 §3).

use super::{Answer, Resolver, Srv};
use hickory_resolver::proto::rr::{RData, RecordType};
use message::Domain;

/// How many records of a service are looked at, the first by priority and weight.
pub const SRV_MAX: usize = 10;

impl Resolver {
    /// The records of a name such as `_imaps._tcp.hamburger.edu`, in the order in which they are to be tried: by priority,
    /// the heavier first. Answers within [`super::ANSWER_LIMIT`], with at most [`SRV_MAX`] records.
    pub async fn srv(&self, name: &Domain) -> Answer<Vec<Srv>> {
        let answer = self.within_limit(|dns| async { dns.records(name, RecordType::SRV, service).await }).await;
        answer.map(|(records, _)| in_order(records))
    }
}

fn in_order(mut records: Vec<Srv>) -> Vec<Srv> {
    records.sort_by_key(|record| (record.priority, u16::MAX - record.weight));
    records.truncate(SRV_MAX);
    records
}

fn service(data: &RData) -> Option<Srv> {
    let RData::SRV(srv) = data else { return None };
    // RFC 2782: a target of "." says that the service is not there; one that is no host name leads nowhere either.
    let target = if srv.target.is_root() { None } else { Some(Domain::parse(&srv.target.to_ascii()).ok()?) };
    Some(Srv { priority: srv.priority, weight: srv.weight, port: srv.port, target })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::Name;
    use hickory_resolver::proto::rr::rdata::SRV;

    fn read(priority: u16, weight: u16, target: &str) -> Option<Srv> {
        service(&RData::SRV(SRV::new(priority, weight, 993, Name::from_ascii(target).unwrap())))
    }

    #[test]
    fn records_are_read() {
        let host = read(10, 5, "imap.hamburger.edu.").unwrap();
        assert_eq!((host.port, host.target), (993, Some(Domain::parse("imap.hamburger.edu").unwrap())));
        assert_eq!(read(0, 0, ".").unwrap().target, None);
        assert_eq!(read(0, 0, "192.0.2.1."), None);
    }

    #[test]
    fn the_preferred_and_heavy_come_first() {
        let record = |priority, weight| read(priority, weight, "h.fr.").unwrap();
        let order = in_order(vec![record(2, 9), record(1, 1), record(1, 9)]);
        let order: Vec<(u16, u16)> = order.iter().map(|record| (record.priority, record.weight)).collect();
        assert_eq!(order, [(1, 9), (1, 1), (2, 9)]);
        assert_eq!(in_order(vec![record(1, 1); SRV_MAX]).len(), SRV_MAX);
        assert_eq!(in_order(vec![record(1, 1); SRV_MAX + 1]).len(), SRV_MAX);
    }

    #[tokio::test]
    async fn where_there_is_no_dns_nothing_is_known() {
        let name = Domain::parse("_imaps._tcp.hamburger.edu").unwrap();
        assert!(matches!(Resolver::table([]).srv(&name).await, Answer::Failed(_)));
    }
}
