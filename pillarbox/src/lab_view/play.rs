//! `pillarbox lab SCENARIO`: plays a scenario and prints each step after it was seen, with what shows it.

use super::{GRACE, LabCommand, Show, on_ports};
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units::{clock, exact, harmless};
use clap::ValueEnum;
use lab::Ports;
use lab::scenario::{Fact, Play, Plot, SCENARIOS, Seen};
use office::admin::FailureKind;
use serde_json::{Value, json};

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
    for line in &plot.prologue {
        text.push_str(&format!("{line}\n"));
    }
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

/// Lines of at most so many characters, broken between words; a longer word stands alone.
fn folded(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
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
    use message::Time;
    use std::time::Duration;

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

    #[test]
    fn every_scenario_that_is_offered_can_be_played() {
        for show in Show::value_variants() {
            let name = show.to_possible_value().unwrap().get_name().to_owned();
            let by_hand = matches!(show, Show::Dialogues | Show::Classic);
            assert_eq!(plot(&name).is_ok(), !by_hand, "{name}");
        }
        assert_eq!(Show::value_variants().len(), SCENARIOS.len() + 2);
    }
}
