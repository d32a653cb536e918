//! Commands from the typed line to what is printed and the code they end with, on houses in folders that go away.
#![allow(clippy::disallowed_methods, reason = "tests write the configuration they try")]

use super::*;
use crate::screen::Form;
use crate::screen::paper::screen;
use clap::{CommandFactory, Parser};

/// Carries out a line against a configuration: code, stdout, stderr.
fn typed(form: Form, file: &Path, line: &[&str]) -> (u8, String, String) {
    let file = file.display().to_string();
    let words = ["pillarbox", "-c", &file].into_iter().chain(line.iter().copied());
    let (mut screen, out, err) = screen(form, false);
    let code = match run(Arguments::try_parse_from(words).unwrap(), &mut screen) {
        Ok(()) => 0,
        Err(trouble) => {
            screen.fail(&trouble);
            trouble.exit_code()
        }
    };
    (code, out.text(), err.text())
}

fn parses(line: &str) -> bool {
    Arguments::try_parse_from(["pillarbox"].into_iter().chain(line.split(' '))).is_ok()
}

/// A house in a folder: its configuration file.
fn house(folder: &Path) -> std::path::PathBuf {
    let file = folder.join("pillarbox.toml");
    std::fs::write(&file, "hostname = \"mx.hamburger.edu\"\ndata_dir = \"data\"\n").unwrap();
    file
}

#[test]
fn the_tree_of_commands_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn every_promised_line_is_understood() {
    for line in [
        "serve -c pillarbox.toml",
        "lab",
        "lab classic --port-base 20000",
        "lab classic --port-base random --keep lab",
        "config check",
        "mail -A bob export --to maildir backup",
        "config show --defaults",
        "domain add crepes.fr",
        "domain remove crepes.fr --yes",
        "domain list --json",
        "account add bob@crepes.fr --password-stdin --quota 10GiB",
        "account set-password bob@crepes.fr",
        "account set bob@crepes.fr --quota none --pop-delete archive --no-apop",
        "account set bob@crepes.fr --apop-secret-stdin",
        "account remove bob@crepes.fr",
        "account list crepes.fr",
        "account show bob@crepes.fr",
        "alias add sales@crepes.fr bob@crepes.fr alice@crepes.fr",
        "alias add *@crepes.fr bob@crepes.fr",
        "alias add old@crepes.fr --moved new@crepes.fr",
        "alias remove sales@crepes.fr",
        "alias list",
        "trace 06G2V0J9QTXXA",
        "trace bob@crepes.fr --limit 5",
        "queue list",
        "doctor",
        "backup copy",
        "verify",
        "restore copy",
        "completions fish",
        "manual",
        "manual man",
        "version -q",
    ] {
        assert!(parses(line), "{line}");
    }
}

#[test]
fn lines_that_make_no_sense_are_refused() {
    for line in [
        "account add bob",
        "account add bob@crepes.fr hungry",
        "account add bob@crepes.fr --password hungry",
        "account set bob@crepes.fr",
        "account set bob@crepes.fr --quota 10",
        "account set bob@crepes.fr --pop-delete burn",
        "account set bob@crepes.fr --apop-secret-stdin --no-apop",
        "alias add sales@crepes.fr",
        "alias add a@crepes.fr b@crepes.fr --moved c@crepes.fr",
        "domain add",
        "trace bob@crepes.fr --limit 0",
        "lab --port-base 65000",
        "completions tcsh",
        "version -q -v",
        "servve",
    ] {
        assert!(!parses(line), "{line}");
    }
}

#[test]
fn help_says_what_there_is() {
    let help = Arguments::command().render_long_help().to_string();
    for word in ["serve", "lab", "restore", "completions", "sysexits.h", "$PILLARBOX_CONFIG", "--json"] {
        assert!(help.contains(word), "{word} is not in\n{help}");
    }
    let tree = Arguments::command();
    let undocumented: Vec<&str> = tree
        .get_subcommands()
        .flat_map(|command| command.get_subcommands().chain([command]))
        .filter(|command| command.get_about().is_none())
        .map(clap::Command::get_name)
        .collect();
    assert!(undocumented.is_empty(), "{undocumented:?}");
}

#[test]
fn a_domain_is_added_and_listed_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = house(folder.path());
    let (code, out, err) = typed(Form::Plain, &file, &["domain", "add", "crepes.fr"]);
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", "mail for crepes.fr is kept here now\n"));
    let (code, out, err) = typed(Form::Human, &file, &["domain", "list"]);
    let human = "DOMAIN     ACCOUNTS  FROM\ncrepes.fr         0  domain add\n";
    assert_eq!((code, out.as_str(), err.as_str()), (0, human, ""));
    let (code, out, _) = typed(Form::Json, &file, &["domain", "list"]);
    assert_eq!((code, out.lines().count()), (0, 1));
}

