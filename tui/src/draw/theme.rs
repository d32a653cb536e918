//! Colours, from all of them down to none. What a colour says is said by a sign or by weight too, so that nothing is lost
//! without.

use crate::settings::{Colours, Options};
use ratatui::style::{Color, Modifier, Style};

/// How things look.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Theme {
    pub plain: Style,
    pub title: Style,
    pub selected: Style,
    pub selected_elsewhere: Style,
    pub unread: Style,
    pub marked: Style,
    pub dim: Style,
    pub star: Style,
    pub key: Style,
    pub problem: Style,
    pub field: Style,
    pub link: Style,
    pub quotes: [Style; 3],
}

impl Theme {
    /// Of these options.
    #[must_use]
    pub fn of(options: &Options) -> Theme {
        match options.colours_used() {
            Colours::Mono => mono(),
            Colours::Sixteen => sixteen(options.theme == "light"),
            Colours::Many => coloured(options.theme == "light", |_, _, _, index| Color::Indexed(index)),
            Colours::True => coloured(options.theme == "light", |red, green, blue, _| Color::Rgb(red, green, blue)),
        }
    }
}

fn mono() -> Theme {
    let plain = Style::new();
    let with = |modifier| plain.add_modifier(modifier);
    Theme {
        plain,
        title: with(Modifier::REVERSED),
        selected: with(Modifier::REVERSED),
        selected_elsewhere: with(Modifier::UNDERLINED),
        unread: with(Modifier::BOLD),
        marked: with(Modifier::BOLD),
        dim: plain,
        star: with(Modifier::BOLD),
        key: with(Modifier::REVERSED),
        problem: with(Modifier::BOLD),
        field: with(Modifier::BOLD),
        link: with(Modifier::UNDERLINED),
        quotes: [plain; 3],
    }
}

/// The colours of the terminal's owner: none of them as a background but by reversing, so that it stays readable.
fn sixteen(light: bool) -> Theme {
    let base = mono();
    let colour = |colour| Style::new().fg(colour);
    let accent = if light { Color::Blue } else { Color::Cyan };
    Theme {
        dim: if light { colour(Color::DarkGray) } else { Style::new() },
        star: colour(Color::Yellow).add_modifier(Modifier::BOLD),
        marked: colour(accent).add_modifier(Modifier::BOLD),
        problem: colour(Color::Red).add_modifier(Modifier::BOLD),
        field: colour(accent),
        link: colour(accent).add_modifier(Modifier::UNDERLINED),
        quotes: [colour(Color::Green), colour(Color::Magenta), colour(accent)],
        ..base
    }
}

/// Each colour as itself, and its nearest of the 256. Contrast with the background is at least 4.5 (WCAG 2.2, 1.4.3).
fn coloured(light: bool, colour: impl Fn(u8, u8, u8, u8) -> Color) -> Theme {
    let base = mono();
    let of = |dark: (u8, u8, u8, u8), pale: (u8, u8, u8, u8)| {
        let (red, green, blue, index) = if light { pale } else { dark };
        colour(red, green, blue, index)
    };
    let fg = |dark, pale| Style::new().fg(of(dark, pale));
    let accent = of((135, 175, 255, 111), (0, 95, 175, 25));
    let bar =
        Style::new().fg(of((228, 228, 228, 254), (255, 255, 255, 231))).bg(of((38, 58, 95, 24), (0, 95, 135, 24)));
    Theme {
        title: bar,
        selected: bar.add_modifier(Modifier::BOLD),
        selected_elsewhere: Style::new().bg(of((48, 48, 48, 236), (228, 228, 228, 254))),
        dim: fg((158, 158, 158, 247), (88, 88, 88, 240)),
        star: fg((255, 215, 95, 221), (135, 95, 0, 94)).add_modifier(Modifier::BOLD),
        marked: Style::new().fg(accent).add_modifier(Modifier::BOLD),
        problem: fg((255, 135, 135, 210), (175, 0, 0, 124)).add_modifier(Modifier::BOLD),
        field: Style::new().fg(accent),
        link: Style::new().fg(accent).add_modifier(Modifier::UNDERLINED),
        quotes: [
            fg((135, 215, 135, 114), (0, 95, 0, 22)),
            fg((215, 175, 255, 183), (95, 0, 135, 54)),
            fg((135, 215, 215, 116), (0, 95, 95, 23)),
        ],
        ..base
    }
}
