//! Commands about letters: beginning, keeping, looking over and sending them, and taking them back.

use super::choice::{Choice, What};
use super::composer::Composer;
use super::{Focus, Model, Posted};
use crate::command::{Command, Verb};
use crate::event::{Answer, Beginning, Deed, Doing, Effect, Question, Remember, Screen, Target, Ties};
use crate::key::Key;
use agent::letter::{Attachment, Letter, Whom};
use agent::mirror::{MessageId, OutgoingId, Role};
use agent::moment::moment;
use message::Time;

/// How long after a change a draft is kept: typing is not felt to be held up, and little is lost with the power.
const KEEP_AFTER_MS: u64 = 4000;
/// Words that tell that something was to be attached.
const ATTACHED: [&str; 5] = ["attached", "attachment", "enclosed", "angehängt", "ci-joint"];

impl Model {
    pub(super) fn obey_letters(&mut self, command: &Command, sure: bool) -> bool {
        let text = command.argument.as_str();
        if self.obey_composer(command, sure) {
            return true;
        }
        let one = self.chosen_row().map(|row| row.id);
        let begin = |one: Option<MessageId>, how: fn(MessageId) -> Beginning| one.map(how);
        let how = match command.verb {
            Verb::Compose => {
                self.to_write_to = text.to_owned();
                Some(Beginning::Blank)
            }
            Verb::Reply => begin(one, |id| Beginning::Reply(id, Whom::Author)),
            Verb::ReplyAll => begin(one, |id| Beginning::Reply(id, Whom::All)),
            Verb::ReplyList => begin(one, |id| Beginning::Reply(id, Whom::List)),
            Verb::Forward => begin(one, Beginning::Forward),
            Verb::ForwardAttached => Some(Beginning::ForwardAttached(self.chosen())),
            Verb::Template => Some(Beginning::Template(text.to_owned())),
            Verb::TakeBack => match self.posted {
                Some(Posted { account, id, .. }) => {
                    self.take_back_letter(account, id);
                    return true;
                }
                None => {
                    self.ask(Question::Outbox);
                    return true;
                }
            },
            Verb::Outbox => {
                self.ask(Question::Outbox);
                return true;
            }
            Verb::AddressBook => {
                self.ask(Question::People(String::new()));
                return true;
            }
            Verb::Recall => {
                self.go_to_drafts();
                return true;
            }
            _ => return false,
        };
        match how {
            Some(Beginning::ForwardAttached(messages)) if messages.is_empty() => self.tell("There is no message here"),
            Some(how) => self.begin(how),
            None => self.tell("There is no message here"),
        }
        true
    }

    pub(super) fn begin(&mut self, how: Beginning) {
        let is_interrupted = self.is_interrupted_by_letter();
        if is_interrupted || how != Beginning::Blank {
            self.to_write_to.clear();
        }
        if !is_interrupted {
            self.ask(Question::Begin(how));
        }
    }

    /// Whether somebody writes a letter here; then it is shown, and has to be done with first.
    pub(super) fn is_interrupted_by_letter(&mut self) -> bool {
        if self.composer.is_some() {
            self.focus = Focus::Composer;
            self.complain("There is a letter here already: send, postpone or discard it first");
        }
        self.composer.is_some()
    }

    /// Takes back the letter that was sent last: in its own account, whichever is on the screen.
    fn take_back_letter(&mut self, account: usize, id: OutgoingId) {
        if self.is_interrupted_by_letter() {
            return;
        }
        if account != self.current {
            self.show_account(account);
            let name = self.account().map(|account| account.name.clone()).unwrap_or_default();
            self.tell(format!("The letter was sent from the account {name}"));
        }
        self.begin(Beginning::TakenBack(id));
    }

    fn go_to_drafts(&mut self) {
        match self.folder_of(Role::Drafts).map(|folder| folder.id) {
            Some(id) => {
                self.go_to_folder(id);
                self.tell("Enter goes on with a draft");
            }
            None => self.tell("There are no drafts"),
        }
    }

