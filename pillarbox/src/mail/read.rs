//! `pillarbox mail read`: messages as people read them, or as they stand. What goes to a terminal is made harmless first.

use super::desk::Desk;
use super::pictures::Gallery;
use super::{list, network, seals, which};
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units;
use crate::view::View;
use crate::zone;
use agent::mirror::{Action, Flags, Held, MessageId};
use agent::reading::{self, Line, Page, Style};
use agent::trouble::Kind;
use clap::{ArgGroup, Args};
use message::flags::flag_bits;
use serde_json::{Value, json};

/// Columns of a line, where nobody says how many: what every terminal has.
const WIDTH: u64 = 80;

/// `pillarbox mail read`
#[derive(Args, Debug)]
#[command(group(ArgGroup::new("what").multiple(false)))]
pub struct Read {
    /// Numbers as in lists, ranges as 12-15, Message-IDs, or last
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// All fields of the header
    #[arg(long, group = "what")]
    full: bool,
    /// The header alone, as it stands
    #[arg(long, group = "what")]
    headers: bool,
    /// All of it, as it stands
    #[arg(long, group = "what")]
    raw: bool,
    /// HTML as text, where there is plain text, too
    #[arg(long, group = "what")]
    html: bool,
    /// What this part holds, by its number in the list of parts
    #[arg(long, group = "what", value_name = "NUMBER")]
    part: Option<usize>,
    /// The message that this is a piece of, joined (message/partial)
    #[arg(long, conflicts_with = "headers")]
    join: bool,
    /// Columns of a line
    #[arg(long, value_name = "COLUMNS", default_value_t = WIDTH, value_parser = clap::value_parser!(u64).range(20..=1000))]
    width: u64,
    /// Draw pictures of the message where they stand: as the terminal does it best, or as is said
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "auto",
        value_parser = tui::picture::SETTINGS, conflicts_with_all = ["headers", "raw", "part"])]
    pictures: Option<String>,
    /// Do not mark them as read
    #[arg(short, long)]
    keep_unread: bool,
}

/// Shows messages, one after the other, and marks them as read.
pub fn run(read: &Read, desk: &mut Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let messages = which::messages(desk, &read.ids)?;
    if !read.headers {
        bring(&messages, desk, screen)?;
    }
    let mut json = Vec::new();
    let mut met = Vec::new();
    let gallery = read.pictures.as_deref().and_then(|how| Gallery::open(how, read.width, screen));
    for (index, id) in messages.iter().enumerate() {
        if met.contains(id) {
            continue;
        }
        let mut whole = None;
        if read.join {
            let (pieces, joined) = joined(*id, desk, screen)?;
            met.extend(pieces);
            whole = Some(joined);
        }
        if index > 0 && screen.form() != Form::Json && !read.is_exact() {
            screen.text("\n----\n\n")?;
        }
        match show(read, (*id, whole), gallery.as_ref(), desk, screen)? {
            Some(value) => json.push(value),
            None => continue,
        }
    }
    if screen.form() == Form::Json {
        screen.line(&json!({ "messages": json }))?;
    }
    if read.keep_unread { Ok(()) } else { mark([messages, met].concat(), desk) }
}

/// Fetches what is not here yet.
pub fn bring(messages: &[MessageId], desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let mut missing = Vec::new();
    for id in messages {
        if desk.mirror.held(*id)? == Held::Header {
            missing.push(*id);
        }
    }
    network::fetch(&missing, desk, screen)
}

impl Read {
    /// Octets are shown as they stand.
    fn is_exact(&self) -> bool {
        self.headers || self.raw || self.part.is_some()
    }
}

/// The pieces of the message that this is a piece of, and the whole.
pub(super) fn joined(id: MessageId, desk: &Desk, screen: &mut Screen) -> Result<(Vec<MessageId>, Vec<u8>), Trouble> {
    let pieces = agent::pieces::pieces(&desk.mirror, id, desk.now)?;
    bring(&pieces, desk, screen)?;
    let whole = agent::pieces::join(&desk.mirror, &pieces)?;
    Ok((pieces, whole))
}

fn show(
    read: &Read,
    (id, joined): (MessageId, Option<Vec<u8>>),
    gallery: Option<&Gallery>,
    desk: &Desk,
    screen: &mut Screen,
) -> Result<Option<Value>, Trouble> {
    if read.headers {
        return exact(&desk.mirror.header(id)?, screen);
    }
    let content = joined.map_or_else(|| content(desk, id), Ok)?;
    if read.raw {
        return exact(&content, screen);
    }
    if let Some(number) = read.part {
        let held = desk.keys.part(&content, number, desk.now).map_err(|trouble| seals::of_message(id, trouble))?;
        return exact(&held.octets, screen);
    }
    let width = usize::try_from(read.width).unwrap_or(usize::MAX);
    let view = reading::View { width, full_header: read.full, html_first: read.html, ..reading::View::default() };
    let page = desk.keys.page(&content, &view, desk.now).told_here(zone::here());
    if screen.form() == Form::Json {
        let row = desk.mirror.row(id)?.map(|row| list::json_of(&row));
        return Ok(Some(json_of(&page, row)));
    }
    let colour = screen.look().colour;
    let mut drawn = gallery
        .map(|gallery| gallery.drawn(&page, &desk.keys.original(&content, desk.now).message))
        .unwrap_or_default();
    let below = |line: usize| drawn.remove(&line).unwrap_or_default();
    screen.show(&View::text(text_of(&page, colour, below), Value::Null))?;
    Ok(None)
}

