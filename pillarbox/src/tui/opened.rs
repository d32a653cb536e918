//! Programs beside the screen: the user's editor, what opens a file or a link, commands of the shell.

use crate::viewer::{Unopened, Viewer, browse, pipe};
use agent::mailcap::Deed;
use agent::reading::Held;
use std::path::Path;
use std::process::Command;
use tui::event::{Came, Screen};

/// Octets of text that come back from an editor.
const TEXT_MAX: u64 = 16 * 1024 * 1024;

/// What runs other programs.
pub struct Opened {
    /// Which shows what messages hold, and has the files for it.
    pub viewer: Viewer,
}

impl Opened {
    /// Does what the screen wants of another program.
    pub fn run(&self, screen: &Screen) -> Result<Came, String> {
        match screen {
            Screen::Edit(text) => self.edit(text).map(Came::Text),
            Screen::Open(held) => self.open(held),
            Screen::Print(held) => match self.viewer.open(held, Deed::Print) {
                Ok(()) => Ok(Came::Done),
                Err(unopened) => Err(unopened.to_string()),
            },
            Screen::Pipe(command, octets) => pipe(command, octets).map(|()| Came::Done),
            Screen::Browse(address) => browse(address, false).map(|()| Came::Done),
            _ => Ok(Came::Done),
        }
    }

    /// Text for which the person named no program is shown on the screen.
    fn open(&self, held: &Held) -> Result<Came, String> {
        if held.is_text() && !self.viewer.has_entry(held) {
            return Ok(Came::NoProgram);
        }
        match self.viewer.open(held, Deed::View) {
            Ok(()) => Ok(Came::Done),
            Err(Unopened::NoProgram(_)) => Ok(Came::NoProgram),
            Err(Unopened::Problem(problem)) => Err(problem),
        }
    }

    fn edit(&self, text: &str) -> Result<String, String> {
        let placed = self.viewer.place("letter.txt", text.as_bytes())?;
        let path = &placed.path;
        let ended = run_editor(path);
        let octets = agent::disk::read(path, TEXT_MAX).map_err(|error| format!("{}: {error}", path.display()));
        placed.remove();
        ended?;
        String::from_utf8(octets?).map_err(|_| "the editor wrote what is no UTF-8; the text is as it was".to_owned())
    }
}

/// The editor may be a command with words of its own: the shell takes it apart, and gets the path as it is. One that the end of
/// the terminal took away has written what it had.
fn run_editor(path: &Path) -> Result<(), String> {
    let editor = super::variable("VISUAL").or_else(|| super::variable("EDITOR")).filter(|editor| !editor.is_empty());
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let ended = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path).status();
    match ended {
        Ok(status) if status.success() || status.code().is_none() => Ok(()),
        Ok(status) => Err(format!("{editor} ended with {status}; the text is as it was")),
        Err(error) => Err(format!("{editor}: {error}")),
    }
}
