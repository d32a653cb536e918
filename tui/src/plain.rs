//! The screen as lines that follow each other, for screen readers and terminals that can do little: no glyphs, nothing drawn
//! twice. After each event it tells what is new: where one is, what is selected, what happened, what is typed. Pure: the
//! loop writes what comes out of here. Owns the only way out, [`Sheet`]: no text gets past it untamed.

use crate::command::Verb;
use crate::draw::{HelpLine, help_lines, safe};
use crate::model::composer::FIELDS;
use crate::model::list::Shown;
use crate::model::reader::{SEAL, Text};
use crate::model::{Focus, Model};
use crate::text::{count, short_time, width};
use agent::mirror::Row;
use message::flags::flag_bits;

/// What was told so far.
#[derive(Debug, Default)]
pub struct Plain {
    is_begun: bool,
    place: Vec<String>,
    selected: Vec<String>,
    status: Vec<String>,
    typed: Option<(String, String)>,
    /// The first line of the message that was told, and the last.
    told: Option<(usize, usize)>,
}

/// What goes to the terminal: text made harmless, ends of lines, and what takes back a letter that was typed.
#[derive(Debug, Default)]
struct Sheet(String);

impl Sheet {
    fn text(&mut self, text: &str) {
        self.0.push_str(&safe(text));
    }

    fn end_line(&mut self) {
        self.0.push('\n');
    }

    /// Takes so many columns back.
    fn erase(&mut self, columns: usize) {
        let back = "\u{8}".repeat(columns);
        self.0.push_str(&format!("{back}{}{back}", " ".repeat(columns)));
    }
}

impl Plain {
    /// What is new, as it is written to the terminal; lines end with LF.
    pub fn tell(&mut self, model: &Model) -> String {
        let mut lines = Vec::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            let key = model.keys.keys_of(model.context(), Verb::Help).unwrap_or_default();
            lines.push(format!("{key} tells the keys that work here; `:` takes a command"));
        }
        renew(&mut self.place, place(model), &mut lines);
        self.tell_message(model, &mut lines);
        renew(&mut self.selected, selected(model).into_iter().collect(), &mut lines);
        let sign = if model.status.is_problem { "Problem: " } else { "" };
        let text = &model.status.text;
        let status = if text.is_empty() { Vec::new() } else { vec![format!("{sign}{text}")] };
        renew(&mut self.status, status, &mut lines);
        let mut out = Sheet::default();
        let now = typed(model);
        if self.typed.is_some() && (now.is_none() || !lines.is_empty()) {
            out.end_line();
        }
        for line in &lines {
            out.text(line);
            out.end_line();
        }
        let before = self.typed.as_ref().filter(|_| lines.is_empty());
        echo(before, now.as_ref(), &mut out);
        self.typed = now;
        out.0
    }

    /// A page of the message, where it was opened or scrolled.
    fn tell_message(&mut self, model: &Model, lines: &mut Vec<String>) {
        let Some(reader) = model.reader.as_ref().filter(|_| model.focus == Focus::Reader) else {
            self.told = None;
            return;
        };
        let shown = (reader.top, reader.lines.len());
        if self.told == Some(shown) {
            return;
        }
        self.told = Some(shown);
        let page = usize::from(model.layout().reader.height.max(1));
        lines.extend(reader.lines.iter().skip(reader.top).take(page).filter_map(words));
        let rest = reader.lines.len().saturating_sub(reader.top + page);
        if rest > 0 {
            lines.push(format!("({} more)", count(rest as u64, "line")));
        }
    }
}

/// Tells a thing where it is another than before.
fn renew(before: &mut Vec<String>, now: Vec<String>, lines: &mut Vec<String>) {
    if *before != now {
        lines.extend(now.iter().cloned());
        *before = now;
    }
}