/// The whole of a message.
///
/// # Errors
/// When only its header is here.
pub fn content(desk: &Desk, id: MessageId) -> Result<Vec<u8>, Trouble> {
    desk.mirror.content(id)?.ok_or_else(|| {
        let what = format!("only the header of message {} is here: `pillarbox mail sync` brings the rest", id.0);
        agent::trouble::Trouble::new(Kind::TryAgain, what).into()
    })
}

/// Octets for programs; on a terminal only what does it no harm.
fn exact(octets: &[u8], screen: &mut Screen) -> Result<Option<Value>, Trouble> {
    match screen.form() {
        Form::Json => Ok(Some(json!({ "text": String::from_utf8_lossy(octets) }))),
        Form::Plain => screen.octets(octets).map(|()| None),
        Form::Human => {
            let text = String::from_utf8_lossy(octets);
            for line in text.lines() {
                screen.text(&format!("{}\n", units::harmless(line)))?;
            }
            Ok(None)
        }
    }
}

fn mark(messages: Vec<MessageId>, desk: &mut Desk) -> Result<(), Trouble> {
    let mut unread = Vec::new();
    for id in messages {
        if desk.mirror.row(id)?.is_some_and(|row| !row.flags.has(flag_bits::SEEN)) {
            unread.push(id);
        }
    }
    if !unread.is_empty() {
        let add = Flags::of(flag_bits::SEEN);
        // Reading is nothing that is to be taken back: `undo` finds what was done before.
        desk.mirror.act(Action::Flag { messages: unread, add, remove: Flags::default() })?;
    }
    Ok(())
}

/// A page as text; `below` tells what is drawn below a line of it.
fn text_of(page: &Page, colour: bool, mut below: impl FnMut(usize) -> String) -> String {
    let mut text = page.seal.as_ref().map(|verdict| seals::told(verdict, colour)).unwrap_or_default();
    for field in &page.header {
        // Only what stands above the header is said by this program.
        let is_ours = field.name.eq_ignore_ascii_case(seals::NAME);
        let field_name = if is_ours { format!("(field) {}", field.name) } else { field.name.clone() };
        let name = if colour { format!("\x1b[1m{field_name}:\x1b[0m") } else { format!("{field_name}:") };
        text.push_str(&format!("{name} {}\n", field.value));
    }
    text.push('\n');
    for (place, line) in page.lines.iter().enumerate() {
        text.push_str(&line_of(line, colour));
        text.push('\n');
        text.push_str(&below(place));
    }
    if !page.links.is_empty() {
        text.push('\n');
    }
    for (index, link) in page.links.iter().enumerate() {
        let warning = if link.is_deceptive { "  (not where its text says)" } else { "" };
        text.push_str(&format!("[{}] {}{warning}\n", index + 1, link.address));
    }
    // One part that is shown needs no list.
    if page.parts.len() > 1 || page.parts.iter().any(|part| !part.is_shown) {
        text.push('\n');
        for part in &page.parts {
            let name = part.name.as_deref().map(|name| format!("  {}", units::harmless(name))).unwrap_or_default();
            let more = [&part.description, &part.note].into_iter().flatten();
            let more: String = more.map(|words| format!("  {}", units::harmless(words))).collect();
            let size = units::octets(part.octets);
            text.push_str(&format!("part {}: {}  {size}{name}{more}\n", part.number, part.media_type));
        }
    }
    text
}

fn line_of(line: &Line, colour: bool) -> String {
    let mut text = ">".repeat(line.depth);
    if line.depth > 0 && !line.spans.is_empty() {
        text.push(' ');
    }
    for span in &line.spans {
        let code = match span.style {
            Style::Strong | Style::Heading if colour => "1",
            Style::Emphasis if colour => "3",
            Style::Note if colour => "2",
            Style::Link(_) if colour => "4",
            _ => "",
        };
        let (on, off) = if code.is_empty() { (String::new(), "") } else { (format!("\x1b[{code}m"), "\x1b[0m") };
        text.push_str(&format!("{on}{}{off}", span.text));
    }
    text
}

fn json_of(page: &Page, row: Option<Value>) -> Value {
    let header: Vec<Value> =
        page.header.iter().map(|field| json!({ "name": field.name, "value": field.value })).collect();
    let text: Vec<String> = page.lines.iter().map(|line| line_of(line, false)).collect();
    let parts: Vec<Value> = page
        .parts
        .iter()
        .map(|part| {
            json!({
                "number": part.number,
                "name": part.name,
                "type": part.media_type,
                "octets": part.octets,
                "description": part.description,
                "content_id": part.content_id,
                "note": part.note,
                "shown": part.is_shown,
            })
        })
        .collect();
    let links: Vec<&str> = page.links.iter().map(|link| link.address.as_str()).collect();
    json!({ "message": row, "header": header, "text": text.join("\n"), "parts": parts, "links": links, "cut": page.is_cut, "seal": page.seal })
}
