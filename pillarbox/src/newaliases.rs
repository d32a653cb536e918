//! `newaliases` and `pillarbox alias import`: the aliases of a file become aliases of this house; what a file no longer
//! names goes, what was added by hand stays.
#![allow(
    clippy::disallowed_methods,
    reason = "the aliases file is named by the environment or the line, and read here"
)]

use crate::aliases::{self, Aliases, FILE_MAX};
use crate::house;
use crate::screen::{Form, Screen};
use crate::trouble::{DATA, Trouble};
use message::Domain;
use office::admin::{FailureKind, ImportView, Request, Response};
use serde_json::json;
use server::Config;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Where every Unix keeps it.
const FILE: &str = "/etc/aliases";

/// What is to be read, and how.
#[derive(Clone, Debug)]
pub struct Import {
    /// The file.
    pub file: PathBuf,
    /// What names without a domain get; `None`: the first domain.
    pub domain: Option<Domain>,
    /// Say what would be done, and do nothing.
    pub dry_run: bool,
}

/// `newaliases`: of the file that is named by `-oA`, else by `$ALIASES`, else of /etc/aliases.
pub fn run(named: Option<&str>, config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    let named = named.map(PathBuf::from).or_else(|| std::env::var_os("ALIASES").map(PathBuf::from));
    let file = named.unwrap_or_else(|| PathBuf::from(FILE));
    import(&Import { file, domain: None, dry_run: false }, config, screen)
}

/// Reads the file and has the post office take it in.
pub fn import(import: &Import, config: &Config, screen: &mut Screen) -> Result<(), Trouble> {
    let file = std::path::absolute(&import.file).unwrap_or_else(|_| import.file.clone());
    let text = text_of(&file).map_err(|error| Trouble::of_path("read", &file, &error))?;
    let aliases = aliases::read(&text, &|path| text_of(Path::new(path)));
    let request = Request::AliasImport {
        origin: file.display().to_string(),
        domain: import.domain.clone(),
        lines: aliases.lines.clone(),
        dry_run: import.dry_run,
    };
    match house::administer(config, request)? {
        Response::Imported(view) => show(&file, &aliases, &view, screen),
        other => Err(Trouble::new(FailureKind::Software, format!("not an answer to that: {other:?}"))),
    }
}

/// The text of a file of bounded size.
fn text_of(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it has more than {FILE_MAX} octets")));
    }
    Ok(text)
}

/// What is not taken goes to stderr with its line, as compilers do; the summary as sendmail prints it. Ends with 65 when
/// something was left out.
fn show(file: &Path, aliases: &Aliases, view: &ImportView, screen: &mut Screen) -> Result<(), Trouble> {
    let mut wrong = aliases.wrong.clone();
    wrong.extend(view.refused.iter().map(|refused| (refused.line, refused.why.clone())));
    wrong.sort_by_key(|(line, _)| *line);
    let name = file.display();
    if screen.form() == Form::Json {
        let wrong: Vec<_> = wrong.iter().map(|(line, why)| json!({ "line": line, "why": why })).collect();
        screen.line(&json!({
            "file": file, "aliases": view.aliases, "added": view.added, "changed": view.changed,
            "removed": view.removed, "wrong": wrong,
        }))?;
    } else {
        wrong.iter().for_each(|(line, why)| screen.note(&format!("{name}:{line}: {why}")));
        let (longest, octets) = (aliases.longest, aliases.octets);
        screen.text(&format!("{name}: {} aliases, longest {longest} bytes, {octets} bytes total\n", view.aliases))?;
        let gone = |number: u32, what: &str| (number > 0).then(|| format!("{number} {what}"));
        let parts = [gone(view.added, "new"), gone(view.changed, "changed"), gone(view.removed, "gone")];
        screen.remark(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Trouble::Told(DATA)) }
}
