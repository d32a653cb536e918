//! `pillarbox send`: a letter from the command line, from a script, from a template.

use super::desk::{self, Desk};
use super::files;
use super::post::{self, Ties, Way};
use super::seals::Sealing;
use crate::screen::Screen;
use crate::trouble::Trouble;
use agent::account::{Account, Settings};
use agent::key_folder::KeyFolder;
use agent::letter::{Attachment, Fault, Letter, Recipients, Template};
use clap::Args;
use message::Address;
use office::admin::FailureKind;
use std::path::PathBuf;

/// `pillarbox send`
#[derive(Args, Clone, Debug, Default)]
pub struct Send {
    /// To whom: bob@crepes.fr, "Bob <bob@crepes.fr>", several with commas
    #[arg(value_name = "TO")]
    pub to: Vec<String>,
    /// What it is about
    #[arg(short, long)]
    pub subject: Option<String>,
    /// Who shall know of it
    #[arg(long, value_name = "ADDRESS")]
    pub cc: Vec<String>,
    /// Who gets it unseen by the others
    #[arg(long, value_name = "ADDRESS")]
    pub bcc: Vec<String>,
    /// Who writes it; the address of the account if missing
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<String>,
    /// Where answers go
    #[arg(long, value_name = "ADDRESS")]
    pub reply_to: Option<String>,
    /// The text; stdin if missing, or your editor
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// A file that goes along
    #[arg(short, long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// A picture that the HTML shows as cid:NAME
    #[arg(long, value_name = "FILE", requires = "html")]
    pub inline: Vec<PathBuf>,
    /// The same in HTML, from a file; the text is made from it where there is none
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// A letter to begin with, in which {{NAME}} is filled in
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// What {{NAME}} in the template stands for
    #[arg(long, value_name = "NAME=VALUE", requires = "template")]
    pub set: Vec<String>,
    /// A field of the header, as "List-Id: x"
    #[arg(long, value_name = "FIELD")]
    pub header: Vec<String>,
    /// Which account: its name or address
    #[arg(short = 'A', long, value_name = "NAME")]
    pub account: Option<String>,
    /// Stay off the network: it goes the next time
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    pub way: Way,
}

/// Sends, or shows what would be sent.
pub fn run(send: &Send, screen: &mut Screen) -> Result<(), Trouble> {
    let folders = desk::folders()?;
    let settings = desk::settings_or_host(&folders)?;
    let account = sender(send, &settings);
    // What would go can be seen without an account, as long as somebody is named who sends it.
    let account = match account {
        Err(_) if send.way.dry_run && send.from.is_some() => None,
        found => Some(found?.clone()),
    };
    let letter = letter(send, account.as_ref(), screen)?;
    if send.way.dry_run {
        let habits = account.map(|account| account.sealing).unwrap_or_default();
        let sealing = Sealing { keys: KeyFolder::of(&folders), wish: send.way.seal.wish(false), habits };
        return post::show(&letter, &sealing, screen.look().now, screen);
    }
    let name = account.map(|account| account.name);
    let mut desk = Desk::open(name.as_deref(), screen.look().now)?.offline(send.offline);
    post::post(&letter, &send.way, Ties::default(), &mut desk, screen)
}

/// The account that was named, else that of the sender's address, else the default one.
fn sender<'a>(send: &Send, settings: &'a Settings) -> Result<&'a Account, Trouble> {
    let from = send.from.as_deref().map(Recipients::lenient);
    let address = from.and_then(|from| Address::parse(&from.people().next()?.email).ok());
    match (&send.account, address.and_then(|address| settings.of_address(&address))) {
        (None, Some(account)) => Ok(account),
        (name, _) => desk::account(settings, name.as_deref()),
    }
}

