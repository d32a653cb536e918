//! Programs of the person that show what a message holds: those of mailcap files, of the desktop, the browser. Owns the files
//! they are given, which only their user may read and which go away again, and what is not opened at all because it would
//! run.
#![allow(clippy::disallowed_methods, reason = "files for other programs, and what the environment says of those")]

use agent::mailcap::{Deed, Entry, FILE_MAX, Mailcap, Part, is_tame};
use agent::reading::{Held, saved_name};
use message::Time;
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where mailcap files are where `$MAILCAPS` says nothing (RFC 1524); before them the one of the person.
const SYSTEM_MAILCAPS: [&str; 3] = ["/etc/mailcap", "/usr/etc/mailcap", "/usr/local/etc/mailcap"];
/// Types that a program would run rather than show: these are saved by hand, if at all.
const RUN: [&str; 9] = [
    "application/x-sh",
    "application/x-shellscript",
    "application/x-executable",
    "application/x-msdownload",
    "application/x-desktop",
    "application/java-archive",
    "text/html",
    "application/xhtml+xml",
    "image/svg+xml",
];
/// Endings of such files.
const RUN_ENDINGS: [&str; 12] =
    ["desktop", "sh", "exe", "jar", "py", "pl", "rb", "appimage", "run", "html", "htm", "svg"];
/// Browsers that need the terminal for themselves.
const TEXT_BROWSERS: [&str; 8] = ["lynx", "w3m", "links", "links2", "elinks", "browsh", "www-browser", "carbonyl"];
/// After so long a file that an earlier run left behind goes: whatever showed it has read it.
const LEFT_S: u64 = 86_400;

/// A program that ends with an error within so long did not show anything; one that still runs then, or ended well, did.
const MOMENTS: Duration = Duration::from_secs(1);

/// Why something was not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unopened {
    /// There is no program for what is of this type.
    NoProgram(String),
    /// In words.
    Problem(String),
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unopened::NoProgram(media_type) => write!(f, "no program was found for {media_type}"),
            Unopened::Problem(problem) => f.write_str(problem),
        }
    }
}

impl From<String> for Unopened {
    fn from(problem: String) -> Unopened {
        Unopened::Problem(problem)
    }
}

/// Shows what messages hold. What it left on the disk goes away with it.
pub struct Viewer {
    folder: PathBuf,
    now: Time,
    mailcap: OnceCell<Mailcap>,
    places: Cell<u32>,
    /// The desktop's program that opens whatever has one.
    opener: &'static str,
}

/// A file for another program, in a folder of its own.
pub struct Placed {
    folder: PathBuf,
    /// Its path.
    pub path: PathBuf,
}

