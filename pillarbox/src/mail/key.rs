//! `pillarbox mail key`: keys and certificates for signed and encrypted letters. Owns what may be typed and how they are
//! shown; where they lie is `agent::key_folder`'s.

mod shown;

use super::desk::{self, Desk};
use super::{network, read, which};
use crate::password;
use crate::screen::{Form, Screen};
use crate::trouble::Trouble;
use crate::units;
use crate::view::done;
use agent::key_folder::{self, Holding, KeyFile, KeyFolder, Place, SHORT_ID, read_key_file};
use agent::secret;
use agent::trouble::Kind;
use clap::{Args, Subcommand, ValueEnum};
use message::Address;
use office::admin::FailureKind;
use seal::{Certificate, Identity};
use std::path::{Path, PathBuf};

/// `pillarbox mail key ...`
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Bring in a key of your own, or certificates of others
    ///
    /// A key comes as a .p12 or .pfx file, or as PEM with its certificate, in one file or several. It is kept in a file that
    /// only you may read, without a password.
    Import(Import),
    /// List keys and certificates
    List {
        /// Only these
        #[arg(long, value_enum)]
        place: Option<Which>,
    },
    /// Show all of a certificate
    Show {
        /// The beginning of its fingerprint, as in the list, or an address
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Remove a key or certificate; letters encrypted to a key that is gone cannot be read any more
    Remove {
        /// The beginning of its fingerprint, as in the list, or an address
        #[arg(value_name = "ID")]
        id: String,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
    /// Trust an authority, or one person's certificate, or no longer
    ///
    /// Compare the fingerprint with what its owner tells you, by another way than mail.
    Trust(Trust),
    /// Write a certificate as PEM, for others to write to you
    Export(Export),
}

/// `pillarbox mail key import`
#[derive(Args, Debug)]
pub struct Import {
    /// The files: .p12, .pfx, .pem, .crt
    #[arg(value_name = "FILE", required_unless_present = "from")]
    files: Vec<PathBuf>,
    /// The certificate that this signed letter brings, though nobody you trust vouches for it
    #[arg(long, value_name = "ID", conflicts_with = "files")]
    from: Option<String>,
    #[command(flatten)]
    password: Password,
}

/// Where the password of a key file comes from.
#[derive(Args, Debug)]
#[group(multiple = false)]
struct Password {
    /// Read the file's password from stdin, one line
    #[arg(long)]
    password_stdin: bool,
    /// Read it from this file, its first line
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Have this command give it
    #[arg(long, value_name = "COMMAND")]
    password_command: Option<String>,
}

/// `pillarbox mail key trust`
#[derive(Args, Debug)]
pub struct Trust {
    /// A file with certificates, or the beginning of a fingerprint as in the list, or an address
    #[arg(value_name = "FILE|ID", required_unless_present = "system")]
    what: Option<String>,
    /// Trust it no longer
    #[arg(long, requires = "what")]
    end: bool,
    /// Trust the authorities that this machine's system trusts, or not
    #[arg(long, value_enum, conflicts_with = "what")]
    system: Option<Switch>,
}

/// `pillarbox mail key export`
#[derive(Args, Debug)]
pub struct Export {
    /// The beginning of its fingerprint, as in the list, or an address
    #[arg(value_name = "ID")]
    id: String,
    /// Into this new file, which only you may read; stdout if missing
    #[arg(long, value_name = "FILE", required_if_eq("with_key", "true"))]
    to: Option<PathBuf>,
    /// The private key, too, without a password
    #[arg(long)]
    with_key: bool,
}

/// Where certificates lie.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Which {
    /// Those with a private key
    Own,
    /// Those of people you write to
    Known,
    /// Those you trust
    Trusted,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// They are trusted
    On,
    /// They are not
    Off,
}

impl Which {
    fn place(self) -> Place {
        match self {
            Which::Own => Place::Own,
            Which::Known => Place::Known,
            Which::Trusted => Place::Trusted,
        }
    }
}

