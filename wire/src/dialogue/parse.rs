//! Reads dialogue files. Owns the grammar; every error names file and line.

use super::world::{Content, classic_mail};
use super::{Account, Act, Dialogue, DialogueError, Line, Mail, Network, Pattern, Port, Question, Run, Sent, Template};
use super::{World, made_message};
use std::time::Duration;

type Load<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

pub(super) fn dialogue(file: &str, text: &str, load: Load<'_>) -> Result<Dialogue, DialogueError> {
    let mut world = World::default();
    let mut script = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let wrong = |what: String| DialogueError { file: file.to_owned(), line: number, what };
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(fact) = line.strip_prefix('=') {
            if !script.is_empty() {
                return Err(wrong("the world stands before the dialogue".to_owned()));
            }
            world_line(&mut world, fact.trim(), load).map_err(wrong)?;
        } else {
            let (connection, act) = script_line(&world, line).map_err(wrong)?;
            script.push(Line { number, connection, act });
        }
    }
    if world.hostname.is_empty() {
        world.hostname = "mx.hamburger.edu".to_owned();
    }
    Ok(Dialogue { file: file.to_owned(), world, script })
}

fn world_line(world: &mut World, fact: &str, load: Load<'_>) -> Result<(), String> {
    let (word, rest) = fact.split_once(' ').unwrap_or((fact, ""));
    let rest = rest.trim();
    let words: Vec<&str> = rest.split_whitespace().collect();
    match (word, words.as_slice()) {
        ("hostname", [name]) => world.hostname = (*name).to_owned(),
        ("domain", [name]) => add_domain(world, name),
        ("account", [address, password]) => add_account(world, address, password)?,
        ("admin", [address]) => world.admin = Some(world.full_address(address)),
        ("alias", [old, targets @ ..]) if !targets.is_empty() => {
            let targets = targets.iter().map(|target| world.full_address(target)).collect();
            world.aliases.push((world.full_address(old), targets));
        }
        ("moved", [old, new]) => world.moved.push((world.full_address(old), (*new).to_owned())),
        ("relay", networks) => networks_into(&mut world.relay, networks)?,
        ("plaintext-login", networks) => networks_into(&mut world.plaintext_login, networks)?,
        ("sends", []) => world.sends = true,
        ("route", [domain, login]) => world.routes.push(((*domain).to_owned(), world.full_address(login))),
        ("limit", [name, value]) => world.limits.push(((*name).to_owned(), count(value)?)),
        ("quota" | "apop" | "archive", [name, value @ ..]) => set_account(world, name, word, value)?,
        ("mail" | "mail-file" | "maildrop", [name, what]) => add_mail(world, (name, None), (word, what), load)?,
        ("mail" | "mail-file", [name, what, "in", folder]) => {
            add_mail(world, (name, Some(folder)), (word, what), load)?;
        }
        ("folder", [name, folder]) => {
            let account = known_account(world, name)?;
            world.folders.push((account, (*folder).to_owned()));
        }
        ("flags", [name, number, flags @ ..]) => set_flags(world, name, number, flags)?,
        ("port", [port]) => set_port(world, 0, port)?,
        ("port", [connection, port]) => set_port(world, count(connection)?, port)?,
        ("only" | "not", runs) if !runs.is_empty() => choose_runs(world, word == "only", runs)?,
        _ => return Err(format!("`= {fact}` is no line of a world (docs/dialogues.md lists them)")),
    }
    Ok(())
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn add_domain(world: &mut World, name: &str) {
    if !world.domains.iter().any(|known| known == name) {
        world.domains.push(name.to_owned());
    }
}

fn add_account(world: &mut World, address: &str, password: &str) -> Result<(), String> {
    let (_, domain) = address.rsplit_once('@').ok_or_else(|| format!("`{address}` is no full address"))?;
    add_domain(world, domain);
    world.accounts.push(Account {
        address: address.to_owned(),
        password: password.to_owned(),
        quota: None,
        apop: None,
        archive: false,
    });
    Ok(())
}

fn known_account(world: &World, name: &str) -> Result<String, String> {
    let address = world.full_address(name);
    world.account(&address).map(|account| account.address.clone()).ok_or_else(|| format!("no account {address}"))
}

fn set_account(world: &mut World, name: &str, word: &str, value: &[&str]) -> Result<(), String> {
    let address = known_account(world, name)?;
    let account = world.accounts.iter_mut().find(|account| account.address == address);
    match (account, word, value) {
        (Some(account), "quota", [octets]) => account.quota = Some(count(octets)?),
        (Some(account), "apop", [secret]) => account.apop = Some((*secret).to_owned()),
        (Some(account), "archive", []) => account.archive = true,
        _ => return Err(format!("`{word}` takes other words")),
    }
    Ok(())
}

fn add_mail(
    world: &mut World,
    (name, folder): (&str, Option<&str>),
    (word, what): (&str, &str),
    load: Load<'_>,
) -> Result<(), String> {
    let account = known_account(world, name)?;
    let n = world.mails_of(&account).count() + 1;
    let content = match (word, what) {
        ("mail-file", path) => Content::Given(load(path)?.into()),
        ("mail", octets) => {
            let octets = usize::try_from(count(octets)?).map_err(|_| "too long".to_owned())?;
            Content::Made { octets, n }
        }
        ("maildrop", "classic") => {
            world.mail.extend(classic_mail(&account));
            return Ok(());
        }
        _ => return Err(format!("no maildrop is called {what}")),
    };
    world.mail.push(Mail { account, folder: folder.map(str::to_owned), flags: Vec::new(), content });
    Ok(())
}

fn set_flags(world: &mut World, name: &str, number: &str, flags: &[&str]) -> Result<(), String> {
    let account = known_account(world, name)?;
    let at = usize::try_from(count(number)?).ok().and_then(|number| number.checked_sub(1));
    let mut mails = world.mail.iter_mut().filter(|mail| mail.account == account);
    let mail = at.and_then(|at| mails.nth(at)).ok_or_else(|| format!("{account} has no mail {number} above"))?;
    mail.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    Ok(())
}

fn networks_into(networks: &mut Vec<Network>, words: &[&str]) -> Result<(), String> {
    for word in words {
        networks.push(Network::parse(word).ok_or_else(|| format!("`{word}` is no network"))?);
    }
    Ok(())
}

fn set_port(world: &mut World, connection: u64, name: &str) -> Result<(), String> {
    let port = Port::named(name).ok_or_else(|| format!("no listener is called {name}"))?;
    let at = usize::from(u8::try_from(connection).map_err(|_| "connections are numbered 1 to 9".to_owned())?);
    if world.ports.len() <= at {
        world.ports.resize(at + 1, None);
    }
    if let Some(slot) = world.ports.get_mut(at) {
        *slot = Some(port);
    }
    Ok(())
}

fn choose_runs(world: &mut World, only: bool, names: &[&str]) -> Result<(), String> {
    let mut named = Vec::new();
    for name in names {
        named.push(match *name {
            "pure" => Run::Pure,
            "server" => Run::Server,
            "binary" => Run::Binary,
            "tls" => Run::Tls,
            _ => return Err(format!("no run is called {name}: pure, server, binary, tls")),
        });
    }
    let all = [Run::Pure, Run::Server, Run::Binary, Run::Tls];
    world.without.extend(all.into_iter().filter(|run| named.contains(run) != only));
    Ok(())
}

fn script_line(world: &World, line: &str) -> Result<(u8, Act), String> {
    let connection = line.chars().next().and_then(|c| c.to_digit(10));
    let line = if connection.is_some() { line.get(1..).unwrap_or_default() } else { line };
    let connection = connection.map_or(1, |digit| u8::try_from(digit).unwrap_or(1));
    let mark = line.get(..2).unwrap_or(line);
    let text = line.get(2..).unwrap_or_default();
    let text = text.strip_prefix(' ').unwrap_or(text);
    let act = match mark {
        "C:" => Act::Send(Sent { octets: Template::parse(text)?.followed_by(b"\r\n"), joined: false }),
        "C+" => Act::Send(Sent { octets: Template::parse(text)?.followed_by(b"\r\n"), joined: true }),
        "C\\" => Act::Send(Sent { octets: Template::parse(text)?, joined: true }),
        "C#" => Act::Send(Sent { octets: Template::literal(super::play::dot_stuffed(&made(text)?)), joined: true }),
        "C=" => Act::Send(Sent { octets: Template::literal(made(text)?), joined: true }),
        "S:" => Act::Expect(Pattern::parse(text)?),
        "S*" if text.is_empty() => Act::Skip,
        "M:" => expected_message(world, text, true)?,
        "L:" => expected_message(world, text, false)?,
        "T:" if text.is_empty() => Act::StartTls,
        "X:" if text.is_empty() => Act::ServerCloses,
        "D:" if text.is_empty() => Act::ClientDrops,
        "? " => Act::Question(question(world, text)?),
        "@ " => pure_only(world, Act::Pass(span(text)?))?,
        _ => return Err(format!("`{mark}` begins no line of a dialogue (docs/dialogues.md lists them)")),
    };
    Ok((connection, act))
}

/// Octets of a made message that a line may ask for.
const MADE_MAX: usize = 16 * 1024 * 1024;

/// `C# 2000`, `C= 2000`: a made message of that length.
fn made(text: &str) -> Result<Vec<u8>, String> {
    let octets = usize::try_from(count(text)?).ok().filter(|octets| *octets <= MADE_MAX);
    let octets = octets.ok_or_else(|| format!("a made message has at most {MADE_MAX} octets"))?;
    Ok(made_message(octets, 1))
}

fn expected_message(world: &World, text: &str, stuffed: bool) -> Result<Act, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (name, number, lines) = match words.as_slice() {
        [name, number] => (name, number, None),
        [name, number, lines] => (name, number, Some(count(lines)?)),
        _ => return Err("`M:` takes an account, a number and perhaps a number of lines".to_owned()),
    };
    let account = known_account(world, name)?;
    let number = usize::try_from(count(number)?).unwrap_or(0);
    if number == 0 || number > world.mails_of(&account).count() {
        return Err(format!("{account} has no mail {number} in this world"));
    }
    let lines = lines.map(|lines| usize::try_from(lines).unwrap_or(usize::MAX));
    Ok(Act::Message { account, number, lines, stuffed })
}

