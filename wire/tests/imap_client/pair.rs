//! A client session, a server session, and nothing between them but octets.

use crate::world::BEGINNING;
use crate::world::stage::{Chunking, PureStage};
use message::Time;
use wire::dialogue::{Dialogue, Port, Stage};
use wire::imap::client::{Answer, Ask, Client, Finish, Profile, Task, Timeouts};
use wire::imap::command::Command;
use wire::imap::response::Data;
use wire::sasl::client::Credential;
use wire::sasl::{Mechanism, Secret};
use wire::smtp::client::{Login, Tls, limits::RANDOM};
use wire::{Framing, Session, Step};

pub fn run(command: Command) -> Task {
    Task::Run(Box::new(command))
}

pub struct Pair {
    client: Client,
    stage: PureStage,
    tasks: Vec<Task>,
    pace: usize,
    now: Time,
    /// What APPEND sends.
    pub source: Vec<u8>,
    /// What was fetched of content.
    pub content: Vec<u8>,
    pub told: Vec<Ask>,
    /// When IDLE has its end moved to; the client hears it by its own clock.
    pub stop_after: Option<Time>,
    closed: bool,
}

impl Pair {
    pub fn new(world: &str, tasks: impl IntoIterator<Item = Task>, pace: usize) -> Pair {
        let dialogue = Dialogue::parse("pair", world, &|file| Err(file.to_owned())).unwrap();
        let mut stage = PureStage::new(&dialogue.world, Chunking::Whole);
        stage.mechanisms = vec![Mechanism::Plain];
        stage.open(1, Port::Imap).unwrap();
        let login = Login {
            user: "bob".to_owned(),
            credential: Credential::Password(Secret(b"hungry".to_vec())),
            in_the_clear: true,
        };
        let profile = Profile { tls: Tls::Never, login: Some(login), timeouts: Timeouts::default() };
        let mut tasks: Vec<Task> = tasks.into_iter().collect();
        tasks.reverse();
        Pair {
            client: Client::new(BEGINNING, profile, [7; RANDOM]),
            stage,
            tasks,
            pace,
            now: BEGINNING,
            source: Vec::new(),
            content: Vec::new(),
            told: Vec::new(),
            stop_after: None,
            closed: false,
        }
    }

    /// Until the client closes.
    pub fn play(&mut self) {
        self.pump(b"");
        for _ in 0..100 {
            let (heard, closed) = self.stage.unheard(1).unwrap();
            if !heard.is_empty() {
                self.hear(&heard);
            } else if closed {
                self.client.event(self.now, wire::Event::PeerClosed);
                self.pump(b"");
            } else if self.stop_after.is_some() {
                self.now = self.client.deadline().unwrap();
                self.client.tick(self.now);
                self.pump(b"");
            }
            if self.closed {
                return;
            }
        }
        panic!("they have nothing more to say to each other: {:?}", self.told);
    }

    /// Offers what the server said, so many octets more at a time.
    fn hear(&mut self, octets: &[u8]) {
        let (mut from, mut to) = (0, 0);
        while to < octets.len() || from < to {
            let taken = if from == to { 0 } else { self.client.receive(self.now, &octets[from..to]) };
            self.pump(&octets[from..to]);
            from += taken;
            if self.closed {
                return;
            }
            if taken == 0 || from == to {
                assert!(to < octets.len() || from == to, "the client takes no more: {:?}", self.told);
                to = to.saturating_add(self.pace).min(octets.len());
            }
        }
    }

    fn pump(&mut self, input: &[u8]) {
        loop {
            let step = self.client.step();
            match step {
                Step::Read => return,
                Step::Send(octets) => self.stage.send(1, &[octets.to_vec()]).unwrap(),
                Step::Content(range) => self.content.extend_from_slice(&input[range]),
                Step::Relay(relay) => {
                    let Framing::Range { offset: 0, octets } = relay.framing else { panic!("{relay:?}") };
                    assert_eq!(octets, self.source.len() as u64);
                    self.source.clone().chunks(9_000).for_each(|run| self.stage.send(1, &[run.to_vec()]).unwrap());
                }
                Step::Ask(ask) => {
                    let answer = match ask {
                        Ask::Next(_) => self.tasks.pop().map_or(Answer::Logout, Answer::Task),
                        _ => Answer::Done,
                    };
                    self.told.push(ask);
                    self.client.answer(self.now, answer);
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
                Step::StartTls | Step::Compress | Step::Turn => panic!("{step:?}"),
            }
        }
    }

    pub fn heard(&self) -> Vec<Data> {
        let heard = |ask: &Ask| match ask {
            Ask::Heard(data) => Some((**data).clone()),
            _ => None,
        };
        self.told.iter().filter_map(heard).collect()
    }

    pub fn finished(&self) -> Vec<Finish> {
        let finished = |ask: &Ask| match ask {
            Ask::Finished(finish) => Some(finish.clone()),
            _ => None,
        };
        self.told.iter().filter_map(finished).collect()
    }
}
