//! Sixel: six lines of pixels at a time, a letter for each column of a colour. DEC's manual for the VT330/VT340 has it.

use super::Pixels;
use super::palette::{COLOURS_MAX, reduced};
use std::fmt::Write as _;

/// Lines of pixels in a band.
const BAND: usize = 6;
/// Letters alike from which on a count is shorter.
const RUN_MIN: usize = 4;

/// What draws these pixels where the cursor is.
pub fn encoded(pixels: &Pixels<'_>) -> String {
    let picture = reduced(pixels, rounded);
    // P2 = 1: what is not drawn stays. A pixel is as wide as it is high.
    let mut out = format!("\x1bP0;1;0q\"1;1;{};{}", pixels.width, pixels.height);
    for (number, [red, green, blue]) in picture.colours.iter().enumerate() {
        // A string takes whatever is written.
        let _ = write!(out, "#{number};2;{};{};{}", percent(*red), percent(*green), percent(*blue));
    }
    for (number, band) in picture.places.chunks((pixels.width * BAND).max(1)).enumerate() {
        if number > 0 {
            out.push('-');
        }
        draw_band(band, pixels.width, &mut out);
    }
    out.push_str("\x1b\\");
    out
}

/// Colours are told in hundredths.
fn percent(colour: u8) -> u32 {
    (u32::from(colour) * 100 + 127) / 255
}

/// The colour that comes of it.
fn rounded(colour: u8) -> u8 {
    u8::try_from((percent(colour) * 255 + 50) / 100).unwrap_or(u8::MAX)
}

fn draw_band(band: &[u8], width: usize, out: &mut String) {
    // For each colour that is there the bits of each column.
    let mut columns: Vec<Option<Vec<u8>>> = vec![None; COLOURS_MAX];
    for (y, line) in band.chunks(width.max(1)).enumerate() {
        for (x, colour) in line.iter().enumerate() {
            let Some(bits) = columns.get_mut(usize::from(*colour)) else { continue };
            let bits = bits.get_or_insert_with(|| vec![0; width]);
            bits.get_mut(x).into_iter().for_each(|bits| *bits |= 1 << y);
        }
    }
    let mut is_first = true;
    for (number, bits) in columns.iter().enumerate() {
        let Some(bits) = bits else { continue };
        if !is_first {
            out.push('$');
        }
        is_first = false;
        let _ = write!(out, "#{number}");
        let end = bits.iter().rposition(|bits| *bits != 0).map_or(0, |last| last + 1);
        for run in bits.get(..end).unwrap_or_default().chunk_by(|one, other| one == other) {
            let letter = char::from(b'?' + run.first().copied().unwrap_or(0));
            if run.len() >= RUN_MIN {
                let _ = write!(out, "!{}{letter}", run.len());
            } else {
                out.extend(std::iter::repeat_n(letter, run.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_picture_is_as_it_always_was() {
        let rgb = [[255, 0, 0]; 5].concat();
        let line = Pixels { width: 5, height: 1, rgb: &rgb };
        assert_eq!(encoded(&line), "\x1bP0;1;0q\"1;1;5;1#0;2;100;0;0#0!5@\x1b\\");
        let rgb: Vec<u8> = (0..7).flat_map(|y| if y % 2 == 0 { [0, 0, 0] } else { [255, 255, 255] }).collect();
        let column = Pixels { width: 1, height: 7, rgb: &rgb };
        assert_eq!(encoded(&column), "\x1bP0;1;0q\"1;1;1;7#0;2;0;0;0#1;2;100;100;100#0T$#1i-#0@\x1b\\");
    }

    /// A terminal that knows sixel and nothing else.
    fn decoded(text: &str) -> (usize, usize, Vec<[u8; 3]>) {
        let text = text.strip_prefix("\x1bP0;1;0q").unwrap().strip_suffix("\x1b\\").unwrap();
        let (mut registers, mut canvas) = (vec![[0; 3]; 256], Vec::new());
        let (mut width, mut height, mut x, mut y, mut colour) = (0, 0, 0, 0, 0);
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let mut numbers = Vec::new();
            if matches!(c, '"' | '#' | '!') {
                let mut digits = String::new();
                while let Some(digit) = rest.next_if(|c| c.is_ascii_digit() || *c == ';') {
                    digits.push(digit);
                }
                numbers = digits.split(';').map(|number| number.parse::<usize>().unwrap()).collect();
            }
            let mut draw = |count: usize, letter: char, x: &mut usize| {
                let bits = letter as usize - 63;
                for _ in 0..count {
                    (0..6)
                        .filter(|bit| bits >> bit & 1 == 1)
                        .for_each(|bit| canvas[(y + bit) * width + *x] = Some(registers[colour]));
                    *x += 1;
                }
            };
            match (c, numbers.as_slice()) {
                ('"', [1, 1, wide, high]) => {
                    (width, height) = (*wide, *high);
                    canvas.resize(width * height.next_multiple_of(6), None);
                }
                ('#', [number]) => colour = *number,
                ('#', [number, 2, rgb @ ..]) => {
                    registers[*number] =
                        [rgb[0], rgb[1], rgb[2]].map(|hundredth| u8::try_from((hundredth * 255 + 50) / 100).unwrap());
                }
                ('!', [count]) => draw(*count, rest.next().unwrap(), &mut x),
                ('$', []) => x = 0,
                ('-', []) => (x, y) = (0, y + 6),
                ('?'..='~', []) => draw(1, c, &mut x),
                other => panic!("{other:?}"),
            }
        }
        (width, height, canvas.into_iter().take(width * height).map(Option::unwrap).collect())
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_what_was_meant(width in 1..40_usize, height in 1..20_usize, colours in 1..400_u32, seed: u32) {
            let pixel = |at: u32| {
                let colour = (at.wrapping_mul(2_654_435_761) ^ seed).wrapping_mul(40_503) % colours;
                [colour * 37 % 256, colour * 59 % 256, colour * 83 % 256].map(|part| u8::try_from(part).unwrap())
            };
            let rgb: Vec<u8> = (0..u32::try_from(width * height).unwrap()).flat_map(pixel).collect();
            let pixels = Pixels { width, height, rgb: &rgb };
            let wanted = reduced(&pixels, rounded);
            let meant: Vec<[u8; 3]> = wanted.places.iter().map(|place| wanted.colours[usize::from(*place)]).collect();
            prop_assert_eq!(decoded(&encoded(&pixels)), (width, height, meant));
        }
    }
}
