//! Inline images of iTerm2 (<https://iterm2.com/documentation-images.html>), which WezTerm and others know too.

use super::{Pixels, png};
use base64::Engine as _;

/// What draws these pixels where the cursor is, over so many cells.
pub fn encoded(pixels: &Pixels<'_>, columns: u16, rows: u16) -> String {
    let file = png(pixels);
    let payload = base64::engine::general_purpose::STANDARD.encode(&file);
    let size = file.len();
    format!("\x1b]1337;File=inline=1;size={size};width={columns};height={rows};preserveAspectRatio=1:{payload}\x07")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_is_handed_over() {
        let rgb = [9; 6 * 3];
        let text = encoded(&Pixels { width: 3, height: 2, rgb: &rgb }, 3, 1);
        let (head, payload) = text.strip_suffix('\x07').unwrap().split_once(':').unwrap();
        let file = base64::engine::general_purpose::STANDARD.decode(payload).unwrap();
        let size = file.len();
        assert_eq!(head, format!("\x1b]1337;File=inline=1;size={size};width=3;height=1;preserveAspectRatio=1"));
        assert_eq!(image::load_from_memory(&file).unwrap().into_rgb8().as_raw().as_slice(), rgb);
    }
}
