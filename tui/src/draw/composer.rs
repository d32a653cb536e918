//! The letter that is written, and the same letter looked over before it goes.

use super::{Pen, line_of, safe};
use crate::model::Model;
use crate::model::composer::{Composer, FIELDS};
use crate::model::reader::SEAL;
use crate::text::{mirrored, visual_order, width};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget as _;

/// Columns of the names of fields.
const NAME: usize = 9;

/// Draws it, and tells where the cursor is.
pub(super) fn draw(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) -> Option<(u16, u16)> {
    let composer = model.composer.as_ref()?;
    let mut cursor = None;
    let mut line = 0;
    head(pen, buffer, line_of(area, line), "From", &composer.letter.from.to_string());
    line += 1;
    for (place, name) in FIELDS.iter().enumerate().filter(|(place, _)| *place != 2 || composer.shows_bcc) {
        let at = line_of(area, line);
        let field = composer.fields.get(place)?;
        let is_here = composer.at == place;
        let style = if is_here { pen.theme.selected } else { pen.theme.field };
        let label = if is_here { format!(">{name:>8}: ") } else { format!("{name:>NAME$}: ") };
        let used = pen.text(buffer, at, &label, style);
        let rest = Rect { x: at.x + used, width: at.width.saturating_sub(used), ..at };
        if is_here {
            let (_, column) = super::prompt::typed(field, pen, buffer, rest);
            cursor = Some((rest.x.saturating_add(column), at.y));
        } else {
            pen.text(buffer, rest, &safe(&field.text), pen.theme.plain);
        }
        line += 1;
    }
    for row in attachments(composer, pen).into_iter().chain(seal(composer, pen, area.width)) {
        row.draw(pen, buffer, line_of(area, line));
        line = line.saturating_add(1);
    }
    rule(pen, buffer, line_of(area, line), composer);
    line = line.saturating_add(1);
    let body = Rect { y: area.y + line, height: area.height.saturating_sub(line), ..area };
    body_of(composer, pen, buffer, body);
    if let Some(field) = composer.fields.get(composer.at).filter(|field| field.is_completing()) {
        let below = Rect { y: area.y + line, height: 1, ..area };
        super::prompt::choices_in(field, pen, buffer, below);
    }
    cursor
}

fn head(pen: &Pen, buffer: &mut Buffer, area: Rect, name: &str, value: &str) {
    Row::of(name, value, pen.theme.plain).draw(pen, buffer, area);
}

/// A line that tells of the letter.
struct Row {
    name: String,
    text: String,
    style: Style,
}

impl Row {
    fn of(name: &str, text: &str, style: Style) -> Row {
        Row { name: name.to_owned(), text: safe(text).into_owned(), style }
    }

    /// All of a text, on as many lines as it needs; the name stands before the first.
    fn folded(name: &str, text: &str, style: Style, columns: u16) -> Vec<Row> {
        let room = usize::from(columns).saturating_sub(NAME + 2).max(1);
        let lines = crate::text::folded(&safe(text), room).into_iter().enumerate();
        lines.map(|(place, text)| Row::of(if place == 0 { name } else { "" }, &text, style)).collect()
    }

    fn draw(&self, pen: &Pen, buffer: &mut Buffer, area: Rect) {
        let colon = if self.name.is_empty() { ' ' } else { ':' };
        let used = pen.text(buffer, area, &format!("{:>NAME$}{colon} ", self.name), pen.theme.field);
        let rest = Rect { x: area.x + used, width: area.width.saturating_sub(used), ..area };
        pen.text(buffer, rest, &self.text, self.style);
    }
}

/// What goes along, a line each.
fn attachments(composer: &Composer, pen: &Pen) -> Vec<Row> {
    let files = composer.letter.attachments.iter().enumerate().map(|(place, file)| {
        let name = file.name.as_deref().unwrap_or("(no name)");
        let size = crate::text::size(file.octets.len() as u64);
        Row::of("File", &format!("{}. {name} ({}, {size})", place + 1, file.media_type), pen.theme.plain)
    });
    let messages = composer.letter.forwarded.iter().map(|forwarded| {
        let size = crate::text::size(forwarded.len() as u64);
        Row::of("Message", &format!("goes along as it is ({size})"), pen.theme.plain)
    });
    files.chain(messages).collect()
}

/// How it is sealed as it goes, or why it cannot be.
fn seal(composer: &Composer, pen: &Pen, columns: u16) -> Vec<Row> {
    let (choice, problem) = &composer.seal;
    let mut rows = Vec::new();
    if choice.seals() {
        rows.push(Row::of(SEAL, choice.words(), pen.theme.plain));
    }
    if let Some(problem) = problem {
        let name = if choice.seals() { "" } else { SEAL };
        rows.extend(Row::folded(name, &problem.to_string(), pen.theme.problem, columns));
    }
    rows
}

fn rule(pen: &Pen, buffer: &mut Buffer, area: Rect, composer: &Composer) {
    let state = if composer.changed_at.is_some() {
        " not kept yet "
    } else if composer.ties.draft.is_some() {
        " kept as a draft "
    } else {
        ""
    };
    let line = format!("{}{state}──", "─".repeat(usize::from(area.width).saturating_sub(width(state) + 2)));
    pen.text(buffer, area, &line, pen.theme.dim);
}