#[test]
fn without_a_store_there_is_nothing_to_list() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = typed(Form::Json, &house(folder.path()), &["account", "list"]);
    assert_eq!((code, out.as_str()), (69, ""));
    assert!(err.starts_with(r#"{"error":{"code":69,"kind":"unavailable","#), "{err}");
}

#[test]
fn a_password_is_not_asked_for_where_nobody_sits() {
    let folder = tempfile::tempdir().unwrap();
    let file = house(folder.path());
    let (code, _, err) = typed(Form::Plain, &file, &["account", "add", "bob@crepes.fr"]);
    assert_eq!(code, 64);
    assert!(err.contains("--password-stdin"), "{err}");
}

#[test]
fn a_wrong_configuration_comes_before_everything_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pillarbox.toml");
    std::fs::write(&file, "hostname = \"mx.hamburger.edu\"\ndomian = []\n").unwrap();
    for line in [&["account", "add", "bob@crepes.fr"][..], &["config", "check"], &["doctor"], &["restore", "copy"]] {
        let (code, out, err) = typed(Form::Plain, &file, line);
        assert_eq!((code, out.as_str()), (78, ""), "{line:?}");
        assert!(err.contains("pillarbox.toml:2") && err.contains("domian"), "{line:?}: {err}");
    }
    let (code, out, err) = typed(Form::Json, &file, &["config", "check"]);
    assert!(code == 78 && out.starts_with(r#"{"ok":false,"#) && err.is_empty(), "{out}{err}");
}

#[test]
fn a_store_is_not_restored_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = house(folder.path());
    typed(Form::Plain, &file, &["domain", "add", "crepes.fr"]);
    let other = tempfile::tempdir().unwrap();
    typed(Form::Plain, &house(other.path()), &["domain", "add", "hamburger.edu"]);
    let backup = other.path().join("data").display().to_string();
    let (code, _, err) = typed(Form::Plain, &file, &["restore", &backup]);
    assert_eq!(code, 73);
    assert!(err.contains("is not empty"), "{err}");
    let (_, out, _) = typed(Form::Plain, &file, &["domain", "list"]);
    assert!(out.starts_with("crepes.fr\t"), "{out}");
}

#[test]
fn what_is_no_backup_is_not_restored_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = house(folder.path());
    let nowhere = folder.path().join("nowhere").display().to_string();
    let (code, _, err) = typed(Form::Plain, &file, &["restore", &nowhere]);
    assert_eq!(code, 65);
    assert!(err.contains("is no backup"), "{err}");
    let damaged = folder.path().join("damaged");
    std::fs::create_dir_all(damaged.join("shard-000/seg")).unwrap();
    std::fs::write(damaged.join("shard-000/mail.db"), "this is no database, and long enough to be read as one")
        .unwrap();
    let (code, _, err) = typed(Form::Plain, &file, &["restore", &damaged.display().to_string()]);
    assert!(code != 0 && err.contains("not restored into"), "{code} {err}");
    let left = std::fs::read_dir(folder.path().join("data")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "the next try finds an empty folder");
}

#[test]
fn a_restored_store_is_the_one_that_was_copied() {
    let folder = tempfile::tempdir().unwrap();
    let file = house(folder.path());
    typed(Form::Plain, &file, &["domain", "add", "crepes.fr"]);
    let copy = folder.path().join("copy");
    std::fs::rename(folder.path().join("data"), &copy).unwrap();
    let (code, out, err) = typed(Form::Plain, &file, &["restore", &copy.display().to_string()]);
    assert_eq!(code, 0, "{err}");
    assert!(out.ends_with("all as it was written\n"), "{out}");
    let (_, out, _) = typed(Form::Plain, &file, &["domain", "list"]);
    assert!(out.starts_with("crepes.fr\t"), "{out}");
}

#[test]
fn the_configuration_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = house(folder.path());
    let (code, out, _) = typed(Form::Plain, &file, &["config", "show"]);
    assert!(code == 0 && out.contains("hostname = \"mx.hamburger.edu\"") && !out.contains("greeting"), "{out}");
    let (_, out, _) = typed(Form::Plain, &file, &["config", "show", "--defaults"]);
    assert!(out.contains("greeting"), "{out}");
    let (_, out, _) = typed(Form::Json, &file, &["config", "show"]);
    assert!(out.starts_with('{') && out.lines().count() == 1, "{out}");
}

#[test]
fn the_version_is_that_of_the_package() {
    let (_, out, _) = typed(Form::Plain, Path::new("unused"), &["version"]);
    assert_eq!(out, concat!("pillarbox ", env!("CARGO_PKG_VERSION"), "\n"));
}
