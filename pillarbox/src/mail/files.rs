//! Files and text that go into a letter: what is read from the disk, from stdin, or written in an editor.
#![allow(
    clippy::disallowed_methods,
    reason = "files are read where the user says; the editor stands in the environment"
)]

use crate::charset;
use crate::screen::Screen;
use crate::trouble::Trouble;
use agent::letter::{Attachment, Fault, media_type};
use office::admin::FailureKind;
use std::ffi::OsStr;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::path::Path;
use std::process::Command;

/// Octets of one file, and of the text: far beyond what any server takes.
pub const FILE_MAX: u64 = 256 * 1024 * 1024;

/// A file that goes along.
pub fn attachment(path: &Path) -> Result<Attachment, Trouble> {
    let octets = octets(path)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let media_type = media_type(&name).to_owned();
    Ok(Attachment { name: Some(name), media_type, octets, ..Attachment::default() })
}

/// What is in a file.
pub fn octets(path: &Path) -> Result<Vec<u8>, Trouble> {
    agent::disk::read(path, FILE_MAX).map_err(|error| Trouble::of_path("read", path, &error))
}

/// Text in a file.
pub fn text(path: &Path) -> Result<String, Trouble> {
    String::from_utf8(octets(path)?)
        .map_err(|_| Trouble::new(FailureKind::Data, format!("{}: the text is not UTF-8", path.display())))
}

/// Text a person gave.
pub enum Typed {
    /// All of it, written in an editor that began with something.
    Edited(String),
    /// What stood on stdin.
    Piped(String),
}

/// The text of a letter: what stands on stdin; where a person sits there, what they make of this in their editor.
pub fn typed(beginning: &str, screen: &Screen) -> Result<Typed, Trouble> {
    if io::stdin().is_terminal() {
        return if screen.has_person() {
            edited(beginning).map(Typed::Edited)
        } else {
            Ok(Typed::Piped(String::new()))
        };
    }
    let octets = stdin()?;
    match (charset::text(&octets), Fault::of_octets(&octets)) {
        (Some(text), _) => Ok(Typed::Piped(text)),
        (None, fault) => {
            let fault = fault.map(|fault| fault.to_string()).unwrap_or_default();
            Err(Trouble::new(FailureKind::Data, fault))
        }
    }
}

/// All that stands on stdin.
pub fn stdin() -> Result<Vec<u8>, Trouble> {
    let mut octets = Vec::new();
    match io::stdin().lock().take(FILE_MAX + 1).read_to_end(&mut octets) {
        Err(error) => Err(Trouble::new(FailureKind::Io, format!("stdin: {error}"))),
        Ok(_) if octets.len() as u64 > FILE_MAX => {
            Err(Trouble::new(FailureKind::Data, format!("stdin: more than {FILE_MAX} octets")))
        }
        Ok(_) => Ok(octets),
    }
}

/// A text after somebody worked on it in `$VISUAL`, `$EDITOR` or vi.
pub fn edited(beginning: &str) -> Result<String, Trouble> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let editor = variable("VISUAL").or_else(|| variable("EDITOR")).unwrap_or_else(|| "vi".into());
    edited_with(beginning, &editor)
}

/// A text after somebody worked on it in this editor.
pub fn edited_with(beginning: &str, editor: &OsStr) -> Result<String, Trouble> {
    let folder = super::desk::folders()?.cache;
    let path = folder.join(format!("letter-{}.txt", std::process::id()));
    agent::disk::write(&path, beginning.as_bytes()).map_err(|error| Trouble::of_path("write", &path, &error))?;
    let ended = Command::new("sh").arg("-c").arg("exec $0 \"$1\"").arg(editor).arg(&path).status();
    let text = text(&path);
    let _ = agent::disk::remove(&path);
    match ended {
        Ok(status) if status.success() => text,
        Ok(status) => Err(Trouble::new(FailureKind::Unavailable, format!("the editor ended with {status}"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Trouble::new(FailureKind::Unavailable, "there is no shell to start the editor with"))
        }
        Err(error) => Err(Trouble::new(FailureKind::Io, format!("the editor: {error}"))),
    }
}
