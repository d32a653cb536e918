//! APPEND and REPLACE, piece by piece: what stands between the literals with content.

use super::super::command::{By, Flag, Form, Literal, Target, Upload, UploadItem};
use super::super::write;
use super::writer::{Style, Writer};
use bytes::Bytes;
use message::search::Bound;

/// Writes the pieces of one upload, from the first literal on.
#[derive(Clone, Copy, Debug, Default)]
pub struct UploadEncoder {
    form: Option<Form>,
    /// A part of a CATENATE was written.
    parted: bool,
}

impl UploadEncoder {
    /// The first piece with its tag, as [`super::command`] gives it, with the announcement of a literal or, without one,
    /// the end.
    pub fn first(&mut self, tag: &str, upload: &Upload, literal: Option<Literal>, style: Style) -> Vec<Bytes> {
        let mut w = Writer::new(style);
        w.text(tag);
        w.text(" ");
        self.begin(upload, &mut w);
        self.end(literal, &mut w);
        w.pieces()
    }

    /// What stands behind the octets of a literal, up to and with the announcement of the next, or the end.
    pub fn part(&mut self, items: &[UploadItem], literal: Option<Literal>, style: Style) -> Vec<Bytes> {
        let mut w = Writer::new(style);
        items.iter().for_each(|item| self.item(item, &mut w));
        self.end(literal, &mut w);
        w.pieces()
    }

    pub(super) fn begin(&mut self, upload: &Upload, w: &mut Writer) {
        match &upload.target {
            Target::Append(mailbox) => {
                w.text("APPEND ");
                w.mailbox(mailbox);
            }
            Target::Replace { by, message, mailbox } => {
                w.text(if *by == By::Uid { "UID REPLACE " } else { "REPLACE " });
                match message {
                    Bound::Number(number) => w.text(&number.to_string()),
                    Bound::Last => w.text("*"),
                }
                w.text(" ");
                w.mailbox(mailbox);
            }
        }
        upload.items.iter().for_each(|item| self.item(item, w));
    }

    fn item(&mut self, item: &UploadItem, w: &mut Writer) {
        match item {
            UploadItem::Message { flags, internal_date, form } => {
                if !flags.is_empty() {
                    w.text(" ");
                    w.list(flags, |w, flag: &Flag| w.text(&flag.to_string()));
                }
                if let Some(date) = internal_date {
                    w.text(" ");
                    w.octets(|out| write::date_time(out, *date));
                }
                w.text(match form {
                    Form::Plain => " ",
                    Form::Utf8 => " UTF8 (",
                    Form::Catenate => " CATENATE (",
                });
                (self.form, self.parted) = (Some(*form), false);
            }
            UploadItem::Url(url) => {
                w.text(if self.parted { " URL " } else { "URL " });
                w.astring(url.as_bytes());
                self.parted = true;
            }
            UploadItem::End => {
                w.text(if matches!(self.form.take(), Some(Form::Utf8 | Form::Catenate)) { ")" } else { "" });
            }
        }
    }

    fn end(&mut self, literal: Option<Literal>, w: &mut Writer) {
        let Some(literal) = literal else { return w.text("\r\n") };
        if self.form == Some(Form::Catenate) {
            w.text(if self.parted { " TEXT " } else { "TEXT " });
            self.parted = true;
        }
        w.announce(literal);
    }
}
