//! Our POP3 client against our own POP3 session: they are put together, and what is fetched is what is there, at several
//! paces; what is deleted is gone.

use crate::world::BEGINNING;
use crate::world::stage::{Chunking, PureStage};
use wire::dialogue::{Dialogue, Port, Stage};
use wire::pop3::client::{Answer, Ask, Client, Listed, Profile, Task};
use wire::sasl::client::Credential;
use wire::sasl::{Mechanism, Secret};
use wire::smtp::client::{Login, Tls, limits::RANDOM};
use wire::{Event, Session, Step};

const WORLD: &str = "= account bob@hamburger.edu hungry\n= plaintext-login 127.0.0.0/8\n= port pop3\n= mail bob 498\n\
    = mail bob 2000\nS: +OK *\n";

/// A client, a server session, and nothing between them but octets.
struct Pair {
    client: Client,
    stage: PureStage,
    number: u8,
    pace: usize,
    /// What is answered to `Next`, the last first.
    tasks: Vec<Vec<Task>>,
    told: Vec<Ask>,
    content: Vec<u8>,
    closed: bool,
}

impl Pair {
    fn new(stage: PureStage, number: u8, tasks: Vec<Vec<Task>>, pace: usize) -> Pair {
        let mut stage = stage;
        stage.open(number, Port::Pop3).unwrap();
        let login = Login {
            user: "bob".to_owned(),
            credential: Credential::Password(Secret(b"hungry".to_vec())),
            in_the_clear: true,
        };
        let client = Client::new(BEGINNING, Profile::new(Tls::Never, login), [7; RANDOM]);
        let tasks = tasks.into_iter().rev().collect();
        Pair { client, stage, number, pace, tasks, told: Vec::new(), content: Vec::new(), closed: false }
    }

    /// Until the client closes.
    fn play(&mut self) {
        self.pump(b"");
        for _ in 0..100 {
            let (heard, closed) = self.stage.unheard(self.number).unwrap();
            if !heard.is_empty() {
                self.hear(&heard);
            } else if closed {
                self.client.event(BEGINNING, Event::PeerClosed);
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
        while from < octets.len() && !self.closed {
            let taken = if from == to { 0 } else { self.client.receive(BEGINNING, &octets[from..to]) };
            self.pump(&octets[from..to]);
            from += taken;
            if taken == 0 {
                assert!(to < octets.len() || self.closed, "the client takes no more: {:?}", self.told);
                to = to.saturating_add(self.pace).min(octets.len());
            }
        }
    }

    fn pump(&mut self, input: &[u8]) {
        loop {
            match self.client.step() {
                Step::Read => return,
                Step::Send(octets) => self.stage.send(self.number, &[octets.to_vec()]).unwrap(),
                Step::Content(range) => self.content.extend_from_slice(&input[range]),
                Step::Ask(ask) => {
                    let answer = match ask {
                        Ask::Next(_) => self.tasks.pop().map_or(Answer::Quit, Answer::Tasks),
                        _ => Answer::Done,
                    };
                    self.told.push(ask);
                    self.client.answer(BEGINNING, answer);
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
                step => panic!("{step:?}"),
            }
        }
    }

    fn listed(&self) -> Vec<Listed> {
        let listed = self.told.iter().filter_map(|ask| match ask {
            Ask::Listed(page) => Some(page.clone()),
            _ => None,
        });
        listed.flatten().collect()
    }
}

fn stage(mechanism: Option<Mechanism>) -> PureStage {
    let dialogue = Dialogue::parse("pair", WORLD, &|file| Err(file.to_owned())).unwrap();
    let mut stage = PureStage::new(&dialogue.world, Chunking::Whole);
    stage.mechanisms = mechanism.into_iter().collect();
    stage
}

#[test]
fn client_and_session_understand_each_other() {
    for (pace, mechanism) in [(1, None), (7, Some(Mechanism::Plain)), (usize::MAX, None)] {
        let look = vec![Task::Stat, Task::List, Task::Uidl, Task::Noop];
        let fetch = vec![Task::Retr(1), Task::Retr(2), Task::Dele(1), Task::Retr(1)];
        let mut pair = Pair::new(stage(mechanism), 1, vec![look, fetch], pace);
        pair.play();
        assert_eq!(pair.listed().len(), 4, "{:?}", pair.told);
        assert_eq!(pair.listed()[1], Listed::Size { number: 2, octets: 2000 });
        assert_eq!(pair.content.len(), 498 + 2000);
        let finished = pair.told.iter().filter_map(|ask| match ask {
            Ask::Finished(finish) => Some(finish.reply.ok),
            _ => None,
        });
        assert_eq!(finished.collect::<Vec<_>>(), [true, true, true, true, true, true, true, false]);
        assert!(matches!(pair.told.last(), Some(Ask::Goodbye(reply)) if reply.ok), "{:?}", pair.told);

        let mut again = Pair::new(pair.stage, 2, vec![vec![Task::List]], pace);
        again.play();
        assert_eq!(again.listed(), [Listed::Size { number: 1, octets: 2000 }]);
    }
}
