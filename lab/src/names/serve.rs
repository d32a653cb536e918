//! Questions from sockets to [`Zones`], and what they say back into DNS messages.

use super::Zones;
use super::asked::Log;
use super::zone::{Data, Fault, Kind, Reply};
use anyhow::Result;
use arc_swap::ArcSwap;
use hickory_server::net::runtime::Time;
use hickory_server::net::xfer::Protocol;
use hickory_server::proto::op::{Edns, Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, TXT};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Answers questions. All clones are one.
#[derive(Clone)]
pub(super) struct Responder {
    pub(super) zones: Arc<ArcSwap<Zones>>,
    pub(super) questions: Arc<AtomicU64>,
    pub(super) log: Log,
}

/// A DNS message but for its question.
struct Said {
    code: ResponseCode,
    truncated: bool,
    answers: Vec<Record>,
    authorities: Vec<Record>,
}

impl Responder {
    pub(super) fn new(zones: Zones) -> Responder {
        Responder { zones: Arc::new(ArcSwap::from_pointee(zones)), questions: Arc::default(), log: Log::new() }
    }

    async fn respond(&self, request: &Request, mut to: impl ResponseHandler) -> ResponseInfo {
        self.questions.fetch_add(1, Ordering::Relaxed);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        let unsent = ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
        let Some(said) = self.answer(request) else { return unsent };
        metadata.response_code = said.code;
        metadata.truncation = said.truncated;
        metadata.authoritative = true;
        metadata.recursion_available = true;
        let mut edns = Edns::new();
        edns.set_max_payload(request.max_payload());
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if request.edns.is_some() {
            builder.edns(&edns);
        }
        let response = builder.build(metadata, &said.answers, &said.authorities, [], []);
        to.send_response(response).await.unwrap_or(unsent)
    }

    /// `None`: nothing is said.
    fn answer(&self, request: &Request) -> Option<Said> {
        let Ok(info) = request.request_info() else {
            return Some(Said::plain(ResponseCode::FormErr));
        };
        let name = Name::from(info.query.name()).to_ascii();
        let kind = kind(info.query.query_type());
        let reply = self.zones.load().reply(&name, kind);
        self.log.note(&name, kind, &reply);
        let said = match reply.fault {
            Some(Fault::Silence) => return None,
            Some(Fault::ServerFailure) => Ok(Said::plain(ResponseCode::ServFail)),
            Some(Fault::Refused) => Ok(Said::plain(ResponseCode::Refused)),
            Some(Fault::Truncation) if info.protocol == Protocol::Udp => {
                Ok(Said { truncated: true, ..Said::plain(ResponseCode::NoError) })
            }
            Some(Fault::Referral) => referral(reply.ttl_s),
            Some(Fault::NoDomain | Fault::Truncation) | None => message(&reply),
        };
        // What is no DNS name can stand in a zone, but not in a message.
        Some(said.unwrap_or_else(|_| Said::plain(ResponseCode::ServFail)))
    }
}

/// The way back up, as a server gives it that does not know the zone it is said to serve.
fn referral(ttl_s: u32) -> Result<Said> {
    let up = record("", ttl_s, RData::NS(NS(host("a.root-servers.net")?)))?;
    Ok(Said { authorities: vec![up], ..Said::plain(ResponseCode::NoError) })
}

impl Said {
    fn plain(code: ResponseCode) -> Said {
        Said { code, truncated: false, answers: Vec::new(), authorities: Vec::new() }
    }
}

// The trait is declared through a macro of its library; this is what that macro makes of an `async fn`.
impl RequestHandler for Responder {
    fn handle_request<'me, 'request, 'both, R, T>(
        &'me self,
        request: &'request Request,
        to: R,
    ) -> Pin<Box<dyn Future<Output = ResponseInfo> + Send + 'both>>
    where
        R: ResponseHandler + 'both,
        T: Time + 'both,
        'me: 'both,
        'request: 'both,
        Self: 'both,
    {
        Box::pin(self.respond(request, to))
    }
}

fn kind(of: RecordType) -> Kind {
    match of {
        RecordType::MX => Kind::Mx,
        RecordType::A => Kind::V4,
        RecordType::AAAA => Kind::V6,
        RecordType::TXT => Kind::Text,
        RecordType::CNAME => Kind::Alias,
        RecordType::PTR => Kind::Pointer,
        _ => Kind::Other,
    }
}

fn message(reply: &Reply) -> Result<Said> {
    let code = if reply.no_domain { ResponseCode::NXDomain } else { ResponseCode::NoError };
    let records = reply.records.iter().map(|(owner, data)| record(owner, reply.ttl_s, rdata(data)?));
    let answers = records.collect::<Result<Vec<Record>>>()?;
    let complete = reply.records.iter().any(|(_, data)| !matches!(data, Data::Alias(_)));
    let authorities = if complete { Vec::new() } else { vec![start_of_authority(reply)?] };
    Ok(Said { answers, authorities, ..Said::plain(code) })
}

fn rdata(data: &Data) -> Result<RData> {
    Ok(match data {
        Data::Mx(preference, exchange) => RData::MX(MX::new(*preference, host(exchange)?)),
        Data::Address(IpAddr::V4(v4)) => RData::A(A(*v4)),
        Data::Address(IpAddr::V6(v6)) => RData::AAAA(AAAA(*v6)),
        Data::Alias(target) => RData::CNAME(CNAME(host(target)?)),
        // A string of a TXT record holds 255 octets; a longer text is several of them.
        Data::Text(text) => RData::TXT(TXT::from_bytes(text.as_bytes().chunks(255).collect())),
        Data::Pointer(name) => RData::PTR(PTR(host(name)?)),
    })
}

/// Goes with a denial and tells how long it may be remembered.
fn start_of_authority(reply: &Reply) -> Result<Record> {
    let (server, mailbox) = (host("names.lab.test")?, host("hostmaster.lab.test")?);
    let ttl_s = i32::try_from(reply.ttl_s).unwrap_or(i32::MAX);
    record(&reply.zone, reply.ttl_s, RData::SOA(SOA::new(server, mailbox, 1, ttl_s, ttl_s, ttl_s, reply.ttl_s)))
}

fn record(owner: &str, ttl_s: u32, data: RData) -> Result<Record> {
    Ok(Record::from_rdata(host(owner)?, ttl_s, data))
}

fn host(name: &str) -> Result<Name> {
    Ok(Name::from_ascii(format!("{}.", name.strip_suffix('.').unwrap_or(name)))?)
}