/// Does one of them. Only for a certificate out of a letter an account is opened.
pub fn run(command: Key, (account, offline): (Option<&str>, bool), screen: &mut Screen) -> Result<(), Trouble> {
    let folder = KeyFolder::of(&desk::folders()?);
    if let Key::Import(Import { from: Some(id), .. }) = &command {
        let desk = Desk::open(account, screen.look().now)?.offline(offline);
        return from_letter(id, &desk, screen);
    }
    perform(command, &folder, screen)
}

/// Does one of them in a folder.
pub fn perform(command: Key, folder: &KeyFolder, screen: &mut Screen) -> Result<(), Trouble> {
    match command {
        Key::Import(import) => import.run(folder, screen),
        Key::List { place } => shown::list(folder, place.map(Which::place), screen),
        Key::Show { id } => {
            let found = named(folder, &id, screen)?;
            shown::one(folder, &found, screen)
        }
        Key::Remove { id, yes } => remove(folder, &id, yes, screen),
        Key::Trust(trust) => trust.run(folder, screen),
        Key::Export(export) => export.run(folder, screen),
    }
}

impl Import {
    fn run(&self, folder: &KeyFolder, screen: &mut Screen) -> Result<(), Trouble> {
        let octets = self.files.iter().map(|path| key_folder::octets(path)).collect::<Result<Vec<_>, _>>()?;
        let given = self.password.given(screen)?;
        // A key and its certificate may come in two files: PEM blocks are one text wherever they stand.
        let texts = if octets.iter().all(|octets| is_pem(octets)) { vec![octets.join(&b'\n')] } else { octets };
        let mut said = Vec::new();
        for (index, octets) in texts.iter().enumerate() {
            let name = if texts.len() == self.files.len() { self.files.get(index) } else { None };
            let name = name.or(self.files.first()).map(|path| path.display().to_string()).unwrap_or_default();
            match self.read(octets, given.as_deref(), &name, screen)? {
                KeyFile::Identity(identity) => said.extend(keep_own(folder, &identity, screen)?),
                KeyFile::Certificates(certificates) => {
                    for certificate in &certificates {
                        folder.keep(Place::Known, certificate)?;
                        said.push(format!("{} is known now", shown::in_short(certificate)));
                    }
                }
            }
        }
        let first = if said.is_empty() { String::new() } else { said.remove(0) };
        screen.show(&done(&first, said))
    }

    fn read(&self, octets: &[u8], given: Option<&str>, name: &str, screen: &Screen) -> Result<KeyFile, Trouble> {
        let wrong = |error| unreadable(name, &error);
        match read_key_file(octets, given) {
            Err(seal::Error::PasswordNeeded) if screen.has_person() => {
                let typed = password::existing(name, false, screen)?;
                read_key_file(octets, Some(&typed)).map_err(wrong)
            }
            Err(error @ seal::Error::PasswordNeeded) => {
                let advice = "give it with --password-stdin, --password-file or --password-command";
                Err(Trouble::new(FailureKind::Usage, format!("{name}: {error}: {advice}")))
            }
            read => read.map_err(wrong),
        }
    }
}

impl Password {
    fn given(&self, screen: &Screen) -> Result<Option<String>, Trouble> {
        if self.password_stdin {
            return password::existing("the key file", true, screen).map(Some);
        }
        if let Some(path) = &self.password_file {
            let octets =
                agent::disk::read(path, secret::SECRET_MAX).map_err(|error| Trouble::of_path("read", path, &error))?;
            return text(secret::Secret::first_line(octets), &path.display().to_string()).map(Some);
        }
        let Some(command) = &self.password_command else { return Ok(None) };
        let failed = |error: secret::command::CommandError| agent::trouble::Trouble::new(Kind::Unavailable, error);
        let line = network::wait(async { secret::command::first_line(command).await.map_err(failed) })?;
        text(line, "the command").map(Some)
    }
}

