//! The CSS properties a message may use. Owns the list: what lays out and colours text and boxes inside the message.
//! Not on it is whatever moves a box out of its place (`position` but for `relative`, `transform`), brings content
//! (`content`), takes part in clicks (`cursor`, `pointer-events`), runs on its own (`animation`, `transition`), or is a
//! door of old browsers (`behavior`, `-moz-binding`).

/// A property on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: &'static str,
    /// Whether its value may hold pictures.
    pub takes_pictures: bool,
    /// Whether its value may hold strings: names of fonts.
    pub takes_strings: bool,
}

/// Every property but those with pictures and strings.
const PLAIN: &[&str] = &[
    "align-content",
    "align-items",
    "align-self",
    "aspect-ratio",
    "background-attachment",
    "background-clip",
    "background-color",
    "background-origin",
    "background-position",
    "background-repeat",
    "background-size",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-shadow",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "color-scheme",
    "column-count",
    "column-gap",
    "column-rule",
    "column-width",
    "direction",
    "display",
    "empty-cells",
    "flex",
    "flex-basis",
    "flex-direction",
    "flex-flow",
    "flex-grow",
    "flex-shrink",
    "flex-wrap",
    "float",
    "font-size",
    "font-stretch",
    "font-style",
    "font-variant",
    "font-weight",
    "gap",
    "height",
    "hyphens",
    "justify-content",
    "letter-spacing",
    "line-height",
    "list-style-position",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "object-fit",
    "object-position",
    "opacity",
    "order",
    "orphans",
    "outline",
    "outline-color",
    "outline-style",
    "outline-width",
    "overflow",
    "overflow-wrap",
    "overflow-x",
    "overflow-y",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "page-break-after",
    "page-break-before",
    "page-break-inside",
    "position",
    "row-gap",
    "table-layout",
    "tab-size",
    "text-align",
    "text-align-last",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-line",
    "text-decoration-style",
    "text-decoration-thickness",
    "text-indent",
    "text-overflow",
    "text-shadow",
    "text-transform",
    "text-underline-offset",
    "unicode-bidi",
    "vertical-align",
    "visibility",
    "white-space",
    "widows",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
    "writing-mode",
];
/// Properties with pictures.
const WITH_PICTURES: &[&str] = &["background", "background-image", "list-style", "list-style-image"];
/// Properties with names of fonts.
const WITH_STRINGS: &[&str] = &["font", "font-family"];

/// The property of this name, in any case.
#[must_use]
pub fn known(name: &str) -> Option<Property> {
    let name = name.to_ascii_lowercase();
    let find = |list: &'static [&'static str]| list.iter().copied().find(|own| *own == name);
    if let Some(name) = find(PLAIN) {
        return Some(Property { name, takes_pictures: false, takes_strings: false });
    }
    if let Some(name) = find(WITH_PICTURES) {
        return Some(Property { name, takes_pictures: true, takes_strings: false });
    }
    find(WITH_STRINGS).map(|name| Property { name, takes_pictures: false, takes_strings: true })
}

/// Whether a property may have this word as its value.
#[must_use]
pub fn allows(property: Property, word: &str) -> bool {
    match property.name {
        // A box that leaves the flow can lie over what is not of the message's own.
        "position" => matches!(word, "static" | "relative"),
        "overflow" | "overflow-x" | "overflow-y" => matches!(word, "visible" | "hidden" | "auto" | "clip" | "scroll"),
        "background-attachment" => matches!(word, "scroll" | "local"),
        _ => true,
    }
}
