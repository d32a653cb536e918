//! Content of messages whose header is here: short messages many at a time, long ones each by itself, in pieces.

use super::ImapRemote;
use super::desk::GATHERED_MAX;
use super::line::Heard;
use super::windows::{expect_ok, fetch, whole};
use crate::mirror::{CONTENT_MAX, FolderId, Held, MessageId, Mirror};
use crate::progress::Watcher;
use crate::trouble::{Kind, Trouble};
use std::collections::HashMap;
use tokio::task::JoinHandle;
use wire::imap::command::{Command, FetchItem};
use wire::imap::response::{Data, FetchData};

/// Messages and octets asked for at a time; twice that is in memory, since one lot comes while the one before is written.
const MESSAGES: usize = 200;
const OCTETS: u64 = 4 * 1024 * 1024;
/// Messages looked up at a time of all that wait.
const ROUND: u64 = 2000;

/// A message to be fetched.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    folder: FolderId,
    uid: u32,
    message: MessageId,
    octets: u64,
}

/// Messages on their way to disk while the next are fetched: neither the server nor the disk waits for the other.
#[derive(Default)]
struct Writing(Option<JoinHandle<crate::mirror::Result<()>>>);

impl Writing {
    /// Once those before are on disk, these are written.
    async fn begin(&mut self, mirror: &Mirror, came: Vec<(MessageId, Vec<u8>)>) -> Result<(), Trouble> {
        self.done().await?;
        let mirror = mirror.clone();
        self.0 = Some(tokio::task::spawn_blocking(move || {
            mirror.pull(|pull| came.iter().try_for_each(|(message, content)| pull.content(*message, content)))
        }));
        Ok(())
    }

    /// All that was begun is on disk.
    async fn done(&mut self) -> Result<(), Trouble> {
        let Some(writing) = self.0.take() else { return Ok(()) };
        writing.await.map_err(|_| Trouble::new(Kind::Software, "writing the mirror was cut off"))??;
        Ok(())
    }
}

impl ImapRemote {
    /// What is not here yet of all folders, the newest first; how many messages came.
    pub(super) async fn fetch_rest(&mut self, mirror: &Mirror, watcher: &Watcher) -> Result<u64, Trouble> {
        let mut whole = 0;
        loop {
            let waiting = mirror.to_fetch(ROUND)?;
            let some = self.fetch_some(mirror, &waiting, watcher).await?;
            whole += some;
            // Those that do not come are gone, or refused; the next visit knows more.
            if some == 0 || (waiting.len() as u64) < ROUND {
                return Ok(whole);
            }
        }
    }

    /// The content of some messages; how many came.
    pub(super) async fn fetch_some(
        &mut self,
        mirror: &Mirror,
        messages: &[MessageId],
        watcher: &Watcher,
    ) -> Result<u64, Trouble> {
        let wanted = wanted(mirror, messages)?;
        let (mut came, mut done) = (0, 0);
        let mut writing = Writing::default();
        for batch in batches(&wanted) {
            watcher.go_on()?;
            watcher.tell("reading messages", done, Some(wanted.len() as u64));
            done += batch.len() as u64;
            let Some(first) = batch.first() else { continue };
            if self.select(mirror, first.folder).await?.is_none() {
                continue;
            }
            came += if is_long(first) {
                self.fetch_long(mirror, first).await?
            } else {
                self.fetch_short(mirror, batch, &mut writing).await?
            };
        }
        writing.done().await?;
        Ok(came)
    }

    async fn fetch_short(&mut self, mirror: &Mirror, batch: &[Wanted], writing: &mut Writing) -> Result<u64, Trouble> {
        let uids: Vec<u32> = batch.iter().map(|wanted| wanted.uid).collect();
        let mut asked: HashMap<u32, &Wanted> = batch.iter().map(|wanted| (wanted.uid, wanted)).collect();
        let number = self.line.say(Command::Fetch(fetch(&uids, vec![FetchItem::Uid, whole(None)]))).await?;
        let mut came: Vec<(MessageId, Vec<u8>)> = Vec::new();
        let mut long = Vec::new();
        let mut octets = 0_u64;
        loop {
            match self.line.hear(number).await? {
                Heard::Data(data, content) => {
                    let Some((uid, content)) = uid_and_content(*data, content) else { continue };
                    let Some(wanted) = asked.remove(&uid) else { continue };
                    match content {
                        Some(content) => {
                            octets += content.len() as u64;
                            came.push((wanted.message, content));
                        }
                        // It is longer than was told, so it is fetched as the long ones are.
                        None => long.push(*wanted),
                    }
                    if octets > 2 * OCTETS {
                        return Err(self.line.protocol("messages are much longer than it told"));
                    }
                }
                Heard::Large | Heard::Piece(_) => {}
                Heard::End(status) => {
                    expect_ok(&self.line, &status)?;
                    break;
                }
            }
        }
        let count = came.len() as u64;
        writing.begin(mirror, came).await?;
        for wanted in &long {
            self.fetch_long(mirror, wanted).await?;
        }
        Ok(count + long.len() as u64)
    }