fn text(line: Option<secret::Secret>, from: &str) -> Result<String, Trouble> {
    let read = line.and_then(|line| String::from_utf8(line.octets().to_vec()).ok());
    read.ok_or_else(|| Trouble::new(FailureKind::Data, format!("{from} gives no password: one line of UTF-8")))
}

fn is_pem(octets: &[u8]) -> bool {
    octets.windows(11).any(|window| window == b"-----BEGIN ")
}

/// Keeps a key; what is said of it.
fn keep_own(folder: &KeyFolder, identity: &Identity, screen: &Screen) -> Result<Vec<String>, Trouble> {
    folder.keep_own(identity)?;
    let now = screen.look().now;
    let certificate = &identity.certificate;
    let mut said = vec![format!("{} can sign and be encrypted to from now on", shown::in_short(certificate))];
    if let Err(error) = seal::fit(certificate, now) {
        said.push(format!("beware: {error}"));
    }
    if certificate.addresses().is_empty() {
        said.push("beware: the certificate names no address, so no letter can be signed with it".to_owned());
    }
    let trust = folder.load().keys.roots.trust(certificate, &identity.chain, now);
    if !trust.is_good() {
        said.push(format!("you yourself do not trust it: {}", shown::trust_in_words(&trust, certificate)));
    }
    Ok(said)
}

/// Takes the certificate out of a signed letter.
fn from_letter(id: &str, desk: &Desk, screen: &mut Screen) -> Result<(), Trouble> {
    let row = which::message(desk, id)?;
    read::bring(&[row.id], desk, screen)?;
    let certificate = desk.keys.brought_by(&read::content(desk, row.id)?, desk.now)?;
    desk.keys.keep(Place::Known, &certificate)?;
    let mut notes = Vec::new();
    if !desk.keys.load().keys.roots.trust(&certificate, &[], desk.now).is_good() {
        notes.push(format!("compare its SHA-256 with what its owner tells you: {}", certificate.fingerprint()));
    }
    screen.show(&done(&format!("{} is known now", shown::in_short(&certificate)), notes))
}

/// The certificates that are meant: those whose fingerprint begins so, or those of an address. All of one certificate,
/// wherever it lies, or of an address those that hold longest.
fn named(folder: &KeyFolder, word: &str, screen: &mut Screen) -> Result<Vec<Holding>, Trouble> {
    let (holdings, problems) = folder.holdings();
    problems.iter().for_each(|problem| screen.note(problem));
    let digits: String = word.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    let address = Address::parse(word).ok();
    let is_meant = |holding: &Holding| match &address {
        Some(address) => holding.certificate.names(address),
        None => !digits.is_empty() && holding.id.starts_with(&digits),
    };
    let found: Vec<Holding> = holdings.into_iter().filter(is_meant).collect();
    let first = found.first().map(|holding| holding.id.clone()).ok_or_else(|| {
        let what = format!("there is no certificate {word}: `pillarbox mail key list` shows what there is");
        Trouble::new(FailureKind::NoUser, what)
    })?;
    if found.iter().any(|holding| holding.id != first) {
        let mut ids: Vec<&str> = found.iter().map(|one| one.id.get(..SHORT_ID).unwrap_or(&one.id)).collect();
        ids.dedup();
        let what = format!("{word} may be any of {}: say which", ids.join(", "));
        return Err(Trouble::new(FailureKind::Usage, what));
    }
    Ok(found)
}

fn remove(folder: &KeyFolder, id: &str, yes: bool, screen: &mut Screen) -> Result<(), Trouble> {
    let found = named(folder, id, screen)?;
    let own = found.iter().find(|holding| holding.place == Place::Own);
    if let Some(own) = own.filter(|_| !yes) {
        if !screen.has_person() {
            let what = "this is a private key: letters encrypted to it cannot be read without it; --yes removes it";
            return Err(Trouble::new(FailureKind::Usage, what));
        }
        let question = format!(
            "Remove the key of {}? What was encrypted to it cannot be read then.",
            shown::in_short(&own.certificate)
        );
        screen.confirm(&question)?;
    }
    for holding in &found {
        folder.remove(holding.place, &holding.id)?;
    }
    let who = found.first().map(|holding| shown::in_short(&holding.certificate)).unwrap_or_default();
    screen.show(&done(&format!("{who} is removed"), Vec::new()))
}

