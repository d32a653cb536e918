//! Reads the script of a flipped dialogue.

use super::words;
use std::collections::HashMap;
use std::time::Duration;
use wire::dialogue::{Pattern, Template};
use wire::sasl::Secret;
use wire::sasl::client::Credential;
use wire::smtp::client::{Answer, Chunking, Login, Profile, Role, Timeouts, Tls};

/// A file, read.
pub struct Script {
    pub profile: Profile,
    pub implicit_tls: bool,
    pub contents: HashMap<u64, Vec<u8>>,
    /// What happens, each with its line in the file.
    pub acts: Vec<(usize, Act)>,
}

/// What happens in a line.
pub enum Act {
    /// `S:`, `S\`: the server says so.
    Hear(Template),
    /// `C:`: the client says a line like this.
    Say(Pattern),
    /// `?`: the client's session asks its desk, and is answered.
    Question(Pattern, Answer),
    /// `T:`: the handshake is done.
    Handshake,
    /// `X:`: the client closes the connection.
    ClientCloses,
    /// `D:`: the server drops the connection.
    ServerDrops,
    /// `@`: time passes.
    Pass(Duration),
}

/// What a script begins with.
pub fn profile() -> Profile {
    Profile {
        name: "crepes.fr".to_owned(),
        role: Role::Smtp,
        tls: Tls::Opportunistic,
        login: None,
        chunking: Chunking::WhereNeeded,
        timeouts: Timeouts::default(),
    }
}

impl Script {
    pub fn parse(text: &str) -> Result<Script, (usize, String)> {
        let mut script = Script { profile: profile(), implicit_tls: false, contents: HashMap::new(), acts: Vec::new() };
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            match line.strip_prefix('=') {
                Some(fact) => script.world(fact.trim()).map_err(|what| (number, what))?,
                None => {
                    let act = script.act(line).map_err(|what| (number, what))?;
                    script.acts.push((number, act));
                }
            }
        }
        Ok(script)
    }

    fn world(&mut self, fact: &str) -> Result<(), String> {
        if let Some(text) = fact.strip_prefix("content") {
            let octets = Template::parse(text.trim_start())?.fill(&wire::dialogue::Captures::new())?;
            self.contents.insert(self.contents.len() as u64 + 1, octets);
            return Ok(());
        }
        let profile = &mut self.profile;
        match fact.split(' ').collect::<Vec<_>>().as_slice() {
            ["port", "lmtp"] => profile.role = Role::Lmtp,
            ["tls", "never"] => profile.tls = Tls::Never,
            ["tls", "required"] => profile.tls = Tls::Required,
            ["tls", "implicit"] => self.implicit_tls = true,
            ["chunking"] => profile.chunking = Chunking::WhereOffered,
            ["name", name] => profile.name = (*name).to_owned(),
            ["login", user, password, rest @ ..] => {
                let password = Template::parse(password)?.fill(&wire::dialogue::Captures::new())?;
                let in_the_clear = rest == ["in-the-clear"];
                profile.login = Some(Login {
                    user: (*user).to_owned(),
                    credential: Credential::Password(Secret(password)),
                    in_the_clear,
                });
            }
            ["token", user, token] => {
                let credential = Credential::Token(Secret((*token).into()));
                profile.login = Some(Login { user: (*user).to_owned(), credential, in_the_clear: false });
            }
            _ => return Err(format!("`= {fact}` is no line of a client's world (docs/dialogues.md lists them)")),
        }
        Ok(())
    }

    fn act(&self, line: &str) -> Result<Act, String> {
        let mark = line.get(..2).unwrap_or(line);
        let text = line.get(2..).unwrap_or_default();
        let text = text.strip_prefix(' ').unwrap_or(text);
        Ok(match mark {
            "S:" => Act::Hear(Template::parse(text)?.followed_by(b"\r\n")),
            "S\\" => Act::Hear(Template::parse(text)?),
            "C:" => Act::Say(Pattern::parse(text)?),
            "T:" if text.is_empty() => Act::Handshake,
            "X:" if text.is_empty() => Act::ClientCloses,
            "D:" if text.is_empty() => Act::ServerDrops,
            "@ " => Act::Pass(span(text)?),
            "? " => {
                let (ask, answer) = text.split_once(" -> ").unwrap_or((text, "done"));
                Act::Question(Pattern::parse(ask)?, words::answer(answer, &self.contents)?)
            }
            _ => return Err(format!("`{mark}` begins no line of a client's dialogue")),
        })
    }
}

/// `+5m`, `+300s`, `+1ms`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time, as in `+5m`");
    let digits = text.strip_prefix('+').ok_or_else(wrong)?;
    let at = digits.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (amount, unit) = digits.split_at(at);
    let amount: u64 = amount.parse().map_err(|_| wrong())?;
    match unit {
        "ms" => Ok(Duration::from_millis(amount)),
        "s" => Ok(Duration::from_secs(amount)),
        "m" => Ok(Duration::from_secs(60 * amount)),
        _ => Err(wrong()),
    }
}
