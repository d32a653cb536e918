//! The administration over HTTP. Owns how requests and answers look; all of it is carried out by `Office::administer`, as
//! for the command line, and every answer tells what to type there for the same.

pub(super) mod accounts;
pub(super) mod aliases;
pub(super) mod domains;
pub(super) mod house;
pub(super) mod queue;

use super::Table;
use super::problem::{DEFECT, Problem};
use crate::Web;
use axum::Json;
use office::admin::{Request, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) fn routes(table: Table) -> Table {
    let table = house::routes(table);
    let table = domains::routes(table);
    let table = accounts::routes(table);
    let table = aliases::routes(table);
    queue::routes(table)
}

/// Done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// What to type for the same.
    pub command: String,
    /// For people.
    pub notes: Vec<String>,
}

/// Carries out a request that answers with notes.
async fn carry_out(web: &Web, request: Request, command: String) -> Result<Json<Done>, Problem> {
    match web.office().administer(web.now(), request).await? {
        Response::Done { notes } => Ok(Json(Done { command, notes })),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> Problem {
    Problem::new(DEFECT, "the office answered something else: please report this")
}

/// A word as a shell takes it: what is more than letters, digits and the marks of addresses stands in quotes.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.-_+:/=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_means_what_it_says() {
        assert_eq!(quoted("bob@hamburger.edu"), "bob@hamburger.edu");
        assert_eq!(quoted("*@hamburger.edu"), "'*@hamburger.edu'");
        assert_eq!(quoted("it's; rm -rf /"), "'it'\\''s; rm -rf /'");
        assert_eq!(quoted(""), "''");
    }
}
