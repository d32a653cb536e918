//! Our client session on the loop: the same loop as for every server session, and what it tells the client's desk when
//! the peer stalls or goes.

use super::*;
use wire::smtp::client::{
    Answer, Ask, Chunking, Client, Outcome, Profile, Role, Said, Stage, Timeouts, Tls, Transaction,
};
use wire::smtp::{Body, Command, ReversePath};

/// Lines with a dot at the start of each, so that stuffing shows; more than any buffer on the way holds.
const LINES: u64 = 10_000;

/// Sends one message, and keeps what came of it.
struct SendingDesk {
    sent: bool,
    told: Arc<Mutex<Vec<Outcome>>>,
}

impl Desk for SendingDesk {
    type Session = Client;

    async fn answer(&mut self, _: Time, ask: Ask) -> Answer {
        match ask {
            Ask::Next(_) if std::mem::replace(&mut self.sent, true) => Answer::Quit,
            Ask::Next(_) => {
                let Ok(Command::Rcpt(recipient)) = Command::parse(b"RCPT TO:<bob@hamburger.edu>") else { panic!() };
                Answer::Transaction(Box::new(Transaction {
                    reverse_path: ReversePath::Null,
                    recipients: vec![recipient],
                    body: Body::SevenBit,
                    smtputf8: false,
                    ret: None,
                    envid: None,
                    size: stored(LINES).len() as u64,
                    source: LINES,
                }))
            }
            Ask::Concluded(conclusion) => {
                self.told.lock().unwrap().extend(conclusion.outcomes);
                Answer::Done
            }
            Ask::Lost(outcome) => {
                self.told.lock().unwrap().push(outcome);
                Answer::Done
            }
        }
    }

    async fn content(&mut self, _: &[u8]) {
        panic!("a client is given no content");
    }

    async fn read(&mut self, source: u64, offset: u64) -> Option<Bytes> {
        let whole = stored(source);
        let from = usize::try_from(offset).unwrap().min(whole.len());
        Some(Bytes::copy_from_slice(&whole[from..whole.len().min(from + 200_000)]))
    }
}

struct Sending {
    peer: tokio::io::BufReader<DuplexStream>,
    told: Arc<Mutex<Vec<Outcome>>>,
    ended: tokio::task::JoinHandle<Ended>,
    _drain: watch::Sender<bool>,
}

impl Sending {
    fn start() -> Sending {
        let (ours, peer) = tokio::io::duplex(4096);
        let (drain, draining) = watch::channel(false);
        let clock = Clock::counting(Time(1_800_000_000_000));
        let profile = Profile {
            name: "crepes.fr".to_owned(),
            role: Role::Smtp,
            tls: Tls::Opportunistic,
            login: None,
            chunking: Chunking::WhereNeeded,
            timeouts: Timeouts::default(),
        };
        let session = Client::new(clock.now(), profile, [7; 24]);
        let told = Arc::default();
        let desk = SendingDesk { sent: false, told: Arc::clone(&told) };
        let seat = Seat::new(clock.now());
        let around = Surroundings { clock, drain: draining, security: Security::Plain, seat };
        let ended = tokio::spawn(async move { drive(ours, session, desk, &around).await });
        Sending { peer: tokio::io::BufReader::new(peer), told, ended, _drain: drain }
    }

    async fn line(&mut self) -> String {
        use tokio::io::AsyncBufReadExt;
        let mut line = String::new();
        self.peer.read_line(&mut line).await.unwrap();
        line
    }

    async fn exchange(&mut self, reply: &str, expected: &str) {
        self.peer.write_all(reply.as_bytes()).await.unwrap();
        assert_eq!(self.line().await, format!("{expected}\r\n"));
    }

    /// Up to 354, which is not said.
    async fn up_to_data(&mut self) {
        self.exchange("220 mx\r\n", "EHLO crepes.fr").await;
        self.exchange("250-mx\r\n250 PIPELINING\r\n", "MAIL FROM:<>").await;
        assert_eq!(self.line().await, "RCPT TO:<bob@hamburger.edu>\r\n");
        assert_eq!(self.line().await, "DATA\r\n");
    }

    /// 354, and all of the content.
    async fn content(&mut self) {
        self.peer.write_all(b"250 ok\r\n250 ok\r\n354 go\r\n").await.unwrap();
        for line in 0..LINES {
            assert_eq!(self.line().await, format!("..{line}\r\n"));
        }
        assert_eq!(self.line().await, ".\r\n");
    }

    fn told(&self) -> Outcome {
        let told = self.told.lock().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        told[0].clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_sends_its_message() {
    let mut sending = Sending::start();
    sending.up_to_data().await;
    sending.content().await;
    sending.exchange("250 2.0.0 done\r\n", "QUIT").await;
    sending.peer.write_all(b"221 bye\r\n").await.unwrap();
    assert!(sending.told().is_accepted());
    let Sending { peer, ended, .. } = sending;
    drop(peer);
    assert!(matches!(ended.await.unwrap().reason, Reason::Closed));
}

/// RFC 5321 §4.5.3.2.6: the ten minutes begin when the dot is sent, however long the content took.
#[tokio::test(start_paused = true)]
async fn a_client_waits_ten_minutes_from_the_dot_on() {
    let mut sending = Sending::start();
    sending.up_to_data().await;
    // One minute, which counts for DATA.
    tokio::time::advance(Duration::from_secs(60)).await;
    sending.content().await;
    let dot = tokio::time::Instant::now();
    let mut rest = Vec::new();
    sending.peer.read_to_end(&mut rest).await.unwrap();
    let waited = dot.elapsed().as_secs();
    assert!(rest.is_empty() && (600..605).contains(&waited), "{waited}");
    assert_eq!(sending.told(), Outcome { stage: Stage::Dot, said: Said::TimedOut });
}

#[tokio::test(start_paused = true)]
async fn a_client_tells_a_broken_content_from_a_lost_reply() {
    let mut sending = Sending::start();
    sending.up_to_data().await;
    sending.peer.write_all(b"250 ok\r\n250 ok\r\n354 go\r\n").await.unwrap();
    sending.line().await;
    drop(sending.peer);
    assert!(matches!(sending.ended.await.unwrap().reason, Reason::PeerClosed));
    let content = sending.told.lock().unwrap().clone();
    assert_eq!(content, [Outcome { stage: Stage::Content, said: Said::Closed }]);

    let mut sending = Sending::start();
    sending.up_to_data().await;
    sending.content().await;
    drop(sending.peer);
    assert!(matches!(sending.ended.await.unwrap().reason, Reason::PeerClosed));
    let dot = sending.told.lock().unwrap().clone();
    assert_eq!(dot, [Outcome { stage: Stage::Dot, said: Said::Closed }]);
}
