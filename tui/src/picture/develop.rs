//! From the octets of a file to a picture of the size it is drawn in. Owns the limits: what is too large is never decoded.
//! Of a picture that moves the first frame is shown; the others are not decoded.

use super::Picture;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use std::io::Cursor;

/// Octets of a file: cameras write a quarter of it.
pub const ENCODED_MAX: usize = 30 * 1024 * 1024;
/// Pixels of a picture, 120 MB of memory for a moment: what most cameras have at most.
pub const PIXELS_MAX: u64 = 40_000_000;
/// Pixels of a side: a file of a line of a million is made to do harm.
pub const SIDE_MAX: u32 = 20_000;
/// Pixels of a side below which it is there to keep things apart, or to count who looks.
pub const SIDE_MIN: u32 = 4;
/// Octets that the pictures of one message take, as they are drawn.
pub const PAGE_MAX: usize = 64 * 1024 * 1024;
/// Octets that a decoder may take: three octets for each pixel twice, or eight once (of sixteen bits a colour).
const DECODER_MAX: u64 = PIXELS_MAX * 8;
/// Pixels of a cell where a terminal does not tell: what most have, and small enough not to cover what stands beside.
pub const CELL: (u16, u16) = (8, 16);

/// The room there is for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Columns of cells.
    pub columns: u16,
    /// Lines of cells.
    pub rows: u16,
    /// Pixels of a cell.
    pub cell: (u16, u16),
    /// Drawn in letters: a cell has two pixels, one above the other.
    pub is_blocks: bool,
}

/// Why a picture is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Of a kind that is none of ours.
    #[error("pictures of this kind are not shown in a terminal")]
    Unknown,
    /// Too many octets or pixels.
    #[error("the picture is too large to be shown here; save it to look at it")]
    TooLarge,
    /// The pictures before it took the room.
    #[error("there are too many pictures to show them all; save it to look at it")]
    TooMany,
    /// It cannot be decoded.
    #[error("the picture is damaged")]
    Damaged,
    /// A pixel or a line.
    #[error("the picture is too small to be seen")]
    TooSmall,
}

/// Decodes a picture and makes it as small as the room; its serial is 0.
///
/// # Errors
/// Why it is not shown.
pub fn develop(octets: &[u8], room: &Room) -> Result<Picture, Fault> {
    if octets.len() > ENCODED_MAX {
        return Err(Fault::TooLarge);
    }
    let format = image::guess_format(octets).map_err(|_| Fault::Unknown)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP) {
        return Err(Fault::Unknown);
    }
    let reader = || {
        let mut reader = ImageReader::with_format(Cursor::new(octets), format);
        let mut limits = Limits::default();
        limits.max_alloc = Some(DECODER_MAX);
        limits.max_image_width = Some(SIDE_MAX);
        limits.max_image_height = Some(SIDE_MAX);
        reader.limits(limits);
        reader
    };
    let mut decoder = reader().into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    if width.max(height) > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Fault::TooLarge);
    }
    if width.min(height) < SIDE_MIN {
        return Err(Fault::TooSmall);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = reader().decode().map_err(fault)?;
    Ok(scaled(image, orientation, room))
}

fn fault(error: image::ImageError) -> Fault {
    match error {
        image::ImageError::Limits(_) => Fault::TooLarge,
        image::ImageError::Unsupported(_) => Fault::Unknown,
        _ => Fault::Damaged,
    }
}

/// What is turned is turned once it is small; what is seen through stands on white, for that is what letters are written for.
fn scaled(image: DynamicImage, orientation: Orientation, room: &Room) -> Picture {
    let is_turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let own = (image.width(), image.height());
    let size = Size::of(if is_turned { (own.1, own.0) } else { own }, room);
    let (width, height) = if is_turned { (size.pixels.1, size.pixels.0) } else { size.pixels };
    let mut small = if (width, height) == own { image } else { image.thumbnail_exact(width, height) };
    small.apply_orientation(orientation);
    let rgb = match small {
        DynamicImage::ImageRgb8(image) => image.into_raw(),
        other => other.into_rgba8().pixels().flat_map(|pixel| on_white(pixel.0)).collect(),
    };
    Picture {
        serial: 0,
        columns: size.columns,
        rows: size.rows,
        width: usize::try_from(size.pixels.0).unwrap_or(0),
        cell_height: if room.is_blocks { 2 } else { usize::from(room.cell.1.max(1)) },
        rgb,
    }
}

