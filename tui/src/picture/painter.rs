//! Which parts of pictures are on the screen, and what goes out so that others are. Pure: it writes sequences, the loop
//! sends them around what it draws itself.

use super::{Picture, Way, kitty};
use std::fmt::Write as _;
use std::sync::Arc;

/// Pictures that a terminal is left to keep though they are not on the screen: what is scrolled back to.
const KEPT_MAX: usize = 16;
/// Numbers of our pictures begin here: others have the lower ones.
const FIRST_ID: u32 = 0x5069_0000;

/// A part of a picture on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Of this picture.
    pub picture: Arc<Picture>,
    /// The column of its left side.
    pub x: u16,
    /// The line of its first line.
    pub y: u16,
    /// Its first line, of those of the picture.
    pub from: u16,
    /// Lines of it.
    pub rows: u16,
}

impl Placement {
    fn is_same(&self, other: &Placement) -> bool {
        let place = |it: &Placement| (it.picture.serial, it.x, it.y, it.from, it.rows);
        place(self) == place(other)
    }
}

/// What goes out before and after the screen is drawn.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Strokes {
    /// Takes away what is not to be seen any more.
    pub before: String,
    /// Draws what is new.
    pub after: String,
}

/// What is on the screen.
#[derive(Debug, Default)]
pub struct Painter {
    shown: Vec<Placement>,
    way: Option<Way>,
    /// What the terminal has, by serial.
    handed_over: Vec<u32>,
}

impl Painter {
    /// Makes it so that these are on the screen; `None` where they are.
    pub fn paint(&mut self, way: Option<Way>, wanted: Vec<Placement>) -> Option<Strokes> {
        let way = way.filter(|way| *way != Way::Blocks);
        let wanted = if way.is_some() { wanted } else { Vec::new() };
        let is_in = |all: &[Placement], one: &Placement| all.iter().any(|other| other.is_same(one));
        let is_same = wanted.len() == self.shown.len() && wanted.iter().all(|one| is_in(&self.shown, one));
        if is_same && (way == self.way || wanted.is_empty()) {
            self.way = way;
            return None;
        }
        let mut strokes = Strokes::default();
        for gone in self.shown.iter().filter(|gone| way != self.way || !is_in(&wanted, gone)) {
            strokes.before.push_str(&self.wiped(gone));
        }
        let before = std::mem::replace(&mut self.way, way);
        let shown = std::mem::take(&mut self.shown);
        for new in wanted.iter().filter(|new| way != before || !is_in(&shown, new)) {
            strokes.after.push_str(&self.drawn(new));
        }
        self.shown = wanted;
        strokes.after.push_str(&self.let_go());
        Some(strokes)
    }

    /// The screen was cleared by somebody: all is to be drawn anew.
    pub fn forget(&mut self) -> String {
        let shown = std::mem::take(&mut self.shown);
        match self.way {
            Some(Way::Kitty) => shown.iter().map(|gone| self.wiped(gone)).collect(),
            _ => String::new(),
        }
    }

    /// The terminal is given back: nothing of ours stays there.
    pub fn leave(&mut self) -> String {
        self.shown.clear();
        std::mem::take(&mut self.handed_over).into_iter().map(|serial| kitty::forgotten(id(serial))).collect()
    }

    fn wiped(&self, gone: &Placement) -> String {
        if self.way == Some(Way::Kitty) {
            return kitty::taken_away(id(gone.picture.serial), place(gone));
        }
        // Whoever writes over a picture of sixels or of iTerm2 takes it away. What was drawn below it is blank, too.
        let mut out = "\x1b7\x1b[0m".to_owned();
        for line in 0..gone.rows {
            // A string takes whatever is written.
            let _ = write!(out, "\x1b[{};{}H", gone.y + line + 1, gone.x + 1);
            out.extend(std::iter::repeat_n(' ', usize::from(gone.picture.columns)));
        }
        out.push_str("\x1b8");
        out
    }

    fn drawn(&mut self, new: &Placement) -> String {
        let Placement { picture, x, y, from, rows } = new;
        let mut out = String::new();
        let what = match self.way {
            Some(Way::Kitty) => {
                let all = picture.pixels();
                if !self.handed_over.contains(&picture.serial) {
                    self.handed_over.push(picture.serial);
                    out.push_str(&kitty::handed_over(id(picture.serial), &all));
                }
                let above = picture.part(0, *from).height;
                let lines = above..above + picture.part(*from, *rows).height;
                kitty::placed(id(picture.serial), place(new), all.width, lines)
            }
            Some(way) => picture.drawn(way, *from, *rows),
            None => return out,
        };
        let _ = write!(out, "\x1b7\x1b[{};{}H{what}\x1b8", y + 1, x + 1);
        out
    }

