//! The elements and attributes of HTML a message may have. Owns the lists. An element is kept, or taken away around its
//! content, or left out with all it holds; an attribute that is not named here does not exist.

/// What becomes of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Stays, under this name.
    Keep(&'static str),
    /// Goes, its content stays.
    Unwrap,
    /// Goes with its content.
    Drop,
    /// Its text is a style sheet.
    Style,
    /// Shows a picture of its own: `video` with a poster.
    Poster,
}

/// Elements that stay.
pub const KEPT: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "nav",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that go with what they hold: what is not for reading, what loads, what runs.
pub const DROPPED: &[&str] = &[
    "applet",
    "area",
    "audio",
    "base",
    "basefont",
    "bgsound",
    "canvas",
    "datalist",
    "dialog",
    "embed",
    "frame",
    "frameset",
    "iframe",
    "image",
    "input",
    "keygen",
    "link",
    "map",
    "math",
    "meta",
    "meter",
    "noembed",
    "noframes",
    "noscript",
    "object",
    "optgroup",
    "option",
    "param",
    "progress",
    "script",
    "select",
    "selectedcontent",
    "source",
    "svg",
    "template",
    "textarea",
    "title",
    "track",
];

/// What becomes of an HTML element of this name.
#[must_use]
pub fn fate(name: &str) -> Fate {
    if let Some(own) = KEPT.iter().find(|own| **own == name) {
        return Fate::Keep(own);
    }
    match name {
        "style" => Fate::Style,
        "video" => Fate::Poster,
        "xmp" | "listing" | "plaintext" => Fate::Keep("pre"),
        _ if DROPPED.contains(&name) => Fate::Drop,
        _ => Fate::Unwrap,
    }
}

/// Whether an element has no content.
#[must_use]
pub fn is_void(name: &str) -> bool {
    matches!(name, "br" | "col" | "hr" | "img" | "wbr")
}

/// Whether an element begins on a line of its own.
#[must_use]
pub fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "caption"
            | "center"
            | "dd"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "tr"
            | "ul"
    )
}

/// What the value of an attribute may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A number, with `%` where it is a share.
    Length,
    /// A small whole number, with a sign.
    Number,
    /// A word of letters.
    Word,
    /// A colour: a word, or `#` and digits.
    Colour,
    /// Names of fonts.
    Fonts,
    /// Any text.
    Text,
    /// A tag of a language.
    Language,
    /// There or not there.
    Flag,
}

/// Attributes that are only looked at by their form, and the elements that have them; none named: all.
pub const ATTRIBUTES: &[(&str, Form, &[&str])] = &[
    ("abbr", Form::Text, &["td", "th"]),
    (
        "align",
        Form::Word,
        &[
            "caption", "col", "colgroup", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "p", "table",
            "tbody", "td", "tfoot", "th", "thead", "tr",
        ],
    ),
    ("alt", Form::Text, &["img"]),
    ("aria-hidden", Form::Word, &[]),
    ("aria-label", Form::Text, &[]),
    ("bgcolor", Form::Colour, &["table", "tbody", "td", "tfoot", "th", "thead", "tr"]),
    ("border", Form::Number, &["img", "table"]),
    ("bordercolor", Form::Colour, &["table"]),
    ("cellpadding", Form::Number, &["table"]),
    ("cellspacing", Form::Number, &["table"]),
    ("clear", Form::Word, &["br"]),
    ("color", Form::Colour, &["font", "hr"]),
    ("colspan", Form::Number, &["td", "th"]),
    ("datetime", Form::Text, &["del", "ins", "time"]),
    ("dir", Form::Word, &[]),
    ("face", Form::Fonts, &["font"]),
    ("height", Form::Length, &["img", "table", "td", "th", "tr"]),
    // What is hidden stays hidden: the text made of the message leaves it out.
    ("hidden", Form::Flag, &[]),
    ("hspace", Form::Number, &["img"]),
    ("lang", Form::Language, &[]),
    ("noshade", Form::Flag, &["hr"]),
    ("nowrap", Form::Flag, &["td", "th"]),
    ("reversed", Form::Flag, &["ol"]),
    ("role", Form::Word, &[]),
    ("rowspan", Form::Number, &["td", "th"]),
    ("scope", Form::Word, &["th"]),
    ("size", Form::Number, &["font", "hr"]),
    ("span", Form::Number, &["col", "colgroup"]),
    ("start", Form::Number, &["ol"]),
    ("summary", Form::Text, &["table"]),
    ("title", Form::Text, &[]),
    ("type", Form::Word, &["li", "ol", "ul"]),
    ("valign", Form::Word, &["col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"]),
    ("value", Form::Number, &["li"]),
    ("vspace", Form::Number, &["img"]),
    ("width", Form::Length, &["col", "colgroup", "hr", "img", "pre", "table", "td", "th"]),
];