fn question(world: &World, text: &str) -> Result<Question, String> {
    let (ask, answer) = match text.split_once(" -> ") {
        Some((ask, answer)) => (ask, Some(answer.to_owned())),
        None => (text, None),
    };
    let question = Question { ask: Pattern::parse(ask)?, answer };
    if question.answer.is_some() { pure_only(world, question) } else { Ok(question) }
}

/// What only the pure run can do stands only in dialogues that say so.
fn pure_only<T>(world: &World, act: T) -> Result<T, String> {
    let others = [Run::Server, Run::Binary, Run::Tls];
    if others.iter().any(|run| world.runs(*run)) {
        return Err("this needs `= only pure` above".to_owned());
    }
    Ok(act)
}

/// `+5m`, `+300s`, `+100ms`, `+1h`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no span of time, as in `+5m`");
    let digits = text.strip_prefix('+').ok_or_else(wrong)?;
    let unit_at = digits.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (amount, unit) = digits.split_at(unit_at);
    let amount: u64 = amount.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(amount.saturating_mul(milliseconds)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Dialogue, DialogueError> {
        dialogue("x.txt", text, &|path| Err(format!("{path} is not there")))
    }

    #[test]
    fn a_world_and_a_script() {
        let text = "# c\n= hostname a.b\n= account bob@b.c hungry\n= mail bob 498\n= mail bob 912\n= port 2 pop3\n\
                    = relay 127.0.0.0/8\n= limit recipients 3\n\nS: 220 *\nC+ A\nC: B\n2S: +OK\nX:\n";
        let dialogue = read(text).unwrap();
        assert_eq!(dialogue.world.hostname, "a.b");
        assert_eq!(dialogue.world.mails_of("bob@b.c").count(), 2);
        assert_eq!(dialogue.world.port(1), Port::Smtp);
        assert_eq!(dialogue.world.port(2), Port::Pop3);
        assert_eq!(dialogue.world.limits, [("recipients".to_owned(), 3)]);
        let lines: Vec<(usize, u8)> = dialogue.script.iter().map(|l| (l.number, l.connection)).collect();
        assert_eq!(lines, [(10, 1), (11, 1), (12, 1), (13, 2), (14, 1)]);
    }

    #[test]
    fn errors_name_file_and_line() {
        let wrong = |text: &str| read(text).map(|_| ()).unwrap_err().to_string();
        assert!(wrong("S: 220\n= hostname late\n").starts_with("x.txt:2: the world stands before"));
        assert!(wrong("\n= hostnam x\n").starts_with("x.txt:2: `= hostnam x` is no line"));
        assert!(wrong("= mail bob 498\n").starts_with("x.txt:1: no account bob"));
        assert!(wrong("= account bob@b.c x\n= mail-file bob gone.eml\n").starts_with("x.txt:2: gone.eml is not"));
        assert!(wrong("Q: what\n").starts_with("x.txt:1: `Q:` begins no line"));
        assert!(wrong("@ +5m\n").starts_with("x.txt:1: this needs `= only pure`"));
        assert!(wrong("? commit -> 451 4.3.0 no\n").starts_with("x.txt:1: this needs `= only pure`"));
        assert!(wrong("= account bob@b.c x\nM: bob 1\n").starts_with("x.txt:2: bob@b.c has no mail 1"));
        assert!(wrong("= only pure\n@ 5m\n").starts_with("x.txt:2: `5m` is no span"));
        assert!(wrong("C# 16777217\n").starts_with("x.txt:1: a made message has at most 16777216 octets"));
    }

    #[test]
    fn runs_are_chosen() {
        let runs = |text: &str| {
            let world = read(text).unwrap().world;
            [Run::Pure, Run::Server, Run::Binary, Run::Tls].map(|run| world.runs(run))
        };
        assert_eq!(runs(""), [true; 4]);
        assert_eq!(runs("= only pure\n"), [true, false, false, false]);
        assert_eq!(runs("= not pure tls\n"), [false, true, true, false]);
    }

    #[test]
    fn bare_names_get_the_first_domain() {
        let world = read("= domain one.example\n= account bob@two.example x\n= admin alice\n").unwrap().world;
        assert_eq!(world.admin.as_deref(), Some("alice@one.example"));
        assert_eq!(world.domains, ["one.example", "two.example"]);
    }
}
