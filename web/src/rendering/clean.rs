//! HTML of a message to HTML that is safe to show. Owns the walk over the tree, and what is gathered on it: text, links,
//! pictures, colours. The first wall of three: what it writes is read once more by ammonia (`wall`), and by DOMPurify in
//! the page. It writes every tag and attribute itself, from lists, so that nothing of the sender's markup is copied.

use super::css;
use super::elements::{self, Fate};
use super::links::{self, LINKS_MAX, Link};
use super::markup;
use super::names;
use super::plain;
use super::sources::Sources;
use super::tree::{Content, Element, Tree};
use super::twin::Twin;
use super::wall;
use message::Domain;
use message::flowed::Flow;
use std::collections::{BTreeSet, HashMap};

/// Elements within elements that are written: far fewer than are read, so that what is written is read whole.
pub const DEPTH_MAX: usize = 150;
/// Elements and texts that are written, for the same reason.
pub const WRITTEN_MAX: usize = 50_000;

/// What a message may show, and whom it must not look like.
#[derive(Clone, Debug, Default)]
pub struct Policy<'a> {
    /// Where parts are shown from, by Content-ID without brackets.
    pub parts: HashMap<String, String>,
    /// Whether pictures of other hosts are loaded.
    pub allow_remote: bool,
    /// Domains that a stranger would like to look like.
    pub trusted: &'a [Domain],
}

/// A message that may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safe {
    /// A style sheet, where there is one, and one box.
    pub html: String,
    /// Its text.
    pub text: String,
    /// Its links, in order.
    pub links: Vec<Link>,
    /// Pictures of other hosts.
    pub remote: usize,
    /// Where they are.
    pub remote_hosts: BTreeSet<String>,
    /// Tracking pixels left out.
    pub trackers: usize,
    /// Who tracks.
    pub tracker_hosts: BTreeSet<String>,
    /// Whether something was left out because there was too much of it.
    pub shortened: bool,
    /// Whether it brings colours of its own, and would be hard to read on a dark page.
    pub coloured: bool,
    /// Heights of its pictures in pixels, one below the other.
    pub picture_height: u64,
}

/// Makes HTML safe. Never fails: what cannot be read is text, what is too much is left out.
#[must_use]
pub fn clean(html: &str, policy: &Policy<'_>) -> Safe {
    let tree = Tree::read(html);
    let mut cleaner = Cleaner {
        tree: &tree,
        sources: Sources::new(&policy.parts, policy.allow_remote),
        trusted: policy.trusted,
        out: String::with_capacity(html.len()),
        twin: Twin::default(),
        links: Vec::new(),
        sheets: String::new(),
        sheet_octets: 0,
        coloured: false,
        picture_height: 0,
        written: 0,
        shortened: false,
    };
    cleaner.document();
    cleaner.finish()
}

struct Cleaner<'t, 'c> {
    tree: &'t Tree,
    sources: Sources<'c>,
    trusted: &'c [Domain],
    out: String,
    twin: Twin,
    links: Vec<Link>,
    sheets: String,
    sheet_octets: usize,
    coloured: bool,
    picture_height: u64,
    written: usize,
    shortened: bool,
}

/// What is to be done when an element ends.
#[derive(Debug, Default)]
struct End {
    tag: Option<&'static str>,
    link: Option<(String, usize)>,
    hidden: bool,
}

impl Cleaner<'_, '_> {
    fn document(&mut self) {
        if let Some(head) = self.tree.section("head") {
            for child in self.tree.children(head).collect::<Vec<_>>() {
                if self.tree.is_named(child, "style") {
                    self.sheet(child);
                }
            }
        }
        let body = self.tree.section("body");
        let rendered = body.and_then(|body| self.box_of_ours(body));
        let root = rendered.or(body);
        if let Some(root) = root {
            self.open_box(root);
            self.walk(root);
            self.out.push_str("</div>");
        }
    }

    /// The one box in the body of a message that was rendered before; a style sheet may stand beside it.
    fn box_of_ours(&mut self, body: usize) -> Option<usize> {
        let list: Vec<usize> = self.tree.children(body).collect();
        let (last, sheets) = list.split_last()?;
        let is_box = self.tree.is_named(*last, "div")
            && self.tree.with(*last, |content| match content {
                Content::Element(own) => {
                    own.attribute("class").is_some_and(|class| class.split(' ').next() == Some(names::SCOPE))
                }
                _ => false,
            });
        if !is_box || sheets.len() > 1 || !sheets.iter().all(|node| self.tree.is_named(*node, "style")) {
            return None;
        }
        sheets.iter().for_each(|sheet| self.sheet(*sheet));
        Some(*last)
    }

