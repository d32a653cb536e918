//! The message that is read, or the whole of a conversation: its lines, what is scrolled away, what is looked for. The lines
//! come from `agent::reading`, which makes them safe.

use crate::picture::{Fault, Picture, Room};
use agent::mirror::{MessageId, Row};
use agent::reading::{self, Held, Link, Page, Span, Style};
use agent::verdict::{Mark, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What stands before what seals come to.
pub const SEAL: &str = "Seal";
/// Columns before a sentence about them.
const PROOF_INDENT: usize = 11;

/// What is read.
#[derive(Debug, Default)]
pub struct Reader {
    /// The messages on the page: one, or those of a conversation.
    pub messages: Vec<Message>,
    /// How they are shown.
    pub view: reading::View,
    /// Quoted text is hidden.
    pub quotes_hidden: bool,
    /// All is told that seals prove.
    pub proof_shown: bool,
    /// All lines.
    pub lines: Vec<Text>,
    /// The first line of each message.
    pub starts: Vec<usize>,
    /// The first line on the screen.
    pub top: usize,
    /// What was looked for last.
    pub find: String,
    /// While it is there somebody looks.
    pub viewer: Arc<()>,
    /// A part that is read by itself, instead of the messages.
    pub part: Option<Part>,
}

/// A part of text that is read by itself.
#[derive(Debug)]
pub struct Part {
    held: Held,
    page: Page,
    /// The first line of the message that was on the screen before.
    before: usize,
}

/// A message on the page.
#[derive(Debug)]
pub struct Message {
    /// Its line in the list.
    pub row: Row,
    /// Made ready; `None` while it is not here.
    pub page: Option<Box<Page>>,
    /// It was asked for.
    pub asked: bool,
    /// The worker was told to bring it.
    pub ordered: bool,
    /// Its pictures by their parts, as far as they are ready.
    pub pictures: Pictures,
    /// The room they were asked for.
    pub room: Option<Room>,
}

/// A line of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// What the seals of the message come to, and whether that is proof, doubt or a warning.
    Seal(Mark, String),
    /// A field of the header.
    Field(String, String),
    /// A line of the body.
    Body(reading::Line),
    /// A line of a picture.
    Picture(Arc<Picture>, u16),
    /// Something the program says.
    Note(String),
    /// What parts messages, or header and body.
    Rule,
    /// Nothing.
    Empty,
}

impl Reader {
    /// Reads these.
    #[must_use]
    pub fn new(rows: Vec<Row>, view: reading::View) -> Reader {
        let message =
            |row| Message { row, page: None, asked: false, ordered: false, pictures: BTreeMap::new(), room: None };
        let mut reader = Reader { messages: rows.into_iter().map(message).collect(), view, ..Reader::default() };
        reader.lay_out();
        reader
    }

    /// The message that is acted on: of a conversation the newest.
    #[must_use]
    pub fn row(&self) -> Option<&Row> {
        self.messages.last().map(|message| &message.row)
    }

    /// The page of the message that is acted on.
    #[must_use]
    pub fn page(&self) -> Option<&Page> {
        self.messages.last()?.page.as_deref()
    }

    /// Where the numbered links lead.
    #[must_use]
    pub fn links(&self) -> Option<&[Link]> {
        let page = self.part.as_ref().map(|part| &part.page).or(self.page());
        page.map(|page| page.links.as_slice())
    }

    /// Reads a part of text by itself.
    pub fn show_part(&mut self, held: Held) {
        let before = self.part.as_ref().map_or(self.top, |part| part.before);
        let page = reading::page_of_part(&held, &self.view);
        self.part = Some(Part { held, page, before });
        self.top = 0;
        self.lay_out();
    }

    /// Back from a part to its message; whether there was one.
    pub fn close_part(&mut self) -> bool {
        let Some(part) = self.part.take() else { return false };
        self.lay_out();
        self.top = part.before.min(self.lines.len().saturating_sub(1));
        true
    }

