//! Text on the screen: what is safe to show, how wide it is, where it is cut, which way it runs (Unicode TR 9). Owns no
//! colours.

use message::Time;
use message::date::civil;
use message::zone::Zone;
use std::borrow::Cow;
use std::ops::Range;
use unicode_bidi::BidiInfo;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands for what was cut off.
const CUT: &str = "…";

/// Columns that text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a text that fits; what is cut off is told by a sign.
#[must_use]
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let (mut kept, mut used) = (String::new(), 0);
    for letter in text.graphemes(true) {
        let wide = letter.width();
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push_str(letter);
    }
    if columns > 0 {
        kept.push_str(CUT);
    }
    Cow::Owned(kept)
}

/// The same, with spaces after it up to the width.
#[must_use]
pub fn column(text: &str, columns: usize) -> String {
    let mut text = fit(text, columns).into_owned();
    let used = text.width();
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    text
}

/// The same, with the spaces before it.
#[must_use]
pub fn column_right(text: &str, columns: usize) -> String {
    let text = fit(text, columns);
    format!("{}{text}", " ".repeat(columns.saturating_sub(text.width())))
}

/// A line as it is written from left to right on a terminal that does not turn right-to-left text itself.
#[must_use]
pub fn visual(line: &str) -> Cow<'_, str> {
    let Some(order) = visual_order(line) else { return Cow::Borrowed(line) };
    let letter = |(place, is_turned): (Range<usize>, bool)| {
        let letter = line.get(place).unwrap_or_default();
        if is_turned { mirrored(letter) } else { letter }
    };
    Cow::Owned(order.into_iter().map(letter).collect())
}

/// Where the letters of a line stand in it, in the order they are seen in from left to right, and whether each is turned
/// around; `None` where nothing turns. Letters keep what stands on them, and pictures of several signs their order.
#[must_use]
pub fn visual_order(line: &str) -> Option<Vec<(Range<usize>, bool)>> {
    if line.is_ascii() || !turns(line) {
        return None;
    }
    let info = BidiInfo::new(line, None);
    let paragraph = info.paragraphs.first()?;
    let (levels, runs) = info.visual_runs(paragraph, paragraph.range.clone());
    let mut order = Vec::with_capacity(line.len());
    for run in runs {
        let is_turned = levels.get(run.start).is_some_and(unicode_bidi::Level::is_rtl);
        let text = line.get(run.clone()).unwrap_or_default();
        let letters = text.grapheme_indices(true);
        let place = |(at, letter): (usize, &str)| (run.start + at..run.start + at + letter.len(), is_turned);
        if is_turned {
            order.extend(letters.rev().map(place));
        } else {
            order.extend(letters.map(place));
        }
    }
    Some(order)
}

/// The column in which the letter is seen that begins so many octets into the line.
#[must_use]
pub fn visual_column(line: &str, at: usize) -> usize {
    let columns = |place: &Range<usize>| width(line.get(place.clone()).unwrap_or_default());
    match visual_order(line) {
        Some(order) => order.iter().map(|(place, _)| place).take_while(|place| !place.contains(&at)).map(columns).sum(),
        None => columns(&(0..at)),
    }
}

/// What opens from the right is closed by its mirror image (Unicode TR 9, L4).
#[must_use]
pub fn mirrored(letter: &str) -> &str {
    match letter {
        "(" => ")",
        ")" => "(",
        "[" => "]",
        "]" => "[",
        "{" => "}",
        "}" => "{",
        "<" => ">",
        ">" => "<",
        "«" => "»",
        "»" => "«",
        other => other,
    }
}

/// Whether there are letters that run from right to left.
fn turns(line: &str) -> bool {
    use unicode_bidi::BidiClass::{AL, AN, R, RLE, RLI, RLO};
    line.chars().any(|c| matches!(unicode_bidi::bidi_class(c), R | AL | AN | RLE | RLI | RLO))
}

/// A number of things, as `1 message`, `12 messages`.
#[must_use]
pub fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{} {thing}s", thousands(number)) }
}

/// A number with a mark between the thousands.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size for people: `870`, `12K`, `3.4M`.
#[must_use]
pub fn size(octets: u64) -> String {
    const UNITS: [(u64, char); 3] = [(1 << 30, 'G'), (1 << 20, 'M'), (1 << 10, 'K')];
    for (unit, letter) in UNITS {
        if octets >= unit {
            let tenths = octets.saturating_mul(10) / unit;
            return if tenths < 100 {
                format!("{}.{}{letter}", tenths / 10, tenths % 10)
            } else {
                format!("{}{letter}", tenths / 10)
            };
        }
    }
    octets.to_string()
}

