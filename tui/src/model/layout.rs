//! Where the parts of the screen are. One function of size and state, so that the model knows how much of a list is seen.

use super::{Focus, Model};
use ratatui::layout::Rect;

/// Columns from which on folders are shown beside the list.
pub const WIDE: u16 = 100;
/// Lines from which on a message is read below the list rather than instead of it.
pub const TALL: u16 = 40;
/// Columns of the folders beside the list.
const SIDE_BAR: u16 = 28;
/// Lines that the key bar takes.
pub const KEY_BAR: u16 = 2;

/// Where the parts of the screen are. What has no place has no lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The line at the top.
    pub title: Rect,
    /// The folders.
    pub folders: Rect,
    /// The messages.
    pub list: Rect,
    /// The message that is read.
    pub reader: Rect,
    /// The line that tells what happened, or asks.
    pub status: Rect,
    /// The keys.
    pub keys: Rect,
}

impl Layout {
    /// Lines of the list, without its head.
    #[must_use]
    pub fn list_lines(&self) -> u16 {
        self.list.height
    }
}

impl Model {
    /// Where the parts of the screen are now.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let (width, height) = self.size;
        let keys = if self.options.key_bar && height > 8 { KEY_BAR } else { 0 };
        let body = height.saturating_sub(2 + keys);
        let mut layout = Layout {
            title: Rect::new(0, 0, width, height.min(1)),
            status: Rect::new(0, 1 + body, width, height.saturating_sub(1 + body).min(1)),
            keys: Rect::new(0, 2 + body, width, keys),
            ..Layout::default()
        };
        let mut rest = Rect::new(0, 1.min(height), width, body);
        if width >= WIDE && self.options.side_bar {
            layout.folders = Rect::new(0, rest.y, SIDE_BAR, body);
            rest = Rect::new(SIDE_BAR + 1, rest.y, width - SIDE_BAR - 1, body);
        } else if self.focus == Focus::Folders {
            layout.folders = rest;
            return layout;
        }
        match &self.reader {
            None => layout.list = rest,
            Some(_) if height < TALL => layout.reader = rest,
            Some(_) => {
                let upper = body / 3;
                layout.list = Rect { height: upper, ..rest };
                layout.reader = Rect { y: rest.y + upper + 1, height: body - upper - 1, ..rest };
            }
        }
        layout
    }
}
