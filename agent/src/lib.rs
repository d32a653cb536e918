//! What a person's mail program is, without a screen and without printing.

pub mod letter;
pub mod reading;