    /// Whether it shows this message.
    pub fn message(&mut self, id: MessageId) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.row.id == id)
    }

    /// All has to be made anew: another width, or shown otherwise.
    pub fn show_as(&mut self, view: reading::View) {
        if view != self.view {
            self.view = view;
            self.messages.iter_mut().for_each(|message| message.asked = false);
            if let Some(part) = &mut self.part {
                part.page = reading::page_of_part(&part.held, &view);
                self.lay_out();
            }
        }
    }

    /// Puts the lines together.
    pub fn lay_out(&mut self) {
        let mut lines = Vec::new();
        self.starts.clear();
        if let Some(part) = &self.part {
            let name = part.held.name.as_deref().map(crate::draw::safe).filter(|name| !name.is_empty());
            lines.push(Text::Field("File".to_owned(), name.map_or_else(|| "(no name)".to_owned(), Into::into)));
            self.lay_out_body(&part.page, &Pictures::new(), &mut lines);
            self.lines = lines;
            self.top = self.top.min(self.lines.len().saturating_sub(1));
            return;
        }
        for (place, message) in self.messages.iter().enumerate() {
            if place > 0 {
                lines.push(Text::Empty);
                lines.push(Text::Rule);
            }
            self.starts.push(lines.len());
            match &message.page {
                Some(page) => self.lay_out_page(page, &message.pictures, &mut lines),
                None => lay_out_head(message, &mut lines),
            }
        }
        self.lines = lines;
        self.top = self.top.min(self.lines.len().saturating_sub(1));
    }

    /// Puts the lines together when pictures came or went; what is read stays where it is on the screen.
    pub fn lay_out_pictures(&mut self) {
        let is_picture = |line: &Text| matches!(line, Text::Picture(..));
        let above = self.lines.iter().take(self.top).filter(|line| !is_picture(line)).count();
        // Within a picture: its first line is the next to the text above it.
        let was_in_picture = self.lines.get(self.top).is_some_and(is_picture);
        self.lay_out();
        let mut others = self.lines.iter().enumerate().filter(|(_, line)| !is_picture(line)).map(|(place, _)| place);
        let top = if was_in_picture {
            above.checked_sub(1).and_then(|last| others.nth(last)).map(|last| last + 1)
        } else {
            others.nth(above)
        };
        self.top = top.filter(|_| above > 0).unwrap_or(0).min(self.lines.len().saturating_sub(1));
    }

    fn lay_out_page(&self, page: &Page, pictures: &Pictures, lines: &mut Vec<Text>) {
        if let Some(verdict) = &page.seal {
            self.lay_out_seal(verdict, lines);
        }
        lines.extend(page.header.iter().map(field));
        let files: Vec<String> = page.parts.iter().filter(|part| !part.is_shown).map(part_words).collect();
        if !files.is_empty() {
            lines.push(Text::Field("Files".to_owned(), files.join(", ")));
        }
        self.lay_out_body(page, pictures, lines);
    }

    fn lay_out_body(&self, page: &Page, pictures: &Pictures, lines: &mut Vec<Text>) {
        lines.push(Text::Rule);
        let mut hidden = 0;
        for (place, line) in page.lines.iter().enumerate() {
            if self.quotes_hidden && line.depth > 0 {
                hidden += 1;
                continue;
            }
            push_hidden(&mut hidden, lines);
            lines.push(Text::Body(line.clone()));
            let here = page.pictures.iter().filter(|picture| picture.line == place);
            here.filter_map(|picture| pictures.get(&picture.index)).for_each(|picture| push_picture(picture, lines));
        }
        push_hidden(&mut hidden, lines);
        if !page.links.is_empty() {
            lines.push(Text::Empty);
            for (place, link) in page.links.iter().enumerate() {
                let number = place + 1;
                let warning = if link.is_deceptive { "  (!) its text names another host" } else { "" };
                let spans = vec![
                    Span { text: format!("[{number}] "), style: Style::Note },
                    Span { text: link.address.clone(), style: Style::Link(number) },
                    Span { text: warning.to_owned(), style: Style::Note },
                ];
                lines.push(Text::Body(reading::Line { depth: 0, spans }));
            }
        }
        if page.is_cut {
            lines.push(Text::Note("It is too large to be shown whole; save it to see the rest.".to_owned()));
        }
    }

    fn lay_out_seal(&self, verdict: &Verdict, lines: &mut Vec<Text>) {
        lines.push(Text::Seal(verdict.mark, crate::draw::safe(&verdict.headline).into_owned()));
        let sentences = [('+', &verdict.proved), ('-', &verdict.not_proved)];
        let sentences = sentences.into_iter().flat_map(|(sign, list)| list.iter().map(move |words| (sign, words)));
        for (sign, sentence) in sentences.filter(|_| self.proof_shown) {
            let room = self.view.width.saturating_sub(PROOF_INDENT);
            for (place, line) in crate::text::wrapped(&crate::draw::safe(sentence), room).into_iter().enumerate() {
                let sign = if place == 0 { sign } else { ' ' };
                lines.push(Text::Note(format!("         {sign} {line}")));
            }
        }
    }

    /// To the next line that holds the text, from below the first line on the screen on; whether there is one.
    pub fn find_next(&mut self) -> bool {
        let wanted = self.find.to_lowercase();
        let after = self.top + 1;
        let order = (after..self.lines.len()).chain(0..after.min(self.lines.len()));
        let found = order.into_iter().find(|place| self.lines.get(*place).is_some_and(|line| holds(line, &wanted)));
        if let Some(found) = found.filter(|_| !wanted.is_empty()) {
            self.top = found;
            return true;
        }
        false
    }

    /// The text, as it goes to the clipboard.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            match line {
                Text::Seal(_, words) => text.push_str(&format!("{SEAL}: {words}")),
                Text::Field(name, value) => text.push_str(&format!("{name}: {value}")),
                Text::Body(line) => {
                    text.push_str(&"> ".repeat(line.depth));
                    line.spans.iter().for_each(|span| text.push_str(&span.text));
                }
                Text::Note(note) => text.push_str(note),
                Text::Picture(..) => continue,
                Text::Rule | Text::Empty => {}
            }
            text.push('\n');
        }
        text
    }
}

