//! What a person's mail program makes of a stranger's message and of what its owner types: pages, drafts, lists of addresses.

use agent::letter::{Letter, Recipients};
use agent::reading::{self, Page, View};
use message::date::Date;

const NOW: Date = Date { unix_seconds: 1_795_238_264, offset_minutes: Some(60) };
/// Columns of the page.
const WIDTH: usize = 72;
/// Times its own length that a text may become: a table has lines for its frame, a row many cells.
const GROWTH_MAX: usize = 200;

/// A page holds nothing that a terminal would act on, and every part it lists can be saved under a safe name.
///
/// # Panics
/// When a law is broken.
pub fn reading(data: &[u8]) {
    // One way of showing for each input: a page is laid out in milliseconds, and there are thousands of inputs.
    let html_first = data.len().is_multiple_of(2);
    let page = reading::page(data, &View { width: WIDTH, full_header: html_first, html_first, ..View::default() });
    assert!(!texts(&page).any(|text| text.chars().any(is_harmful)), "something raw came out");
    for part in page.parts.iter().take(5) {
        let held = reading::part(data, part.number).expect("a part that is listed");
        let name = reading::saved_name(held.name.as_deref(), &held.media_type, |_| false);
        assert!(!name.is_empty() && !name.contains(['/', '\\', '\0']) && !name.starts_with('.'), "{name:?}");
    }
}

fn texts(page: &Page) -> impl Iterator<Item = &str> {
    let header = page.header.iter().flat_map(|line| [line.name.as_str(), line.value.as_str()]);
    let lines = page.lines.iter().flat_map(|line| &line.spans).map(|span| span.text.as_str());
    let links = page.links.iter().flat_map(|link| [link.address.as_str(), link.text.as_str()]);
    let parts = page.parts.iter().flat_map(|part| {
        let optional = [&part.name, &part.description, &part.content_id, &part.note];
        optional.into_iter().filter_map(|text| text.as_deref()).chain([part.media_type.as_str()])
    });
    header.chain(lines).chain(links).chain(parts)
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A message read as a draft can be written, and what is written is lines that travel; read again it is the same letter.
///
/// # Panics
/// When a law is broken.
pub fn draft(data: &[u8]) {
    let once = Letter::read(data).compose(NOW, &[7; 32]);
    assert!(once.copy.split(|octet| *octet == b'\n').all(|line| line.len() <= 999), "a line is too long");
    let letter = Letter::read(&once.copy);
    let twice = letter.compose(NOW, &[7; 32]);
    let again = Letter::read(&twice.copy);
    assert_eq!((&letter.to, &letter.text, &letter.html), (&again.to, &again.text, &again.html));
    assert_eq!(letter.attachments.len(), again.attachments.len());
    assert!(!message::header::fields(&once.message).any(|field| field.is("Bcc")), "who gets it unseen is seen");
}

/// A list of addresses is read or its slips are told, and what is read is shown so that it is read again.
///
/// # Panics
/// When a law is broken.
pub fn typed(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Recipients::read("To", &text) {
        Ok(list) => assert_eq!(Recipients::read("To", &list.to_string()), Ok(list)),
        Err(faults) => {
            assert!(!faults.iter().any(|fault| fault.to_string().contains(|c: char| c.is_control() && c != '\n')))
        }
    }
}

/// HTML as text: tamed before it is laid out, so that nothing in it reaches a terminal raw, and it does not grow without
/// bound.
///
/// # Panics
/// When a law is broken.
pub fn html_text(data: &[u8]) {
    let html = String::from_utf8_lossy(data);
    for width in [1, 20, WIDTH] {
        let text = reading::html_text(&html, width);
        let harmful = text.chars().find(|c| *c != '\n' && is_harmful(*c));
        assert_eq!(harmful, None, "something raw came out: {text:?}");
        assert!(text.len() <= GROWTH_MAX * (data.len() + WIDTH), "{} octets became {}", data.len(), text.len());
    }
}
