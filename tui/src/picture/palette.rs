//! As many colours as a picture may have: its own where they are few, else by cutting the cube of colours where most of
//! them are, again and again, at the middle (median cut).

use super::Pixels;
use std::collections::BTreeMap;

/// Colours of a picture in sixel: what terminals have registers for.
pub const COLOURS_MAX: usize = 256;

/// A picture of few colours: they, and which of them each pixel has.
#[derive(Debug, PartialEq, Eq)]
pub struct Reduced {
    /// Not more than [`COLOURS_MAX`].
    pub colours: Vec<[u8; 3]>,
    /// By their places, for each pixel.
    pub places: Vec<u8>,
}

/// Which of the colours a pixel has.
type PlaceOf = Box<dyn Fn([u8; 3]) -> usize>;

/// Colours that are nearly alike, counted as one.
#[derive(Clone, Copy, Debug, Default)]
struct Shade {
    /// The first five bits of each of the three.
    key: u16,
    count: u64,
    sum: [u64; 3],
}

impl Shade {
    fn mean(&self, axis: usize) -> u64 {
        self.sum.get(axis).copied().unwrap_or_default() / self.count.max(1)
    }
}

/// Reduces the colours of a picture; each is then one that `rounded` gives.
pub fn reduced(pixels: &Pixels<'_>, rounded: impl Fn(u8) -> u8) -> Reduced {
    let own = own_colours(pixels);
    let (colours, place_of): (Vec<[u8; 3]>, PlaceOf) = match own {
        Some(own) => (own.keys().copied().collect(), Box::new(move |pixel| own.get(&pixel).copied().unwrap_or(0))),
        None => {
            let boxes = cut(shades(pixels));
            let mut table = vec![0; 1 << 15];
            for (place, shades) in boxes.iter().enumerate() {
                for shade in shades {
                    table.get_mut(usize::from(shade.key)).into_iter().for_each(|entry| *entry = place);
                }
            }
            let look_up = move |pixel| table.get(usize::from(key(pixel))).copied().unwrap_or(0);
            (boxes.iter().map(|shades| mean(shades)).collect(), Box::new(look_up))
        }
    };
    let place = |pixel: &[u8]| match pixel {
        [red, green, blue] => u8::try_from(place_of([*red, *green, *blue])).unwrap_or(0),
        _ => 0,
    };
    Reduced {
        places: pixels.rgb.chunks_exact(3).map(place).collect(),
        colours: colours.into_iter().map(|colour| colour.map(&rounded)).collect(),
    }
}

/// The colours of a picture and their places, where there is room for all.
fn own_colours(pixels: &Pixels<'_>) -> Option<BTreeMap<[u8; 3], usize>> {
    let mut found = BTreeMap::new();
    for pixel in pixels.rgb.as_chunks::<3>().0 {
        found.insert(*pixel, 0);
        if found.len() > COLOURS_MAX {
            return None;
        }
    }
    found.values_mut().enumerate().for_each(|(place, value)| *value = place);
    Some(found)
}

fn key([red, green, blue]: [u8; 3]) -> u16 {
    u16::from(red >> 3) << 10 | u16::from(green >> 3) << 5 | u16::from(blue >> 3)
}

fn shades(pixels: &Pixels<'_>) -> Vec<Shade> {
    let mut all = vec![Shade::default(); 1 << 15];
    for pixel in pixels.rgb.as_chunks::<3>().0 {
        let key = key(*pixel);
        let Some(shade) = all.get_mut(usize::from(key)) else { continue };
        shade.key = key;
        shade.count += 1;
        shade.sum.iter_mut().zip(pixel).for_each(|(sum, colour)| *sum += u64::from(*colour));
    }
    all.retain(|shade| shade.count > 0);
    all
}

/// The axis along which shades differ most, and by how much.
fn widest(shades: &[Shade]) -> (usize, u64) {
    let spread = |axis: usize| {
        let values = || shades.iter().map(|shade| shade.mean(axis));
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    (0..3).map(|axis| (axis, spread(axis))).max_by_key(|(_, spread)| *spread).unwrap_or((0, 0))
}

fn cut(shades: Vec<Shade>) -> Vec<Vec<Shade>> {
    // What is cut next: where the error is greatest, about: how many pixels, and how far apart.
    let weight = |shades: &[Shade]| {
        if shades.len() < 2 { 0 } else { shades.iter().map(|shade| shade.count).sum::<u64>() * widest(shades).1 }
    };
    let mut boxes = vec![(weight(&shades), shades)];
    while boxes.len() < COLOURS_MAX {
        let heaviest = boxes.iter().enumerate().max_by_key(|(_, (weight, _))| *weight).map(|(place, _)| place);
        let Some(place) = heaviest.filter(|place| boxes.get(*place).is_some_and(|(weight, _)| *weight > 0)) else {
            break;
        };
        let (_, mut lower) = boxes.swap_remove(place);
        let (axis, _) = widest(&lower);
        lower.sort_by_key(|shade| (shade.mean(axis), shade.key));
        let half = lower.iter().map(|shade| shade.count).sum::<u64>() / 2;
        let mut before = 0;
        let middle = lower.iter().position(|shade| {
            before += shade.count;
            before > half
        });
        let upper = lower.split_off(middle.unwrap_or(1).clamp(1, lower.len() - 1));
        boxes.push((weight(&lower), lower));
        boxes.push((weight(&upper), upper));
    }
    boxes.into_iter().map(|(_, shades)| shades).collect()
}

fn mean(shades: &[Shade]) -> [u8; 3] {
    let count = shades.iter().map(|shade| shade.count).sum::<u64>().max(1);
    [0, 1, 2].map(|axis| {
        let sum: u64 = shades.iter().filter_map(|shade| shade.sum.get(axis)).sum();
        u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn greys(count: usize) -> Vec<u8> {
        (0..count).flat_map(|grey| [u8::try_from(grey % 256).unwrap(), u8::try_from(grey / 256).unwrap(), 0]).collect()
    }

    #[test]
    fn few_colours_stay_as_they_are() {
        for (count, is_same) in [(1, true), (COLOURS_MAX, true), (COLOURS_MAX + 1, false)] {
            let rgb = greys(count);
            let found = reduced(&Pixels { width: count, height: 1, rgb: &rgb }, |colour| colour);
            assert!(found.colours.len() <= COLOURS_MAX && found.places.len() == count);
            let back: Vec<u8> = found.places.iter().flat_map(|place| found.colours[usize::from(*place)]).collect();
            assert_eq!(back == rgb, is_same, "{count}");
        }
        assert_eq!(reduced(&Pixels { width: 0, height: 0, rgb: &[] }, |colour| colour).colours.len(), 0);
    }

    #[test]
    fn many_colours_stay_near() {
        let rgb: Vec<u8> = (0..64_u32 * 64)
            .flat_map(|at| {
                [at % 64 * 4, at / 64 * 4, (at % 64 + at / 64) * 2].map(|colour| u8::try_from(colour).unwrap())
            })
            .collect();
        let found = reduced(&Pixels { width: 64, height: 64, rgb: &rgb }, |colour| colour);
        let worst = rgb.chunks(3).zip(&found.places).map(|(pixel, place)| {
            let colour = found.colours[usize::from(*place)];
            pixel.iter().zip(colour).map(|(was, is)| was.abs_diff(is)).max().unwrap()
        });
        assert!(worst.max().unwrap() <= 24, "{}", found.colours.len());
    }
}