/// Where one is.
fn place(model: &Model) -> Vec<String> {
    let folder = model.open_folder().map(|folder| folder.name.as_str());
    let words = match model.focus {
        Focus::Folders => "Folders".to_owned(),
        Focus::Help => return help(model),
        Focus::Composer => {
            let key = model.keys.keys_of(model.context(), Verb::Help).unwrap_or_default();
            format!("Writing a letter; {key} tells the keys")
        }
        Focus::Review => return review(model).unwrap_or_default(),
        Focus::Choice => model.choice.as_ref().map(|choice| choice.title.clone()).unwrap_or_default(),
        Focus::Reader => "Message".to_owned(),
        Focus::List => {
            let name = folder.unwrap_or("All folders");
            let typed = &model.list.typed;
            let searched = if typed.is_empty() { String::new() } else { format!(", found: {typed}") };
            format!("{name}{searched}, {}", count(model.list.total.unwrap_or_default(), "line"))
        }
    };
    vec![words]
}

/// The keys, a line each.
fn help(model: &Model) -> Vec<String> {
    let words = |line: HelpLine| match line {
        HelpLine::Empty => None,
        HelpLine::Head(words) => Some(words),
        HelpLine::Keys { keys, command, about } => Some(format!("{keys}: {command}. {about}")),
    };
    help_lines(model).into_iter().filter_map(words).collect()
}

/// The letter as it goes.
fn review(model: &Model) -> Option<Vec<String>> {
    let composer = model.composer.as_ref()?;
    let letter = composer.going(&model.options.aliases);
    let files = count(letter.attachments.len() as u64, "attachment");
    let (choice, problem) = &composer.seal;
    let seal = if choice.seals() { format!(" {SEAL}: {}.", choice.words()) } else { String::new() };
    let problem = problem.as_ref().map(|problem| format!(" {problem}.")).unwrap_or_default();
    let copied = |name: &str, list: &agent::letter::Recipients| {
        if list.is_empty() { String::new() } else { format!(" {name} {list}.") }
    };
    let others = copied("Cc", &letter.cc) + &copied("Bcc", &letter.bcc);
    let words = format!("Look it over. To {}.{others} Subject {}. {files}.{seal}{problem}", letter.to, letter.subject);
    Some(std::iter::once(words).chain(letter.text.lines().map(str::to_owned)).collect())
}

/// What is selected.
fn selected(model: &Model) -> Option<String> {
    if let Some(palette) = &model.palette {
        return palette.found.get(palette.cursor).map(|item| format!("{}: {}", item.name, item.about));
    }
    match model.focus {
        Focus::Folders => {
            let folder = model.account()?.folders.get(model.folder_cursor)?;
            Some(format!("{}, {}, {} unread", folder.name, count(folder.total, "message"), folder.unread))
        }
        Focus::List => {
            let shown = model.list.shown(model.list.cursor)?;
            let of = format!("{} of {}", model.list.cursor + 1, model.list.length());
            Some(format!("{}, {of}", row_words(model, shown)))
        }
        Focus::Choice => {
            let choice = model.choice.as_ref()?;
            let item = choice.items.get(choice.cursor);
            Some(item.map_or_else(|| choice.empty.clone(), crate::model::choice::Item::words))
        }
        _ => None,
    }
}

fn row_words(model: &Model, shown: Shown<'_>) -> String {
    let row = shown.row();
    let mut words = states(row, model.list.marks.contains(&row.id));
    if let Shown::Line(line) = shown
        && line.messages > 1
    {
        words.push(count(line.messages, "message"));
    }
    words.push(row.from.clone());
    words.push(if row.subject.trim().is_empty() { "no subject".to_owned() } else { row.subject.clone() });
    words.push(short_time(row.received, model.now, &model.options.zone));
    words.join(", ")
}

fn states(row: &Row, is_marked: bool) -> Vec<String> {
    let has = |bit| row.flags.has(bit);
    let all = [
        (is_marked, "marked"),
        (!has(flag_bits::SEEN), "unread"),
        (has(flag_bits::FLAGGED), "starred"),
        (has(flag_bits::ANSWERED), "answered"),
        (row.attachments, "with files"),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word.to_owned()).collect()
}

