//! The mirror beside a server in memory that is cut off in the middle, forgets what changed, and has another client.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use crate::mirror::{Action, FolderId, View};
use message::flags::flag_bits;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const NOW: Time = Time(1_800_000_000_000);

#[derive(Clone, Debug, Default)]
struct Held {
    folders: BTreeSet<String>,
    flags: Flags,
    content: Vec<u8>,
}

#[derive(Default)]
struct World {
    folders: BTreeMap<String, String>,
    messages: BTreeMap<String, Held>,
    /// What changed, in order; a state is a place in it.
    changes: Vec<String>,
    forgotten: usize,
    next: u64,
    /// Nothing may be put anywhere.
    is_closed: bool,
}

impl World {
    fn touch(&mut self, id: &str) {
        self.changes.push(id.to_owned());
    }

    fn put(&mut self, folder: &str, content: &[u8], flags: &Flags) -> String {
        self.next += 1;
        let id = format!("m{:05}", self.next);
        let held = Held { folders: [folder.to_owned()].into(), flags: flags.clone(), content: content.to_vec() };
        self.messages.insert(id.clone(), held);
        self.touch(&id);
        id
    }

    fn change(&mut self, id: &str, change: impl FnOnce(&mut Held)) -> bool {
        let Some(held) = self.messages.get_mut(id) else { return false };
        change(held);
        if held.folders.is_empty() {
            self.messages.remove(id);
        }
        self.touch(id);
        true
    }
}

/// A connection to it, which breaks after so many questions: before or after the last was carried out.
struct Line {
    world: Arc<Mutex<World>>,
    left: u32,
    carried_out: bool,
}

impl Line {
    fn ask<T>(&mut self, ask: impl FnOnce(&mut World) -> T) -> Result<T, Trouble> {
        let cut = || Trouble::new(Kind::TryAgain, "cut off");
        match self.left {
            0 => Err(cut()),
            1 => {
                self.left = 0;
                if self.carried_out {
                    ask(&mut self.world.lock());
                }
                Err(cut())
            }
            _ => {
                self.left -= 1;
                Ok(ask(&mut self.world.lock()))
            }
        }
    }

    fn put_somewhere(&self) -> Result<(), Trouble> {
        let is_closed = self.world.lock().is_closed;
        if is_closed { Err(Trouble::new(Kind::Unavailable, "no room")) } else { Ok(()) }
    }

    fn each(&mut self, ids: &[String], change: impl Fn(&mut World, &String) -> bool) -> Result<Vec<String>, Trouble> {
        self.ask(|world| ids.iter().filter(|id| !change(world, id)).cloned().collect())
    }
}

impl Keyed for Line {
    async fn folders(&mut self) -> Result<Vec<FolderFound>, Trouble> {
        self.ask(|world| {
            let found = |(id, name): (&String, &String)| FolderFound {
                remote: id.clone(),
                name: name.clone(),
                role: Role::of(name),
                selectable: true,
                subscribed: true,
            };
            world.folders.iter().map(found).collect()
        })
    }

    async fn state(&mut self) -> Result<String, Trouble> {
        self.ask(|world| world.changes.len().to_string())
    }

    async fn since(&mut self, state: &str) -> Result<Option<News>, Trouble> {
        let from: usize = state.parse().unwrap();
        self.ask(|world| {
            if from < world.forgotten {
                return None;
            }
            let until = world.changes.len().min(from + 3);
            let ids: BTreeSet<String> = world.changes[from..until].iter().cloned().collect();
            let (changed, gone) = ids.into_iter().partition(|id| world.messages.contains_key(id));
            Some(News { changed, gone, state: until.to_string(), more: until < world.changes.len() })
        })
    }

    async fn list(&mut self, after: Option<&str>) -> Result<Page, Trouble> {
        self.ask(|world| {
            let older = |id: &&String| after.is_none_or(|after| id.as_str() < after);
            let ids: Vec<String> = world.messages.keys().rev().filter(older).take(3).cloned().collect();
            Page { next: ids.get(2).cloned(), ids }
        })
    }

    async fn look(&mut self, ids: &[String], headers: bool) -> Result<Vec<Found>, Trouble> {
        self.ask(|world| {
            let found = |id: &String| {
                let held = world.messages.get(id)?;
                let end = message::header::section_end(&held.content, 0).unwrap();
                Some(Found {
                    id: id.clone(),
                    folders: held.folders.iter().cloned().collect(),
                    flags: held.flags.clone(),
                    received: NOW,
                    size: held.content.len() as u64,
                    header: headers.then(|| held.content[..end].to_vec()),
                    attachments: None,
                })
            };
            ids.iter().filter_map(found).collect()
        })
    }

    async fn content(&mut self, id: &str, into: &mut Upload<'_>) -> Result<bool, Trouble> {
        let content = self.ask(|world| world.messages.get(id).map(|held| held.content.clone()))?;
        content.iter().try_for_each(|content| into.push(content))?;
        Ok(content.is_some())
    }

