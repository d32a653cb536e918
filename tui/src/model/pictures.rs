//! Pictures of the message that is read: asked for once its page is there and it is known how they are drawn.

use super::Model;
use crate::event::{Question, Screen};
use crate::picture::{Answers, Developed, Fault, PAGE_MAX, Picture, Room, Sight, Wanted, Way};
use std::sync::Arc;

/// Lines of the screen that a reader must have to show pictures.
const LINES_MIN: u16 = 3;

impl Model {
    /// How pictures are drawn, where it is known and they are.
    #[must_use]
    pub fn way(&self) -> Option<Way> {
        self.sight?.way
    }

    /// Asks for pictures of the page that are not there, and before for how they are drawn.
    pub(super) fn ask_pictures(&mut self) {
        let setting = self.options.pictures_used();
        let has_some = |page: &agent::reading::Page| !page.pictures.is_empty();
        let Some(reader) = &self.reader else { return };
        if !reader.messages.iter().filter_map(|message| message.page.as_deref()).any(has_some) {
            return;
        }
        let Some(sight) = self.sight else {
            if setting == "off" || setting == "blocks" {
                self.sight = Some(self.options.surroundings.sight(setting, &Answers::default(), None));
                return self.ask_pictures();
            }
            if !std::mem::replace(&mut self.sight_asked, true) {
                self.screen(Screen::AskForSight);
            }
            return;
        };
        if let Some(room) = self.room(sight) {
            self.ask_pictures_for(room);
        }
    }

    fn ask_pictures_for(&mut self, room: Room) {
        let Some(reader) = &mut self.reader else { return };
        let mut questions = Vec::new();
        for message in &mut reader.messages {
            let Some(page) = message.page.as_deref().filter(|page| !page.pictures.is_empty()) else { continue };
            if message.room != Some(room) {
                message.room = Some(room);
                let mut indices: Vec<usize> = page.pictures.iter().map(|picture| picture.index).collect();
                indices.sort_unstable();
                indices.dedup();
                let viewer = Arc::downgrade(&reader.viewer);
                questions.push(Wanted { message: message.row.id, indices, room, viewer });
            }
        }
        questions.into_iter().for_each(|wanted| self.ask(Question::Pictures(wanted)));
    }

    /// The room for a picture on this screen: all of the reader but a line, so that it is seen whole.
    fn room(&self, sight: Sight) -> Option<Room> {
        let way = sight.way?;
        let rows = self.layout().reader.height.checked_sub(1).filter(|rows| *rows + 1 >= LINES_MIN)?;
        let columns = u16::try_from(self.reader.as_ref()?.view.width).ok()?;
        Some(Room { columns, rows, cell: sight.cell, is_blocks: way == Way::Blocks })
    }

    /// A picture came.
    pub(super) fn take_picture(&mut self, developed: Developed) {
        let Some(reader) = &mut self.reader else { return };
        if !developed.viewer.ptr_eq(&Arc::downgrade(&reader.viewer)) {
            return;
        }
        let all = reader.messages.iter().flat_map(|message| message.pictures.values()).flatten();
        let taken: usize = all.map(|picture| picture.octets()).sum();
        let Some(message) = reader.message(developed.message) else { return };
        // What was made for another room comes again.
        if message.room == Some(developed.room) {
            let fits = |picture: &Arc<Picture>| taken + picture.octets() <= PAGE_MAX;
            let result = developed.result.and_then(|made| if fits(&made) { Ok(made) } else { Err(Fault::TooMany) });
            message.pictures.insert(developed.index, result);
            reader.lay_out_pictures();
        }
    }

    /// Pictures are drawn otherwise from now on.
    pub(super) fn look_anew(&mut self) {
        (self.sight, self.sight_asked) = (None, false);
        let Some(reader) = &mut self.reader else { return };
        for message in &mut reader.messages {
            message.pictures.clear();
            message.room = None;
        }
        reader.lay_out_pictures();
    }
}
