//! `pillarbox lab SCENARIO`: plays a scenario and prints each step after it was seen, with what shows it.

use super::{LabCommand, Show, on_ports};
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units::{clock, exact, harmless};
use clap::ValueEnum;
use lab::Ports;
use lab::scenario::{Fact, Play, Plot, SCENARIOS, Seen};
use office::admin::FailureKind;
use serde_json::{Value, json};
use std::time::Duration;

/// How long sessions may take to finish after the last step: nobody waits for anything any more.
const GRACE: Duration = Duration::from_millis(100);

/// Columns of a terminal.
const COLUMNS: usize = 80;
/// Where the words of a headline begin: behind its number and its time.
const INDENT: usize = 14;
/// Where what shows a step begins: behind who says so.
const FACT_INDENT: usize = 24;

/// Plays it. Not seeing a step is a failure.
pub(super) async fn play(command: &LabCommand, show: Show, screen: &mut Screen) -> Result<(), Trouble> {
    let name = show.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let mut plot = plot(&name)?;
    if let Some(by) = command.read {
        plot.read_by(by.into());
    }
    let keep = command.keep.as_deref();
    // Nobody types ports here, and several may play at once.
    let wanted = LabCommand { port_base: command.port_base.or(Some(Ports::Random)), ..command.clone() };
    let mut play = on_ports(&wanted, screen, async |ports| Play::start(plot.clone(), ports, keep).await).await?;
    let told = tell(&name, &mut play, screen).await;
    play.internet().drain(GRACE).await;
    told
}

fn plot(name: &str) -> Result<Plot, Trouble> {
    let text = SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let text = text.ok_or_else(|| Trouble::new(FailureKind::Usage, format!("there is no scenario {name}")))?;
    Plot::parse(text).map_err(|error| Trouble::new(FailureKind::Software, format!("{name}: {error}")))
}

async fn tell(name: &str, play: &mut Play, screen: &mut Screen) -> Result<(), Trouble> {
    let json = screen.form() == Form::Json;
    if !json {
        screen.text(&opening(name, play.plot()))?;
    }
    let mut last = None;
    loop {
        let next = play.next_headline().unwrap_or_default().to_owned();
        match play.next().await {
            Ok(Some(seen)) if json => screen.line(&seen_json(&seen))?,
            Ok(Some(seen)) => {
                screen.text(&step(&seen))?;
                last = Some(seen);
            }
            Ok(None) => break,
            Err(error) => {
                let words = format!("not seen: {}: {error:#}", decapitalised(&next));
                return Err(Trouble::new(FailureKind::Unavailable, words));
            }
        }
    }
    match last {
        Some(seen) => screen.text(&closing(&seen)),
        None => Ok(()),
    }
}

fn opening(name: &str, plot: &Plot) -> String {
    let gap = COLUMNS.saturating_sub(plot.title.chars().count() + name.chars().count()).max(2);
    let mut text = format!("{}{}{name}\n\n", plot.title, " ".repeat(gap));
    plot.prologue.iter().for_each(|line| text.push_str(&format!("{line}\n")));
    text
}

