//! Replies: a code, an enhanced code (RFC 2034, 3463) and lines of text (RFC 5321 §4.2).

use std::borrow::Cow;

/// An enhanced status code as in `5.1.1` (RFC 3463).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enhanced(pub u8, pub u16, pub u16);

/// One reply. `Display` and encoding live in this file; the text is free of CR and LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits, the first of them 2 to 5.
    pub code: u16,
    /// Written before the text of every line; `None` only where RFC 2034 §4 leaves it out
    /// (the greeting, the replies to HELO, EHLO and LHLO, 334 and 354).
    pub enhanced: Option<Enhanced>,
    /// At least one line.
    pub lines: Vec<Cow<'static, str>>,
}

impl Reply {
    /// A reply of one line.
    #[must_use]
    pub fn new(code: u16, enhanced: Enhanced, text: impl Into<Cow<'static, str>>) -> Reply {
        Reply { code, enhanced: Some(enhanced), lines: vec![text.into()] }
    }

    /// 2xx or 3xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }
}
