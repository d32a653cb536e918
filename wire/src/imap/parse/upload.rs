//! APPEND and REPLACE (RFC 9051 §6.3.12, RFC 3502, RFC 4469, RFC 6855, RFC 8508), piece by piece: what stands between the
//! literals that hold content. How pieces follow each other is told in [`super::super::command::Upload`].

use super::super::command::{By, Form, Target, Upload, UploadItem};
use super::super::limits::ITEMS;
use super::super::mailbox::Charset;
use super::super::sequence;
use super::cursor::Cursor;
use super::selected::flag_list;
use super::{Failure, Parsed, SyntaxError, Tagged, dates, read_tag, read_verb};

/// APPEND without any literal that holds content: every message is a CATENATE of URLs.
pub(super) fn append(c: &mut Cursor<'_>) -> Parsed<Upload> {
    let target = Target::Append(c.mailbox()?);
    whole(target, c)
}

/// REPLACE likewise.
pub(super) fn replace(by: By, c: &mut Cursor<'_>) -> Parsed<Upload> {
    let target = replaced(by, c)?;
    whole(target, c)
}

fn whole(target: Target, c: &mut Cursor<'_>) -> Parsed<Upload> {
    let mut items = Vec::new();
    let mut uploading = Uploading::of(&target);
    if uploading.items(c, &mut items)? == Stop::Literal {
        return c.expected("the octets of the literal");
    }
    Ok(Upload { target, items })
}

fn replaced(by: By, c: &mut Cursor<'_>) -> Parsed<Target> {
    let at = c.at();
    let number = c.run(|octet| octet.is_ascii_digit() || octet == b'*');
    let message = sequence::read_bound(number).ok_or(SyntaxError::expected(at, "a message"))?;
    Ok(Target::Replace { by, message, mailbox: c.argument(Cursor::mailbox)? })
}

/// Where in the grammar an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A message may begin.
    Between,
    /// Behind the literal of a message.
    AfterPlain,
    /// Behind the literal of `UTF8 (`.
    AfterUtf8,
    /// Behind a part of `CATENATE (`.
    AfterPart,
}

/// An upload under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Uploading {
    place: Place,
    /// Messages begun.
    messages: usize,
    /// It is REPLACE, which takes one.
    single: bool,
}

/// What a piece came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Piece<T> {
    /// It ends with a literal that is no content but part of a name or URL: more belongs to it.
    Unfinished,
    /// It is whole.
    Whole(T),
}

/// Where reading stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// At the announcement of content.
    Literal,
    /// At the end of the command.
    End,
}

/// The command and how it goes on.
pub(in super::super) type Begun = (Tagged, Uploading);

impl Uploading {
    fn of(target: &Target) -> Uploading {
        Uploading { place: Place::Between, messages: 0, single: matches!(target, Target::Replace { .. }) }
    }

    /// Reads the first piece: a command up to and with a literal that is announced, `{5}` its last octets. `None`: this is
    /// no command that takes messages, so the literal is an argument of it.
    pub(in super::super) fn begin(text: &[u8], charset: Charset) -> Result<Option<Piece<Begun>>, Failure> {
        let mut cursor = Cursor::new(text, charset);
        let tag = read_tag(&mut cursor).map_err(|error| Failure { tag: None, error })?;
        let verb = read_verb(&mut cursor).unwrap_or_default();
        let by = if verb.starts_with("UID ") { By::Uid } else { By::Number };
        let is_append = verb == "APPEND";
        if !is_append && !matches!(verb.as_str(), "REPLACE" | "UID REPLACE") {
            return Ok(None);
        }
        let piece = Uploading::first(is_append, by, &mut cursor);
        match unfinished(piece, text) {
            Ok(Piece::Unfinished) => Ok(Some(Piece::Unfinished)),
            Ok(Piece::Whole((upload, uploading))) => {
                let command = super::Command::Upload(upload);
                Ok(Some(Piece::Whole((Tagged { tag, command }, uploading))))
            }
            Err(error) => Err(Failure { tag: Some(tag), error }),
        }
    }

    fn first(is_append: bool, by: By, c: &mut Cursor<'_>) -> Parsed<(Upload, Uploading)> {
        c.sp()?;
        let target = if is_append { Target::Append(c.mailbox()?) } else { replaced(by, c)? };
        let mut uploading = Uploading::of(&target);
        let mut items = Vec::new();
        uploading.items(c, &mut items)?;
        Ok((Upload { target, items }, uploading))
    }

