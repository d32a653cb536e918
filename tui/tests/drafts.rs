//! What time does: drafts are kept while somebody writes, mail put aside comes back.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod world;

use agent::mirror::{Role, View};
use message::Time;
use tui::event::Event;
use tui::program::{Outside, Program};

fn press(program: &mut Program, keys: &str) -> Vec<Outside> {
    tui::key::sequence(keys).unwrap().into_iter().flat_map(|key| program.feed(Event::Key(key))).collect()
}

fn say(program: &mut Program, line: &str) {
    program.model.say(line);
    let now = program.model.now;
    program.feed(Event::Tick(now));
}

fn subjects(world: &world::World, role: Role) -> Vec<String> {
    let Some(folder) = world.mirror().folder_of_role(role).unwrap() else { return Vec::new() };
    let view = View { folder: Some(folder.id), ..View::default() };
    world.mirror().rows(&view, world::NOW, 0, 10).unwrap().into_iter().map(|row| row.subject).collect()
}

#[test]
fn what_is_written_is_kept_some_seconds_later_and_once() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles");
    program.feed(Event::Tick(Time(world::NOW.0 + 3_999)));
    assert_eq!(subjects(&world, Role::Drafts), Vec::<String>::new());
    program.feed(Event::Tick(Time(world::NOW.0 + 4_000)));
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles"]);
    press(&mut program, " and more");
    program.feed(Event::Tick(Time(world::NOW.0 + 9_000)));
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles and more"]);
}

#[test]
fn leaving_keeps_the_letter() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "C<down><down>Pickles");
    say(&mut program, "quit");
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles"]);
}

#[test]
fn what_is_put_aside_comes_back_unread() {
    let world = world::of("lunch");
    let mut program = world.program("gmail", (80, 24));
    press(&mut program, "<end>b2h<enter>");
    assert_eq!(program.model.list.total, Some(5));
    program.feed(Event::Tick(Time(world::NOW.0 + 7_200_000)));
    assert_eq!(program.model.list.total, Some(6));
    let inbox = world.mirror().folder_of_role(Role::Inbox).unwrap().unwrap();
    assert_eq!(inbox.unread, 4);
}

#[test]
fn a_letter_waits_before_it_goes_and_is_taken_back_whole() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles<enter>Yes.<C-x>y");
    let waiting = world.mirror().outgoing().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].not_before, Time(world::NOW.0 + 10_000));
    assert_eq!(waiting[0].posting.envelope.recipients, ["bob@crepes.fr"]);
    press(&mut program, "<C-y>");
    assert!(world.mirror().outgoing().unwrap().is_empty());
    assert!(program.model.composer.as_ref().unwrap().text().starts_with("Yes."));
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles"]);
}

#[test]
fn a_letter_that_is_to_be_signed_does_not_go_unsigned() {
    for (world, keys) in [("keyless", ""), ("keyless", "<f5><f5>")] {
        let world = world::of(world);
        let mut program = world.program("pine", (80, 24));
        press(&mut program, &format!("Cbob@crepes.fr<down><down>Pickles{keys}<C-x>y"));
        assert!(world.mirror().outgoing().unwrap().is_empty(), "{keys}");
        press(&mut program, "e<f5><C-x>y");
        assert_eq!(world.mirror().outgoing().unwrap().len(), 1, "{keys}: it was said not to sign it");
    }
}

#[test]
fn a_letter_taken_back_is_one_draft() {
    for name in ["lunch", "sealed"] {
        let world = world::of(name);
        let mut program = world.program("pine", (80, 24));
        let sign = if name == "sealed" { "<f5>" } else { "" };
        press(&mut program, &format!("Cbob@crepes.fr<down><down>Pickles{sign}"));
        program.feed(Event::Tick(Time(world::NOW.0 + 4_000)));
        press(&mut program, "<C-x>y<C-y>");
        assert_eq!(subjects(&world, Role::Drafts), ["Pickles"], "{name}");
    }
}

#[test]
fn a_draft_is_thrown_away_after_a_question_and_comes_back() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles<C-o>");
    say(&mut program, "recall");
    press(&mut program, "<enter><C-c>");
    assert!(program.model.prompt.is_some() && program.model.composer.is_some(), "it is asked");
    press(&mut program, "y");
    assert_eq!((subjects(&world, Role::Drafts), subjects(&world, Role::Trash)), (vec![], vec!["Pickles".to_owned()]));
    say(&mut program, "undo");
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles"]);
}

