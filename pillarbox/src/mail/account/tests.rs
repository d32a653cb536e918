//! Commands on accounts, from what is typed to what is kept; servers are played in `agent`.
#![allow(clippy::disallowed_methods, reason = "tests look at what was written")]

use super::*;
use crate::command::{Arguments, Command};
use crate::mail::MailCommand;
use crate::screen::Form;
use crate::screen::paper::screen;
use agent::account::{Incoming, Outgoing, Security};
use agent::dialing::MadeUp;
use agent::newcomer::host_and_port;
use clap::Parser;
use std::path::Path;

fn house(folder: &Path) -> House {
    let folders = Folders::under(folder);
    House {
        settings: Settings::load(&folders).unwrap(),
        secrets: Secrets::new(&folders, Keyring::None),
        internet: Internet::made_up(Clock::system(), MadeUp::default()),
        folders,
    }
}

/// Types a line after `pillarbox mail account`; what was shown, and what was said.
async fn typed(folder: &Path, line: &str) -> Result<(String, String), Trouble> {
    let words = ["pillarbox", "mail", "account"].into_iter().chain(line.split(' '));
    let arguments = Arguments::try_parse_from(words).unwrap();
    let Command::Mail(mail) = arguments.command else { panic!("it is about mail") };
    let MailCommand::Accounts(command) = mail.command else { panic!("it is about accounts") };
    let (mut screen, out, err) = screen(Form::Plain, false);
    house(folder).perform(command, &mut screen).await?;
    Ok((out.text(), err.text()))
}

async fn refused(folder: &Path, line: &str) -> String {
    typed(folder, line).await.unwrap_err().message().unwrap_or_default()
}

#[tokio::test]
async fn an_account_with_named_servers_is_set_up_listed_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = "add bob@crepes.fr --name home --imap mail.crepes.fr --smtp mail.crepes.fr:2465 --user bob --no-check \
                --password-command echo";
    // The command gives nothing.
    assert!(refused(here, line).await.contains("no secret"));
    let line = line.replace("--password-command echo", "--password-command printf\u{a0}hungry");
    let line = line.replace('\u{a0}', "\t");
    let (shown, _) = typed(here, &line).await.unwrap();
    assert!(shown.contains("reads\timap mail.crepes.fr:993 tls\n"), "{shown}");
    let settings = Settings::load(&Folders::under(here)).unwrap();
    let account = settings.default_account().unwrap();
    assert_eq!(account.secret, Some(SecretSource::Command("printf\thungry".to_owned())));
    let Some(Outgoing::Smtp(smtp)) = &account.outgoing else { panic!("it sends") };
    assert_eq!((smtp.port, smtp.user.as_deref(), smtp.security), (2465, Some("bob"), Security::Tls));
    assert!(refused(here, &line).await.contains("there is an account named home already"));
    let mail = here.join("mail");
    agent::disk::make_folder(&mail).unwrap();
    typed(here, &format!("add eve@crepes.fr --maildir {}", mail.display())).await.unwrap();
    let (list, _) = typed(here, "list").await.unwrap();
    let maildir = format!("eve@crepes.fr\teve@crepes.fr\tmaildir {}\tnowhere\t\n", mail.display());
    assert_eq!(
        list,
        format!("home\tbob@crepes.fr\timap mail.crepes.fr:993 tls\tsmtp mail.crepes.fr:2465 tls\tyes\n{maildir}")
    );
    typed(here, "default eve@crepes.fr").await.unwrap();
    let (shown, _) = typed(here, "show").await.unwrap();
    assert!(shown.starts_with("name\teve@crepes.fr\n"), "{shown}");
    let mirror = Folders::under(here).mirror("home");
    agent::disk::write(&mirror, b"mail").unwrap();
    let (_, said) = typed(here, "remove home").await.unwrap();
    assert!(said.contains("home is gone from here") && !mirror.exists(), "{said}");
    assert_eq!(Settings::load(&Folders::under(here)).unwrap().accounts.len(), 1);
    assert!(refused(here, "show home").await.contains("there is no account home"));
}