    /// Reads a further piece, which ends with a literal that is announced or, `at_end`, where the command does.
    pub(in super::super) fn piece(&mut self, text: &[u8], at_end: bool) -> Parsed<Piece<Vec<UploadItem>>> {
        let mut c = Cursor::new(text, Charset::Ascii);
        let mut next = *self;
        let mut items = Vec::new();
        let read = next.items(&mut c, &mut items);
        if at_end {
            return match read? {
                Stop::Literal => c.expected("the octets of the literal"),
                Stop::End => Ok(Piece::Whole(items)),
            };
        }
        let piece = unfinished(read, text)?;
        if matches!(piece, Piece::Whole(_)) {
            *self = next;
        }
        Ok(match piece {
            Piece::Unfinished => Piece::Unfinished,
            Piece::Whole(_) => Piece::Whole(items),
        })
    }

    /// Reads on to the next literal with content or the end.
    fn items(&mut self, c: &mut Cursor<'_>, items: &mut Vec<UploadItem>) -> Parsed<Stop> {
        loop {
            c.within(items.len(), ITEMS)?;
            match self.place {
                Place::Between if self.messages > 0 && c.rest().is_empty() => return Ok(Stop::End),
                Place::Between => {
                    if let Some(stop) = self.message(c, items)? {
                        return Ok(stop);
                    }
                }
                Place::AfterPart => {
                    if let Some(stop) = self.part(c, items)? {
                        return Ok(stop);
                    }
                }
                Place::AfterPlain | Place::AfterUtf8 => {
                    if self.place == Place::AfterUtf8 {
                        c.need(b')', "the end of UTF8 (...)")?;
                    }
                    items.push(UploadItem::End);
                    self.place = Place::Between;
                }
            }
        }
    }

    fn message(&mut self, c: &mut Cursor<'_>, items: &mut Vec<UploadItem>) -> Parsed<Option<Stop>> {
        if self.single && self.messages == 1 {
            c.end()?;
        }
        c.sp()?;
        let mut flags = Vec::new();
        if c.peek() == Some(b'(') {
            flags = flag_list(c)?;
            c.sp()?;
        }
        let mut internal_date = None;
        if c.peek() == Some(b'"') {
            internal_date = Some(dates::date_time(c)?);
            c.sp()?;
        }
        let form = form(c)?;
        self.messages += 1;
        items.push(UploadItem::Message { flags, internal_date, form });
        match form {
            Form::Plain => self.content(Place::AfterPlain, c).map(Some),
            Form::Utf8 => self.content(Place::AfterUtf8, c).map(Some),
            Form::Catenate => self.catenated(c, items),
        }
    }

    /// Behind a part: another, or the end of CATENATE.
    fn part(&mut self, c: &mut Cursor<'_>, items: &mut Vec<UploadItem>) -> Parsed<Option<Stop>> {
        if c.eat(b')') {
            items.push(UploadItem::End);
            self.place = Place::Between;
            return Ok(None);
        }
        c.need(b' ', "a space or the end of CATENATE (...)")?;
        self.catenated(c, items)
    }

    /// RFC 4469 §3.
    fn catenated(&mut self, c: &mut Cursor<'_>, items: &mut Vec<UploadItem>) -> Parsed<Option<Stop>> {
        self.place = Place::AfterPart;
        if c.eat_word("TEXT") {
            c.sp()?;
            return self.content(Place::AfterPart, c).map(Some);
        }
        if !c.eat_word("URL") {
            return c.expected("TEXT or URL");
        }
        items.push(UploadItem::Url(c.argument(Cursor::text)?));
        Ok(None)
    }

    /// At the announcement of content, which is the last thing of the piece.
    fn content(&mut self, place: Place, c: &mut Cursor<'_>) -> Parsed<Stop> {
        let rest = c.rest();
        let announced = rest.strip_prefix(b"~").unwrap_or(rest);
        let ends_here = announced.starts_with(b"{")
            && announced.iter().position(|octet| *octet == b'}') == Some(announced.len() - 1);
        if !ends_here {
            return c.expected("a literal");
        }
        self.place = place;
        Ok(Stop::Literal)
    }
}

fn form(c: &mut Cursor<'_>) -> Parsed<Form> {
    if c.eat_word("UTF8") {
        c.sp()?;
        c.need(b'(', "a literal in parentheses")?;
        return Ok(Form::Utf8);
    }
    if c.eat_word("CATENATE") {
        c.sp()?;
        c.need(b'(', "parts in parentheses")?;
        return Ok(Form::Catenate);
    }
    Ok(Form::Plain)
}

/// A piece that cannot be read is unfinished where nothing was wrong but that octets of its last literal are missing.
fn unfinished<T>(read: Parsed<T>, text: &[u8]) -> Parsed<Piece<T>> {
    match read {
        Ok(found) => Ok(Piece::Whole(found)),
        Err(error) if error.at == text.len() => Ok(Piece::Unfinished),
        Err(error) => Err(error),
    }
}
