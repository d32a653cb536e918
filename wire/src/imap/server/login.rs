//! Logging in and out: STARTTLS, AUTHENTICATE, LOGIN, UNAUTHENTICATE, LOGOUT, COMPRESS (RFC 9051 §6.2, RFC 8437, RFC
//! 4978). When each is allowed, the lines of an exchange, and how its end is told. The mechanisms are `crate::sasl`'s,
//! the decision is the desk's.

use super::input::Reading;
use super::out::Out;
use super::reply::{Reply, misfit};
use super::state::Enabled;
use super::{Server, State};
use crate::imap::{Answer, Ask};
use crate::sasl::line::{self, Line};
use crate::sasl::{self, Channel, Exchange, Mechanism, Next, Refusal, Secret};
use crate::session::TlsFacts;

/// RFC 5530 §3.
const NEEDS_TLS: &str = "logging in needs encryption: STARTTLS first";

/// What a response line of AUTHENTICATE waits for.
pub(super) enum Login {
    /// The next response of the exchange.
    Response(Box<Exchange>),
    /// The empty response to the data that came with success: IMAP has no room for it elsewhere (RFC 9051 §6.2.2).
    Acknowledgement,
}

impl Server {
    /// Why STARTTLS is not possible now.
    pub(super) fn tls_refusal(&self) -> Option<Reply> {
        if self.tls.is_some() {
            Some(Reply::bad("TLS is up already"))
        } else if !self.profile.tls_available {
            Some(Reply::bad("TLS is not available here"))
        } else {
            None
        }
    }

    /// RFC 9051 §6.2.1.
    pub(super) fn start_tls(&mut self, tag: &str) {
        if let Some(refusal) = self.tls_refusal() {
            return self.refuse(tag, &refusal);
        }
        self.reply(tag, &Reply::ok("go ahead"));
        self.out.push_back(Out::StartTls);
        self.reading = Reading::Handshake;
    }

    /// What was said in the clear is forgotten.
    pub(super) fn tls_started(&mut self, facts: TlsFacts) {
        self.tls = Some(facts);
        if matches!(self.reading, Reading::Handshake) {
            self.reading = Reading::Command;
            self.enabled = Enabled::default();
        }
    }

    /// Not in the clear, unless the operator says so (RFC 9051 §6.2.3, RFC 8314 §4.1).
    pub(super) fn login_allowed(&self) -> bool {
        self.tls.is_some() || self.profile.plaintext_login
    }

    /// The mechanisms of this connection: those with channel binding need a channel to bind to (RFC 9266).
    pub(super) fn mechanisms(&self) -> Vec<Mechanism> {
        let bound = self.exporter().is_some();
        let fits = |mechanism: &Mechanism| bound || *mechanism != Mechanism::ScramSha256Plus;
        self.profile.mechanisms.iter().copied().filter(fits).collect()
    }

    fn exporter(&self) -> Option<[u8; 32]> {
        self.tls.as_ref().and_then(|tls| tls.exporter)
    }

    /// RFC 9051 §6.2.3.
    pub(super) fn login(&mut self, tag: String, username: String, password: Secret) {
        if !self.login_allowed() {
            return self.refuse(&tag, &Reply::no(NEEDS_TLS).code("PRIVACYREQUIRED"));
        }
        let nameless = username.is_empty() || username.len() > sasl::NAME_MAX || username.contains('\0');
        let sound = !nameless && !password.0.contains(&0);
        if !sound {
            return self.refuse(&tag, &Reply::bad("a name and a password are due"));
        }
        let ask = sasl::Ask::Password { authorization: None, username, password };
        self.ask(Ask::Login(ask), move |server, answer| match answer {
            Answer::Sasl(sasl::Answer::Accepted { .. }) => server.logged_in(&tag),
            Answer::Sasl(sasl::Answer::Refused(refusal)) => server.login_refused(&tag, refusal),
            _ => server.login_refused(&tag, Refusal::Temporary),
        });
    }

    /// RFC 9051 §6.2.2, RFC 4959.
    pub(super) fn authenticate(&mut self, tag: String, name: &str, initial: Option<Vec<u8>>) {
        if !self.login_allowed() {
            return self.refuse(&tag, &Reply::no(NEEDS_TLS).code("PRIVACYREQUIRED"));
        }
        let offered = self.mechanisms();
        match Mechanism::parse(name) {
            Some(mechanism) if offered.contains(&mechanism) => {
                let plus_offered = offered.contains(&Mechanism::ScramSha256Plus);
                let channel = Channel { exporter: self.exporter(), plus_offered };
                self.go_on(tag, Box::new(Exchange::start(mechanism, initial, channel)));
            }
            _ => self.refuse(&tag, &Reply::no("no such mechanism here; CAPABILITY lists them").code("CANNOT")),
        }
    }