impl Placed {
    /// It is not needed any more.
    pub fn remove(&self) {
        // What cannot be removed now is removed at the end, or the next time.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Viewer {
    /// With files below this folder; what earlier runs left there long ago goes.
    pub fn new(folder: PathBuf, now: Time) -> Viewer {
        let old = |name: &str| {
            let seconds = name.split('-').next().and_then(|seconds| seconds.parse::<u64>().ok());
            seconds.is_none_or(|seconds| seconds.saturating_add(LEFT_S) < now.unix_seconds())
        };
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            if old(&entry.file_name().to_string_lossy()) {
                let path = entry.path();
                let _ = std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path));
            }
        }
        Viewer { folder, now, mailcap: OnceCell::new(), places: Cell::new(0), opener: DESKTOP }
    }

    /// Ends before the programs it started: their files stay, and go the next time.
    pub fn leave(mut self) {
        self.folder = PathBuf::new();
    }

    fn own(&self) -> String {
        format!("{}-{}-", self.now.unix_seconds(), std::process::id())
    }

    /// Puts octets into a new file of this name.
    pub fn place(&self, name: &str, octets: &[u8]) -> Result<Placed, String> {
        self.places.set(self.places.get().saturating_add(1));
        let folder = self.folder.join(format!("{}{}", self.own(), self.places.get()));
        let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        agent::disk::make_folder(&folder).map_err(|error| wrong(&folder, error))?;
        let path = folder.join(name);
        let placed = Placed { folder, path };
        agent::disk::write_new(&placed.path, octets).map_err(|error| wrong(&placed.path, error))?;
        Ok(placed)
    }

    fn mailcap(&self) -> &Mailcap {
        self.mailcap.get_or_init(|| {
            let mut mailcap = Mailcap::default();
            for path in mailcap_paths() {
                // One that is missing, or that cannot be read, says nothing.
                if let Ok(octets) = agent::disk::read(&path, FILE_MAX) {
                    mailcap.take(&String::from_utf8_lossy(&octets));
                }
            }
            mailcap
        })
    }

    /// Whether a mailcap file names a program that shows it.
    pub fn has_entry(&self, held: &Held) -> bool {
        let part = Part { media_type: &held.media_type, parameters: &held.parameters };
        self.mailcap().find(&part, Deed::View, succeeds).is_some()
    }

    /// Shows a part, or prints it, as the person's mailcap files say; else the desktop shows it. Waits for what needs the
    /// terminal.
    pub fn open(&self, held: &Held, deed: Deed) -> Result<(), Unopened> {
        let part = Part { media_type: &held.media_type, parameters: &held.parameters };
        let entry = self.mailcap().find(&part, deed, succeeds);
        let on_terminal = entry.is_some_and(|entry| entry.needs_terminal || entry.copious_output);
        if would_run(held) && !on_terminal {
            return Err(format!("save it and look at it first: {} may run when it is opened", held.media_type).into());
        }
        match entry {
            Some(entry) => self.by_mailcap(entry, held, deed).map_err(Unopened::Problem),
            None if deed == Deed::Print => {
                Err(format!("save it and print it by hand: no mailcap file has a `print` for {}", held.media_type)
                    .into())
            }
            None => {
                let placed = self.place(&name_of(held), &held.octets)?;
                start(Command::new(self.opener).arg(&placed.path).stdin(Stdio::null())).map_err(|_| {
                    placed.remove();
                    Unopened::NoProgram(held.media_type.clone())
                })
            }
        }
    }

    fn by_mailcap(&self, entry: &Entry, held: &Held, deed: Deed) -> Result<(), String> {
        let placed = self.place(&entry.file_name(&name_of(held)), &held.octets)?;
        // Where the path has signs that mean something to a shell, the file is named from its folder.
        let whole = placed.path.display().to_string();
        let name = placed.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let named = if is_tame(&whole) { whole } else { format!("./{name}") };
        let part = Part { media_type: &held.media_type, parameters: &held.parameters };
        let none = || format!("the mailcap entry for {} makes no sound command", held.media_type);
        let line = entry.line(deed, &named, &part).ok_or_else(none)?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(&line.text).current_dir(&placed.folder);
        if line.reads_stdin {
            let opened =
                std::fs::File::open(&placed.path).map_err(|error| format!("{}: {error}", placed.path.display()));
            command.stdin(opened?);
        } else if deed == Deed::View && !entry.needs_terminal {
            command.stdin(Stdio::null());
        }
        if deed == Deed::View && !entry.needs_terminal && !entry.copious_output {
            return start(&mut command).map_err(|problem| {
                placed.remove();
                format!("{}: {problem}", line.text)
            });
        }
        let ended = if deed == Deed::View && entry.copious_output { paged(&mut command) } else { wait(&mut command) };
        placed.remove();
        ended.map_err(|problem| format!("{}: {problem}", line.text))
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let own = self.own();
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&own) {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn name_of(held: &Held) -> String {
    saved_name(held.name.as_deref(), &held.media_type, |_| false)
}

/// Whether the type or the name is that of something that runs.
fn would_run(held: &Held) -> bool {
    let name = name_of(held).to_lowercase();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    let media_type = held.media_type.to_ascii_lowercase();
    RUN.contains(&media_type.as_str()) || ending.is_some_and(|ending| RUN_ENDINGS.contains(&ending))
}

fn mailcap_paths() -> Vec<PathBuf> {
    if let Some(paths) = std::env::var_os("MAILCAPS").filter(|paths| !paths.is_empty()) {
        return std::env::split_paths(&paths).collect();
    }
    let own = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".mailcap"));
    own.into_iter().chain(SYSTEM_MAILCAPS.iter().map(PathBuf::from)).collect()
}