#[tokio::test]
async fn what_is_kept_of_a_login_is_forgotten_with_the_account() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let text = "[[account]]\nname = \"a\"\naddress = \"a@b.fr\"\nincoming = { kind = \"imap\", host = \"b.fr\" }\n\
                secret = { kind = \"file\" }\n";
    let folders = Folders::under(here);
    agent::disk::write(&folders.accounts(), text.as_bytes()).unwrap();
    let kept = folders.secrets().join("a");
    agent::disk::write(&kept, b"hungry\n").unwrap();
    let (table, _) = match typed(here, "test").await {
        Err(Trouble::Told(code)) => (code.to_string(), ()),
        other => panic!("{other:?}"),
    };
    assert_eq!(table, "69", "there is no such host here");
    assert!(refused(here, "trust").await.contains("cannot connect to b.fr port 993"));
    typed(here, "remove a").await.unwrap();
    assert!(!kept.exists());
}

#[tokio::test]
async fn what_cannot_be_set_up_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (line, told) in [
        ("add bob@crepes.fr --maildir /there/is/none", "there is no /there/is/none"),
        ("add bob@crepes.fr --maildir / --name ../x", "cannot be the name of an account"),
        ("add bob@crepes.fr --imap a:b:c --password-command true", "is no HOST or HOST:PORT"),
        ("add bob@crepes.fr --imap h.fr --provider p", "has no [[provider]] named p"),
        ("add bob@crepes.fr --imap h.fr", "--password-stdin"),
        ("trust", "no account yet"),
        ("login", "no account yet"),
        ("default bob", "there is no account bob"),
    ] {
        let said = refused(here, line).await;
        assert!(said.contains(told), "{line}: {said}");
    }
    assert!(!Folders::under(here).accounts().exists());
    let mail = here.join("mail");
    agent::disk::make_folder(&mail).unwrap();
    typed(here, &format!("add bob@crepes.fr --maildir {}", mail.display())).await.unwrap();
    assert!(refused(here, "trust").await.contains("uses no server with a certificate"));
    let (works, _) = typed(here, "test").await.unwrap();
    assert_eq!(works, "bob@crepes.fr\treading\tworks\n");
}

#[test]
fn only_one_place_to_read_is_named() {
    let parse = |line: &str| {
        let words = ["pillarbox", "mail", "account", "add", "a@b.fr"];
        Arguments::try_parse_from(words.into_iter().chain(line.split(' '))).is_ok()
    };
    assert!(parse("--imap h.fr --smtp h.fr") && !parse("--imap h.fr --pop3 h.fr"));
    assert!(!parse("--password-stdin --password-command x") && !parse("--device"));
}

#[test]
fn hosts_and_ports_are_told_apart() {
    let read = |text: &str| host_and_port(text, 993).map(|(host, port)| format!("{host} {port}"));
    for (text, expected) in [
        ("h.fr", Some("h.fr 993")),
        ("h.fr:143", Some("h.fr 143")),
        ("127.0.0.1:1", Some("127.0.0.1 1")),
        ("::1", Some("::1 993")),
        ("[::1]", Some("::1 993")),
        ("[::1]:1", Some("::1 1")),
        ("h.fr:0", None),
        ("h.fr:", None),
        ("h.fr:x", None),
        ("[::1]x", None),
        ("a b", None),
        ("", None),
    ] {
        assert_eq!(read(text).as_deref(), expected, "{text}");
    }
}

#[test]
fn nothing_secret_is_shown() {
    let text = "[[provider]]\nname = \"p\"\nclient_id = \"us\"\nclient_secret = \"hush\"\n\
                [[account]]\nname = \"a\"\naddress = \"a@b.fr\"\nincoming = { kind = \"pop3\", host = \"b.fr\", keep = false }\n\
                outgoing = { kind = \"smtp\", host = \"b.fr\", trust = \"x.pem\" }\n\
                secret = { kind = \"oauth\", provider = \"p\", keep = \"keyring\" }\n";
    let settings = Settings::parse(text, "f").unwrap();
    let Incoming::Pop3 { keep: false, .. } = &settings.accounts[0].incoming else { panic!("it is POP3") };
    let look = crate::view::Look { now: message::Time(0), colour: false };
    let view = show::one(&settings.accounts[0], look);
    assert!(view.plain.contains("secret\ttokens of p, in a keyring\n"), "{}", view.plain);
    assert!(view.plain.contains("sends\tsmtp b.fr:465 tls, own certificate\n"), "{}", view.plain);
    assert!(!format!("{} {}", view.plain, view.json).contains("hush"));
    assert_eq!(view.json["incoming"]["kind"], "pop3");
    assert_eq!(view.json["incoming"]["keep"], false);
}
