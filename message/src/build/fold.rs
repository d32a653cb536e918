//! Folding of one header field (RFC 5322 §2.2.3) and encoded words (RFC 2047 §2). Owns columns; knows no field.

use base64::Engine;

/// Octets of a line without CRLF that we keep to where words allow (RFC 5322 §2.1.1).
pub const LINE_MAX: usize = 78;
/// Octets of a line without CRLF that no line may pass (RFC 5322 §2.1.1); a longer word is cut in pieces.
pub const LINE_HARD_MAX: usize = 998;
/// Octets of text in one encoded word: 75 in all (RFC 2047 §2) less `=?utf-8?B?` and `?=` leaves 63, that is 15 groups
/// of base64, of 3 octets each.
const ENCODED_TEXT_MAX: usize = 45;
/// With less room than this on a line an encoded word begins the next line; no character has more octets.
const ENCODED_TEXT_MIN: usize = 12;
/// `=?utf-8?B?` and `?=`.
const ENCODED_FRAME: usize = 12;

/// A field under construction.
pub(super) struct Folder {
    out: Vec<u8>,
    column: usize,
    /// Octets of the name and its colon.
    name: usize,
    /// Columns kept free behind each word, for what will be attached to the last one.
    kept_free: usize,
}

impl Folder {
    pub(super) fn new(name: &str) -> Folder {
        let mut out = Vec::with_capacity(name.len() + 80);
        out.extend(name.bytes().filter(|b| b.is_ascii_graphic() && *b != b':'));
        out.push(b':');
        let column = out.len();
        Folder { out, column, name: column, kept_free: 0 }
    }

    /// Writes one word after a space, or after a fold where it would pass column 78. Controls become `?`.
    pub(super) fn word(&mut self, word: &str) {
        let mut rest = word;
        loop {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(LINE_HARD_MAX - 1));
            self.piece(piece);
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
    }

    /// As [`Folder::word`], but always on a line of its own.
    pub(super) fn word_on_new_line(&mut self, word: &str) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
        self.word(word);
    }

    /// Puts text right behind what is there, on the same line. The caller knows that it fits, and that it ends no field.
    pub(super) fn attach(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.column = self.out.rsplit(|octet| *octet == b'\n').next().map_or(0, <[u8]>::len);
    }

    fn piece(&mut self, piece: &str) {
        let end = self.column + 1 + piece.len() + self.kept_free;
        if self.column > 1 && (end > LINE_MAX && self.holds_a_word() || end > LINE_HARD_MAX) {
            self.out.extend_from_slice(b"\r\n");
            self.column = 0;
        }
        self.out.push(b' ');
        self.out.extend(piece.bytes().map(|b| if b.is_ascii_control() { b'?' } else { b }));
        self.column += 1 + piece.len();
    }

    /// A line with white space only is forbidden (RFC 5322 §3.2.2), so the first word stays beside the name,
    /// unless even the hard limit would be passed.
    fn holds_a_word(&self) -> bool {
        self.out.len() > self.name
    }

    /// Unstructured text: as typed where it is plain ASCII, else wholly in encoded words.
    pub(super) fn text(&mut self, value: &str) {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let plain = value.is_ascii() && !value.contains("=?");
        if plain && foldable(value.trim()) { self.plain_text(value.trim()) } else { self.encoded(value.trim()) }
    }

    /// Keeps runs of spaces as they are: a fold stands before a word, its extra spaces end the line before it.
    pub(super) fn plain_text(&mut self, value: &str) {
        for word in value.split(' ') {
            if word.is_empty() {
                self.out.push(b' ');
                self.column += 1;
            } else {
                self.word(word);
            }
        }
    }

    /// A display name (RFC 5322 §3.2.5): atoms, one quoted string, or encoded words.
    pub(super) fn phrase(&mut self, name: &str) {
        let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let name = name.trim();
        if !name.is_ascii() || name.contains("=?") || name.len() > LINE_MAX {
            self.encoded(name);
        } else if name.split(' ').all(|word| !word.is_empty() && word.bytes().all(is_atext)) {
            name.split(' ').for_each(|word| self.word(word));
        } else {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            self.word(&format!("\"{quoted}\""));
        }
    }

    /// A display name that `end` stands right behind, on the same line: the colon of a group.
    pub(super) fn phrase_with(&mut self, name: &str, end: &str) {
        self.kept_free = end.len();
        self.phrase(name);
        self.kept_free = 0;
        self.attach(end);
    }

    /// Encoded words of UTF-8 in base64, never parting a character (RFC 2047 §5).
    fn encoded(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            // The first word shares its line with the name of the field, which may leave it less room.
            let room = LINE_MAX.saturating_sub(self.column + 1 + ENCODED_FRAME + self.kept_free) / 4 * 3;
            let take = if room < ENCODED_TEXT_MIN { ENCODED_TEXT_MAX } else { room.min(ENCODED_TEXT_MAX) };
            let (part, after) = rest.split_at(rest.floor_char_boundary(take));
            let base64 = base64::engine::general_purpose::STANDARD.encode(part);
            self.word(&format!("=?utf-8?B?{base64}?="));
            rest = after;
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(b"\r\n");
        self.out
    }
}

/// Whether plain text can be folded within the hard limit. A fold stands before a word, so a word and the spaces behind it
/// share a line, perhaps with words that were there before.
pub(super) fn foldable(text: &str) -> bool {
    let stretches = text.as_bytes().chunk_by(|octet, next| *octet != b' ' || *next == b' ');
    stretches.into_iter().all(|stretch| stretch.len() <= LINE_HARD_MAX - LINE_MAX)
}

/// RFC 5322 §3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}
