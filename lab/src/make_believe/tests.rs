//! The scenarios, checked.

mod days;
