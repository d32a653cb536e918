//! Where pictures are developed: a thread beside the loop, made when the first is wanted. What nobody looks at any more is
//! passed over.

use super::{Fault, PAGE_MAX, Picture, Room, develop};
use agent::key_folder::KeyFolder;
use agent::mirror::{MessageId, Mirror};
use agent::reading;
use message::Time;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};

/// Pictures that are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of this message.
    pub message: MessageId,
    /// Its parts, by their places ([`reading::Picture::index`]).
    pub indices: Vec<usize>,
    /// The room there is for each.
    pub room: Room,
    /// Gone once nobody looks.
    pub viewer: Weak<()>,
}

/// Where messages are, and what opens those that are sealed.
#[derive(Clone)]
pub struct Source {
    /// Of the account.
    pub mirror: Mirror,
    /// Of the person.
    pub keys: Option<KeyFolder>,
    /// Now.
    pub now: Time,
}

impl Source {
    fn content(&self, message: MessageId) -> Option<Vec<u8>> {
        let content = self.mirror.content(message).ok().flatten()?;
        Some(match &self.keys {
            Some(keys) => keys.original(&content, self.now).message.into_owned(),
            None => content,
        })
    }
}

/// A picture that was wanted.
#[derive(Debug)]
pub struct Developed {
    /// Of this message.
    pub message: MessageId,
    /// Its part.
    pub index: usize,
    /// The room it was made for.
    pub room: Room,
    /// For whom.
    pub viewer: Weak<()>,
    /// It, or why it is not shown.
    pub result: Result<Arc<Picture>, Fault>,
}

/// Orders there, and what is done back; `None` after each order.
type Line = (Sender<(Source, Wanted)>, Receiver<Option<Developed>>);

/// The thread, and what goes there and comes back.
#[derive(Default)]
pub struct Darkroom {
    line: RefCell<Option<Line>>,
    /// Orders that are not done.
    open: Cell<usize>,
    done: RefCell<VecDeque<Developed>>,
}

impl Darkroom {
    /// Begins with these pictures.
    pub fn develop(&self, source: Source, wanted: Wanted) {
        let mut line = self.line.borrow_mut();
        let (orders, _) = line.get_or_insert_with(|| {
            let (orders, to_do) = channel();
            let (done, developed) = channel();
            // Without a thread there are no pictures, and that is all.
            let _ = std::thread::Builder::new().name("pictures".to_owned()).spawn(move || work(&to_do, &done));
            (orders, developed)
        });
        if orders.send((source, wanted)).is_ok() {
            self.open.set(self.open.get() + 1);
        }
    }

    /// What is done, without waiting.
    pub fn developed(&self) -> Vec<Developed> {
        let line = self.line.borrow();
        let came = line.iter().flat_map(|(_, developed)| developed.try_iter());
        for one in came {
            self.note(one);
        }
        self.done.take().into()
    }

    /// What is done once all is done.
    pub fn all_developed(&self) -> Vec<Developed> {
        if let Some((_, developed)) = &*self.line.borrow() {
            while self.open.get() > 0 {
                match developed.recv() {
                    Ok(one) => self.note(one),
                    Err(_) => self.open.set(0),
                }
            }
        }
        self.developed()
    }

    fn note(&self, one: Option<Developed>) {
        match one {
            Some(developed) => self.done.borrow_mut().push_back(developed),
            None => self.open.set(self.open.get().saturating_sub(1)),
        }
    }
}

/// Does one order after the other; `None` is told after each.
fn work(orders: &Receiver<(Source, Wanted)>, done: &Sender<Option<Developed>>) {
    let mut serial = 0;
    for (source, wanted) in orders {
        let is_wanted = || wanted.viewer.strong_count() > 0;
        let content = is_wanted().then(|| source.content(wanted.message)).flatten();
        develop_parts(&content.unwrap_or_default(), &wanted.indices, &wanted.room, |index, result| {
            serial += 1;
            let result = result.map(|picture| Arc::new(Picture { serial, ..picture }));
            let Wanted { message, room, viewer, .. } = wanted.clone();
            done.send(Some(Developed { message, index, room, viewer, result })).is_ok() && is_wanted()
        });
        if done.send(None).is_err() {
            return;
        }
    }
}

/// Makes pictures of parts of a message, one after the other, as long as `each` wants more. Together they take no more than
/// [`PAGE_MAX`].
pub fn develop_parts(
    content: &[u8],
    indices: &[usize],
    room: &Room,
    mut each: impl FnMut(usize, Result<Picture, Fault>) -> bool,
) {
    let mut left = PAGE_MAX;
    for (held, index) in reading::held_all(content, indices).into_iter().zip(indices) {
        // The decoders are libraries, and what they are given is a stranger's: should one trip, the picture is damaged.
        let made = catch_unwind(AssertUnwindSafe(|| develop(&held.octets, room)));
        let result = made.unwrap_or(Err(Fault::Damaged)).and_then(|picture| {
            left = left.checked_sub(picture.octets()).ok_or(Fault::TooMany)?;
            Ok(picture)
        });
        if !each(*index, result) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use base64::Engine as _;

    /// An album of so many pictures of 1,600 by 1,000 pixels, of one colour each.
    fn album(count: usize) -> Vec<u8> {
        let mut file = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(1600, 1000).write_to(&mut file, image::ImageFormat::Png).unwrap();
        let octets = base64::engine::general_purpose::STANDARD.encode(file.into_inner());
        let part = format!("--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n{octets}\r\n");
        format!("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", part.repeat(count))
            .into_bytes()
    }

    #[test]
    fn pictures_of_a_page_share_its_room() {
        let room = Room { columns: 200, rows: 50, cell: (8, 20), is_blocks: false };
        // Each takes 4.8 MB as it is drawn.
        let fit = PAGE_MAX / (1600 * 1000 * 3);
        let indices: Vec<usize> = (1..=fit + 1).collect();
        let mut results = Vec::new();
        develop_parts(&album(fit + 1), &indices, &room, |index, result| {
            results.push((index, result.map(|picture| picture.columns)));
            true
        });
        assert_eq!(results.len(), fit + 1);
        assert!(results[..fit].iter().all(|(_, result)| *result == Ok(200)), "{results:?}");
        assert_eq!(results[fit], (fit + 1, Err(Fault::TooMany)));
        let mut count = 0;
        develop_parts(&album(3), &[1, 2, 3], &room, |_, _| {
            count += 1;
            count < 2
        });
        assert_eq!(count, 2);
    }
}
