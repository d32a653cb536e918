//! S/MIME as a whole: with ourselves, with `openssl cms`, and against those who mean harm.
#![allow(clippy::unwrap_used, clippy::print_stderr)]
#![allow(clippy::disallowed_methods, reason = "a test: files are handed to openssl")]

mod hostile;
mod keys;
mod openssl;
mod people;
mod sealing;