#[test]
fn a_letter_is_taken_back_in_its_own_account() {
    let world = world::of("two");
    let mut program = world.program("pine", (80, 24));
    say(&mut program, "account work");
    press(&mut program, "Cdora@crepes.fr<down><down>Ketchup<C-x>y");
    say(&mut program, "account alice");
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles<C-x>y");
    say(&mut program, "account work");
    press(&mut program, "<C-y>");
    assert_eq!(program.model.current, 0);
    assert_eq!(program.model.composer.as_ref().unwrap().letter.subject, "Pickles");
    // It stays where it is written.
    say(&mut program, "account work");
    assert_eq!((program.model.current, program.model.focus), (0, tui::model::Focus::Composer));
}

#[test]
fn addresses_come_back_as_they_were_typed() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    let typed = "bob@hamburger.edu, carol@, just bob, \"Doe, John\" john@x.test";
    press(&mut program, &format!("C{typed}<C-o>"));
    say(&mut program, "recall");
    press(&mut program, "<enter>");
    assert_eq!(program.model.composer.as_ref().unwrap().fields[0].text, typed);
    let draft = program.model.composer.as_ref().unwrap().draft();
    assert_eq!(draft.to.to_string(), "bob@hamburger.edu");
    // Once it is a list, nothing but the list goes out.
    let long = "<up><up><end><C-u>Bob <lt>bob@hamburger.edu<gt>,carol@crepes.fr<down><down>Pickles<C-x>y";
    press(&mut program, long);
    let waiting = world.mirror().outgoing().unwrap().remove(0);
    let content = String::from_utf8(world.mirror().content(waiting.message).unwrap().unwrap()).unwrap();
    assert!(content.contains("To: Bob <bob@hamburger.edu>, carol@crepes.fr\r\n"), "{content}");
    assert!(!content.contains("X-Pillarbox"), "{content}");
}

#[test]
fn a_letter_is_kept_before_an_editor_has_the_screen() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles");
    say(&mut program, "editor");
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles"]);
}

#[test]
fn hidden_recipients_stay_in_sight() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "C<f2>dora@crepes.fr<f2>");
    assert!(program.model.composer.as_ref().unwrap().shows_bcc);
    press(&mut program, "<C-u><f2>");
    assert!(!program.model.composer.as_ref().unwrap().shows_bcc);
}

#[test]
fn what_a_draft_answers_or_sends_on_is_marked_all_the_same() {
    for (keys, is_answer) in [("<end>R", true), ("<end>F", false)] {
        let world = world::of("lunch");
        let mut program = world.program("pine", (80, 24));
        press(&mut program, &format!("{keys}!"));
        let ties = program.model.composer.as_ref().unwrap().ties.clone();
        press(&mut program, "<C-o>");
        say(&mut program, "recall");
        press(&mut program, "<enter>");
        let composer = program.model.composer.as_mut().unwrap();
        assert_eq!((composer.ties.answers, &composer.ties.forwards), (ties.answers, &ties.forwards));
        assert_eq!((ties.answers.is_some(), ties.forwards.len()), (is_answer, usize::from(!is_answer)));
        composer.at = 0;
        press(&mut program, "<end><C-u>bob@crepes.fr<C-x>y");
        let waiting = world.mirror().outgoing().unwrap().remove(0);
        assert_eq!((waiting.posting.answers, waiting.posting.forwards), (ties.answers, ties.forwards));
        let content = String::from_utf8(world.mirror().content(waiting.message).unwrap().unwrap()).unwrap();
        assert!(!content.contains("X-Pillarbox"), "{content}");
    }
}

#[test]
fn a_letter_that_is_due_is_told_of_as_it_is() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles<C-x>y");
    program.feed(Event::Tick(Time(world::NOW.0 + 9_999)));
    assert_eq!(program.model.status.text, "It goes out in 10 seconds; ^Y takes it back");
    program.feed(Event::Tick(Time(world::NOW.0 + 10_000)));
    assert_eq!(program.model.status.text, "It goes out as soon as the server takes it; ^Y takes it back");
}

#[test]
fn a_program_that_is_ended_keeps_what_is_written_once() {
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "Cbob@crepes.fr<down><down>Pickles");
    let outside = program.feed(Event::End);
    assert_eq!(outside, [Outside::Screen(tui::event::Screen::Quit)]);
    program.feed(Event::End);
    assert_eq!(subjects(&world, Role::Drafts), ["Pickles"]);
    let world = world::of("lunch");
    let mut program = world.program("pine", (80, 24));
    press(&mut program, "C");
    program.feed(Event::End);
    assert_eq!(subjects(&world, Role::Drafts), Vec::<String>::new(), "nothing was written");
}