    /// The box around the message, with what the body says of itself.
    fn open_box(&mut self, body: usize) {
        let attributes = self.attributes_of(body);
        let mut class = names::SCOPE.to_owned();
        let mut list = Vec::new();
        let mut style = String::new();
        for (name, value) in &attributes {
            match name.as_str() {
                "class" => {
                    let own =
                        value.split_ascii_whitespace().filter(|own| *own != names::SCOPE).collect::<Vec<_>>().join(" ");
                    if let Some(own) = names::classes(&own) {
                        class = format!("{class} {own}");
                    }
                }
                "style" => style = format!("{value};{style}"),
                "bgcolor" => self.colour(&mut style, "background-color", value),
                "text" => self.colour(&mut style, "color", value),
                "background" => style.push_str(&format!("background-image: url('{}');", plain_address(value))),
                "dir" | "lang" | "title" => {
                    list.extend(elements::value("div", name, value).map(|value| (name.clone(), value)))
                }
                "align" => list.extend(elements::value("div", name, value).map(|value| (name.clone(), value))),
                _ => {}
            }
        }
        list.insert(0, ("class".to_owned(), class));
        self.style(&style, &mut list);
        self.write_tag("div", &list);
    }

    fn colour(&mut self, style: &mut String, property: &str, value: &str) {
        if let Some(own) = elements::value("td", "bgcolor", value) {
            style.push_str(&format!("{property}: {own};"));
        }
    }

    /// All that stands below a node, without recursion: mail may be deep.
    fn walk(&mut self, root: usize) {
        let mut path: Vec<(usize, End)> = Vec::new();
        let mut next = self.tree.first_child(root);
        loop {
            if let Some(node) = next {
                match self.enter(node, path.len()) {
                    Some(end) => {
                        path.push((node, end));
                        next = self.tree.first_child(node);
                    }
                    None => next = self.tree.next_sibling(node),
                }
            } else if let Some((node, end)) = path.pop() {
                self.leave(end);
                next = self.tree.next_sibling(node);
            } else {
                return;
            }
        }
    }

    /// Writes what stands at the beginning of a node. `None` where there is nothing in it.
    fn enter(&mut self, node: usize, depth: usize) -> Option<End> {
        let tree = self.tree;
        self.written += 1;
        if self.written > WRITTEN_MAX {
            self.shortened = true;
            return None;
        }
        let name = tree.with(node, |content| match content {
            Content::Text(text) => {
                self.twin.text(text);
                markup::hold(text, &mut self.out);
                None
            }
            Content::Element(element) if element.is_html => Some(element.name.to_string()),
            _ => None,
        })?;
        match elements::fate(&name) {
            Fate::Keep(kept) if depth >= DEPTH_MAX && !elements::is_void(kept) => {
                self.shortened = true;
                Some(End::default())
            }
            Fate::Keep(kept) => self.element(node, kept),
            Fate::Unwrap => Some(End::default()),
            Fate::Drop => None,
            Fate::Style => {
                self.sheet(node);
                None
            }
            Fate::Poster => {
                let poster = tree.with(node, |content| attribute(content, "poster"))?;
                if let Some(shown) = self.sources.picture(&poster, false) {
                    self.write_tag("img", &[("src".to_owned(), shown), ("alt".to_owned(), String::new())]);
                }
                None
            }
        }
    }

    fn element(&mut self, node: usize, name: &'static str) -> Option<End> {
        let given = self.attributes_of(node);
        if name == "img" {
            self.picture(&given);
            return None;
        }
        let mut list = self.plain(name, &given);
        let hidden = self.style_of(&given, &mut list);
        let link = if name == "a" { self.link(&given, &mut list) } else { None };
        self.write_tag(name, &list);
        self.begin_text(name);
        if elements::is_void(name) {
            return None;
        }
        if name == "pre" {
            // The first line end of a `pre` is not read; one of ours in front keeps the sender's.
            self.out.push('\n');
        }
        if hidden {
            self.twin.hide(true);
        }
        let link = link.map(|href| (href, self.twin.position()));
        Some(End { tag: Some(name), link, hidden })
    }

