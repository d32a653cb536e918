//! The text of an HTML message, for those who read text, and for quoting. Owns how elements become lines: blocks part
//! lines, cells part words, quotations get `>`, lists their marks, links their address behind them.

/// Octets of the text that is made of a message.
pub const TEXT_MAX: usize = 1024 * 1024;
/// Quotations within quotations that are still marked.
pub const QUOTES_MAX: usize = 20;

/// Text while it is made.
#[derive(Debug, Default)]
pub struct Twin {
    out: String,
    /// Line ends that come before the next word.
    breaks: usize,
    /// Whether a blank comes before the next word.
    blank: bool,
    quotes: usize,
    preformatted: usize,
    hidden: usize,
}

impl Twin {
    /// Text of the message.
    pub fn text(&mut self, text: &str) {
        if self.hidden > 0 || self.out.len() >= TEXT_MAX {
            return;
        }
        if self.preformatted > 0 {
            for (at, line) in text.split('\n').enumerate() {
                if at > 0 {
                    self.line_end();
                }
                if !line.is_empty() {
                    self.begin();
                    self.out.push_str(line.trim_end_matches('\r'));
                }
            }
            return;
        }
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0C');
        self.blank |= text.starts_with(is_blank);
        for word in text.split(is_blank).filter(|word| !word.is_empty()) {
            self.begin();
            self.out.push_str(word);
            self.blank = true;
        }
        self.blank = text.ends_with(is_blank) || (self.blank && text.chars().all(is_blank));
    }

    /// What stands before the next word: ends of lines with marks of quotations, or a blank.
    fn begin(&mut self) {
        if self.breaks > 0 || self.out.is_empty() {
            let ends = if self.out.is_empty() { 0 } else { self.breaks };
            for _ in 0..ends {
                while self.out.ends_with(' ') {
                    self.out.pop();
                }
                self.out.push('\n');
            }
            let marks = "> ".repeat(self.quotes.min(QUOTES_MAX));
            self.out.push_str(&marks);
            self.breaks = 0;
        } else if self.blank {
            self.out.push(' ');
        }
        self.blank = false;
    }

    /// The next word begins on a line of its own.
    pub fn block(&mut self) {
        self.breaks = self.breaks.max(1);
        self.blank = false;
    }

    /// The next word begins after an empty line.
    pub fn paragraph(&mut self) {
        self.breaks = self.breaks.max(2);
        self.blank = false;
    }

    /// `<br>`.
    pub fn line_end(&mut self) {
        self.breaks = (self.breaks + 1).min(3);
        self.blank = false;
    }

    /// A word of ours, as the mark of a list.
    pub fn mark(&mut self, mark: &str) {
        if self.hidden == 0 && self.out.len() < TEXT_MAX {
            self.begin();
            self.out.push_str(mark);
        }
    }

    /// The next word is apart from the last.
    pub fn cell(&mut self) {
        self.blank = true;
    }

    /// A quotation begins or ends.
    pub fn quote(&mut self, begins: bool) {
        self.paragraph();
        self.quotes = if begins { self.quotes + 1 } else { self.quotes.saturating_sub(1) };
    }

    /// Text whose blanks count begins or ends.
    pub fn preformat(&mut self, begins: bool) {
        self.paragraph();
        self.preformatted = if begins { self.preformatted + 1 } else { self.preformatted.saturating_sub(1) };
    }

    /// Text that is not shown begins or ends.
    pub fn hide(&mut self, begins: bool) {
        self.hidden = if begins { self.hidden + 1 } else { self.hidden.saturating_sub(1) };
    }

    /// Where the next word will stand, to ask later for what stands after it.
    #[must_use]
    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// What was written since.
    #[must_use]
    pub fn since(&self, position: usize) -> &str {
        self.out.get(position..).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn finish(mut self) -> String {
        let end = super::bounds::floor(&self.out, TEXT_MAX);
        self.out.truncate(end);
        let kept = self.out.trim_end().len();
        self.out.truncate(kept);
        self.out
    }
}
