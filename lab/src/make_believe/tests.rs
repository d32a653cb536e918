//! The scenarios, checked; and a small internet in which everything goes wrong by chance.

mod days;
mod random;