impl Trust {
    fn run(&self, folder: &KeyFolder, screen: &mut Screen) -> Result<(), Trouble> {
        if let Some(switch) = self.system {
            folder.trust_system(switch == Switch::On)?;
            let word = if switch == Switch::On { "trusted" } else { "not trusted" };
            return screen.show(&done(&format!("the authorities of this machine are {word}"), Vec::new()));
        }
        let what = self.what.as_deref().unwrap_or_default();
        let path = Path::new(what);
        let certificates: Vec<Certificate> = if agent::disk::is_there(path) {
            certificates_in(path)?
        } else {
            named(folder, what, screen)?.into_iter().take(1).map(|holding| holding.certificate).collect()
        };
        let mut said = Vec::new();
        for certificate in &certificates {
            let who = shown::in_short(certificate);
            if self.end {
                let was = folder.remove(Place::Trusted, &key_folder::id_of(certificate))?;
                said.push(format!("{who} {}", if was { "is trusted no longer" } else { "was not trusted" }));
            } else {
                folder.keep(Place::Trusted, certificate)?;
                said.push(format!("{who} is trusted; its SHA-256 is {}", certificate.fingerprint()));
            }
        }
        let first = if said.is_empty() { String::new() } else { said.remove(0) };
        screen.show(&done(&first, said))
    }
}

fn certificates_in(path: &Path) -> Result<Vec<Certificate>, Trouble> {
    match read_key_file(&key_folder::octets(path)?, None) {
        Ok(KeyFile::Certificates(certificates)) => Ok(certificates),
        Ok(KeyFile::Identity(_)) | Err(seal::Error::PasswordNeeded) => {
            let what = format!("{} holds a private key: trust wants a certificate alone", path.display());
            Err(Trouble::new(FailureKind::Data, what))
        }
        Err(error) => Err(unreadable(&path.display().to_string(), &error)),
    }
}

fn unreadable(name: &str, error: &seal::Error) -> Trouble {
    let words = match error {
        seal::Error::Malformed => "neither a key file nor a certificate (PKCS#12, PEM and DER are read)".to_owned(),
        other => other.to_string(),
    };
    Trouble::new(FailureKind::Data, format!("{name}: {words}"))
}

impl Export {
    fn run(&self, folder: &KeyFolder, screen: &mut Screen) -> Result<(), Trouble> {
        let found = named(folder, &self.id, screen)?;
        let Some(holding) = found.first() else { return Ok(()) };
        let wrong = |error: seal::Error| Trouble::new(FailureKind::Software, error.to_string());
        let identities = folder.load().keys.identities;
        let identity = identities.iter().find(|identity| identity.certificate == holding.certificate);
        let text = match (self.with_key, identity) {
            (true, Some(identity)) => identity.to_pem().map_err(wrong)?.to_string(),
            (true, None) => {
                let what = format!("there is no private key of {}", shown::in_short(&holding.certificate));
                return Err(Trouble::new(FailureKind::NoUser, what));
            }
            (false, _) => {
                let all = [&holding.certificate].into_iter().chain(&holding.chain);
                all.map(Certificate::to_pem).collect::<Result<String, _>>().map_err(wrong)?
            }
        };
        let Some(path) = &self.to else {
            return if screen.form() == Form::Json {
                screen.line(&serde_json::json!({ "pem": text }))
            } else {
                screen.text(&text)
            };
        };
        agent::disk::write_new(path, text.as_bytes()).map_err(|error| Trouble::of_path("write", path, &error))?;
        let notes = self.with_key.then(|| "who reads this file can sign as you and read what is for you".to_owned());
        let said = format!("written to {}", units::harmless(&path.display().to_string()));
        screen.show(&done(&said, notes.into_iter().collect()))
    }
}

#[cfg(test)]
#[path = "key/tests.rs"]
mod tests;
