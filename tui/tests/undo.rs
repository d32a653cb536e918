//! Taking back what was done, and what cannot be; going about.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod world;

use agent::mirror::Role;
use tui::event::Event;
use tui::program::Program;

fn press(program: &mut Program, keys: &str) {
    tui::key::sequence(keys).unwrap().into_iter().for_each(|key| drop(program.feed(Event::Key(key))));
}

/// Says a line; what is told at the bottom then.
fn say(program: &mut Program, line: &str) -> String {
    press(program, ":");
    press(program, &line.replace('<', "<lt>"));
    press(program, "<enter>");
    program.model.status.text.clone()
}

#[test]
fn what_was_for_good_is_named_once() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    let exists = |name: &str| world.mirror().folder_named(name).unwrap().is_some();
    say(&mut program, "make-folder A/B");
    press(&mut program, "L<end>Dy");
    assert!(!exists("Recipes/Hamburgers"));
    let told = say(&mut program, "undo");
    assert_eq!(told, "Folder Recipes/Hamburgers deleted for good: that cannot be taken back");
    assert!(exists("A/B"));
    assert_eq!(say(&mut program, "undo"), "Taken back: Folder A/B made");
    assert!(!exists("A/B"));
    assert_eq!(say(&mut program, "undo"), "There is nothing to take back");
}

#[test]
fn what_cannot_be_taken_back_any_more_is_named() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    say(&mut program, "star");
    say(&mut program, "move Recipes");
    say(&mut program, "folder Recipes");
    press(&mut program, "LDy");
    say(&mut program, "undo");
    let told = say(&mut program, "undo");
    assert_eq!(told, "1 message moved to Recipes: not taken back, there is no such folder");
    assert!(say(&mut program, "undo").starts_with("Taken back: 1 message "), "what was before it can be");
}

#[test]
fn a_folder_is_not_taken_away_with_the_mail_in_it() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    say(&mut program, "make-folder Mail");
    let (inbox, made) = (Role::Inbox, world.mirror().folder_named("Mail").unwrap().unwrap().id);
    let inbox = world.mirror().folder_of_role(inbox).unwrap().unwrap().id;
    let messages = world.mirror().messages_in(inbox).unwrap();
    world.mirror().act(agent::mirror::Action::Move { messages, from: inbox, to: made }).unwrap();
    program.feed(Event::Changed(0));
    assert_eq!(say(&mut program, "undo"), "Mail is not taken away again: it holds 6 messages");
    assert_eq!(world.mirror().messages_in(made).unwrap().len(), 6);
}

#[test]
fn another_message_is_read_by_its_number() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "<enter>");
    say(&mut program, "goto 4");
    let subject = program.model.reader.as_ref().and_then(|reader| reader.row()).map(|row| row.subject.clone());
    assert_eq!((program.model.list.cursor, subject.as_deref()), (3, Some("Lunch")));
}

#[test]
fn an_account_one_is_in_is_not_the_only_one() {
    let world = world::of("two");
    let mut program = world.program("pine", (80, 24));
    assert_eq!(say(&mut program, "account alice"), "This is the account alice already");
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    assert_eq!(say(&mut program, "account alice"), "This is the only account");
}
