//! Pictures of letters: `▀` has one colour above and one below, so that a cell holds two pixels. With as many colours as the
//! terminal has.

use super::{Picture, Pixels};
use crate::settings::Colours;
use ratatui::style::Color;
use std::fmt::Write as _;

/// The upper half of a cell.
pub const HALF: &str = "▀";

/// The sixteen colours as most terminals have them; whose owner chose others sees others.
const SIXTEEN: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];
/// Steps of each colour of the cube among the 256.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The colours above and below of a cell of a picture developed for letters; the line's pixels are those of [`Picture::part`].
#[must_use]
pub fn cell(line: &Pixels<'_>, column: u16, colours: Colours) -> (Color, Color) {
    let colour = |y: usize| {
        if y < line.height { shade(line.at(usize::from(column), y), colours) } else { Color::Reset }
    };
    (colour(0), colour(1))
}

/// A line of cells as text for a terminal.
#[must_use]
pub fn line(picture: &Picture, row: u16, colours: Colours) -> String {
    let pixels = picture.part(row, 1);
    let mut out = String::new();
    let mut before = None;
    for column in 0..picture.columns {
        let (above, below) = cell(&pixels, column, colours);
        if before != Some((above, below)) {
            // A string takes whatever is written.
            let _ = write!(out, "\x1b[{};{}m", code(above, 30), code(below, 40));
            before = Some((above, below));
        }
        out.push_str(HALF);
    }
    out.push_str("\x1b[0m");
    out
}

/// Parameters of SGR (ECMA-48 §8.3.117), for letters from 30 on, for what is behind them from 40.
fn code(colour: Color, base: u8) -> String {
    match colour {
        Color::Rgb(red, green, blue) => format!("{};2;{red};{green};{blue}", base + 8),
        Color::Indexed(number @ 0..8) => format!("{}", base + number),
        Color::Indexed(number @ 8..16) => format!("{}", base + 60 + number - 8),
        Color::Indexed(number) => format!("{};5;{number}", base + 8),
        _ => format!("{}", base + 9),
    }
}

/// The nearest colour that the terminal has.
fn shade([red, green, blue]: [u8; 3], colours: Colours) -> Color {
    match colours {
        Colours::True => Color::Rgb(red, green, blue),
        Colours::Many => Color::Indexed(of_many([red, green, blue])),
        Colours::Sixteen => Color::Indexed(nearest([red, green, blue], SIXTEEN.into_iter().zip(0..))),
        Colours::Mono => Color::Reset,
    }
}

/// Of the 256 those that are the same everywhere: the cube from 16 on, the greys from 232 on.
fn of_many(colour: [u8; 3]) -> u8 {
    let step = |part: u8| nearest([part; 3], STEPS.map(|step| [step; 3]).into_iter().zip(0..));
    let places = colour.map(step);
    let [red, green, blue] = places;
    let cubed = places.map(|place| STEPS.get(usize::from(place)).copied().unwrap_or(0));
    let [sum_red, sum_green, sum_blue] = colour.map(u32::from);
    let grey = u8::try_from(((sum_red + sum_green + sum_blue) / 3).saturating_sub(3) / 10).unwrap_or(0).min(23);
    let both = [(cubed, 16 + 36 * red + 6 * green + blue), ([8 + 10 * grey; 3], 232 + grey)];
    nearest(colour, both.into_iter())
}

fn nearest(colour: [u8; 3], known: impl Iterator<Item = ([u8; 3], u8)>) -> u8 {
    let distance = |other: [u8; 3]| -> u32 {
        let parts = colour.into_iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2));
        // Eyes tell greens apart best, blues worst.
        parts.zip([3, 6, 1]).map(|(part, weight)| part * weight).sum()
    };
    known.min_by_key(|(other, _)| distance(*other)).map_or(0, |(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::tests::picture;

    #[test]
    fn a_cell_has_two_colours() {
        let picture = picture(1, 2, 2, (1, 2));
        assert_eq!(
            line(&picture, 1, Colours::True),
            "\x1b[38;2;0;20;200;48;2;0;20;200m▀\x1b[38;2;127;20;200;48;2;127;20;200m▀\x1b[0m"
        );
        assert_eq!(line(&picture, 0, Colours::Many), "\x1b[38;5;20;48;5;20m▀\x1b[38;5;92;48;5;92m▀\x1b[0m");
        assert_eq!(line(&picture, 0, Colours::Sixteen), "\x1b[34;44m▀\x1b[35;45m▀\x1b[0m");
        // Half a cell: nothing is below.
        let half = Pixels { width: 1, height: 1, rgb: &[255, 255, 255] };
        assert_eq!(cell(&half, 0, Colours::Sixteen), (Color::Indexed(15), Color::Reset));
        assert_eq!((code(Color::Indexed(15), 30), code(Color::Reset, 40)), ("97".to_owned(), "49".to_owned()));
    }

    #[test]
    fn colours_are_the_nearest_there_are() {
        assert_eq!(of_many([0, 0, 0]), 16);
        assert_eq!(of_many([255, 255, 255]), 231);
        assert_eq!(of_many([95, 135, 175]), 67);
        assert_eq!(of_many([128, 128, 128]), 244);
        assert_eq!(of_many([250, 5, 5]), 196);
        for (colour, number) in [([250, 10, 10], 9), ([10, 10, 10], 0), ([120, 130, 120], 8), ([0, 0, 200], 4)] {
            assert_eq!(shade(colour, Colours::Sixteen), Color::Indexed(number));
        }
    }
}