fn words(text: &Text) -> Option<String> {
    match text {
        Text::Seal(_, words) => Some(format!("{SEAL}: {words}")),
        Text::Field(name, value) => Some(format!("{name}: {value}")),
        Text::Note(note) => Some(note.clone()),
        Text::Body(line) => {
            let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
            Some(if line.depth > 0 { format!("{} {text}", ">".repeat(line.depth)) } else { text })
        }
        Text::Rule | Text::Empty | Text::Picture(..) => None,
    }
}

/// What is typed: before it, and it; harmless, for what is new of it is told by its letters.
fn typed(model: &Model) -> Option<(String, String)> {
    let (label, text) = typed_raw(model)?;
    Some((safe(&label).into_owned(), safe(&text).into_owned()))
}

fn typed_raw(model: &Model) -> Option<(String, String)> {
    if let Some(palette) = &model.palette {
        return Some(("Find: ".to_owned(), palette.text.clone()));
    }
    if let Some(prompt) = &model.prompt {
        return Some((prompt.label.clone(), prompt.text.clone()));
    }
    let composer = model.composer.as_ref().filter(|_| model.focus == Focus::Composer)?;
    if let Some(field) = composer.fields.get(composer.at) {
        let name = FIELDS.get(composer.at)?;
        return Some((format!("{name}: "), field.text.clone()));
    }
    let line = composer.body.cursor().0;
    Some((format!("{}: ", line + 1), composer.body.lines().get(line).cloned().unwrap_or_default()))
}

/// Writes what makes the line show what is typed: only what is new, where that is at its end.
fn echo(before: Option<&(String, String)>, now: Option<&(String, String)>, out: &mut Sheet) {
    let Some((label, text)) = now else { return };
    if let Some((_, old)) = before.filter(|(known, _)| known == label) {
        if let Some(new) = text.strip_prefix(old.as_str()) {
            return out.text(new);
        }
        if let Some(gone) = old.strip_prefix(text.as_str()).filter(|gone| gone.chars().count() == 1) {
            return out.erase(width(gone));
        }
    }
    if before.is_some() {
        out.end_line();
    }
    out.text(label);
    out.text(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Answer, Event, Ties};
    use crate::model::Account;
    use crate::settings::Options;
    use agent::letter::Letter;
    use message::Time;

    const HARM: &str = "d\u{1b}]0;own\u{7}\r\n\u{8}\u{9b}31m\u{202e}";

    fn model() -> Model {
        let account = Account {
            name: "alice".to_owned(),
            address: "alice@hamburger.edu".to_owned(),
            display_name: HARM.to_owned(),
            signature: String::new(),
            folders: Vec::new(),
            busy: None,
        };
        Model::new(vec![account], Options::default(), (80, 24), Time(0))
    }

    fn is_raw(told: &str) -> bool {
        told.chars().any(|c| c.is_control() && c != '\n')
    }

    #[test]
    fn no_letter_of_a_stranger_moves_the_cursor() {
        let mut model = model();
        let letter = Letter {
            to: agent::letter::Recipients::one(Some(HARM), "bob@crepes.fr"),
            subject: HARM.to_owned(),
            text: format!("{HARM}\n{HARM}"),
            ..Letter::default()
        };
        model.update(Event::Answer(0, Answer::Begun(Box::new(letter), Ties::default())));
        for at in 0..=FIELDS.len() {
            model.composer.iter_mut().for_each(|composer| composer.at = at);
            let told = Plain::default().tell(&model);
            assert!(!is_raw(&told) && told.contains("own") == (at != 1 && at != 2), "{at}: {told:?}");
        }
        model.focus = Focus::Review;
        let told = Plain::default().tell(&model);
        assert!(!is_raw(&told) && told.matches("own").count() == 4, "{told:?}");
        model.focus = Focus::List;
        model.list.typed = HARM.to_owned();
        model.complain(HARM);
        assert!(!is_raw(&Plain::default().tell(&model)));
    }

    #[test]
    fn what_is_taken_back_takes_its_columns() {
        let typed = |text: &str| (String::from("1: "), text.to_owned());
        let mut out = Sheet::default();
        echo(Some(&typed("a日")), Some(&typed("a")), &mut out);
        assert_eq!(out.0, "\u{8}\u{8}  \u{8}\u{8}");
    }
}