/// The letter that the words describe.
pub fn letter(send: &Send, account: Option<&Account>, screen: &Screen) -> Result<Letter, Trouble> {
    let mut letter = match &send.template {
        Some(path) => filled(&files::octets(path)?, &send.set)?,
        None => Letter::default(),
    };
    addresses(send, account, &mut letter)?;
    if let Some(subject) = &send.subject {
        letter.subject.clone_from(subject);
    }
    for text in &send.header {
        letter.extra.push(field(text)?);
    }
    for path in &send.attach {
        letter.attachments.push(files::attachment(path)?);
    }
    for path in &send.inline {
        let file = files::attachment(path)?;
        letter.attachments.push(Attachment { content_id: file.name.clone(), is_inline: true, ..file });
    }
    if letter.to.is_empty() && letter.cc.is_empty() && letter.bcc.is_empty() {
        // Before somebody writes a text in vain.
        let fault = Fault::of_field("To", "nobody is named who gets it");
        return Err(Trouble::new(FailureKind::Data, fault.to_string()));
    }
    if let Some(path) = &send.html {
        letter.html = Some(files::text(path)?);
    }
    letter.text = match (&send.message, &letter.html) {
        (Some(text), _) => text.clone(),
        (None, Some(html)) => agent::reading::html_text(html, TWIN_WIDTH),
        (None, None) if !letter.text.is_empty() => letter.text,
        (None, None) => match files::typed("", screen)? {
            files::Typed::Edited(text) | files::Typed::Piped(text) => text,
        },
    };
    if let Some(signature) =
        account.and_then(|account| account.signature.as_deref()).filter(|_| !letter.text.is_empty())
    {
        letter.text = signed(&letter.text, signature);
    }
    Ok(letter)
}

/// Who writes to whom: what was typed, else what the template says, else the account.
fn addresses(send: &Send, account: Option<&Account>, letter: &mut Letter) -> Result<(), Trouble> {
    match &send.from {
        Some(text) => letter.from = people("From", text)?,
        None if letter.from.is_empty() => {
            let own =
                account.map(|account| Recipients::one(account.display_name.as_deref(), &account.address.to_string()));
            letter.from = own.unwrap_or_default();
        }
        None => {}
    }
    let reply_to = send.reply_to.iter().cloned().collect();
    for (list, field, words) in [
        (&mut letter.reply_to, "Reply-To", &reply_to),
        (&mut letter.to, "To", &send.to),
        (&mut letter.cc, "Cc", &send.cc),
        (&mut letter.bcc, "Bcc", &send.bcc),
    ] {
        list.0.extend(people(field, &words.join(", "))?.0);
    }
    Ok(())
}

/// The letter of a template, its gaps filled.
fn filled(octets: &[u8], set: &[String]) -> Result<Letter, Trouble> {
    let pair = |word: &String| {
        let parted = word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        parted.ok_or_else(|| Trouble::new(FailureKind::Usage, format!("--set {word}: write NAME=VALUE")))
    };
    let values = set.iter().map(pair).collect::<Result<_, _>>()?;
    Template::read(octets).fill(&values).map_err(|faults| refused(&faults))
}

fn refused(faults: &[Fault]) -> Trouble {
    let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Trouble::new(FailureKind::Data, words.join("\n"))
}

/// Columns of the text that is made from HTML (RFC 5322 §2.1.1 recommends at most 78).
const TWIN_WIDTH: usize = 72;

/// With the signature below a line of two dashes and a space (RFC 3676 §4.3).
pub fn signed(text: &str, signature: &str) -> String {
    format!("{}\n\n-- \n{}\n", text.trim_end_matches('\n'), signature.trim_end_matches('\n'))
}

/// Addresses as typed; what is wrong is told with its place.
pub fn people(field: &str, text: &str) -> Result<Recipients, Trouble> {
    Recipients::read(field, text).map_err(|faults| refused(&faults))
}