    /// A letter came, to be written.
    pub(super) fn take_letter(&mut self, mut letter: Letter, ties: Ties) {
        let to = std::mem::take(&mut self.to_write_to);
        if !to.is_empty() {
            letter.keep_typed([&to, "", ""]);
        }
        self.posted = None;
        self.before_composer = if self.focus == Focus::Reader { Focus::Reader } else { Focus::List };
        self.composer = Some(Composer::new(letter, ties));
        self.focus = Focus::Composer;
        self.ask_seal();
    }

    fn obey_composer(&mut self, command: &Command, sure: bool) -> bool {
        let now = self.now;
        let Some(composer) = &mut self.composer else { return false };
        match command.verb {
            Verb::Send => self.send(sure),
            Verb::SendAt => match moment(&command.argument, now, &self.options.zone) {
                Some(at) => {
                    composer.send_at = Some(at);
                    let words = crate::text::long_time(at, &self.options.zone);
                    self.tell(format!("It goes out {words}, once it is sent"));
                }
                None => self.complain(format!("{:?} is no time to come; try `tomorrow 8:00`", command.argument)),
            },
            Verb::Postpone => {
                composer.closes = true;
                self.keep_draft();
            }
            Verb::Sign | Verb::Encrypt => self.turn_seal(command.verb),
            Verb::Discard if composer.ties.draft.is_some() && !sure => {
                self.ask_sure(command.clone(), "Throw this letter away? Its draft goes to the trash.");
            }
            Verb::Discard if composer.is_touched && !sure => {
                self.ask_sure(command.clone(), "Throw this letter away?");
            }
            Verb::Discard => self.discard(),
            Verb::Attach => self.ask(Question::File(home_less(&command.argument))),
            Verb::Detach => self.detach(&command.argument),
            Verb::Editor => {
                let (text, is_kept) = (composer.text(), composer.changed_at.is_none());
                if !is_kept {
                    // Whatever happens while the editor has the screen.
                    self.keep_draft();
                }
                self.screen(Screen::Edit(text));
            }
            Verb::ShowBcc => self.turn_bcc(),
            Verb::Back if self.focus == Focus::Review => self.focus = Focus::Composer,
            Verb::AddressBook => self.ask(Question::People(String::new())),
            _ => return false,
        }
        true
    }

    /// Shows the field for hidden recipients, or hides it; whom it names is never hidden.
    fn turn_bcc(&mut self) {
        let Some(composer) = &mut self.composer else { return };
        let names_somebody = composer.fields.get(2).is_some_and(|field| !field.text.trim().is_empty());
        if names_somebody && composer.shows_bcc {
            self.tell("Bcc stays, for it names somebody");
        } else {
            composer.shows_bcc = !composer.shows_bcc;
            composer.at = if composer.shows_bcc { 2 } else { 0 };
        }
    }

