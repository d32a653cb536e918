//! Programs beside the screen: the user's editor, what opens a file or a link, commands of the shell. Owns the files they
//! are given, which only their user may read.

use agent::reading::{Held, saved_name};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tui::event::Screen;

/// Octets of text that come back from an editor.
const TEXT_MAX: u64 = 16 * 1024 * 1024;
/// Types that a program would run rather than show: these are saved by hand, if at all.
const RUN: [&str; 8] = [
    "application/x-sh",
    "application/x-shellscript",
    "application/x-executable",
    "application/x-msdownload",
    "application/x-desktop",
    "application/java-archive",
    "text/html",
    "application/xhtml+xml",
];
/// Endings of such files.
const RUN_ENDINGS: [&str; 12] =
    ["desktop", "sh", "exe", "jar", "py", "pl", "rb", "appimage", "run", "html", "htm", "svg"];

/// Where files for other programs are.
pub struct Opened {
    /// Their folder; made when it is needed.
    pub folder: PathBuf,
}

impl Opened {
    /// Does what the screen wants of another program; the text, where it was an editor.
    pub fn run(&self, screen: &Screen) -> Result<Option<String>, String> {
        match screen {
            Screen::Edit(text) => self.edit(text).map(Some),
            Screen::Open(held) => self.open(held).map(|()| None),
            Screen::Pipe(command, octets) => pipe(command, octets).map(|()| None),
            Screen::Browse(address) => start(address).map(|()| None),
            _ => Ok(None),
        }
    }

    fn place(&self, held: &Held) -> Result<PathBuf, String> {
        agent::disk::make_folder(&self.folder).map_err(|error| format!("{}: {error}", self.folder.display()))?;
        let taken = |name: &str| agent::disk::is_there(&self.folder.join(name));
        let path = self.folder.join(saved_name(held.name.as_deref(), &held.media_type, taken));
        agent::disk::write_new(&path, &held.octets).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    fn open(&self, held: &Held) -> Result<(), String> {
        let ending =
            held.name.as_deref().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending.to_lowercase());
        let is_run = RUN.contains(&held.media_type.as_str())
            || ending.is_some_and(|ending| RUN_ENDINGS.contains(&ending.as_str()));
        if is_run {
            return Err(format!("{} may run when it is opened: save it and look at it first", held.media_type));
        }
        start(&self.place(held)?.display().to_string())
    }

    fn edit(&self, text: &str) -> Result<String, String> {
        let held = Held { name: Some("letter.txt".to_owned()), octets: text.as_bytes().to_vec(), ..Held::default() };
        let path = self.place(&held)?;
        let edited = run_editor(&path).and_then(|()| {
            let octets = agent::disk::read(&path, TEXT_MAX).map_err(|error| format!("{}: {error}", path.display()))?;
            String::from_utf8(octets).map_err(|_| "the editor wrote what is no UTF-8".to_owned())
        });
        let _ = agent::disk::remove(&path);
        edited
    }
}

/// The editor may be a command with words of its own: the shell takes it apart, and gets the path as it is.
fn run_editor(path: &Path) -> Result<(), String> {
    let editor = super::variable("VISUAL").or_else(|| super::variable("EDITOR")).filter(|editor| !editor.is_empty());
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let ended = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{editor} ended with {status}; the text is as it was")),
        Err(error) => Err(format!("{editor}: {error}")),
    }
}

/// Octets into a command; what it writes stays on the terminal until Enter.
fn pipe(command: &str, octets: &[u8]) -> Result<(), String> {
    let wrong = |error: std::io::Error| format!("{command}: {error}");
    let mut child = Command::new("sh").arg("-c").arg(command).stdin(Stdio::piped()).spawn().map_err(wrong)?;
    if let Some(mut input) = child.stdin.take() {
        // A command that reads only the beginning is right, too.
        let _ = input.write_all(octets);
    }
    let status = child.wait().map_err(wrong)?;
    let mut out = std::io::stdout();
    let _ = write!(out, "\n[{command}: {status}; Enter goes back] ");
    let _ = out.flush();
    let _ = std::io::stdin().read_line(&mut String::new());
    Ok(())
}

/// Opens something with the program of the desktop, which goes on by itself.
fn start(what: &str) -> Result<(), String> {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(what).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(mut child) => {
            std::thread::spawn(move || child.wait());
            Ok(())
        }
        Err(error) => Err(format!("{opener}: {error}")),
    }
}