fn field(text: &str) -> Result<(String, String), Trouble> {
    let sound = |name: &str| !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':');
    match text.split_once(':') {
        // RFC 5322 §2.2: a field's name is printable ASCII without the colon; what a value may not hold is encoded.
        Some((name, value)) if sound(name) && !value.contains(['\r', '\n']) => {
            Ok((name.to_owned(), value.trim().to_owned()))
        }
        _ => Err(Trouble::new(FailureKind::Usage, format!("{text:?} is no field: write \"Name: value\" on one line"))),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write what is attached")]
mod tests {
    use super::*;
    use crate::screen::Form;
    use crate::screen::paper::screen;
    use message::Time;

    fn send(to: &str) -> Send {
        let words = |text: &str| vec![text.to_owned()];
        Send {
            to: words(to),
            subject: Some("Crêpes".to_owned()),
            from: Some("Alice <alice@hamburger.edu>".to_owned()),
            message: Some("Do you like ketchup?\n".to_owned()),
            ..Send::default()
        }
    }

    fn shown(send: &Send) -> Result<String, Trouble> {
        let (mut screen, out, _) = screen(Form::Plain, false);
        let letter = letter(send, None, &screen)?;
        let keys = KeyFolder::of(&agent::house::Folders::under(std::path::Path::new("/nowhere")));
        let sealing = Sealing { keys, wish: send.way.seal.wish(false), habits: agent::account::SealHabits::default() };
        post::show(&letter, &sealing, Time(1_795_238_264_000), &mut screen)?;
        Ok(out.text())
    }

    #[test]
    fn what_would_go_is_shown_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.pdf");
        std::fs::write(&file, "%PDF").unwrap();
        let send = Send {
            bcc: vec!["carol@crepes.fr".to_owned()],
            attach: vec![file],
            header: vec!["X-Kind: test".to_owned()],
            ..send("Bob <bob@crepes.fr>, dora@crepes.fr")
        };
        let text = shown(&send).unwrap();
        for part in [
            "From: Alice <alice@hamburger.edu>\r\n",
            "To: Bob <bob@crepes.fr>, dora@crepes.fr\r\n",
            "Subject: =?utf-8?",
            "Date: Sat, 21 Nov 2026 05:17:44 +0000\r\n",
            "X-Kind: test\r\n",
            "Do you like ketchup?\r\n",
            "Content-Type: application/pdf",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
        assert!(!text.contains("carol"), "nobody sees who gets it unseen:\n{text}");
    }

    #[test]
    fn a_letter_that_cannot_go_is_refused_with_the_place() {
        for (to, place) in
            [("bob@crepes.fr, alice@-x", "To, address 2, column"), ("bob", "To, address 1"), ("", "nobody is named")]
        {
            let trouble = shown(&send(to)).unwrap_err();
            assert_eq!(trouble.exit_code(), 65, "{to}");
            assert!(trouble.message().unwrap().contains(place), "{to}: {:?}", trouble.message());
        }
        let nobody = Send { from: None, ..send("bob@crepes.fr") };
        assert_eq!(shown(&nobody).unwrap_err().exit_code(), 65, "nobody sends it");
        let odd = Send { header: vec!["no field".to_owned()], ..send("bob@crepes.fr") };
        assert_eq!(shown(&odd).unwrap_err().exit_code(), 64);
        let missing = Send { attach: vec!["/nowhere/a".into()], ..send("bob@crepes.fr") };
        assert_eq!(shown(&missing).unwrap_err().exit_code(), 65);
    }

    #[test]
    fn a_template_is_filled() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.txt");
        std::fs::write(&file, "To: {{who}}@crepes.fr\nSubject: For {{who}}\n\nDear {{who}}!\n").unwrap();
        let set = vec!["who=bob".to_owned()];
        let bare = Send { from: Some("alice@hamburger.edu".to_owned()), template: Some(file), ..Send::default() };
        let text = shown(&Send { set, ..bare.clone() }).unwrap();
        assert!(text.contains("To: bob@crepes.fr\r\n") && text.contains("Subject: For bob\r\n"), "{text}");
        assert!(text.ends_with("\r\n\r\nDear bob!\r\n"), "{text}");
        let told = shown(&bare).unwrap_err();
        assert!(told.exit_code() == 65 && told.message().unwrap().contains("who"), "{told:?}");
    }

    #[test]
    fn a_letter_is_queued_or_kept_as_a_draft() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = super::super::tests::desk(folder.path());
        let (mut screen, _, err) = screen(Form::Plain, false);
        let mut send = send("bob@crepes.fr");
        let letter = letter(&send, Some(&desk.account), &screen).unwrap();
        post::post(&letter, &send.way, Ties::default(), &mut desk, &mut screen).unwrap();
        send.way.draft = true;
        post::post(&letter, &send.way, Ties::default(), &mut desk, &mut screen).unwrap();
        assert_eq!(err.text(), "letter 1 is queued\nkept among the drafts as 6\n");
        let waiting = desk.mirror.outgoing().unwrap();
        assert_eq!(waiting[0].posting.envelope.recipients, ["bob@crepes.fr"]);
        assert_eq!(waiting[0].posting.envelope.reverse_path, "alice@hamburger.edu");
    }
}