/// A time in at most nine columns: `14:30` of today, `Tue 14:30` of this week, `21 Nov` of this year, `Nov 2024` before.
#[must_use]
pub fn short_time(time: Time, now: Time, zone: &Zone) -> String {
    let (day, second) = zone.local(time);
    let (today, _) = zone.local(now);
    let clock = format!("{:02}:{:02}", second / 3600, second / 60 % 60);
    let (year, month, date) = civil(day);
    let month = message::date::month_name(month);
    match today - day {
        0 => clock,
        1..=6 => format!("{} {clock}", weekday(day)),
        _ if civil(today).0 == year => format!("{date} {month}"),
        _ => format!("{month} {year}"),
    }
}

/// A time in full, for the reader: `Sat 21 Nov 2026 14:30`.
#[must_use]
pub fn long_time(time: Time, zone: &Zone) -> String {
    let (day, second) = zone.local(time);
    let (year, month, date) = civil(day);
    let month = message::date::month_name(month);
    format!("{} {date} {month} {year} {:02}:{:02}", weekday(day), second / 3600, second / 60 % 60)
}

fn weekday(day: i64) -> &'static str {
    // 1970-01-01 was a Thursday.
    const NAMES: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    usize::try_from(day.rem_euclid(7)).ok().and_then(|place| NAMES.get(place)).copied().unwrap_or_default()
}

/// Words of a text in lines no wider than so many columns; a word that is wider is cut.
#[must_use]
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(fit(word, columns).into_owned()),
        }
    }
    lines
}

/// Columns between two places that a tab goes to.
const TAB: usize = 8;

/// A line in pieces no wider than so many columns, nothing of it left out: parted behind spaces where there are some, a long
/// word anywhere. Tabs go where terminals put them.
#[must_use]
pub fn folded(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive([' ', '\t']) {
        if width(&line) + width(word.trim_end()) > columns && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.graphemes(true) {
            if letter == "\t" {
                let to = width(&line) / TAB * TAB + TAB;
                line.push_str(&" ".repeat(to.min(columns).saturating_sub(width(&line))));
                continue;
            }
            if width(&line) + width(letter) > columns && letter != " " && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(letter);
        }
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_letters_however_wide() {
        assert_eq!(fit("ketchup", 7), "ketchup");
        assert_eq!(fit("ketchup", 6), "ketch…");
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("👩‍👩‍👧 family", 4), "👩‍👩‍👧 …");
        assert_eq!(fit("a", 0), "");
        assert_eq!(width(&column("日本語", 5)), 5);
        assert_eq!(column_right("12", 4), "  12");
    }

    #[test]
    fn right_to_left_text_is_turned_around() {
        assert_eq!(visual("abc"), "abc");
        assert_eq!(visual("אבג"), "גבא");
        assert_eq!(visual("Re: אבג 12"), "Re: 12 גבא");
        assert_eq!(visual("א (ב) ג"), "ג (ב) א");
        assert_eq!(visual("שָׁלוֹם"), "םוֹלשָׁ", "points stay on their letters");
        assert_eq!(visual("אב 👩‍👩‍👧 e\u{301}"), "e\u{301} 👩‍👩‍👧 בא");
    }

    #[test]
    fn the_cursor_stands_where_its_letter_is_seen() {
        assert_eq!((0..4).map(|at| visual_column("abc ", at)).collect::<Vec<_>>(), [0, 1, 2, 3]);
        // The end of a line that runs from right to left is on the left.
        assert_eq!([0, 2, 4].map(|at| visual_column("אב ", at)), [2, 1, 0]);
        assert_eq!([0, 3, 5, 7].map(|at| visual_column("ab אב ", at)), [0, 4, 3, 5]);
        assert_eq!(visual_column("日本 ", 6), 4);
    }

    #[test]
    fn lines_are_folded_and_nothing_is_lost() {
        assert_eq!(folded("ketchup and pickles", 12), ["ketchup and ", "pickles"]);
        assert_eq!(folded("a ketchup", 4), ["a ", "ketc", "hup"]);
        assert_eq!(folded("日本語", 4), ["日本", "語"]);
        assert_eq!(folded("a\tb", 20), ["a       b"]);
        assert_eq!(folded("", 4), [""]);
    }

    #[test]
    fn times_are_as_short_as_they_can_be() {
        let now = Time(1_795_312_800_000); // Sun 22 Nov 2026 02:00 UTC
        let ago = |hours: u64| short_time(Time(now.0 - hours * 3_600_000), now, &Zone::fixed(60));
        assert_eq!(ago(1), "02:00");
        assert_eq!(ago(4), "Sat 23:00");
        assert_eq!(ago(24 * 6), "Mon 03:00");
        assert_eq!(ago(24 * 30), "23 Oct");
        assert_eq!(ago(24 * 400), "Oct 2025");
        assert_eq!(long_time(now, &Zone::fixed(60)), "Sun 22 Nov 2026 03:00");
    }

    #[test]
    fn numbers_and_sizes_are_for_people() {
        assert_eq!(count(1, "message"), "1 message");
        assert_eq!(count(1_234_567, "message"), "1,234,567 messages");
        assert_eq!((size(870).as_str(), size(1536).as_str(), size(12 << 20).as_str()), ("870", "1.5K", "12M"));
    }
}
