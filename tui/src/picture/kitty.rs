//! The graphics protocol of kitty (<https://sw.kovidgoyal.net/kitty/graphics-protocol/>), which other terminals know too. A
//! picture is handed over once; places on the screen then show parts of it.

use super::{Pixels, png};
use base64::Engine as _;

/// Letters in one sequence, as the protocol has it.
const CHUNK: usize = 4096;

/// Asks whether the terminal knows the protocol: a picture of one pixel, which it keeps to itself.
pub const QUESTION: &str = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\";

/// Hands a picture over, to be shown under this number.
pub fn handed_over(id: u32, pixels: &Pixels<'_>) -> String {
    chunked(&format!("a=t,i={id}"), pixels)
}

/// Shows a picture that is not wanted again, and leaves the cursor.
pub fn shown_once(pixels: &Pixels<'_>) -> String {
    chunked("a=T,C=1", pixels)
}

/// Shows lines of pixels of a picture, below the cursor and on its right; a place of this number is there once.
pub fn placed(id: u32, place: u32, width: usize, lines: std::ops::Range<usize>) -> String {
    format!("\x1b_Ga=p,i={id},p={place},x=0,y={},w={width},h={},C=1,q=2\x1b\\", lines.start, lines.len())
}

/// Takes a place off the screen; the picture stays with the terminal.
pub fn taken_away(id: u32, place: u32) -> String {
    format!("\x1b_Ga=d,d=i,i={id},p={place},q=2\x1b\\")
}

/// Lets go of a picture, wherever it is shown.
pub fn forgotten(id: u32) -> String {
    format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\")
}

fn chunked(keys: &str, pixels: &Pixels<'_>) -> String {
    let payload = base64::engine::general_purpose::STANDARD.encode(png(pixels));
    let mut out = String::with_capacity(payload.len() + payload.len() / CHUNK * 16 + 64);
    let mut rest = payload.as_str();
    let mut is_first = true;
    loop {
        let (chunk, after) = rest.split_at_checked(CHUNK.min(rest.len())).unwrap_or((rest, ""));
        let more = u8::from(!after.is_empty());
        // q=2: no answer, for it would come among what is typed.
        let head = if is_first { format!("{keys},f=100,q=2,m={more}") } else { format!("m={more},q=2") };
        out.push_str(&format!("\x1b_G{head};{chunk}\x1b\\"));
        if after.is_empty() {
            return out;
        }
        (rest, is_first) = (after, false);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The head of the first sequence, how many there are, and the picture that they carry.
    fn read(text: &str) -> (String, usize, image::RgbImage) {
        let pieces: Vec<&str> =
            text.split_terminator("\x1b\\").map(|piece| piece.strip_prefix("\x1b_G").unwrap()).collect();
        let payload: String = pieces.iter().map(|piece| piece.split_once(';').unwrap().1).collect();
        assert!(pieces.iter().all(|piece| piece.split_once(';').unwrap().1.len() <= CHUNK));
        let more = |piece: &&str| piece.split_once(';').unwrap().0.contains("m=1");
        assert!(pieces[..pieces.len() - 1].iter().all(more) && !more(pieces.last().unwrap()));
        let file = base64::engine::general_purpose::STANDARD.decode(payload).unwrap();
        let head = pieces[0].split_once(';').unwrap().0.to_owned();
        (head, pieces.len(), image::load_from_memory(&file).unwrap().into_rgb8())
    }

    #[test]
    fn a_picture_arrives_as_it_was() {
        let small = [7; 12];
        let (head, count, image) = read(&handed_over(5, &Pixels { width: 2, height: 2, rgb: &small }));
        assert_eq!((head.as_str(), count, image.as_raw().as_slice()), ("a=t,i=5,f=100,q=2,m=0", 1, &small[..]));
        let noise: Vec<u8> =
            (0..30_000_u32).map(|at| u8::try_from(at.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
        let (head, count, image) = read(&shown_once(&Pixels { width: 100, height: 100, rgb: &noise }));
        assert!(count > 5, "{count}");
        assert_eq!((head.as_str(), image.as_raw()), ("a=T,C=1,f=100,q=2,m=1", &noise));
    }

    #[test]
    fn places_are_taken_and_left() {
        assert_eq!(placed(5, 9, 80, 16..48), "\x1b_Ga=p,i=5,p=9,x=0,y=16,w=80,h=32,C=1,q=2\x1b\\");
        assert_eq!(taken_away(5, 9), "\x1b_Ga=d,d=i,i=5,p=9,q=2\x1b\\");
        assert_eq!(forgotten(5), "\x1b_Ga=d,d=I,i=5,q=2\x1b\\");
    }
}