    async fn flag(&mut self, ids: &[String], add: &Flags, remove: &Flags) -> Result<Vec<String>, Trouble> {
        self.each(ids, |world, id| {
            world.change(id, |held| {
                held.flags.remove(remove);
                held.flags.add(add);
            })
        })
    }

    async fn relocate(&mut self, ids: &[String], from: &str, to: &str) -> Result<Vec<String>, Trouble> {
        self.put_somewhere()?;
        self.each(ids, |world, id| {
            world.messages.get(id).is_some_and(|held| held.folders.contains(from))
                && world.change(id, |held| {
                    held.folders.remove(from);
                    held.folders.insert(to.to_owned());
                })
        })
    }

    async fn copy(&mut self, ids: &[String], to: &str) -> Result<Vec<String>, Trouble> {
        self.each(ids, |world, id| world.change(id, |held| held.folders.extend([to.to_owned()])))
    }

    async fn destroy(&mut self, ids: &[String], from: &str) -> Result<Vec<String>, Trouble> {
        self.each(ids, |world, id| world.change(id, |held| held.folders.retain(|folder| folder != from)))
    }

    async fn find(&mut self, folder: &str, it: Append<'_>) -> Result<Option<String>, Trouble> {
        let content = it.mirror.content(it.message)?.unwrap();
        self.ask(|world| {
            let is_it = |held: &Held| held.folders.contains(folder) && held.content == content;
            world.messages.iter().find(|(_, held)| is_it(held)).map(|(id, _)| id.clone())
        })
    }

    async fn append(&mut self, folder: &str, it: Append<'_>) -> Result<String, Trouble> {
        self.put_somewhere()?;
        let content = it.mirror.content(it.message)?.unwrap();
        self.ask(|world| world.put(folder, &content, it.flags))
    }

    async fn create_folder(&mut self, path: &str, _role: Role) -> Result<String, Trouble> {
        self.ask(|world| {
            world.folders.insert(format!("f-{path}"), path.to_owned());
            format!("f-{path}")
        })
    }

    async fn rename_folder(&mut self, folder: &str, path: &str) -> Result<Option<String>, Trouble> {
        self.ask(|world| drop(world.folders.insert(folder.to_owned(), path.to_owned()))).map(|()| None)
    }

    async fn delete_folder(&mut self, folder: &str) -> Result<(), Trouble> {
        self.ask(|world| drop(world.folders.remove(folder)))
    }

    async fn subscribe(&mut self, _folder: &str, _on: bool) -> Result<(), Trouble> {
        self.ask(|_| ())
    }

    async fn wait(&mut self, _state: &str, _until: Time) -> Result<(), Trouble> {
        self.ask(|_| ())
    }

    async fn close(self) {}
}

fn letter(number: u64) -> Vec<u8> {
    format!("From: a@x\r\nSubject: {number}\r\nMessage-ID: <{number}@x>\r\n\r\nLetter {number}\r\n").into_bytes()
}

struct Scene {
    _folder: tempfile::TempDir,
    world: Arc<Mutex<World>>,
    mirror: Mirror,
    clock: Clock,
    random: u64,
    letters: u64,
}