    /// One line of an exchange.
    pub(super) fn login_line(&mut self, tag: String, login: Login, line: &[u8]) {
        self.reading = Reading::Command;
        // RFC 9051 §6.2.2: "*" cancels, and so does what is not base64.
        let response = match line::decode(line) {
            Ok(Line::Response(response)) => response,
            Ok(Line::Cancel) => return self.login_broken(&tag, &login, "login cancelled".to_owned()),
            Err(error) => return self.login_broken(&tag, &login, error.to_string()),
        };
        match login {
            Login::Response(mut exchange) => {
                exchange.response(&response);
                self.go_on(tag, exchange);
            }
            Login::Acknowledgement if response.is_empty() => self.logged_in(&tag),
            Login::Acknowledgement => self.login_broken(&tag, &login, "an empty line was due".to_owned()),
        }
    }

    /// The client broke off. Where the desk had accepted the login already the connection ends, so that session and
    /// desk never disagree on who is there.
    fn login_broken(&mut self, tag: &str, login: &Login, text: String) {
        self.refuse(tag, &Reply::bad(text));
        if matches!(login, Login::Acknowledgement) {
            self.bye("login broken off");
        }
    }

    /// Does what the exchange wants next.
    fn go_on(&mut self, tag: String, mut exchange: Box<Exchange>) {
        match exchange.next() {
            Next::Challenge(data) => self.challenge(tag, &data, Login::Response(exchange)),
            Next::Ask(ask) => self.ask(Ask::Login(ask), move |server, answer| {
                let answer = match answer {
                    Answer::Sasl(answer) => answer,
                    _ => sasl::Answer::Refused(Refusal::Temporary),
                };
                exchange.answer(answer);
                server.go_on(tag, exchange);
            }),
            Next::Accepted { final_data: None } => self.logged_in(&tag),
            Next::Accepted { final_data: Some(data) } => self.challenge(tag, &data, Login::Acknowledgement),
            Next::Refused(refusal) => self.login_refused(&tag, refusal),
            Next::Malformed(text) => self.refuse(&tag, &Reply::bad(text)),
        }
    }

    fn challenge(&mut self, tag: String, data: &[u8], login: Login) {
        self.send(format!("+ {}\r\n", line::encode(data)));
        self.reading = Reading::Login(tag, login);
    }

    /// RFC 9051 §7.1: the capabilities of the new state come with the success.
    fn logged_in(&mut self, tag: &str) {
        self.state = State::Home;
        let code = format!("CAPABILITY {}", self.capabilities());
        self.reply(tag, &Reply::ok("welcome").code(code));
    }

    /// RFC 5530 §3: says that name or password is wrong, never which.
    fn login_refused(&mut self, tag: &str, refusal: Refusal) {
        let reply = match refusal {
            Refusal::Credentials => Reply::no("name or password is wrong").code("AUTHENTICATIONFAILED"),
            Refusal::Authorization => Reply::no("you may not act as that user").code("AUTHORIZATIONFAILED"),
            Refusal::TooMany { wait_s } => {
                Reply::no(format!("too many failed logins; try again in {wait_s} seconds")).code("LIMIT")
            }
            Refusal::Temporary => Reply::no("logging in is not possible now").code("UNAVAILABLE"),
        };
        self.reply(tag, &reply);
        self.counts.login_failures += 1;
        if self.counts.login_failures > self.profile.limits.login_failures {
            self.bye("too many failed logins");
        }
    }

    /// RFC 8437 §2: as after the greeting, but for TLS. Compression would have to end here, which the driver cannot do, and
    /// no other answer than goodbye is allowed then (RFC 8437 §3).
    pub(super) fn unauthenticate(&mut self, tag: String) {
        if self.compressed {
            return self.bye("not while compressed");
        }
        self.ask(Ask::Forget, move |server, answer| {
            if !matches!(answer, Answer::Done) {
                server.reply(&tag, &misfit());
                return server.bye("nobody is logged in any more");
            }
            server.state = State::Stranger;
            server.enabled = Enabled::default();
            server.started = server.now;
            let code = format!("CAPABILITY {}", server.capabilities());
            server.reply(&tag, &Reply::ok("nobody is logged in").code(code));
        });
    }

    /// RFC 9051 §6.1.3.
    pub(super) fn logout(&mut self, tag: &str) {
        self.send(format!("* BYE {} closing the connection\r\n", self.profile.hostname));
        self.reply(tag, &Reply::ok("goodbye"));
        self.close();
    }

    /// RFC 4978 §3.
    pub(super) fn compress(&mut self, tag: &str, mechanism: &str) {
        if !self.profile.compression || mechanism != "DEFLATE" {
            return self.reply(tag, &Reply::no("no such compression here").code("CANNOT"));
        }
        if self.compressed {
            return self.reply(tag, &Reply::no("compressed already").code("COMPRESSIONACTIVE"));
        }
        self.compressed = true;
        self.reply(tag, &Reply::ok("compressed from here on"));
        self.out.push_back(Out::Compress);
    }
}