/// A test of a mailcap entry; it hears and says nothing.
fn succeeds(test: &str) -> bool {
    let mut command = Command::new("sh");
    command.arg("-c").arg(test).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn wait(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("ended with {status}")),
        Err(error) => Err(error.to_string()),
    }
}

/// What a command writes, page by page where somebody reads it.
fn paged(command: &mut Command) -> Result<(), String> {
    if !std::io::stdout().is_terminal() {
        return wait(command);
    }
    let mut writer = command.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let shown = page(&mut writer);
    // A pager that was left early ends the writer, too.
    let ended = writer.wait().map_err(|error| error.to_string())?;
    shown?;
    if ended.success() || ended.code().is_none() { Ok(()) } else { Err(format!("ended with {ended}")) }
}

fn page(writer: &mut Child) -> Result<(), String> {
    let named = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let pager = named.unwrap_or_else(|| "less".to_owned());
    let mut command = Command::new("sh");
    // What is shown comes from strangers: the pager opens nothing else.
    command.arg("-c").arg(&pager).env("LESSSECURE", "1");
    if let Some(output) = writer.stdout.take() {
        command.stdin(output);
    }
    wait(&mut command).map_err(|problem| format!("{pager}: {problem}"))
}

/// Starts a program that goes on by itself, away from this terminal. One that ends with an error at once has shown nothing.
fn start(command: &mut Command) -> Result<(), String> {
    command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let (telling, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        // Who started it may have gone on.
        let _ = telling.send(child.wait());
    });
    match told.recv_timeout(MOMENTS) {
        Ok(Ok(status)) if !status.success() => Err(format!("ended with {status}")),
        _ => Ok(()),
    }
}

/// The desktop's program that opens whatever has one.
const DESKTOP: &str = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };

/// Opens an address of the web with the first of `$BROWSER` that is there, else with the desktop's. No shell reads it. Browsers
/// that need the terminal are passed over where it is `busy`.
pub fn browse(address: &str, busy: bool) -> Result<(), String> {
    let browsers = std::env::var("BROWSER").unwrap_or_default();
    for browser in browsers.split(':') {
        let Some((program, words)) = browser_command(browser, address) else { continue };
        let mut command = Command::new(&program);
        command.args(words);
        let name = Path::new(&program).file_name().map(|name| name.to_string_lossy().into_owned());
        let opened = match name.is_some_and(|name| TEXT_BROWSERS.contains(&name.as_str())) {
            true if busy => continue,
            true => wait(&mut command),
            false => start(command.stdin(Stdio::null())),
        };
        if opened.is_ok() {
            return Ok(());
        }
    }
    start(Command::new(DESKTOP).arg(address).stdin(Stdio::null()))
        .map_err(|_| format!("no browser was found ($BROWSER names one) for {address}"))
}

/// A program and its words; `%s` stands for the address, which comes last where nothing does.
fn browser_command(browser: &str, address: &str) -> Option<(String, Vec<String>)> {
    let mut words = browser.split_whitespace();
    let program = words.next()?.to_owned();
    let mut words: Vec<String> = words.map(|word| word.replace("%s", address)).collect();
    if !browser.contains("%s") {
        words.push(address.to_owned());
    }
    Some((program, words))
}