/// Only this program says what seals prove: a field of that name is told apart.
fn field(field: &reading::HeaderLine) -> Text {
    let is_ours = field.name.eq_ignore_ascii_case(SEAL);
    Text::Field(if is_ours { format!("({})", field.name) } else { field.name.clone() }, field.value.clone())
}

/// Pictures of a message by their parts.
type Pictures = BTreeMap<usize, Result<Arc<Picture>, Fault>>;

/// The lines of a picture, or why there are none. Of what is of a kind not shown, or not to be seen, the line above says enough.
fn push_picture(picture: &Result<Arc<Picture>, Fault>, lines: &mut Vec<Text>) {
    match picture {
        Ok(picture) => lines.extend((0..picture.rows).map(|row| Text::Picture(Arc::clone(picture), row))),
        Err(Fault::Unknown | Fault::TooSmall) => {}
        Err(fault) => lines.push(Text::Note(format!("[{fault}]"))),
    }
}

/// What a part is called in one or two words.
fn part_words(part: &reading::PartLine) -> String {
    let name = part.name.clone().unwrap_or_else(|| part.media_type.clone());
    format!("{name} ({})", crate::text::size(part.octets))
}

fn lay_out_head(message: &Message, lines: &mut Vec<Text>) {
    let field = |name: &str, value: &str| Text::Field(name.to_owned(), crate::draw::safe(value).into_owned());
    lines.push(field("From", &message.row.from));
    lines.push(field("Subject", &message.row.subject));
    lines.push(Text::Rule);
    lines.push(Text::Note("The text is not on this machine yet; it is being brought.".to_owned()));
}

fn push_hidden(hidden: &mut usize, lines: &mut Vec<Text>) {
    if *hidden > 0 {
        lines.push(Text::Note(format!("[{} quoted]", crate::text::count(*hidden as u64, "line"))));
        *hidden = 0;
    }
}

fn holds(line: &Text, wanted: &str) -> bool {
    match line {
        Text::Seal(_, words) => words.to_lowercase().contains(wanted),
        Text::Field(name, value) => name.to_lowercase().contains(wanted) || value.to_lowercase().contains(wanted),
        Text::Body(line) => {
            let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
            text.to_lowercase().contains(wanted)
        }
        Text::Note(note) => note.to_lowercase().contains(wanted),
        Text::Rule | Text::Empty | Text::Picture(..) => false,
    }
}