    fn leave(&mut self, end: End) {
        if end.hidden {
            self.twin.hide(false);
        }
        if let Some((href, start)) = end.link {
            let text = self.twin.since(start).to_owned();
            let link = links::link(href, &text, self.trusted);
            if !link.text.is_empty() && !link.host.is_empty() && !is_same_address(&link) {
                self.twin.cell();
                self.twin.mark(&format!("<{}>", link.href));
            }
            if self.links.len() < LINKS_MAX {
                self.links.push(link);
            }
        }
        if let Some(tag) = end.tag {
            self.out.push_str("</");
            self.out.push_str(tag);
            self.out.push('>');
            self.end_text(tag);
        }
    }

    fn begin_text(&mut self, name: &str) {
        match name {
            "br" => self.twin.line_end(),
            "hr" => {
                self.twin.block();
                self.twin.mark("---");
                self.twin.block();
            }
            "blockquote" => self.twin.quote(true),
            "pre" => self.twin.preformat(true),
            "li" => {
                self.twin.block();
                self.twin.mark("* ");
            }
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.twin.paragraph(),
            "td" | "th" => self.twin.cell(),
            _ if elements::is_block(name) => self.twin.block(),
            _ => {}
        }
    }

    fn end_text(&mut self, name: &str) {
        match name {
            "blockquote" => self.twin.quote(false),
            "pre" => self.twin.preformat(false),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.twin.paragraph(),
            _ if elements::is_block(name) => self.twin.block(),
            _ => {}
        }
    }

    fn attributes_of(&self, node: usize) -> Vec<(String, String)> {
        self.tree.with(node, |content| match content {
            Content::Element(element) => all(element),
            _ => Vec::new(),
        })
    }

    /// Attributes that are looked at by their form alone, names, and what tables have behind them.
    fn plain(&mut self, element: &str, given: &[(String, String)]) -> Vec<(String, String)> {
        let mut list = Vec::new();
        for (name, value) in given {
            match name.as_str() {
                "class" => list.extend(names::classes(value).map(|own| ("class".to_owned(), own))),
                "id" => list.extend(names::prefixed(value.trim()).map(|own| ("id".to_owned(), own))),
                "name" if element == "a" && !given.iter().any(|(name, _)| name == "id") => {
                    list.extend(names::prefixed(value.trim()).map(|own| ("id".to_owned(), own)));
                }
                _ => {
                    if let Some(own) = elements::value(element, name, value) {
                        self.coloured |= matches!(name.as_str(), "bgcolor" | "color");
                        list.push((name.clone(), own));
                    }
                }
            }
        }
        list
    }

    /// `style=`, and `background=` as a part of it. Whether the element is hidden by it.
    fn style_of(&mut self, given: &[(String, String)], list: &mut Vec<(String, String)>) -> bool {
        let find = |wanted: &str| given.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let mut style = find("style").unwrap_or_default().to_owned();
        if let Some(background) = find("background") {
            style = format!("background-image: url('{}');{style}", plain_address(background));
        }
        let hidden = self.style(&style, list);
        hidden || given.iter().any(|(name, _)| name == "hidden")
    }

    fn style(&mut self, style: &str, list: &mut Vec<(String, String)>) -> bool {
        if style.is_empty() {
            return false;
        }
        let Some((text, declarations)) = css::style(style, &mut self.sources) else {
            return false;
        };
        self.coloured |=
            declarations.iter().any(|own| matches!(own.property, "color" | "background" | "background-color"));
        list.push(("style".to_owned(), text));
        declarations.iter().any(|own| own.property == "display" && own.value == "none")
    }

    fn link(&mut self, given: &[(String, String)], list: &mut Vec<(String, String)>) -> Option<String> {
        let href = given.iter().find(|(name, _)| name == "href").map(|(_, value)| value.as_str())?;
        if let Some(anchor) = links::anchor(href) {
            list.push(("href".to_owned(), anchor));
            return None;
        }
        // What is no URL to the wall would lose its address there, and keep the rest.
        let address = links::address(href).filter(|address| ammonia::Url::parse(address).is_ok())?;
        list.push(("href".to_owned(), address.clone()));
        list.push(("target".to_owned(), "_blank".to_owned()));
        Some(address)
    }