impl Scene {
    fn new(seed: u64) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("m.sqlite")).unwrap();
        let mut world = World::default();
        for name in ["INBOX", "Trash", "Drafts"] {
            world.folders.insert(format!("f-{name}"), name.to_owned());
        }
        let world = Arc::new(Mutex::new(world));
        Scene { _folder: folder, world, mirror, clock: Clock::manual(NOW), random: seed, letters: 0 }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    /// A round over a line that breaks after so many questions.
    async fn round(&mut self, left: u32) -> Result<(), Trouble> {
        let carried_out = self.draw(2) == 0;
        let line = Line { world: self.world.clone(), left, carried_out };
        let mut remote = KeyedRemote::new(line, self.clock.clone());
        self.clock.advance(std::time::Duration::from_secs(7200));
        let nobody = Watcher::nobody();
        remote.push(&self.mirror, &nobody).await?;
        remote.pull(&self.mirror, &Scope::Everything, &nobody).await.map(drop)
    }

    fn folder(&self, name: &str) -> FolderId {
        self.mirror.folder_named(name).unwrap().unwrap().id
    }

    /// The other client does something.
    fn elsewhere(&mut self) {
        let (what, which) = (self.draw(6), self.draw(20));
        self.letters += 1;
        let (number, mut world) = (self.letters, self.world.lock());
        let id = world.messages.keys().nth(usize::try_from(which).unwrap()).cloned();
        match (what, id) {
            (0, Some(id)) => drop(world.change(&id, |held| held.flags.add(&Flags::of(flag_bits::FLAGGED)))),
            (1, Some(id)) => drop(world.change(&id, |held| held.folders = ["f-Trash".to_owned()].into())),
            (2, Some(id)) => drop(world.change(&id, |held| held.folders.clear())),
            (3, _) => world.forgotten = world.changes.len(),
            _ => drop(world.put("f-INBOX", &letter(number), &Flags::default())),
        }
    }

    /// The user does something.
    fn here(&mut self) {
        let (what, which) = (self.draw(5), self.draw(20));
        self.letters += 1;
        let (inbox, trash, drafts) = (self.folder("INBOX"), self.folder("Trash"), self.folder("Drafts"));
        let all = self.mirror.messages_in(inbox).unwrap();
        let messages: Vec<MessageId> = all.into_iter().skip(usize::try_from(which).unwrap()).take(1).collect();
        let seen = Flags::of(flag_bits::SEEN);
        let action = match what {
            0 => Action::Flag { messages, add: seen, remove: Flags::default() },
            1 => Action::Move { messages, from: inbox, to: trash },
            2 => Action::Copy { messages, to: trash },
            3 => Action::Destroy { messages, from: inbox },
            _ => {
                self.mirror.save_draft(&letter(self.letters), drafts, None, NOW).unwrap();
                return;
            }
        };
        self.mirror.act(action).unwrap();
    }

    /// What both have: content, folders, flags.
    fn compare(&self) {
        let mut there = Vec::new();
        for held in self.world.lock().messages.values() {
            for folder in &held.folders {
                there.push((held.content.clone(), folder.trim_start_matches("f-").to_owned(), held.flags.bits));
            }
        }
        let mut here = Vec::new();
        for folder in self.mirror.folders().unwrap() {
            for message in self.mirror.messages_in(folder.id).unwrap() {
                let row = self.mirror.row(message).unwrap().unwrap();
                here.push((self.mirror.content(message).unwrap().unwrap(), folder.name.clone(), row.flags.bits));
            }
        }
        here.sort();
        there.sort();
        assert_eq!(here, there);
    }
}

async fn play(seed: u64) {
    let mut scene = Scene::new(seed);
    for _ in 0..scene.draw(12) {
        scene.elsewhere();
    }
    while scene.mirror.folders().unwrap().is_empty() {
        let left = u32::try_from(scene.draw(12)).unwrap();
        let _ = scene.round(left).await;
    }
    for _ in 0..12 {
        (0..scene.draw(3)).for_each(|_| scene.elsewhere());
        (0..scene.draw(3)).for_each(|_| scene.here());
        let left = u32::try_from(scene.draw(25)).unwrap();
        let _ = scene.round(left).await;
    }
    scene.round(u32::MAX).await.unwrap();
    assert!(scene.mirror.pending().unwrap().is_empty());
    scene.compare();
    scene.round(u32::MAX).await.unwrap();
    scene.compare();
    let drafts = View { folder: Some(scene.folder("Drafts")), ..View::default() };
    let drafts = scene.mirror.rows(&drafts, NOW, 0, 1000).unwrap();
    let subjects: BTreeSet<&str> = drafts.iter().map(|row| row.subject.as_str()).collect();
    assert_eq!(subjects.len(), drafts.len(), "no draft is there twice");
}

/// Seeds that are played; more with `PILLARBOX_SEEDS`.
#[allow(clippy::disallowed_methods, reason = "how many seeds a test plays")]
fn seeds() -> u64 {
    std::env::var("PILLARBOX_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3)
}

#[tokio::test]
async fn both_are_alike_in_the_end_wherever_the_line_is_cut() {
    for seed in 0..seeds() {
        play(seed).await;
    }
}

#[tokio::test]
async fn a_first_look_goes_on_where_it_was_cut() {
    let mut scene = Scene::new(1);
    (0..30).for_each(|number| drop(scene.world.lock().put("f-INBOX", &letter(number), &Flags::default())));
    let mut rounds = 0;
    while scene.round(12).await.is_err() {
        rounds += 1;
        assert!(rounds < 100, "it does not go on");
    }
    scene.compare();
}

#[tokio::test]
async fn what_is_refused_is_given_up_but_for_drafts() {
    let mut scene = Scene::new(1);
    let id = scene.world.lock().put("f-INBOX", &letter(1), &Flags::default());
    scene.round(u32::MAX).await.unwrap();
    let messages = vec![scene.mirror.by_remote(&id).unwrap().unwrap()];
    let (inbox, drafts) = (scene.folder("INBOX"), scene.folder("Drafts"));
    scene.world.lock().is_closed = true;
    scene.mirror.act(Action::Move { messages: messages.clone(), from: inbox, to: drafts }).unwrap();
    let refused = scene.round(u32::MAX).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Unavailable);
    assert!(refused.text.starts_with("messages were not moved"), "{refused}");
    assert_eq!(scene.mirror.folders_of(messages[0]).unwrap(), [inbox]);
    scene.mirror.save_draft(&letter(9), drafts, None, NOW).unwrap();
    assert!(scene.round(u32::MAX).await.is_err());
    assert_eq!(scene.mirror.pending().unwrap().len(), 1, "a draft is not given up");
}