/// Characters of a text in an attribute.
pub const TEXT_MAX: usize = 2_000;
/// The largest number in an attribute: a cell over a thousand columns is the most browsers make.
pub const NUMBER_MAX: i64 = 1_000;
/// The largest length in an attribute.
pub const LENGTH_MAX: u64 = 10_000;

/// The value of an attribute as it may stand on an element. `None`: the attribute goes.
#[must_use]
pub fn value(element: &str, attribute: &str, value: &str) -> Option<String> {
    let (_, form, elements) = ATTRIBUTES.iter().find(|(name, _, _)| *name == attribute)?;
    if !elements.is_empty() && !elements.contains(&element) {
        return None;
    }
    match form {
        Form::Text => Some(value.chars().filter(|c| !super::markup::is_unseen(*c)).take(TEXT_MAX).collect()),
        Form::Flag => Some(String::new()),
        Form::Length => length(value.trim()),
        Form::Number => {
            let own = value.trim();
            let number: i64 = own.trim_start_matches('+').parse().ok()?;
            (number.abs() <= NUMBER_MAX)
                .then(|| if own.starts_with('+') { format!("+{number}") } else { number.to_string() })
        }
        Form::Word => {
            let own = value.trim();
            if attribute == "role" && !matches!(own, "presentation" | "none") {
                return None;
            }
            (own.len() <= 16 && own.bytes().all(|b| b.is_ascii_alphanumeric())).then(|| own.to_owned())
        }
        Form::Colour => {
            let own = value.trim();
            let digits = own.strip_prefix('#').unwrap_or(own);
            (!digits.is_empty() && own.len() <= 32 && digits.bytes().all(|b| b.is_ascii_alphanumeric()))
                .then(|| own.to_owned())
        }
        Form::Fonts => {
            let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | ',' | '-' | '_' | '.' | '\'');
            (value.len() <= 200 && value.chars().all(plain)).then(|| value.to_owned())
        }
        Form::Language => (value.len() <= 35 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
            .then(|| value.to_owned()),
    }
}

/// A length in pixels or percent.
fn length(value: &str) -> Option<String> {
    let (number, unit) = match value.strip_suffix('%') {
        Some(number) => (number, "%"),
        None => (value.strip_suffix("px").unwrap_or(value), ""),
    };
    let whole = number.split('.').next()?.trim();
    let own: u64 = whole.parse().ok()?;
    (own <= LENGTH_MAX).then(|| format!("{own}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order_and_apart() {
        for list in [KEPT, DROPPED] {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!(KEPT.iter().all(|name| !DROPPED.contains(name)));
        assert!(ATTRIBUTES.iter().all(|(name, _, _)| !name.starts_with("on")));
        for gone in [
            "script", "svg", "math", "iframe", "object", "link", "meta", "base", "template", "noscript", "input",
            "textarea",
        ] {
            assert_eq!(fate(gone), Fate::Drop, "{gone}");
        }
        for open in ["form", "button", "marquee", "x-unknown", "body", "label", "fieldset", "picture"] {
            assert_eq!(fate(open), Fate::Unwrap, "{open}");
        }
    }

    #[test]
    fn values_keep_their_form() {
        for (element, attribute, given, kept) in [
            ("td", "width", "100%", Some("100%")),
            ("td", "width", " 99.5px", Some("99")),
            ("td", "width", "10000", Some("10000")),
            ("td", "width", "10001", None),
            ("td", "width", "calc(1px)", None),
            ("td", "colspan", "1000", Some("1000")),
            ("td", "colspan", "1001", None),
            ("font", "size", "+2", Some("+2")),
            ("p", "size", "2", None),
            ("td", "bgcolor", "#FFF", Some("#FFF")),
            ("td", "bgcolor", "url(x)", None),
            ("p", "lang", "de-DE", Some("de-DE")),
            ("p", "role", "alert", None),
            ("table", "role", "presentation", Some("presentation")),
            ("p", "onclick", "x", None),
            ("a", "ping", "x", None),
            ("p", "title", "a\0b", Some("ab")),
        ] {
            assert_eq!(value(element, attribute, given).as_deref(), kept, "{element} {attribute} {given}");
        }
        let text = "x".repeat(TEXT_MAX + 1);
        assert_eq!(value("p", "title", &text).map(|own| own.len()), Some(TEXT_MAX));
    }
}
