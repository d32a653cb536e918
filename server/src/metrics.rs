//! Figures for Prometheus: what the listeners count themselves, what the office and the store count, and the small HTTP
//! reception that tells them.

use crate::config::ListenerKind;
use crate::house::House;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use net::Seat;
use net::accept::{Reception, Refused};
use office::DELAY_BOUNDS;
use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use store::query::{Figures, QueueAges};
use tokio::net::TcpStream;

/// How long one scrape may take from connection to close.
const SCRAPE_LIMIT: Duration = Duration::from_secs(10);

/// Where the figures are.
const PATH: &str = "/metrics";

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Connections by listener.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    opened: [AtomicU64; ListenerKind::ALL.len()],
    closed: [AtomicU64; ListenerKind::ALL.len()],
    refused: [AtomicU64; ListenerKind::ALL.len()],
}

/// Counts a connection as closed when it is dropped.
pub(crate) struct Open<'a>(&'a AtomicU64);

impl Traffic {
    /// A connection was opened.
    pub(crate) fn opened(&self, kind: ListenerKind) -> Open<'_> {
        count(&self.opened, kind).fetch_add(1, Ordering::Relaxed);
        Open(count(&self.closed, kind))
    }

    /// A connection was turned away.
    pub(crate) fn refused(&self, kind: ListenerKind) {
        count(&self.refused, kind).fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn count(counts: &[AtomicU64; ListenerKind::ALL.len()], kind: ListenerKind) -> &AtomicU64 {
    let [smtp, submission, submissions, lmtp, pop3, pop3s, imap, imaps, http, https, metrics] = counts;
    match kind {
        ListenerKind::Smtp => smtp,
        ListenerKind::Submission => submission,
        ListenerKind::Submissions => submissions,
        ListenerKind::Lmtp => lmtp,
        ListenerKind::Pop3 => pop3,
        ListenerKind::Pop3s => pop3s,
        ListenerKind::Imap => imap,
        ListenerKind::Imaps => imaps,
        ListenerKind::Http => http,
        ListenerKind::Https => https,
        ListenerKind::Metrics => metrics,
    }
}

/// The reception of the metrics listener.
pub(crate) struct MetricsReception {
    pub(crate) house: Arc<House>,
}

impl Reception for MetricsReception {
    fn is_trusted(&self, _: IpAddr) -> bool {
        false
    }

    fn refusal(&self, _: Refused) -> Option<String> {
        self.house.traffic.refused(ListenerKind::Metrics);
        None
    }

    fn receive(&self, connection: TcpStream, _: SocketAddr, _: Arc<Seat>) -> impl Future<Output = ()> + Send + 'static {
        let house = self.house.clone();
        async move {
            let _open = house.traffic.opened(ListenerKind::Metrics);
            let service = service_fn(|request| respond(&house, request));
            let mut http = hyper::server::conn::http1::Builder::new();
            let served = http.keep_alive(false).serve_connection(TokioIo::new(connection), service);
            if !matches!(tokio::time::timeout(SCRAPE_LIMIT, served).await, Ok(Ok(()))) {
                tracing::debug!("a scrape of the metrics came to nothing");
            }
        }
    }
}

async fn respond(house: &House, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, PATH) => match render(house).await {
            Some(text) => (StatusCode::OK, text),
            None => (StatusCode::SERVICE_UNAVAILABLE, "the store gives no figures now\n".to_owned()),
        },
        (_, PATH) => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        _ => (StatusCode::NOT_FOUND, format!("figures are at {PATH}\n")),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    if status == StatusCode::OK {
        let kind = hyper::header::HeaderValue::from_static(CONTENT_TYPE);
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    }
    Ok(response)
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByListener {
    listener: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByResult {
    result: &'static str,
}

/// All figures as text; `None` when the store does not answer.
async fn render(house: &House) -> Option<String> {
    let mut registry = Registry::with_prefix("pillarbox");
    connections(&mut registry, &house.traffic);
    mail(&mut registry, house.office.counters());
    kept(&mut registry, &house.office.store().read(Figures {}).await.ok()?);
    let ages = QueueAges { now: house.clock.now(), bands: BANDS.map(|(_, age)| age).to_vec() };
    queue(&mut registry, &house.office.store().read(ages).await.ok()?);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).ok()?;
    Some(text)
}

/// How long mail has waited, in bands: the upper end of each, and its name. What is older is in the last.
const BANDS: [(&str, Duration); 5] = [
    ("5m", Duration::from_secs(5 * 60)),
    ("1h", Duration::from_secs(60 * 60)),
    ("4h", Duration::from_secs(4 * 60 * 60)),
    ("1d", Duration::from_secs(24 * 60 * 60)),
    ("5d", Duration::from_secs(5 * 24 * 60 * 60)),
];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByAge {
    /// Younger than this.
    age: &'static str,
}