/// A step: its number, when it was seen, and in words; below, what shows it.
fn step(seen: &Seen) -> String {
    let mut text = format!("\n{:>2}  +{:.3} s  {}\n", seen.number, seen.after.as_secs_f64(), seen.headline);
    for fact in &seen.facts {
        let said = harmless(&words(fact)).into_owned();
        let lines = folded(&said, COLUMNS - FACT_INDENT);
        for (label, line) in std::iter::once(fact.label).chain(std::iter::repeat("")).zip(lines) {
            let line = format!("{:INDENT$}{label:<width$}{line}", "", width = FACT_INDENT - INDENT);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn words(fact: &Fact) -> String {
    match fact.at {
        Some(at) => format!("{} {}", clock(at), fact.text),
        None => fact.text.clone(),
    }
}

fn closing(last: &Seen) -> String {
    let steps = match last.number {
        1 => "The one step was seen".to_owned(),
        many => format!("All {many} steps were seen"),
    };
    format!("\n{steps}, in {:.3} s. Times of day are UTC.\n", last.after.as_secs_f64())
}

/// Lines of at most so many characters, broken between words; a longer word is cut.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = shortened(word, width);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn shortened(word: &str, width: usize) -> String {
    if word.chars().count() <= width {
        return word.to_owned();
    }
    let kept: String = word.chars().take(width.saturating_sub(3)).collect();
    kept + "..."
}

/// As it stands within a sentence; names keep their capital.
fn decapitalised(headline: &str) -> String {
    match headline.split_once(' ') {
        Some((first @ ("It" | "The" | "Her" | "No" | "Then" | "What"), rest)) => {
            format!("{} {rest}", first.to_ascii_lowercase())
        }
        _ => headline.to_owned(),
    }
}

fn seen_json(seen: &Seen) -> Value {
    let facts: Vec<Value> = seen
        .facts
        .iter()
        .map(|fact| json!({ "who": fact.label, "at": fact.at.map(exact), "what": fact.text }))
        .collect();
    json!({
        "step": seen.number,
        "after_ms": u64::try_from(seen.after.as_millis()).unwrap_or(u64::MAX),
        "headline": seen.headline,
        "facts": facts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::paper::screen;
    use message::Time;

    #[test]
    fn a_step_fits_a_terminal() {
        let fact = |label, at, text: &str| Fact { label, at, text: text.to_owned() };
        let seen = Seen {
            number: 4,
            after: Duration::from_millis(1_046),
            headline: "SMTP".to_owned(),
            facts: vec![
                fact("dot", None, "250 2.0.0 queued as 06G2V0J9QTXXA\u{1b}"),
                fact("sender", Some(Time(1_081_298_274_000)), &"word ".repeat(20)),
            ],
        };
        let lines = "
 4  +1.046 s  SMTP
              dot       250 2.0.0 queued as 06G2V0J9QTXXA\\u{1b}
              sender    00:37:54.000 word word word word word word word word
                        word word word word word word word word word word word
                        word
";
        assert_eq!(step(&seen), lines);
        assert_eq!(seen_json(&seen)["facts"][1]["at"], "2004-04-07T00:37:54.000Z");
    }

    #[tokio::test]
    async fn what_is_not_so_is_not_seen() {
        let two = "title T\n= hostname mail.a.test\n= account a@a.test x\n= account b@a.test x\n= hostname mail.b.test\n\
                   = account b@b.test x\n";
        let sent = "step Across\n  compose a@a.test b@b.test Hi\n  hand-in\n  sent\n";
        let stayed = "step At home\n  compose a@a.test b@a.test Hi\n  hand-in\n  delivered\n";
        for (done, claim, words) in [
            (sent, "unasked", "the name server was asked for b.test MX"),
            (sent, "at-home", "mail.b.test has taken a message"),
            (sent, "within 0", "and not at most 0 s"),
            (stayed, "compose a@a.test b@b.test Another\n  read pop3", "is the one that was composed"),
            (stayed, "compose a@a.test c@b.test Another\n  read pop3", "c@b.test has no account"),
            (stayed, "queued\n  deferred x@b.test", "not seen"),
        ] {
            let plot = Plot::parse(&format!("{two}{done}step The claim\n  {claim}\n")).unwrap();
            let mut play = Play::start(plot, Ports::Random, None).await.unwrap();
            play.wait_at_most(Duration::from_secs(if claim.starts_with("queued") { 1 } else { 20 }));
            let (mut screen, out, _) = screen(Form::Human, false);
            let trouble = tell("t", &mut play, &mut screen).await.unwrap_err();
            assert_eq!(trouble.exit_code(), 69, "{claim}");
            let said = format!("{trouble:?}");
            assert!(said.contains("not seen: the claim: ") && said.contains(words), "{claim}: {said}");
            assert!(out.text().contains("\n 1  +") && !out.text().contains("were seen"), "{claim}: {}", out.text());
            play.internet().drain(Duration::ZERO).await;
        }
    }

    #[tokio::test]
    async fn a_trusted_network_may_relay_and_others_may_not() {
        for (relay, good) in [("= relay 127.0.0.0/8\n", true), ("", false)] {
            let hosts = format!(
                "title T\n= hostname mail.a.test\n= account a@a.test x\n{relay}= hostname mail.b.test\n\
                 = account b@b.test x\n"
            );
            let steps = "step Across\n  compose a@a.test b@b.test Hi\n  relay\n  queued\n  sent\n  delivered\n";
            let plot = Plot::parse(&format!("{hosts}{steps}")).unwrap();
            let mut play = Play::start(plot, Ports::Random, None).await.unwrap();
            let (mut screen, out, _) = screen(Form::Human, false);
            let told = tell("t", &mut play, &mut screen).await;
            play.internet().drain(Duration::ZERO).await;
            assert_eq!(told.is_ok(), good, "{relay}: {told:?}");
            assert_eq!(out.text().contains("SMTP, no login\n"), good, "{}", out.text());
            assert!(good || format!("{told:?}").contains("refused for b@b.test: 550 5.7.1"), "{told:?}");
        }
    }

    #[test]
    fn words_that_do_not_fit_are_cut() {
        assert_eq!(folded("a bc def", 4), ["a bc", "def"]);
        assert_eq!(folded("abcd abcdefgh", 4), ["abcd", "a..."]);
    }

    #[test]
    fn every_scenario_that_is_offered_can_be_played() {
        for show in Show::value_variants() {
            let name = show.to_possible_value().unwrap().get_name().to_owned();
            let by_hand = matches!(show, Show::Dialogues | Show::Classic);
            let in_virtual_time = matches!(show, Show::ServerDownFiveDays | Show::Greylist);
            assert_eq!(plot(&name).is_ok(), !by_hand && !in_virtual_time, "{name}");
        }
        assert_eq!(Show::value_variants().len(), SCENARIOS.len() + 4);
    }
}
