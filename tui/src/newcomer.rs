//! The page of somebody who has no account yet: address and password, what was found, settings by hand where nothing was, a
//! login at a provider. Pure: keys and news in, wishes out; who carries them out is outside. What is typed as a password is
//! shown by nobody and stands in no message.

use crate::key::{Code, Key};
use crate::model::prompt::{Asked, Prompt};
use agent::account::{Incoming, Outgoing, Provider, Security};
use agent::discovery::{Found, Place, Way};
use agent::newcomer::{Attempt, Servers, Shown, Told, With, is_distrust, is_protected, server};
use agent::secret::Secret;
use agent::trouble::{Kind, Trouble};
use message::Address;

/// Octets of a password: as many as logins take (RFC 4616 §2).
pub const PASSWORD_MAX: usize = 255;
/// Lines of what went wrong that are shown; the rest is of no use to anybody.
const PROBLEM_LINES: usize = 8;
/// Ways to read mail that can be named.
const KINDS: [&str; 3] = ["IMAP", "JMAP", "POP3"];
/// How connections can be protected.
const SECURITIES: [(&str, Security); 3] =
    [("TLS", Security::Tls), ("STARTTLS", Security::StartTls), ("none (on this machine only)", Security::Plain)];

/// What is wanted of the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The servers of an address.
    Look(Address),
    /// The account.
    Make(Box<Attempt>),
    /// The certificates of these servers.
    Inspect(Servers),
    /// A page, in the browser.
    Browse(String),
    /// What is being done is to stop.
    Stop,
    /// To leave the program.
    Leave,
}

/// Where the newcomer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Says who they are.
    Who,
    /// Sees what was found.
    Found(Found),
    /// Names the servers.
    ByHand,
    /// Hears that nobody vouches for a certificate of these servers.
    Doubt(Servers),
    /// Sees the certificates of these servers.
    Certificates(Vec<Shown>, Servers),
    /// Waits; this is being done. The step that is gone back to stands with it.
    Waiting(String, Box<Step>),
}

/// One thing that is filled in.
#[derive(Clone, Debug)]
pub struct Field {
    /// What it is called.
    pub label: &'static str,
    /// What it is for, in a few words.
    pub hint: &'static str,
    /// What was typed.
    pub prompt: Prompt,
    /// What can be chosen, where nothing is typed.
    pub choices: Vec<String>,
    /// Nothing of it is shown.
    pub is_secret: bool,
}

impl Field {
    fn typed(label: &'static str, hint: &'static str) -> Field {
        Field { label, hint, prompt: Prompt::new(Asked::Line, "", ""), choices: Vec::new(), is_secret: false }
    }

    fn chosen(label: &'static str, hint: &'static str, choices: Vec<String>) -> Field {
        let first = choices.first().cloned().unwrap_or_default();
        Field { prompt: Prompt::new(Asked::Line, "", &first), choices, ..Field::typed(label, hint) }
    }

    fn text(&self) -> &str {
        self.prompt.text.trim()
    }

    /// Which of the choices.
    fn choice(&self) -> usize {
        self.choices.iter().position(|choice| *choice == self.prompt.text).unwrap_or(0)
    }

    fn set(&mut self, text: &str) {
        self.prompt = Prompt::new(Asked::Line, "", text);
    }

    fn key(&mut self, key: Key) {
        let count = self.choices.len();
        if count > 0 {
            let step = match key.code {
                Code::Left => count - 1,
                Code::Right | Code::Char(' ') => 1,
                _ => return,
            };
            let next = self.choices.get((self.choice() + step) % count).cloned().unwrap_or_default();
            return self.set(&next);
        }
        let room = !self.is_secret || self.prompt.text.len() < PASSWORD_MAX;
        if key.typed().is_none() || room {
            self.prompt.edit(key);
        }
    }
}

/// The page.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where the newcomer is.
    pub step: Step,
    /// Who they are.
    pub who: Vec<Field>,
    /// The servers by hand.
    pub by_hand: Vec<Field>,
    /// The field that is typed in.
    pub at: usize,
    /// What did not work, a line each.
    pub problem: Vec<String>,
    /// A page that is to be opened in the browser, and a code to be typed there.
    pub login: Option<(String, Option<String>)>,
    /// The account is there: its name.
    pub made: Option<String>,
}

const NAME: usize = 0;
const ADDRESS: usize = 1;
const PASSWORD: usize = 2;
const LOGIN: usize = 3;

const READ_BY: usize = 0;
const READ_AT: usize = 1;
const READ_SECURITY: usize = 2;
const SEND_AT: usize = 3;
const SEND_SECURITY: usize = 4;
const USER: usize = 5;