fn queue(registry: &mut Registry, ages: &[u64]) {
    let family = Family::<ByAge, Gauge>::default();
    let names = BANDS.iter().map(|(name, _)| *name).chain(["older"]);
    for (age, count) in names.zip(ages) {
        family.get_or_create(&ByAge { age }).set(i64::try_from(*count).unwrap_or(i64::MAX));
    }
    registry.register("queue_recipients", "Recipients at other servers that wait, by the age of their mail", family);
}

fn connections(registry: &mut Registry, traffic: &Traffic) {
    let (opened, refused, open) = (
        Family::<ByListener, Counter>::default(),
        Family::<ByListener, Counter>::default(),
        Family::<ByListener, Gauge>::default(),
    );
    for kind in ListenerKind::ALL {
        let label = ByListener { listener: kind.to_string() };
        let was_opened = count(&traffic.opened, kind).load(Ordering::Relaxed);
        let was_closed = count(&traffic.closed, kind).load(Ordering::Relaxed);
        opened.get_or_create(&label).inc_by(was_opened);
        refused.get_or_create(&label).inc_by(count(&traffic.refused, kind).load(Ordering::Relaxed));
        open.get_or_create(&label).set(i64::try_from(was_opened.saturating_sub(was_closed)).unwrap_or(i64::MAX));
    }
    registry.register("connections", "Connections accepted", opened);
    registry.register("connections_refused", "Connections turned away by a limit", refused);
    registry.register("connections_open", "Connections open now", open);
}

/// How long mail had waited when another server took it.
#[derive(Debug)]
struct Delays {
    buckets: Vec<(f64, u64)>,
    total: f64,
}

impl Delays {
    fn of(delays: &office::Delays) -> Delays {
        let bounds = DELAY_BOUNDS.iter().map(Duration::as_secs_f64).chain([f64::MAX]);
        let counts = delays.counts.iter().map(|counter| counter.load(Ordering::Relaxed));
        let total = Duration::from_millis(delays.total_ms.load(Ordering::Relaxed)).as_secs_f64();
        Delays { buckets: bounds.zip(counts).collect(), total }
    }
}

impl EncodeMetric for Delays {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        encoder.encode_histogram::<NoLabelSet>(self.total, count, &self.buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

fn mail(registry: &mut Registry, counters: &office::Counters) {
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut by_result = |name: &str, help: &str, results: &[(&'static str, u64)]| {
        let family = Family::<ByResult, Counter>::default();
        for (result, number) in results {
            family.get_or_create(&ByResult { result }).inc_by(*number);
        }
        registry.register(name, help, family);
    };
    by_result(
        "messages",
        "Messages taken in, or refused",
        &[("accepted", read(&counters.accepted)), ("refused", read(&counters.refused))],
    );
    by_result("logins", "Logins", &[("ok", read(&counters.logins_ok)), ("failed", read(&counters.logins_failed))]);
    by_result(
        "sendings",
        "What came of recipients at other servers, try by try",
        &[("sent", read(&counters.sent)), ("deferred", read(&counters.deferred)), ("failed", read(&counters.failed))],
    );
    registry.register("send_delay_seconds", "From 250 here to 250 there", Delays::of(&counters.delays));
    let dialled = Counter::<u64>::default();
    dialled.inc_by(read(&counters.dialled));
    registry.register("connections_out", "Connections to other servers, tried or made", dialled);
    let reported = Counter::<u64>::default();
    reported.inc_by(read(&counters.reported));
    registry.register("reports", "Reports to senders about their mail", reported);
    let delivered = Counter::<u64>::default();
    delivered.inc_by(read(&counters.delivered));
    registry.register("deliveries", "Messages put into a mailbox", delivered);
}

fn kept(registry: &mut Registry, figures: &store::query::FigureRow) {
    let mut gauge = |name: &str, help: &str, number: u64| {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    };
    gauge("domains", "Domains whose mail is kept here", figures.domains);
    gauge("accounts", "Accounts", figures.accounts);
    gauge("aliases", "Aliases", figures.aliases);
    gauge("stored_messages", "Messages in mailboxes", figures.messages);
    gauge("stored_octets", "Octets of the messages in mailboxes", figures.octets);
    gauge("outbox_recipients", "Recipients waiting in the outbox", figures.outbox);
    gauge("segments", "Segment files", figures.segments);
    gauge("segment_octets", "Octets in segment files", figures.segment_octets);
}