    /// The oldest of what the terminal keeps, where it is too much.
    fn let_go(&mut self) -> String {
        let mut out = String::new();
        let mut over = self.handed_over.len().saturating_sub(KEPT_MAX + self.shown.len());
        let shown: Vec<u32> = self.shown.iter().map(|one| one.picture.serial).collect();
        self.handed_over.retain(|serial| {
            let stays = over == 0 || shown.contains(serial);
            if !stays {
                over -= 1;
                out.push_str(&kitty::forgotten(id(*serial)));
            }
            stays
        });
        out
    }
}

fn id(serial: u32) -> u32 {
    FIRST_ID.wrapping_add(serial)
}

/// A picture may be there twice, but not in the same line.
fn place(of: &Placement) -> u32 {
    u32::from(of.y) + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::picture::tests::picture;

    fn placement(serial: u32, y: u16, from: u16, rows: u16) -> Placement {
        Placement { picture: Arc::new(picture(serial, 3, 4, (2, 6))), x: 1, y, from, rows }
    }

    #[test]
    fn sixels_are_wiped_before_and_drawn_after() {
        let mut painter = Painter::default();
        let first = painter.paint(Some(Way::Sixel), vec![placement(1, 4, 0, 4)]).unwrap();
        assert_eq!(first.before, "");
        assert!(first.after.starts_with("\x1b7\x1b[5;2H\x1bP") && first.after.ends_with("\x1b\\\x1b8"), "{first:?}");
        assert_eq!(painter.paint(Some(Way::Sixel), vec![placement(1, 4, 0, 4)]), None);
        // One line on: what was there goes, the rest is drawn where it is now.
        let scrolled = painter.paint(Some(Way::Sixel), vec![placement(1, 4, 1, 3)]).unwrap();
        assert_eq!(scrolled.before, "\x1b7\x1b[0m\x1b[5;2H   \x1b[6;2H   \x1b[7;2H   \x1b[8;2H   \x1b8");
        assert!(scrolled.after.contains("\"1;1;6;18#"), "{scrolled:?}");
        // What stays is not touched.
        let second = painter.paint(Some(Way::Sixel), vec![placement(1, 4, 1, 3), placement(2, 9, 0, 4)]).unwrap();
        assert_eq!((second.before.as_str(), second.after.matches("\x1bP").count()), ("", 1));
        let gone = painter.paint(None, vec![placement(1, 4, 1, 3)]).unwrap();
        assert_eq!((gone.before.matches("\x1b7").count(), gone.after.as_str()), (2, ""));
        assert_eq!(painter.paint(None, Vec::new()), None);
    }

    #[test]
    fn kitty_is_handed_a_picture_once() {
        let mut painter = Painter::default();
        let first = painter.paint(Some(Way::Kitty), vec![placement(1, 4, 0, 4)]).unwrap();
        assert_eq!((first.after.matches("a=t,").count(), first.after.matches("a=p,").count()), (1, 1));
        let scrolled = painter.paint(Some(Way::Kitty), vec![placement(1, 4, 1, 3)]).unwrap();
        assert!(scrolled.before.contains("a=d,d=i,i=1349058561,p=5,"), "{scrolled:?}");
        assert!(scrolled.after.contains("a=p,i=1349058561,p=5,x=0,y=6,w=6,h=18,") && !scrolled.after.contains("a=t"));
        assert!(painter.forget().contains("a=d,d=i"));
        let anew = painter.paint(Some(Way::Kitty), vec![placement(1, 4, 1, 3)]).unwrap();
        assert!(anew.before.is_empty() && anew.after.contains("a=p") && !anew.after.contains("a=t"));
        assert!(painter.leave().contains("a=d,d=I,i=1349058561"));
        assert_eq!(painter.leave(), "");
    }

    #[test]
    fn what_kitty_keeps_is_bounded() {
        let mut painter = Painter::default();
        let mut forgotten = 0;
        let many = u32::try_from(KEPT_MAX).unwrap() + 2;
        for serial in 1..=many {
            let strokes = painter.paint(Some(Way::Kitty), vec![placement(serial, 4, 0, 4)]).unwrap();
            forgotten += strokes.after.matches("d=I").count();
        }
        assert_eq!((forgotten, painter.handed_over.len()), (1, KEPT_MAX + 1));
        assert!(!painter.handed_over.contains(&1) && painter.handed_over.contains(&many));
    }

    #[test]
    fn pictures_of_letters_need_no_painter() {
        let mut painter = Painter::default();
        assert_eq!(painter.paint(Some(Way::Blocks), vec![placement(1, 4, 0, 4)]), None);
    }
}
