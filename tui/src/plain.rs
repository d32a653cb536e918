//! The screen as lines that follow each other, for screen readers and terminals that can do little: no glyphs, nothing drawn
//! twice. After each event it tells what is new: where one is, what is selected, what happened, what is typed. Pure: the
//! loop writes what comes out of here.

use crate::draw::safe;
use crate::model::composer::FIELDS;
use crate::model::list::Shown;
use crate::model::reader::{SEAL, Text};
use crate::model::{Focus, Model};
use crate::text::{count, short_time};
use agent::mirror::Row;
use message::flags::flag_bits;

/// What was told so far.
#[derive(Debug, Default)]
pub struct Plain {
    place: String,
    selected: String,
    status: String,
    typed: Option<(String, String)>,
    /// The first line of the message that was told, and the last.
    told: Option<(usize, usize)>,
}

impl Plain {
    /// What is new, as it is written to the terminal; lines end with LF.
    pub fn tell(&mut self, model: &Model) -> String {
        let mut lines = Vec::new();
        renew(&mut self.place, place(model), &mut lines);
        self.tell_message(model, &mut lines);
        renew(&mut self.selected, selected(model).unwrap_or_default(), &mut lines);
        let sign = if model.status.is_problem { "Problem: " } else { "" };
        let status = if model.status.text.is_empty() { String::new() } else { format!("{sign}{}", model.status.text) };
        renew(&mut self.status, status, &mut lines);
        let mut out = String::new();
        let now = typed(model);
        let echo = echo(self.typed.as_ref(), now.as_ref());
        if self.typed.is_some() && (now.is_none() || !lines.is_empty()) {
            out.push('\n');
        }
        for line in &lines {
            out.push_str(line);
            out.push('\n');
        }
        match (&now, lines.is_empty()) {
            (Some((label, text)), false) => out.push_str(&format!("{label}{text}")),
            _ => out.push_str(&echo),
        }
        self.typed = now;
        out
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

/// Tells a thing where it is another than before, and is something.
fn renew(before: &mut String, now: String, lines: &mut Vec<String>) {
    if *before != now {
        if !now.is_empty() {
            lines.push(now.clone());
        }
        *before = now;
    }
}

/// Where one is.
fn place(model: &Model) -> String {
    let folder = model.open_folder().map(|folder| safe(&folder.name).into_owned());
    match model.focus {
        Focus::Folders => "Folders".to_owned(),
        Focus::Help => "Help: type `:` and a command, or Esc".to_owned(),
        Focus::Composer => "Writing a letter".to_owned(),
        Focus::Review => review(model).unwrap_or_default(),
        Focus::Choice => model.choice.as_ref().map(|choice| choice.title.clone()).unwrap_or_default(),
        Focus::Reader => "Message".to_owned(),
        Focus::List => {
            let name = folder.unwrap_or_else(|| "All folders".to_owned());
            let searched = if model.list.typed.is_empty() {
                String::new()
            } else {
                format!(", found: {}", safe(&model.list.typed))
            };
            format!("{name}{searched}, {}", count(model.list.total.unwrap_or_default(), "line"))
        }
    }
}

fn review(model: &Model) -> Option<String> {
    let composer = model.composer.as_ref()?;
    let letter = composer.going(&model.options.aliases);
    let files = count(letter.attachments.len() as u64, "attachment");
    let (choice, problem) = &composer.seal;
    let seal = if choice.seals() { format!(" {SEAL}: {}.", choice.words()) } else { String::new() };
    let problem = problem.as_ref().map(|problem| format!(" {}.", safe(&problem.to_string()))).unwrap_or_default();
    let text = safe_lines(&letter.text);
    Some(format!("Look it over. To {}. Subject {}. {files}.{seal}{problem}\n{text}", letter.to, letter.subject))
}

fn safe_lines(text: &str) -> String {
    text.lines().map(|line| safe(line).into_owned()).collect::<Vec<_>>().join("\n")
}

/// What is selected.
fn selected(model: &Model) -> Option<String> {
    if let Some(palette) = &model.palette {
        return palette.found.get(palette.cursor).map(|item| format!("{}: {}", safe(&item.name), item.about));
    }
    match model.focus {
        Focus::Folders => {
            let folder = model.account()?.folders.get(model.folder_cursor)?;
            Some(format!("{}, {}, {} unread", safe(&folder.name), count(folder.total, "message"), folder.unread))
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
    words.push(safe(&row.from).into_owned());
    words.push(if row.subject.trim().is_empty() { "no subject".to_owned() } else { safe(&row.subject).into_owned() });
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

/// What is typed: before it, and it.
fn typed(model: &Model) -> Option<(String, String)> {
    if let Some(palette) = &model.palette {
        return Some(("Find: ".to_owned(), palette.text.clone()));
    }
    if let Some(prompt) = &model.prompt {
        return Some((prompt.label.clone(), safe(&prompt.text).into_owned()));
    }
    let composer = model.composer.as_ref().filter(|_| model.focus == Focus::Composer)?;
    if let Some(field) = composer.fields.get(composer.at) {
        let name = FIELDS.get(composer.at)?;
        return Some((format!("{name}: "), safe(&field.text).into_owned()));
    }
    let line = composer.body.cursor().0;
    Some((format!("{}: ", line + 1), composer.body.lines().get(line).cloned().unwrap_or_default()))
}

/// What is to be written so that the line shows what is typed: only what is new, where that is at its end.
fn echo(before: Option<&(String, String)>, now: Option<&(String, String)>) -> String {
    let Some((label, text)) = now else { return String::new() };
    match before {
        Some((known, old)) if known == label => {
            if let Some(new) = text.strip_prefix(old.as_str()) {
                return new.to_owned();
            }
            if old.strip_prefix(text.as_str()).is_some_and(|gone| gone.chars().count() == 1) {
                return "\u{8} \u{8}".to_owned();
            }
            format!("\n{label}{text}")
        }
        Some(_) => format!("\n{label}{text}"),
        None => format!("{label}{text}"),
    }
}