    fn picture(&mut self, given: &[(String, String)]) {
        let find = |wanted: &str| given.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let mut list = self.plain("img", given);
        let unseen = self.style_of(given, &mut list) || is_tiny(&list);
        let first = |set: &str| set.split_ascii_whitespace().next().map(|own| own.trim_end_matches(',').to_owned());
        let address = find("src").filter(|src| !src.trim().is_empty()).map(str::to_owned);
        let address = address.or_else(|| find("srcset").and_then(first));
        let trackers = self.sources.trackers;
        let shown = address.and_then(|address| self.sources.picture(&address, unseen));
        if self.sources.trackers > trackers {
            return;
        }
        if !list.iter().any(|(name, _)| name == "alt") {
            // Where it is found when this is read again.
            list.insert(0, ("alt".to_owned(), String::new()));
        }
        if let Some(shown) = shown {
            list.insert(0, ("src".to_owned(), shown));
        }
        if let Some(height) =
            list.iter().find(|(name, _)| name == "height").and_then(|(_, own)| own.parse::<u64>().ok())
        {
            self.picture_height += height;
        }
        if let Some((_, alt)) = list.iter().find(|(name, value)| name == "alt" && !value.is_empty()) {
            self.twin.cell();
            self.twin.text(alt);
            self.twin.cell();
        }
        self.write_tag("img", &list);
    }

    fn sheet(&mut self, node: usize) {
        let (media, kind) = self.tree.with(node, |content| (attribute(content, "media"), attribute(content, "type")));
        let for_screens = media.is_none_or(|media| matches!(media.trim(), "" | "all" | "screen"));
        let is_css = kind.is_none_or(|kind| matches!(kind.trim().to_ascii_lowercase().as_str(), "" | "text/css"));
        let text = self.tree.text_of(node);
        self.sheet_octets += text.len();
        if for_screens && is_css && self.sheet_octets <= css::SHEET_MAX {
            let sheet = css::sheet::sheet(&text, &mut self.sources);
            self.coloured |= sheet.contains("color:") || sheet.contains("background:");
            self.sheets.push_str(&sheet);
        }
    }

    fn write_tag(&mut self, name: &str, attributes: &[(String, String)]) {
        self.out.push('<');
        self.out.push_str(name);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            markup::hold(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push('>');
    }

    fn finish(self) -> Safe {
        let text = self.twin.finish();
        let mut html = markup::release(&wall::pass(&self.out));
        let unsettled = html.is_empty();
        if unsettled {
            // Markup that never stays as it is was made to deceive filters; its text is all that is shown.
            html = plain::render(&text, Flow::default(), self.trusted).html;
        } else if !self.sheets.is_empty() {
            html = format!("<style>{}</style>{html}", wall::sheet(&self.sheets));
        }
        Safe {
            html,
            text,
            links: self.links,
            remote: self.sources.remote,
            remote_hosts: self.sources.remote_hosts,
            trackers: self.sources.trackers,
            tracker_hosts: self.sources.tracker_hosts,
            shortened: unsettled || self.shortened || self.tree.is_shortened(),
            coloured: self.coloured,
            picture_height: self.picture_height,
        }
    }
}

/// An address that may stand between quotes of CSS, where it is read again.
fn plain_address(address: &str) -> String {
    address.replace('\'', "%27").replace(['\\', '\n', '\r', '\x0C'], "")
}

fn all(element: &Element) -> Vec<(String, String)> {
    element.attributes.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn attribute(content: &Content, name: &str) -> Option<String> {
    match content {
        Content::Element(element) => element.attribute(name).map(str::to_owned),
        _ => None,
    }
}

/// Whether a picture is too small to be seen: two pixels or less each way.
fn is_tiny(list: &[(String, String)]) -> bool {
    let small = |wanted: &str| {
        let given = list.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse::<u32>().ok());
        let style = list.iter().find(|(name, _)| name == "style").map_or("", |(_, value)| value);
        let styled = style
            .split("; ")
            .find_map(|own| own.strip_prefix(wanted)?.strip_prefix(": ")?.strip_suffix("px")?.parse::<f32>().ok());
        given.is_some_and(|own| own <= 2) || styled.is_some_and(|own| own <= 2.0)
    };
    small("width") && small("height") || small("max-height") || small("max-width")
}

/// Whether the text of a link is its address.
fn is_same_address(link: &Link) -> bool {
    let plain = |text: &str| {
        text.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_ascii_lowercase()
    };
    plain(&link.text) == plain(&link.href)
}

#[cfg(test)]
mod tests;
