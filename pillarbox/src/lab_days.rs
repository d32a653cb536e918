//! `pillarbox lab server-down-five-days` and `pillarbox lab greylist`: what a queue does over days, under a virtual clock,
//! so told at once. Owns the words around the tale; the tale is `lab`'s.

use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use lab::make_believe::{self, Tale};
use office::admin::FailureKind;
use serde_json::{Value, json};
use std::time::Duration;

/// The jitter of the tale: a tale that is told twice is the same twice.
const SEED: u64 = 1;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When the host comes back in the second part: on day 3, as the tale counts them, from 0.
const BACK: Duration = Duration::from_secs(3 * 24 * 60 * 60 + 60 * 60);

/// Bob's host is down: for ever, then until day 3.
pub fn server_down_five_days(screen: &mut Screen) -> Result<(), Trouble> {
    let never = make_believe::server_down_five_days(SEED, None).map_err(failed)?;
    let back = make_believe::server_down_five_days(SEED, Some(BACK)).map_err(failed)?;
    let days = BACK.as_secs() / DAY.as_secs();
    tell(screen, "alice@hamburger.edu writes to bob@crepes.fr, whose server is down.", &never)?;
    tell(screen, &format!("The same, but crepes.fr comes back on day {days}."), &back)?;
    let right = (never.notices.len(), never.bounces.len(), never.arrivals.len()) == (1, 1, 0);
    let right = right && (back.notices.len(), back.bounces.len(), back.arrivals.len()) == (1, 0, 1);
    came_out(right)
}

/// Bob's host asks strangers to come again.
pub fn greylist(screen: &mut Screen) -> Result<(), Trouble> {
    let tale = make_believe::greylist(SEED).map_err(failed)?;
    tell(screen, "alice@hamburger.edu writes to bob@crepes.fr, whose server greylists.", &tale)?;
    came_out((tale.attempts.len(), tale.notices.len(), tale.bounces.len(), tale.arrivals.len()) == (2, 0, 0, 1))
}

fn tell(screen: &mut Screen, title: &str, tale: &Tale) -> Result<(), Trouble> {
    match screen.form() {
        Form::Json => screen.line(&event(title, tale)),
        Form::Human | Form::Plain => screen.text(&text(title, tale)),
    }
}

fn text(title: &str, tale: &Tale) -> String {
    let mut text = format!("{title}\n\n");
    tale.lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    let tries = tale.attempts.len();
    let (notices, bounces, arrivals) = (tale.notices.len(), tale.bounces.len(), tale.arrivals.len());
    text + &format!("\n  calls {tries}, delay notices {notices}, bounces {bounces}, letters delivered {arrivals}\n\n")
}

fn event(title: &str, tale: &Tale) -> Value {
    let seconds = |times: &[Duration]| times.iter().map(Duration::as_secs).collect::<Vec<_>>();
    let attempts: Vec<u64> = tale.attempts.iter().map(|(at, _)| at.as_secs()).collect();
    json!({
        "tale": title,
        "attempts_s": attempts,
        "delay_notices_s": seconds(&tale.notices),
        "bounces_s": seconds(&tale.bounces),
        "arrivals_s": seconds(&tale.arrivals),
    })
}

fn came_out(right: bool) -> Result<(), Trouble> {
    if right {
        return Ok(());
    }
    Err(Trouble::new(FailureKind::Software, "the letter did not fare as it should".to_owned()))
}

fn failed(error: anyhow::Error) -> Trouble {
    Trouble::new(FailureKind::Io, format!("the lab does not run: {error:#}"))
}