    /// One message straight to disk.
    async fn fetch_long(&mut self, mirror: &Mirror, wanted: &Wanted) -> Result<u64, Trouble> {
        let number = self.line.say(Command::Fetch(fetch(&[wanted.uid], vec![FetchItem::Uid, whole(None)]))).await?;
        let mut upload = None;
        let mut done = 0;
        loop {
            match self.line.hear(number).await? {
                Heard::Large if done == 0 => upload = Some(mirror.upload(wanted.message)?),
                Heard::Large => {}
                Heard::Piece(octets) => {
                    if let Some(upload) = &mut upload {
                        upload.push(&octets)?;
                    }
                }
                Heard::Data(data, content) => {
                    let Some((uid, content)) = uid_and_content(*data, content) else { continue };
                    match (upload.take(), content) {
                        _ if done > 0 => {}
                        _ if uid != wanted.uid => {
                            return Err(self.line.protocol("it sends a message nobody asked for"));
                        }
                        (Some(upload), _) => {
                            upload.finish()?;
                            done = 1;
                        }
                        (None, Some(content)) => {
                            mirror.pull(|pull| pull.content(wanted.message, &content))?;
                            done = 1;
                        }
                        (None, None) => {}
                    }
                }
                Heard::End(status) => {
                    expect_ok(&self.line, &status)?;
                    return Ok(done);
                }
            }
        }
    }
}

fn is_long(wanted: &Wanted) -> bool {
    wanted.octets > GATHERED_MAX / 2
}

/// Where messages are that have no content yet.
fn wanted(mirror: &Mirror, messages: &[MessageId]) -> Result<Vec<Wanted>, Trouble> {
    let mut wanted = Vec::with_capacity(messages.len());
    for message in messages {
        let Some(row) = mirror.row(*message)? else { continue };
        if row.held == Held::Whole || row.size > CONTENT_MAX {
            continue;
        }
        let place = mirror.places(*message)?.into_iter().find(|place| place.uid != 0);
        wanted.extend(place.map(|place| Wanted {
            folder: place.folder,
            uid: place.uid,
            message: *message,
            octets: row.size,
        }));
    }
    Ok(wanted)
}

/// Runs of one folder that are asked for at a time; a long message is one of its own.
fn batches(wanted: &[Wanted]) -> Vec<&[Wanted]> {
    let mut batches = Vec::new();
    let mut rest = wanted;
    while let Some(first) = rest.first() {
        let mut octets = 0;
        let fits = |wanted: &&Wanted| {
            octets += wanted.octets;
            wanted.folder == first.folder && !is_long(wanted) && octets <= OCTETS
        };
        let count = rest.iter().take(MESSAGES).take_while(fits).count().max(1);
        let (batch, others) = rest.split_at(count.min(rest.len()));
        batches.push(batch);
        rest = others;
    }
    batches
}

/// The UID a FETCH tells, and the content where it was gathered.
fn uid_and_content(data: Data, content: Vec<Vec<u8>>) -> Option<(u32, Option<Vec<u8>>)> {
    let Data::Fetch(_, items) = data else { return None };
    let (mut uid, mut told) = (None, None);
    for item in items {
        match item {
            FetchData::Uid(number) => uid = Some(number),
            FetchData::Section(_, Some(octets)) => told = Some(octets),
            _ => {}
        }
    }
    let told = told?;
    let content = content.into_iter().next().or_else(|| Some(told).filter(|told| !told.is_empty()));
    Some((uid?, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_of_one_folder_and_long_messages_alone() {
        let wanted = |folder, octets| Wanted { folder: FolderId(folder), uid: 1, message: MessageId(1), octets };
        let long = GATHERED_MAX / 2 + 1;
        let all = [
            wanted(1, 10),
            wanted(1, 10),
            wanted(1, long),
            wanted(1, 10),
            wanted(2, 10),
            wanted(2, long),
            wanted(2, long),
        ];
        let sizes: Vec<usize> = batches(&all).into_iter().map(<[Wanted]>::len).collect();
        assert_eq!(sizes, [2, 1, 1, 1, 1, 1]);
        let many: Vec<Wanted> = (0..=MESSAGES).map(|_| wanted(1, 10)).collect();
        assert_eq!(batches(&many).len(), 2);
        assert_eq!(batches(&many[..MESSAGES]).len(), 1);
    }
}
