//! Completions, manual pages and the Markdown reference, all made from the one tree of commands.
#![allow(clippy::disallowed_methods, reason = "manual pages are written where the user says")]

use crate::command::Arguments;
use crate::screen::Screen;
use crate::trouble::Trouble;
use crate::view::View;
use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_complete::Shell;
use office::admin::FailureKind;
use serde_json::json;
use std::io;
use std::path::Path;

const NAME: &str = "pillarbox";

/// The completions for a shell.
#[must_use]
pub fn completions(shell: Shell) -> String {
    let mut octets = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut octets);
    String::from_utf8_lossy(&octets).into_owned()
}

/// `pillarbox manual`
pub fn manual(folder: Option<&Path>, markdown: bool, screen: &mut Screen) -> Result<(), Trouble> {
    if markdown {
        return screen.text(&reference());
    }
    let Some(folder) = folder else {
        let page = page().map_err(|error| Trouble::new(FailureKind::Software, error.to_string()))?;
        return screen.text(&page);
    };
    let pages = pages(folder).map_err(|error| Trouble::of_path("write manual pages to", folder, &error))?;
    let names = pages.join("\n") + "\n";
    screen.show(&View::text(names, json!({ "folder": folder, "pages": pages })))
}

/// pillarbox.1
fn page() -> io::Result<String> {
    let mut octets = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut octets)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// Writes pillarbox.1 and a page for each command; their names in order.
fn pages(folder: &Path) -> io::Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command().disable_help_subcommand(true), folder)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with(NAME) && name.ends_with(".1") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Every command with what it takes, as docs/cli.md shows it.
#[must_use]
pub fn reference() -> String {
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    let mut text = "# Command line\n\nMade by `pillarbox manual --markdown`; a test compares it.\n".to_owned();
    text.push_str(&format!("\n{}\n\n## Everywhere\n\n", about(&root)));
    text.push_str(&options(&root, true));
    if let Some(more) = root.get_after_long_help() {
        text.push_str(&format!("\n{more}\n"));
    }
    root.get_subcommands().filter(|command| !command.is_hide_set()).for_each(|command| section(command, &mut text));
    text
}

fn section(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or(NAME);
    text.push_str(&format!("\n## {name}\n\n{}\n", about(command)));
    let leaves: Vec<&Command> = command.get_subcommands().filter(|command| command.get_name() != "help").collect();
    if leaves.is_empty() {
        text.push_str(&usage(command));
        return;
    }
    let own = options(command, true);
    if !own.is_empty() {
        text.push_str(&format!("\nWith each of them:\n\n{own}"));
    }
    leaves.into_iter().for_each(|leaf| command_of_a_group(leaf, text));
}

/// A command below another; of a group within a group, each of its commands.
fn command_of_a_group(command: &Command, text: &mut String) {
    let below: Vec<&Command> = command.get_subcommands().filter(|command| command.get_name() != "help").collect();
    if !below.is_empty() {
        return below.into_iter().for_each(|command| command_of_a_group(command, text));
    }
    let name = command.get_bin_name().unwrap_or(NAME);
    text.push_str(&format!("\n### {name}\n\n{}\n{}", about(command), usage(command)));
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or(command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let line = usage.trim_start_matches("Usage: ").trim();
    let options = options(command, false);
    let gap = if options.is_empty() { "" } else { "\n" };
    format!("\n```\n{line}\n```\n{gap}{options}")
}

/// The arguments as a list; global ones stand in their own place.
fn options(command: &Command, global: bool) -> String {
    let wanted = |argument: &&Arg| {
        let own = !matches!(argument.get_id().as_str(), "help" | "version");
        own && !argument.is_hide_set() && argument.is_global_set() == global
    };
    command.get_arguments().filter(wanted).map(option).collect()
}

fn option(argument: &Arg) -> String {
    let values: Vec<String> = argument.get_value_names().unwrap_or_default().iter().map(ToString::to_string).collect();
    let takes = !matches!(argument.get_action(), ArgAction::SetTrue | ArgAction::Count);
    let value = if takes { values.join(" ") } else { String::new() };
    let flags = [argument.get_short().map(|c| format!("-{c}")), argument.get_long().map(|long| format!("--{long}"))];
    let flags = flags.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let name = format!("{flags} {value}");
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let choices: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|_| takes)
        .map(|choice| match choice.get_help() {
            Some(help) => format!("`{}`: {help}", choice.get_name()),
            None => format!("`{}`", choice.get_name()),
        })
        .collect();
    let choices = if choices.is_empty() { String::new() } else { format!(" ({})", choices.join(", ")) };
    format!("- `{}`: {}{choices}\n", name.trim(), help.replace("\n\n", ". "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_has_completions() {
        for shell in Shell::value_variants() {
            let text = completions(*shell);
            assert!(text.contains("set-password") && text.contains("pop-delete"), "{shell}");
        }
    }

    #[test]
    fn every_command_has_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let pages = pages(&folder.path().join("man")).unwrap();
        for name in ["pillarbox.1", "pillarbox-serve.1", "pillarbox-account-add.1", "pillarbox-queue-list.1"] {
            assert!(pages.iter().any(|page| page == name), "{name} is not among {pages:?}");
        }
        let text = std::fs::read_to_string(folder.path().join("man/pillarbox-account-add.1")).unwrap();
        assert!(text.contains(".TH") && text.contains("password"), "{text}");
        assert!(page().unwrap().contains("sysexits"));
    }

    #[test]
    fn the_reference_in_docs_is_the_one_made_here() {
        let made = reference();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
        let kept = std::fs::read_to_string(file).unwrap();
        assert!(made == kept, "docs/cli.md is old: `pillarbox manual --markdown > docs/cli.md`");
    }

    #[test]
    fn the_reference_names_every_command() {
        let text = reference();
        for part in ["### pillarbox account set-password", "`--pop-delete ", "## pillarbox doctor", "sysexits.h"] {
            assert!(text.contains(part), "{part} is not in it:\n{text}");
        }
        assert!(!text.contains("--markdown: "), "hidden");
    }
}