/// Octets into a command; what it writes stays on the terminal until Enter.
pub fn pipe(command: &str, octets: &[u8]) -> Result<(), String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_795_341_600_000);

    fn viewer(folder: &Path, mailcap: &str) -> Viewer {
        let viewer = Viewer::new(folder.join("opened"), NOW);
        let mut read = Mailcap::default();
        read.take(mailcap);
        let _ = viewer.mailcap.set(read);
        viewer
    }

    fn held(name: &str, media_type: &str, octets: &[u8]) -> Held {
        Held {
            name: Some(name.to_owned()),
            media_type: media_type.to_owned(),
            octets: octets.to_vec(),
            ..Held::default()
        }
    }

    #[test]
    fn a_part_is_shown_by_its_program_and_its_file_goes_away() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let line = format!("x/y; cp %s {} && stat -c %a %s >> {}; needsterminal\n", out.display(), out.display());
        let viewer = viewer(dir.path(), &line);
        viewer.open(&held("a b';touch x;.txt", "x/y", b"menu\n"), Deed::View).unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "menu\n600\n");
        assert_eq!(std::fs::read_dir(dir.path().join("opened")).unwrap().count(), 0);
        assert!(
            viewer
                .open(&held("a", "x/z", b""), Deed::Print)
                .unwrap_err()
                .to_string()
                .contains("no mailcap file has a `print`")
        );
    }

    #[test]
    fn what_nothing_opens_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut viewer = viewer(dir.path(), "x/y; exit 3\nx/w; exec cat\n");
        let opened = |viewer: &Viewer, media_type: &str| viewer.open(&held("a.pdf", media_type, b"1"), Deed::View);
        for opener in ["false", "/nonexistent/opener"] {
            viewer.opener = opener;
            assert_eq!(opened(&viewer, "x/z"), Err(Unopened::NoProgram("x/z".to_owned())), "{opener}");
        }
        assert_eq!(std::fs::read_dir(dir.path().join("opened")).unwrap().count(), 0, "its file is gone");
        viewer.opener = "true";
        assert_eq!(opened(&viewer, "x/z"), Ok(()));
        assert!(matches!(opened(&viewer, "x/y"), Err(Unopened::Problem(words)) if words.contains("exit status: 3")));
        assert!(viewer.has_entry(&held("a", "x/w", b"")) && !viewer.has_entry(&held("a", "x/z", b"")));
    }

    #[test]
    fn a_folder_with_signs_of_the_shell_in_its_path_does_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let viewer = viewer(
            &dir.path().join("it's $(mine)"),
            &format!("x/y; cat > {}; print=cat '%s' > {}\n", out.display(), out.display()),
        );
        viewer.open(&held("a", "x/y", b"one"), Deed::Print).unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "one");
    }

    #[test]
    fn what_would_run_is_not_opened_but_on_the_terminal() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let entry = format!("text/html; cp %s {}; needsterminal\napplication/*; true\n", out.display());
        let viewer = viewer(dir.path(), &entry);
        for (name, media_type) in
            [("a.sh", "application/octet-stream"), ("a", "application/x-sh"), ("A.DESKTOP", "application/pdf")]
        {
            let told = viewer.open(&held(name, media_type, b""), Deed::View).unwrap_err().to_string();
            assert!(told.contains("may run"), "{name}");
        }
        viewer.open(&held("a.html", "text/html", b"<p>"), Deed::View).unwrap();
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "<p>");
    }

    #[test]
    fn files_that_were_left_behind_go() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("opened");
        let (old, new) =
            (format!("{}-1-1", NOW.unix_seconds() - LEFT_S - 1), format!("{}-1-1", NOW.unix_seconds() - LEFT_S));
        for name in [&old, &new] {
            agent::disk::make_folder(&folder.join(name)).unwrap();
        }
        let viewer = Viewer::new(folder.clone(), NOW);
        let placed = viewer.place("letter.txt", b"1").unwrap();
        assert!(placed.path.is_file() && !folder.join(&old).exists());
        drop(viewer);
        assert!(!placed.path.exists() && folder.join(&new).exists());
    }

    #[test]
    fn a_browser_gets_the_address_as_it_is() {
        let words = |browser: &str| browser_command(browser, "https://x.fr/?a=1&b='$(id)'");
        let address = || "https://x.fr/?a=1&b='$(id)'".to_owned();
        assert_eq!(words("firefox"), Some(("firefox".to_owned(), vec![address()])));
        assert_eq!(words("w3m -T %s -x"), Some(("w3m".to_owned(), vec!["-T".to_owned(), address(), "-x".to_owned()])));
        assert_eq!(words(" "), None);
    }
}