fn body_of(composer: &Composer, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let mut body = composer.body.clone();
    body.set_style(pen.theme.plain);
    let cursor = if composer.is_in_body() { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
    body.set_cursor_style(cursor);
    (&body).render(area, buffer);
    if pen.turn {
        turn(buffer, area);
    }
}

/// Turns what runs from right to left, line by line. Looks go with their letters: so does the cursor, which is one of them.
fn turn(buffer: &mut Buffer, area: Rect) {
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        let letters = letters(buffer, area, y);
        let is_free = |cell: &Cell| cell.symbol() == " " && !cell.modifier.contains(Modifier::REVERSED);
        // What is free behind the text stays there.
        let used = letters.iter().rposition(|cells| !cells.first().is_none_or(is_free)).map_or(0, |last| last + 1);
        let letters = letters.get(..used).unwrap_or_default();
        let mut line = String::new();
        let mut places = Vec::new();
        for cells in letters {
            places.push(line.len());
            line.push_str(cells.first().map(Cell::symbol).unwrap_or_default());
        }
        let Some(order) = visual_order(&line) else { continue };
        let mut x = area.x;
        for (place, is_turned) in order {
            let here = places.iter().zip(letters).filter(|(at, _)| place.contains(at));
            for cell in here.flat_map(|(_, cells)| cells) {
                if let Some(to) = buffer.cell_mut((x, y)) {
                    to.clone_from(cell);
                    if is_turned {
                        to.set_symbol(mirrored(cell.symbol()));
                    }
                }
                x += 1;
            }
        }
    }
}

/// The letters on a line of the screen, each with the cells that it takes.
fn letters(buffer: &Buffer, area: Rect, y: u16) -> Vec<Vec<Cell>> {
    let mut letters: Vec<Vec<Cell>> = Vec::new();
    let mut taken = 0;
    for cell in (area.left()..area.right()).filter_map(|x| buffer.cell((x, y))) {
        match letters.last_mut().filter(|_| taken > 0) {
            Some(last) => last.push(cell.clone()),
            None => {
                taken = width(cell.symbol()).max(1);
                letters.push(vec![cell.clone()]);
            }
        }
        taken -= 1;
    }
    letters
}

/// The letter as it goes: all of it, and everybody who gets it.
pub(super) fn review(model: &Model, pen: &Pen, buffer: &mut Buffer, area: Rect) {
    let Some(composer) = &model.composer else { return };
    pen.line(buffer, line_of(area, 0), " Look it over: this letter is about to go.", pen.theme.unread);
    let below = Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area };
    let lines = review_lines(model, composer, pen, area.width);
    let room = usize::from(below.height);
    let shown = lines.iter().skip(composer.review_top).take(room);
    for (place, line) in shown.enumerate() {
        let at = line_of(below, u16::try_from(place).unwrap_or(u16::MAX));
        match line {
            Reviewed::Row(row) => row.draw(pen, buffer, at),
            Reviewed::Rule => {
                pen.text(buffer, at, &"─".repeat(usize::from(area.width)), pen.theme.dim);
            }
            Reviewed::Text(text) => {
                pen.text(buffer, at, text, pen.theme.plain);
            }
        }
    }
    let more = lines.len().saturating_sub(composer.review_top + room);
    if more > 0 && room > 1 {
        let words = format!(" {} more ", crate::text::count(more as u64, "line"));
        pen.line(buffer, line_of(area, area.height - 1), &words, pen.theme.key);
    }
}

/// A line of the letter that is looked over.
enum Reviewed {
    Row(Row),
    Rule,
    Text(String),
}

fn review_lines(model: &Model, composer: &Composer, pen: &Pen, columns: u16) -> Vec<Reviewed> {
    let letter = composer.going(&model.options.aliases);
    let when = composer.send_at.map(|at| crate::text::long_time(at, &model.options.zone)).unwrap_or_default();
    let fields = [
        ("From", letter.from.to_string()),
        ("To", letter.to.to_string()),
        ("Cc", letter.cc.to_string()),
        ("Bcc", letter.bcc.to_string()),
        ("Subject", if letter.subject.is_empty() { "(none)".to_owned() } else { letter.subject.clone() }),
        ("Goes out", when),
    ];
    let told = fields.iter().filter(|(_, value)| !value.is_empty());
    let rows = told.flat_map(|(name, value)| Row::folded(name, value, pen.theme.plain, columns));
    let rows = rows.chain(attachments(composer, pen)).chain(seal(composer, pen, columns));
    let text = letter.text.lines().flat_map(|line| {
        let tabs_kept: Vec<_> = line.split('\t').map(safe).collect();
        crate::text::folded(&tabs_kept.join("\t"), usize::from(columns))
    });
    rows.map(Reviewed::Row).chain(std::iter::once(Reviewed::Rule)).chain(text.map(Reviewed::Text)).collect()
}

/// How far the letter can be scrolled while it is looked over.
pub(crate) fn review_last(model: &Model) -> usize {
    let Some(composer) = &model.composer else { return 0 };
    let room = usize::from(model.layout().status.y.saturating_sub(3));
    review_lines(model, composer, &Pen::of(&model.options), model.size.0).len().saturating_sub(room)
}
