//! Scenarios: mail on its way, shown step by step. [`plot`] is what a scenario file says, [`Play`] plays it and tells
//! each step after it was seen. The form of the files is described in docs/lab.md.

mod on_host;
mod over_network;
mod person;
mod play;
mod plot;
mod sight;

pub(crate) use play::listener;
pub use play::{Fact, Play, Seen};
pub use plot::{Act, Plot, PlotError, Reader, Scene};

/// The scenarios that come with the program: name and text.
pub const SCENARIOS: [(&str, &str); 7] = [
    ("alice-bob", include_str!("../../scenarios/alice-bob.txt")),
    ("arrangement-1", include_str!("../../scenarios/arrangement-1.txt")),
    ("arrangement-2", include_str!("../../scenarios/arrangement-2.txt")),
    ("arrangement-3", include_str!("../../scenarios/arrangement-3.txt")),
    ("arrangement-4", include_str!("../../scenarios/arrangement-4.txt")),
    ("hostile-mx", include_str!("../../scenarios/hostile-mx.txt")),
    ("loop", include_str!("../../scenarios/loop.txt")),
];