    fn detach(&mut self, text: &str) {
        let Some(composer) = &mut self.composer else { return };
        let files = &mut composer.letter.attachments;
        match text.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|place| *place < files.len()) {
            Some(place) => {
                files.remove(place);
                composer.touch(self.now);
            }
            None => self.complain("There is no attachment of this number"),
        }
    }

    fn discard(&mut self) {
        let ties = self.composer.as_ref().map(|composer| composer.ties.clone()).unwrap_or_default();
        self.close_composer();
        self.tell("The letter is thrown away");
        if let Some((draft, from)) = ties.draft {
            let (messages, to) = (vec![draft], Target::Role(Role::Trash));
            let doing = Doing::Move { messages, from: Some(from), to, also: None };
            self.deed(doing, "The letter is thrown away, its draft in the trash".to_owned());
        }
    }

    fn close_composer(&mut self) {
        self.composer = None;
        self.focus = self.before_composer;
        if self.reader.is_none() {
            self.focus = Focus::List;
        }
    }

    /// First it is looked over; then it goes.
    fn send(&mut self, sure: bool) {
        let aliases = self.options.aliases.clone();
        let Some(composer) = &mut self.composer else { return };
        let letter = match composer.finished(&aliases) {
            Ok(letter) => letter,
            Err(faults) => {
                // The lines below the first show the place, where there is room.
                let words = faults.first().map(ToString::to_string).unwrap_or_default();
                let words = crate::draw::safe(words.lines().next().unwrap_or_default()).into_owned();
                self.focus = Focus::Composer;
                return self.complain(words);
            }
        };
        if self.focus != Focus::Review && !sure {
            self.focus = Focus::Review;
            composer.review_top = 0;
            let wish = composer.ties.wish;
            self.ask(Question::Seal(Box::new(letter.clone()), wish));
            let words = ATTACHED.iter().any(|word| letter.text.to_lowercase().contains(word));
            let forgotten = words && letter.attachments.is_empty() && letter.forwarded.is_empty();
            match (forgotten, letter.subject.is_empty()) {
                (true, _) => self.complain("It speaks of an attachment, and has none"),
                (_, true) => self.complain("It has no subject"),
                _ => {}
            }
            return;
        }
        let wait = Time(self.now.0.saturating_add(self.options.undo_send_s.saturating_mul(1000)));
        let at = composer.send_at.unwrap_or(wait).max(wait);
        let ties = composer.ties.clone();
        let deed = Deed { what: Doing::Post(Box::new(letter), ties, at), words: String::new(), remember: Remember::No };
        self.effects.push(Effect::Do(self.current, deed));
    }

    /// A letter waits to be sent.
    pub(super) fn posted(&mut self, id: OutgoingId, at: Time) {
        self.close_composer();
        let key = self.keys.keys_of(self.context(), Verb::TakeBack).unwrap_or_default();
        let seconds = at.0.saturating_sub(self.now.0) / 1000;
        let when = if seconds <= crate::settings::UNDO_SEND_MAX_S {
            format!("in {seconds} seconds")
        } else {
            crate::text::long_time(at, &self.options.zone)
        };
        let words = format!("It goes out {when}; {key} takes it back");
        self.tell(&words);
        self.posted = Some(Posted { account: self.current, id, at, words });
        if let Some(account) = self.account().map(|account| account.name.clone()) {
            self.order(agent::worker::Order::Tell { account });
        }
        self.changed(self.current);
    }

    /// The time of the letter has come, and what was told of it holds no longer.
    pub(super) fn tell_when_due(&mut self) {
        let Some(posted) = &mut self.posted else { return };
        if self.now < posted.at || posted.words != self.status.text {
            return;
        }
        posted.words.clear();
        let key = self.keys.keys_of(self.context(), Verb::TakeBack).unwrap_or_default();
        let when = if self.offline { "when you are on the network again" } else { "as soon as the server takes it" };
        self.tell(format!("It goes out {when}; {key} takes it back"));
    }

    /// Keeps the letter as a draft, as it stands.
    pub(super) fn keep_draft(&mut self) {
        let Some(composer) = &mut self.composer else { return };
        composer.changed_at = None;
        let (letter, ties) = (composer.draft(), composer.ties.clone());
        let deed = Deed { what: Doing::Keep(Box::new(letter), ties), words: String::new(), remember: Remember::No };
        self.effects.push(Effect::Do(self.current, deed));
    }

    /// The program ends, and nobody can be asked: what was changed since it was kept last is kept.
    pub(super) fn end(&mut self) {
        if self.composer.as_ref().is_some_and(|composer| composer.changed_at.is_some()) {
            self.keep_draft();
        }
        self.screen(Screen::Quit);
    }

    /// Time passes: what was typed is kept.
    pub(super) fn keep_when_due(&mut self) {
        let changed = self.composer.as_ref().and_then(|composer| composer.changed_at);
        if changed.is_some_and(|at| self.now.0.saturating_sub(at.0) >= KEEP_AFTER_MS) {
            self.keep_draft();
        }
    }

    /// What hands tell of letters; whether it was about letters.
    pub(super) fn take_of_letters(&mut self, answer: Answer) {
        match answer {
            Answer::Begun(letter, ties) => self.take_letter(*letter, ties),
            Answer::People(people) => self.take_people(people),
            Answer::Paths(paths) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.offer(paths);
                }
            }
            Answer::File(file) => self.take_file(*file),
            Answer::Seal(choice, problem) => self.take_seal(choice, problem),
            Answer::Kept(draft, folder) => {
                let mut closes = false;
                if let Some(composer) = &mut self.composer {
                    composer.ties.draft = Some((draft, folder));
                    closes = composer.closes;
                }
                if closes {
                    self.close_composer();
                    self.tell("Kept as a draft");
                }
                self.changed(self.current);
            }
            Answer::Posted(id, at) => self.posted(id, at),
            Answer::Outbox(letters) => {
                let zone = self.options.zone.clone();
                let choice = Choice::of_letters(letters, |time| crate::text::long_time(time, &zone));
                self.choose_from(choice);
            }
            _ => {}
        }
    }

    fn take_people(&mut self, people: Vec<String>) {
        match &mut self.composer {
            Some(composer) if self.focus == Focus::Composer && composer.is_in_addresses() => {
                if let Some(field) = composer.field() {
                    let typed = field.address_word();
                    if typed.is_empty() {
                        return self.choose_from(Choice::of_people(people));
                    }
                    field.offer(people);
                    composer.touch(self.now);
                }
            }
            _ => self.choose_from(Choice::of_people(people)),
        }
    }

    fn take_file(&mut self, file: Attachment) {
        let Some(composer) = &mut self.composer else { return };
        let name = crate::draw::safe(file.name.as_deref().unwrap_or_default()).into_owned();
        let words = format!("Attached {name} ({})", crate::text::size(file.octets.len() as u64));
        composer.letter.attachments.push(file);
        composer.touch(self.now);
        self.tell(words);
    }

    pub(super) fn choose_from(&mut self, choice: Choice) {
        if self.focus != Focus::Choice {
            self.before_choice = self.focus;
        }
        self.choice = Some(choice);
        self.focus = Focus::Choice;
    }

    /// What was chosen from a short list.
    pub(super) fn choose(&mut self) {
        let Some(what) = self.choice.as_ref().and_then(Choice::chosen).cloned() else { return };
        match what {
            What::Letter(id) => {
                self.leave_choice();
                self.begin(Beginning::TakenBack(id));
            }
            What::Person(person) => {
                self.leave_choice();
                self.write_to(&person);
            }
            What::Part(message, part) => self.show_part(message, &part),
            What::Link(number) => {
                self.leave_choice();
                self.open_link(&number.to_string());
            }
        }
    }

    fn write_to(&mut self, person: &str) {
        let now = self.now;
        match &mut self.composer {
            Some(composer) if self.focus == Focus::Composer => {
                if !composer.is_in_addresses() {
                    composer.at = 0;
                }
                if let Some(field) = composer.field() {
                    let is_begun = !field.text.trim().is_empty() && !field.text.trim_end().ends_with(',');
                    field.cursor = field.text.len();
                    field.insert(if is_begun { ", " } else { "" });
                    field.insert(person);
                }
                composer.touch(now);
            }
            _ => {
                person.clone_into(&mut self.to_write_to);
                self.begin(Beginning::Blank);
            }
        }
    }

    pub(super) fn leave_choice(&mut self) {
        self.choice = None;
        self.focus = self.before_choice;
    }

    /// A key in the letter that is written.
    pub(super) fn key_in_composer(&mut self, key: Key) {
        let now = self.now;
        let Some(composer) = &mut self.composer else { return };
        if composer.key(key, now) {
            let typed = composer.field().map(super::prompt::Prompt::address_word).unwrap_or_default();
            self.ask(Question::People(typed));
        }
    }

    /// The text that came back from the user's own editor.
    pub(super) fn edited(&mut self, text: Result<String, String>) {
        let now = self.now;
        match (text, &mut self.composer) {
            (Ok(text), Some(composer)) => composer.set_text(&text, now),
            (Err(problem), _) => self.complain(crate::draw::safe(&problem).into_owned()),
            (Ok(_), None) => {}
        }
    }
}

/// A path as it was typed: files dropped on a terminal come in quotes.
fn home_less(path: &str) -> String {
    path.trim().trim_matches(['\'', '"']).to_owned()
}