impl Page {
    /// At the beginning, with the providers that the settings know.
    #[must_use]
    pub fn new(providers: &[Provider]) -> Page {
        let mut who = vec![
            Field::typed("Your name", "as others read it, or empty"),
            Field::typed("Address", "you@example.org"),
            Field { is_secret: true, ..Field::typed("Password", "nothing of it is shown") },
        ];
        if !providers.is_empty() {
            let names = providers.iter().map(|provider| format!("at {}", provider.name));
            let ways = std::iter::once("with the password".to_owned()).chain(names).collect();
            who.push(Field::chosen("Log in", "Left and Right choose", ways));
        }
        let securities = || SECURITIES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
        let by_hand = vec![
            Field::chosen("Read by", "Left and Right choose", KINDS.map(str::to_owned).to_vec()),
            Field::typed("Read at", "HOST:PORT, JMAP https://HOST"),
            Field::chosen("Protected", "Left and Right choose", securities()),
            Field::typed("Send at", "HOST:PORT; none with JMAP"),
            Field::chosen("Protected", "Left and Right choose", securities()),
            Field::typed("User name", "where it is not the address"),
        ];
        Page { step: Step::Who, who, by_hand, at: NAME, problem: Vec::new(), login: None, made: None }
    }

    /// The fields of the step, where it has some.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        match self.step {
            Step::Who => &self.who,
            Step::ByHand => &self.by_hand,
            _ => &[],
        }
    }

    fn field(&mut self) -> Option<&mut Field> {
        let at = self.at;
        match self.step {
            Step::Who => self.who.get_mut(at),
            Step::ByHand => self.by_hand.get_mut(at),
            _ => None,
        }
    }

    fn text(&self, field: usize) -> &str {
        self.who.get(field).map(Field::text).unwrap_or_default()
    }

    fn hand(&self, field: usize) -> &str {
        self.by_hand.get(field).map(Field::text).unwrap_or_default()
    }

    /// A key.
    pub fn key(&mut self, key: Key) -> Option<Wish> {
        if key.ctrl && key.code == Code::Char('c') {
            return Some(Wish::Leave);
        }
        match (&self.step, key.code) {
            (Step::Who, Code::Esc) => return Some(Wish::Leave),
            (Step::Waiting(..), Code::Esc) => return Some(self.stop()),
            (Step::Waiting(..), Code::Char('o' | 'O')) => {
                return self.login.as_ref().map(|(url, _)| Wish::Browse(url.clone()));
            }
            (Step::Waiting(..), _) => {}
            (Step::Doubt(_) | Step::Certificates(..), Code::Esc) => self.go(Step::ByHand, READ_BY),
            (_, Code::Esc) => self.go(Step::Who, ADDRESS),
            (Step::Found(found), Code::Enter | Code::Char('y' | 'Y')) => {
                let servers = Servers::Found(found.clone());
                return self.make(servers, None);
            }
            (Step::Doubt(servers), Code::Enter | Code::Char('t' | 'T')) => {
                let servers = servers.clone();
                self.wait_for("Looking at the certificates");
                return Some(Wish::Inspect(servers));
            }
            (Step::Certificates(shown, servers), Code::Char('y' | 'Y')) => {
                let (pem, servers) = (shown.iter().map(|shown| shown.pem.as_str()).collect(), servers.clone());
                return self.make(servers, Some(pem));
            }
            (Step::Found(_), Code::Char('h' | 'H')) => self.begin_by_hand(),
            (Step::Found(_) | Step::Doubt(_) | Step::Certificates(..), _) => {}
            (_, Code::Enter) if self.at + 1 < self.fields().len() => self.at += 1,
            (_, Code::Enter) => return self.done(),
            (_, Code::Down | Code::Tab) => self.at = (self.at + 1) % self.fields().len().max(1),
            (_, Code::Up | Code::BackTab) => {
                let count = self.fields().len().max(1);
                self.at = (self.at + count - 1) % count;
            }
            _ => {
                self.problem.clear();
                if let Some(field) = self.field() {
                    field.key(key);
                }
            }
        }
        None
    }

    /// Text that was pasted: into one field, on one line.
    pub fn paste(&mut self, text: &str) {
        if let Some(field) = self.field().filter(|field| field.choices.is_empty()) {
            let line = text.lines().next().unwrap_or_default();
            if !field.is_secret || field.prompt.text.len() + line.len() <= PASSWORD_MAX {
                field.prompt.insert(line);
            }
        }
    }

    fn go(&mut self, step: Step, at: usize) {
        self.step = step;
        self.at = at;
        self.problem.clear();
        self.login = None;
    }

    fn stop(&mut self) -> Wish {
        if let Step::Waiting(_, before) = self.step.clone() {
            self.go(*before, ADDRESS);
        }
        self.problem = vec!["It was stopped; nothing was changed".to_owned()];
        Wish::Stop
    }

    fn wait_for(&mut self, what: &str) {
        let before = std::mem::replace(&mut self.step, Step::Who);
        self.problem.clear();
        self.step = Step::Waiting(what.to_owned(), Box::new(before));
    }

    /// The last field of a step was filled in.
    fn done(&mut self) -> Option<Wish> {
        let address = match self.address() {
            Ok(address) => address,
            Err((at, problem)) => {
                self.go(Step::Who, at);
                self.problem = vec![problem];
                return None;
            }
        };
        if self.step == Step::ByHand {
            return match self.named() {
                Ok(servers) => self.make(servers, None),
                Err((at, problem)) => {
                    self.at = at;
                    self.problem = lines(&problem.text);
                    None
                }
            };
        }
        let words = format!("Looking for the servers of {address}");
        self.wait_for(&words);
        Some(Wish::Look(address))
    }

    fn address(&self) -> Result<Address, (usize, String)> {
        let text = self.text(ADDRESS);
        let wrong = || (ADDRESS, format!("{text:?} is no address, as you@example.org is one"));
        let address = Address::parse(text).ok().filter(|address| address.domain().is_some()).ok_or_else(wrong)?;
        let typed = self.who.get(PASSWORD).map(|field| field.prompt.text.as_str()).unwrap_or_default();
        if typed.is_empty() && self.provider().is_none() {
            return Err((PASSWORD, "The servers want a password".to_owned()));
        }
        Ok(address)
    }

    /// The provider that was chosen.
    fn provider(&self) -> Option<&str> {
        self.who.get(LOGIN).filter(|field| field.choice() > 0).and_then(|field| field.text().strip_prefix("at "))
    }

    /// The servers that were named.
    fn named(&self) -> Result<Servers, (usize, Trouble)> {
        let user = Some(self.hand(USER).to_owned()).filter(|user| !user.is_empty());
        let security = |field: usize| {
            let choice = self.by_hand.get(field).map_or(0, Field::choice);
            SECURITIES.get(choice).map_or(Security::Tls, |(_, security)| *security)
        };
        let at = |field: usize, protected: usize, ports| {
            let found = server(self.hand(field), security(protected), user.clone(), ports);
            let sound = found.and_then(|server| is_protected(&server).map(|()| server));
            sound.map_err(|problem| (field, problem))
        };
        let kind = self.by_hand.get(READ_BY).map_or(0, Field::choice);
        let incoming = match kind {
            1 => Incoming::Jmap { url: self.url()?, user: user.clone(), trust: None },
            2 => Incoming::Pop3 { server: at(READ_AT, READ_SECURITY, [995, 110])?, keep: true },
            _ => Incoming::Imap(at(READ_AT, READ_SECURITY, [993, 143])?),
        };
        let outgoing = match (self.hand(SEND_AT).is_empty(), kind) {
            (true, 1) => Some(Outgoing::Jmap),
            (true, _) => None,
            _ => Some(Outgoing::Smtp(at(SEND_AT, SEND_SECURITY, [465, 587])?)),
        };
        Ok(Servers::Named(incoming, outgoing))
    }

    fn url(&self) -> Result<String, (usize, Trouble)> {
        let text = self.hand(READ_AT);
        let url = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let wrong = || (READ_AT, Trouble::new(Kind::Usage, format!("{text:?} is no https://HOST")));
        if !url.starts_with("https://") || agent::http::host_and_port(&url).is_none() {
            return Err(wrong());
        }
        Ok(url)
    }

    fn make(&mut self, servers: Servers, trusted: Option<String>) -> Option<Wish> {
        let address = self.address().ok()?;
        let with = match self.provider() {
            Some(name) => With::Provider(name.to_owned()),
            None => {
                let typed = self.who.get(PASSWORD).map(|field| field.prompt.text.clone()).unwrap_or_default();
                With::Password(Secret::new(typed.into_bytes()))
            }
        };
        let display_name = Some(self.text(NAME).to_owned()).filter(|name| !name.is_empty());
        self.wait_for("Logging in");
        Some(Wish::Make(Box::new(Attempt { address, display_name, with, servers, trusted })))
    }

    /// Servers by hand, with what most are called.
    fn begin_by_hand(&mut self) {
        let domain = self.text(ADDRESS).rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
        for (field, prefix) in [(READ_AT, "imap."), (SEND_AT, "smtp.")] {
            if let Some(field) = self.by_hand.get_mut(field).filter(|field| field.text().is_empty()) {
                field.set(&format!("{prefix}{domain}"));
            }
        }
        self.go(Step::ByHand, READ_BY);
    }

    /// What came of a wish. What came after it was stopped is passed over.
    pub fn told(&mut self, told: Told) {
        let Step::Waiting(_, before) = self.step.clone() else { return };
        match told {
            Told::Doing(what) => {
                self.login = None;
                self.step = Step::Waiting(what, before);
            }
            Told::Page(url) => self.wait_at(url, None, before),
            Told::Code { url, code } => self.wait_at(url, Some(code), before),
            Told::Found(Ok(found)) if has_incoming(&found) => self.go(Step::Found(found), 0),
            Told::Found(Ok(found)) => {
                self.begin_by_hand();
                self.problem = vec!["No server was found by itself: name them. Tried:".to_owned()];
                self.problem.extend(found.tried.iter().take(PROBLEM_LINES).map(|line| tamed(line)));
            }
            Told::Found(Err(trouble)) => {
                self.go(Step::Who, ADDRESS);
                self.problem = lines(&trouble.text);
            }
            Told::Certificates(Ok(shown)) => match *before {
                Step::Doubt(servers) if !shown.is_empty() => self.go(Step::Certificates(shown, servers), 0),
                before => self.go(before, 0),
            },
            Told::Certificates(Err(trouble)) => {
                self.go(*before, 0);
                self.problem = lines(&trouble.text);
            }
            Told::Made(name) => self.made = Some(name),
            Told::Refused(trouble) => self.refused(&trouble, *before),
        }
    }

    fn wait_at(&mut self, url: String, code: Option<String>, before: Box<Step>) {
        self.login = Some((url, code));
        self.step = Step::Waiting("Waiting for you to log in at the provider".to_owned(), before);
    }

    fn refused(&mut self, trouble: &Trouble, before: Step) {
        let is_password = trouble.kind == Kind::NotAllowed && self.provider().is_none();
        let named = self.named().ok().filter(|_| before == Step::ByHand && is_distrust(trouble));
        if let Some(servers) = named {
            self.go(Step::Doubt(servers), 0);
            let first = trouble.text.lines().next().unwrap_or_default();
            self.problem = vec![tamed(first)];
            return;
        }
        match (is_password, before) {
            (true, _) => self.go(Step::Who, PASSWORD),
            (_, Step::Found(_)) => self.begin_by_hand(),
            (_, Step::Doubt(_) | Step::Certificates(..)) => self.go(Step::ByHand, READ_BY),
            (_, before) => self.go(before, 0),
        }
        self.problem = lines(&trouble.text);
        if is_password {
            self.problem
                .push("Some providers want a password made for mail programs: it is in their settings.".to_owned());
        }
    }
}

