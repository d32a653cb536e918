//! Times as people type them: `2h`, `tomorrow 8:00`, `mon`, `2026-12-01 9:30`. Owns what they mean; the clock is passed in.

use message::Time;
use message::date;
use message::zone::Zone;

/// The hour meant where only a day is named: when people begin to read mail.
const MORNING: i64 = 8 * 3600;
const DAYS: [&str; 7] = ["thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday"];

/// The moment meant; `None` where it means nothing, or what is past.
#[must_use]
pub fn moment(text: &str, now: Time, zone: &Zone) -> Option<Time> {
    let text = text.trim().to_lowercase();
    let time = span(&text, now).or_else(|| day_and_clock(&text, now, zone))?;
    (time > now).then_some(time)
}

/// `20m`, `2h`, `3d`, `1w`.
fn span(text: &str, now: Time) -> Option<Time> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds: u64 = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let number: u64 = number.trim().parse().ok()?;
    Some(Time(now.0.checked_add(number.checked_mul(seconds)?.checked_mul(1000)?)?))
}

fn day_and_clock(text: &str, now: Time, zone: &Zone) -> Option<Time> {
    let (today, second) = zone.local(now);
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let (day, clock) = match day(first, today) {
        Some(day) => (day, words.next().map_or(Some(MORNING), clock)?),
        // A clock alone is its next time.
        None => {
            let clock = clock(first)?;
            (if clock > second { today } else { today + 1 }, clock)
        }
    };
    if words.next().is_some() {
        return None;
    }
    zone.moment(day, clock)
}

fn day(word: &str, today: i64) -> Option<i64> {
    match word {
        "today" => return Some(today),
        "tomorrow" => return Some(today + 1),
        _ => {}
    }
    let weekday = DAYS.iter().position(|name| word.len() >= 3 && name.starts_with(word));
    if let Some(weekday) = weekday.and_then(|weekday| i64::try_from(weekday).ok()) {
        let ahead = (weekday - today).rem_euclid(7);
        return Some(today + if ahead == 0 { 7 } else { ahead });
    }
    let mut numbers = word.splitn(3, '-');
    let year: i64 = numbers.next()?.parse().ok()?;
    date::day(year, numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?)
}

/// `8`, `8:30`, `8pm`: seconds of the day.
fn clock(word: &str) -> Option<i64> {
    let (word, later) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(word), _) => (word, 0),
        (_, Some(word)) => (word, 12),
        _ => (word, 0),
    };
    let (hours, minutes) = word.split_once(':').unwrap_or((word, "0"));
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let hours = if later == 12 && hours < 12 { hours + 12 } else { hours };
    ((0..24).contains(&hours) && (0..60).contains(&minutes)).then_some(hours * 3600 + minutes * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_understood_as_people_mean_them() {
        let now = Time(1_795_312_800_000); // Sun 22 Nov 2026 02:00 UTC, 03:00 where we are
        let zone = Zone::fixed(60);
        let told = |text: &str| {
            let (day, second) = zone.local(moment(text, now, &zone)?);
            let (year, month, date) = date::civil(day);
            Some(format!("{year}-{month:02}-{date:02} {:02}:{:02}", second / 3600, second / 60 % 60))
        };
        for (text, meant) in [
            ("2h", "2026-11-22 05:00"),
            ("tomorrow 8:00", "2026-11-23 08:00"),
            ("tomorrow", "2026-11-23 08:00"),
            ("today 5pm", "2026-11-22 17:00"),
            ("mon", "2026-11-23 08:00"),
            ("Sunday 9:30", "2026-11-29 09:30"),
            ("14:30", "2026-11-22 14:30"),
            ("2:30", "2026-11-23 02:30"),
            ("2026-12-01 9:30", "2026-12-01 09:30"),
        ] {
            assert_eq!(told(text).as_deref(), Some(meant), "{text}");
        }
        for wrong in ["", "soon", "today 2:00", "25:00", "2026-02-30", "tomorrow 8:00 sharp", "99999999999999999w", "é"]
        {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }
}