fn on_white([red, green, blue, alpha]: [u8; 4]) -> [u8; 3] {
    let over = |colour: u8| {
        let mixed = (u32::from(colour) * u32::from(alpha) + 255 * u32::from(255 - alpha) + 127) / 255;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    [over(red), over(green), over(blue)]
}

/// How large a picture is drawn.
#[derive(Debug, PartialEq, Eq)]
struct Size {
    columns: u16,
    rows: u16,
    /// In all, as they are encoded.
    pixels: (u32, u32),
}

impl Size {
    /// As it is, or as much smaller as it has to be.
    fn of((width, height): (u32, u32), room: &Room) -> Size {
        let cell = (u32::from(room.cell.0.max(1)), u32::from(room.cell.1.max(1)));
        let most = (u32::from(room.columns.max(1)) * cell.0, u32::from(room.rows.max(1)) * cell.1);
        // Whichever side is the tighter one; of a product of two numbers below 2^32 nothing is lost.
        let shrink = |side: u32, by: u32, of: u32| {
            u32::try_from(u64::from(side) * u64::from(by) / u64::from(of.max(1))).unwrap_or(by).max(1)
        };
        let (mut wide, mut high) = (width.max(1), height.max(1));
        if wide > most.0 {
            (wide, high) = (most.0, shrink(high, most.0, wide));
        }
        if high > most.1 {
            (wide, high) = (shrink(wide, most.1, high), most.1);
        }
        let cells = |pixels: u32, cell: u32, most: u16| {
            u16::try_from(pixels.div_ceil(cell)).unwrap_or(most).clamp(1, most.max(1))
        };
        let (columns, rows) = (cells(wide, cell.0, room.columns), cells(high, cell.1, room.rows));
        let pixels = if room.is_blocks {
            // A letter is as high as two pixels: the nearest number of them keeps the form.
            let halves = shrink(high, 2, cell.1).clamp(1, u32::from(rows) * 2);
            (u32::from(columns), halves)
        } else {
            (wide, high)
        };
        Size { columns, rows, pixels }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::{ImageEncoder as _, Rgb, RgbImage, Rgba, RgbaImage};

    const ROOM: Room = Room { columns: 80, rows: 20, cell: (8, 16), is_blocks: false };

    fn file(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut octets = Cursor::new(Vec::new());
        image.into().write_to(&mut octets, format).unwrap();
        octets.into_inner()
    }

    fn red(width: u32, height: u32) -> RgbImage {
        RgbImage::from_pixel(width, height, Rgb([200, 10, 10]))
    }

    #[test]
    fn a_picture_is_as_large_as_it_is_or_as_the_room() {
        let size = |width, height| {
            let size = Size::of((width, height), &ROOM);
            ((size.columns, size.rows), size.pixels)
        };
        assert_eq!(size(8, 16), ((1, 1), (8, 16)));
        assert_eq!(size(9, 17), ((2, 2), (9, 17)));
        assert_eq!(size(640, 320), ((80, 20), (640, 320)));
        assert_eq!(size(1280, 640), ((80, 20), (640, 320)));
        assert_eq!(size(641, 4), ((80, 1), (640, 3)));
        assert_eq!(size(4, 20_000), ((1, 20), (1, 320)));
        assert_eq!(size(20_000, 4), ((80, 1), (640, 1)));
        let blocks = Room { is_blocks: true, ..ROOM };
        assert_eq!(Size::of((640, 320), &blocks).pixels, (80, 40));
        assert_eq!(Size::of((16, 16), &blocks).pixels, (2, 2));
        let none = Room { columns: 0, rows: 0, cell: (0, 0), is_blocks: false };
        assert_eq!(Size::of((100, 100), &none), Size { columns: 1, rows: 1, pixels: (1, 1) });
    }

    #[test]
    fn every_kind_is_decoded() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP] {
            let picture = develop(&file(red(32, 32), format), &ROOM).unwrap();
            assert_eq!((picture.columns, picture.rows), (4, 2), "{format:?}");
            let [red, green, _] = picture.pixels().at(16, 16);
            assert!(red > 180 && green < 40, "{format:?}");
        }
    }

    #[test]
    fn what_is_seen_through_stands_on_white() {
        let mut image = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 0]));
        image.put_pixel(1, 1, Rgba([0, 0, 0, 255]));
        image.put_pixel(2, 1, Rgba([0, 0, 0, 128]));
        let picture = develop(&file(image, ImageFormat::Png), &ROOM).unwrap();
        let pixels = picture.pixels();
        assert_eq!([pixels.at(0, 0), pixels.at(1, 1), pixels.at(2, 1)], [[255; 3], [0; 3], [127; 3]]);
    }

    #[test]
    fn cameras_are_held_in_all_ways() {
        let mut octets = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut octets, 90);
        // TIFF, big-endian: one entry, 0x0112 Orientation, SHORT, 6: the camera was held upright.
        let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        encoder.set_exif_metadata(exif).unwrap();
        encoder.write_image(&red(64, 16), 64, 16, image::ExtendedColorType::Rgb8).unwrap();
        let picture = develop(&octets, &ROOM).unwrap();
        assert_eq!((picture.pixels().width, picture.pixels().height), (16, 64));
    }

    #[test]
    fn what_is_none_or_damaged_is_told() {
        let whole = file(red(32, 32), ImageFormat::Png);
        assert_eq!(develop(b"<svg/>", &ROOM), Err(Fault::Unknown));
        assert_eq!(develop(b"BM\0\0\0\0\0\0\0\0", &ROOM), Err(Fault::Unknown));
        assert_eq!(develop(&whole[..whole.len() / 2], &ROOM), Err(Fault::Damaged));
        assert_eq!(develop(&whole[..20], &ROOM), Err(Fault::Damaged));
        assert_eq!(develop(&file(red(SIDE_MIN, SIDE_MIN - 1), ImageFormat::Png), &ROOM), Err(Fault::TooSmall));
        assert!(develop(&file(red(SIDE_MIN, SIDE_MIN), ImageFormat::Png), &ROOM).is_ok());
    }

    /// The header of a PNG that says it is so large; nothing follows it.
    fn bomb(width: u32, height: u32) -> Vec<u8> {
        let mut octets = file(red(4, 4), ImageFormat::Png);
        octets[16..20].copy_from_slice(&width.to_be_bytes());
        octets[20..24].copy_from_slice(&height.to_be_bytes());
        let sum = crc(&octets[12..29]);
        octets[29..33].copy_from_slice(&sum.to_be_bytes());
        octets
    }

    /// CRC-32 as PNG has it.
    fn crc(octets: &[u8]) -> u32 {
        !octets.iter().fold(u32::MAX, |crc, octet| {
            (0..8).fold(crc ^ u32::from(*octet), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1)))
        })
    }

    #[test]
    fn bombs_are_not_decoded() {
        // At the limit it is begun with, and found to hold less than it says.
        assert_eq!(develop(&bomb(SIDE_MAX, 2000), &ROOM), Err(Fault::Damaged));
        assert_eq!(develop(&bomb(SIDE_MAX, 2001), &ROOM), Err(Fault::TooLarge));
        assert_eq!(develop(&bomb(SIDE_MAX, 4), &ROOM), Err(Fault::Damaged));
        assert_eq!(develop(&bomb(SIDE_MAX + 1, 4), &ROOM), Err(Fault::TooLarge));
        assert_eq!(develop(&bomb(u32::MAX >> 1, u32::MAX >> 1), &ROOM), Err(Fault::TooLarge));
        let mut long = file(red(32, 32), ImageFormat::Png);
        long.resize(ENCODED_MAX, 0);
        assert!(develop(&long, &ROOM).is_ok());
        long.push(0);
        assert_eq!(develop(&long, &ROOM), Err(Fault::TooLarge));
    }

    #[test]
    fn of_a_film_the_first_frame_is_shown() {
        let mut octets = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut octets);
        let frame = |colour| image::Frame::new(RgbaImage::from_pixel(8, 8, Rgba(colour)));
        encoder.encode_frame(frame([255, 0, 0, 255])).unwrap();
        encoder.encode_frame(frame([0, 255, 0, 255])).unwrap();
        drop(encoder);
        // What comes after the first frame is not looked at, so that it may be anything.
        octets.truncate(octets.len() - 20);
        assert_eq!(develop(&octets, &ROOM).unwrap().pixels().at(4, 4), [255, 0, 0]);
    }

    proptest::proptest! {
        #[test]
        fn no_octets_do_harm(kind in 0..4_usize, at in 0..400_usize, octet: u8, cut in 0..400_usize) {
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP][kind];
            let mut octets = file(red(8, 8), format);
            if let Some(place) = octets.get_mut(at) {
                *place = octet;
            }
            octets.truncate(cut.max(4));
            let _ = develop(&octets, &ROOM);
        }
    }
}