fn has_incoming(found: &Found) -> bool {
    found.places.iter().any(|place| matches!(place.way, Way::Incoming(_)))
}

fn tamed(line: &str) -> String {
    crate::draw::safe(line).into_owned()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().take(PROBLEM_LINES).map(tamed).collect()
}

/// A server that was found, in words: what for, where, how protected, who says so.
#[must_use]
pub fn place_words(place: &Place) -> String {
    let (what, at, security) = match &place.way {
        Way::Incoming(Incoming::Imap(server)) => ("read by IMAP", server_words(server), Some(server.security)),
        Way::Incoming(Incoming::Pop3 { server, .. }) => ("read by POP3", server_words(server), Some(server.security)),
        Way::Incoming(Incoming::Jmap { url, .. }) => ("read by JMAP", url.clone(), Some(Security::Tls)),
        Way::Incoming(_) => ("read", place.host().to_owned(), None),
        Way::Outgoing(server) => ("send", server_words(server), Some(server.security)),
    };
    let security = SECURITIES.iter().find(|(_, known)| Some(*known) == security).map_or("", |(name, _)| name);
    use agent::discovery::Source as S;
    let source = match place.source {
        S::Autoconfig => "the domain says so",
        S::WellKnown => "the domain's fixed place",
        S::Dns => "DNS says so",
        S::Database => "a database says so",
        S::Guess => "a usual name that answers",
    };
    let foreign = if place.foreign { "  (!) outside the domain" } else { "" };
    tamed(&format!("{what:<13} {at:<30} {security:<9} {source}{foreign}"))
}

fn server_words(server: &agent::account::Server) -> String {
    format!("{}:{}", server.host, server.port)
}

#[cfg(test)]
mod tests;
