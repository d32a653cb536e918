//! Pictures on a terminal: which of its ways to draw them is taken (`answers`), how they are decoded and made small
//! enough ([`develop`]) beside the loop ([`Darkroom`]), what goes out to draw them (`kitty`, `sixel`, `iterm`, `blocks`),
//! and what of them is on the screen ([`Painter`]). Owns the limits on what is decoded. All but the darkroom is pure.
//! Nothing is ever fetched: pictures are parts of the message.

mod answers;
mod blocks;
mod darkroom;
mod develop;
mod iterm;
mod kitty;
mod painter;
mod palette;
mod sixel;

pub use answers::{Answers, Surroundings, typed};
pub use blocks::{HALF, cell, line};
pub use darkroom::{Darkroom, Developed, Source, Wanted, develop_parts};
pub use develop::{CELL, ENCODED_MAX, Fault, PAGE_MAX, PIXELS_MAX, Room, SIDE_MAX, SIDE_MIN, develop};
pub use painter::{Painter, Placement};

/// What `pictures` can be set to.
pub const SETTINGS: [&str; 6] = ["auto", "kitty", "sixel", "iterm", "blocks", "off"];

/// How a terminal draws pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The graphics protocol of kitty.
    Kitty,
    /// Sixel, as DEC's terminals had it.
    Sixel,
    /// Inline images of iTerm2.
    Iterm,
    /// Letters, each half of which has a colour.
    Blocks,
}

impl Way {
    /// Of a setting; `None` for `auto`, `off` and what is none.
    #[must_use]
    pub fn of(setting: &str) -> Option<Way> {
        Some(match setting {
            "kitty" => Way::Kitty,
            "sixel" => Way::Sixel,
            "iterm" => Way::Iterm,
            "blocks" => Way::Blocks,
            _ => return None,
        })
    }
}

/// How pictures are drawn here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// `None`: not at all.
    pub way: Option<Way>,
    /// Columns and lines of pixels of a cell.
    pub cell: (u16, u16),
}

/// Pixels: three octets each, red, green, blue; line after line.
#[derive(Clone, Copy)]
pub struct Pixels<'a> {
    /// In a line.
    pub width: usize,
    /// Lines.
    pub height: usize,
    /// All of them.
    pub rgb: &'a [u8],
}

impl Pixels<'_> {
    /// The pixel there; white where there is none.
    #[must_use]
    pub fn at(&self, x: usize, y: usize) -> [u8; 3] {
        let start = (y * self.width + x) * 3;
        match self.rgb.get(start..start + 3) {
            Some([red, green, blue]) if x < self.width => [*red, *green, *blue],
            _ => [255; 3],
        }
    }
}

/// A picture, as large as it is drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// No other picture on the screen has it.
    pub serial: u32,
    /// Cells that it takes.
    pub columns: u16,
    /// Lines of cells.
    pub rows: u16,
    /// Pixels in a line.
    width: usize,
    /// Lines of pixels of a line of cells.
    cell_height: usize,
    rgb: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "picture {} of {}x{} cells", self.serial, self.columns, self.rows)
    }
}

impl Picture {
    /// Octets that it takes.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.rgb.len()
    }

    /// All of its pixels.
    #[must_use]
    pub fn pixels(&self) -> Pixels<'_> {
        self.part(0, self.rows)
    }

    /// The pixels of some of its lines of cells.
    #[must_use]
    pub fn part(&self, from: u16, rows: u16) -> Pixels<'_> {
        let line = self.width * 3;
        let all = self.rgb.len().checked_div(line).unwrap_or(0);
        let start = (usize::from(from) * self.cell_height).min(all);
        let end = (usize::from(from.saturating_add(rows)) * self.cell_height).min(all);
        Pixels {
            width: self.width,
            height: end - start,
            rgb: self.rgb.get(start * line..end * line).unwrap_or_default(),
        }
    }

    /// What draws some of its lines of cells where the cursor is. Where the cursor is afterwards differs: keep its place.
    #[must_use]
    pub fn drawn(&self, way: Way, from: u16, rows: u16) -> String {
        let pixels = self.part(from, rows);
        match way {
            Way::Kitty => kitty::shown_once(&pixels),
            Way::Sixel => sixel::encoded(&pixels),
            Way::Iterm => iterm::encoded(&pixels, self.columns, rows),
            Way::Blocks => String::new(),
        }
    }
}

/// A picture as a file; what terminals take that decode pictures themselves.
fn png(pixels: &Pixels<'_>) -> Vec<u8> {
    use image::ImageEncoder as _;
    use image::codecs::png::{CompressionType, FilterType, PngEncoder};
    let mut file = Vec::new();
    let size = u32::try_from(pixels.width).ok().zip(u32::try_from(pixels.height).ok());
    let Some((width, height)) = size.filter(|(width, height)| *width > 0 && *height > 0) else { return file };
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive);
    // Into memory, of a size that fits: there is nothing that could fail.
    let _ = encoder.write_image(pixels.rgb, width, height, image::ExtendedColorType::Rgb8);
    file
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A picture of these cells, each line of cells of a colour of its own, red growing from left to right.
    pub fn picture(serial: u32, columns: u16, rows: u16, cell: (usize, usize)) -> Picture {
        let width = usize::from(columns) * cell.0;
        let pixel = |x: usize, y: usize| {
            [u8::try_from(x * 255 / width).unwrap(), u8::try_from(y / cell.1 * 20 % 256).unwrap(), 200]
        };
        let lines = 0..usize::from(rows) * cell.1;
        let rgb = lines.flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        Picture { serial, columns, rows, width, cell_height: cell.1, rgb }
    }

    #[test]
    fn lines_of_cells_are_cut_out() {
        let picture = picture(1, 4, 3, (2, 5));
        assert_eq!((picture.pixels().width, picture.pixels().height), (8, 15));
        let part = picture.part(1, 1);
        assert_eq!((part.height, part.at(0, 0), part.at(8, 0)), (5, [0, 20, 200], [255; 3]));
        assert_eq!(picture.part(2, 9).height, 5);
        assert_eq!(picture.part(3, 1).height, 0);
    }

    #[test]
    fn every_setting_but_two_is_a_way() {
        let ways: Vec<Way> = SETTINGS.iter().filter_map(|setting| Way::of(setting)).collect();
        assert_eq!(ways, [Way::Kitty, Way::Sixel, Way::Iterm, Way::Blocks]);
    }
}
