//! Messages brought over in windows: several FETCH under way, what came is written meanwhile. Owns what is held in memory and
//! how much is written in one transaction.

use super::line::{Heard, Line, Number};
use super::open::flags_of;
use super::structure;
use crate::mirror::{Arrival, Flags, FolderId, Mirror};
use crate::trouble::{Kind, Trouble};
use message::flags::flag_bits;
use message::search::Set;
use std::collections::{HashSet, VecDeque};
use tokio::task::JoinHandle;
use wire::imap::command::{By, Command, Fetch, FetchItem, Messages, Partial, Section, SectionText};
use wire::imap::response::{Code, Data, FetchData, Status, StatusText};
use wire::imap::sequence;

/// Messages of one FETCH: their UIDs fit a line of 8,192 octets, which every server takes (RFC 7162 §4), however far apart.
pub(super) const WINDOW: usize = 500;
/// FETCH commands said before the first is answered.
const AHEAD: usize = 2;
/// Messages and octets of one transaction: whoever else wants to write waits no longer than it takes.
const BATCH_MESSAGES: usize = 500;
const BATCH_OCTETS: usize = 8 * 1024 * 1024;
/// Octets of a message that come with its header when all is wanted: most messages are shorter. Of a longer one this is the
/// beginning, and the rest comes later, by itself.
pub(super) const BEGINNING: u64 = 256 * 1024;

const BEGUN: Partial = Partial { start: 0, count: BEGINNING };

/// What is fetched of messages that are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// Headers: enough to list.
    Headers,
    /// All of it where it is not long.
    Whole,
}

/// A message that came.
#[derive(Debug)]
pub(super) struct Came {
    pub arrival: Arrival,
    /// All of it.
    pub whole: Option<Vec<u8>>,
}

/// What to do with a window of messages that came.
pub(super) struct Writer {
    mirror: Mirror,
    folder: FolderId,
    /// Messages marked `\Deleted` count as gone.
    hides_deleted: bool,
    writing: Option<JoinHandle<Result<(u64, u64), crate::mirror::Error>>>,
    /// Messages that were not known, and those that came whole.
    pub new: u64,
    pub whole: u64,
}

impl Writer {
    pub fn new(mirror: &Mirror, folder: FolderId, hides_deleted: bool) -> Writer {
        Writer { mirror: mirror.clone(), folder, hides_deleted, writing: None, new: 0, whole: 0 }
    }

    /// Writes in the background, once what was written before is on disk.
    async fn write(&mut self, batch: Vec<Came>, state: Option<String>) -> Result<(), Trouble> {
        self.settle().await?;
        let (mirror, folder, hides_deleted) = (self.mirror.clone(), self.folder, self.hides_deleted);
        self.writing = Some(tokio::task::spawn_blocking(move || {
            mirror.pull(|pull| {
                let (mut new, mut whole) = (0, 0);
                for came in &batch {
                    if hides_deleted && came.arrival.flags.has(flag_bits::DELETED) {
                        continue;
                    }
                    new += u64::from(pull.message_at(folder, came.arrival.uid)?.is_none());
                    whole += u64::from(came.whole.is_some());
                    match &came.whole {
                        Some(content) => pull.arrive_whole(folder, &came.arrival, content)?,
                        None => pull.arrive(folder, &came.arrival)?,
                    };
                }
                if let Some(state) = &state {
                    pull.set_folder_state(folder, state)?;
                }
                Ok((new, whole))
            })
        }));
        Ok(())
    }

    /// Everything given so far is on disk.
    pub async fn settle(&mut self) -> Result<(), Trouble> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let written = writing.await.map_err(|_| Trouble::new(Kind::Software, "writing the mirror was cut off"))?;
        let (new, whole) = written?;
        self.new += new;
        self.whole += whole;
        Ok(())
    }
}

/// Brings the messages of these UIDs over, window after window in the order given. After each window `state` tells what is to
/// be kept of the folder once it is on disk; `after` hears how many messages are done.
pub(super) async fn bring(
    line: &mut Line,
    windows: Vec<Vec<u32>>,
    want: Want,
    writer: &mut Writer,
    mut after: impl FnMut(&[u32], usize) -> Result<Option<String>, Trouble>,
) -> Result<(), Trouble> {
    let mut waiting = windows.into_iter();
    let mut said: VecDeque<(Number, Vec<u32>)> = VecDeque::new();
    let mut done = 0;
    loop {
        while said.len() < AHEAD
            && let Some(window) = waiting.next()
        {
            said.push_back((line.say(Command::Fetch(fetch(&window, items(want)))).await?, window));
        }
        let Some((number, window)) = said.pop_front() else { break };
        let rest = hear_window(line, number, &window, want, writer).await?;
        done += window.len();
        let state = after(&window, done)?;
        writer.write(rest, state).await?;
    }
    writer.settle().await
}

/// Hears one FETCH; what does not fill a batch is given back.
async fn hear_window(
    line: &mut Line,
    number: Number,
    window: &[u32],
    want: Want,
    writer: &mut Writer,
) -> Result<Vec<Came>, Trouble> {
    let mut asked: HashSet<u32> = window.iter().copied().collect();
    let (mut batch, mut octets) = (Vec::new(), 0);
    loop {
        match line.hear(number).await? {
            Heard::Data(data, content) => {
                let Data::Fetch(_, items) = *data else { continue };
                let Some(came) = came(items, content, want) else { continue };
                // What nobody asked for, or what is told twice, is not believed.
                if !asked.remove(&came.arrival.uid) {
                    continue;
                }
                octets += came.arrival.header.len() + came.whole.as_ref().map_or(0, Vec::len);
                batch.push(came);
                if batch.len() >= BATCH_MESSAGES || octets >= BATCH_OCTETS {
                    writer.write(std::mem::take(&mut batch), None).await?;
                    octets = 0;
                }
            }
            Heard::Large => return Err(line.protocol("it sends more of a message than was asked for")),
            Heard::Piece(_) => {}
            Heard::End(status) => {
                expect_ok(line, &status)?;
                return Ok(batch);
            }
        }
    }
}

/// A FETCH of messages some of which are gone may be refused for these only (RFC 5530 §3, EXPUNGEISSUED).
pub(super) fn expect_ok(line: &Line, status: &StatusText) -> Result<(), Trouble> {
    let some_are_gone = matches!(&status.code, Some(Code::Other(code, _)) if code == "EXPUNGEISSUED");
    if status.status == Status::Ok || some_are_gone {
        Ok(())
    } else {
        Err(line.refused("to hand out mail (FETCH)", status))
    }
}

/// A FETCH by UID.
pub(super) fn fetch(uids: &[u32], items: Vec<FetchItem>) -> Fetch {
    // In rising order, for so they make ranges.
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    let messages = Messages::Set(sequence::compact(uids));
    Fetch { by: By::Uid, messages, items, changed_since: None, vanished: false, partial: None }
}

/// A FETCH of all UIDs from one to another.
pub(super) fn fetch_range(low: u32, high: u32, items: Vec<FetchItem>) -> Fetch {
    let messages = Messages::Set(Set::of([low..=high]));
    Fetch { by: By::Uid, messages, items, changed_since: None, vanished: false, partial: None }
}

/// The whole of a message, unread as it is.
pub(super) fn whole(partial: Option<Partial>) -> FetchItem {
    FetchItem::Section { section: Section::default(), peek: true, partial }
}

fn items(want: Want) -> Vec<FetchItem> {
    let mut items = vec![FetchItem::Uid, FetchItem::Flags, FetchItem::InternalDate, FetchItem::Size];
    match want {
        Want::Headers => {
            let header = Section { text: SectionText::Header, ..Section::default() };
            items.extend([
                FetchItem::BodyStructure,
                // Cut off where a header is beyond all measure: nobody's mail waits for one such message.
                FetchItem::Section { section: header, peek: true, partial: Some(BEGUN) },
            ]);
        }
        Want::Whole => items.push(whole(Some(BEGUN))),
    }
    items
}

/// What a FETCH tells of a message that was not known. Nothing where its UID, flags or content are missing: such data tell of
/// other things.
fn came(items: Vec<FetchData>, content: Vec<Vec<u8>>, want: Want) -> Option<Came> {
    let mut arrival = Arrival::default();
    let (mut flags, mut body) = (None::<Flags>, None::<Vec<u8>>);
    let mut content = content.into_iter();
    for item in items {
        match item {
            FetchData::Uid(uid) => arrival.uid = uid,
            FetchData::Flags(told) => flags = Some(flags_of(&told)),
            FetchData::InternalDate(date) => arrival.received = date.time(),
            FetchData::Size(size) => arrival.size = size,
            FetchData::BodyStructure(structure) => arrival.attachments = Some(structure::has_files(&structure)),
            // Content that was gathered stands in the data as an empty string; what came as a quoted string stands there.
            FetchData::Section(_, Some(told)) if told.is_empty() => body = Some(content.next().unwrap_or_default()),
            FetchData::Section(_, Some(told)) => body = Some(told),
            _ => {}
        }
    }
    let (flags, body) = (flags?, body?);
    if arrival.uid == 0 {
        return None;
    }
    arrival.flags = flags;
    let is_whole = want == Want::Whole && (body.len() as u64) < BEGINNING;
    if is_whole {
        return Some(Came { arrival, whole: Some(body) });
    }
    let end = message::header::section_end(&body, 0).unwrap_or(body.len());
    arrival.header = body;
    arrival.header.truncate(end);
    Some(Came { arrival, whole: None })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wire::imap::response::SectionName;

    fn told(uid: Option<u32>, body: &str) -> Vec<FetchData> {
        let name = SectionName { item: "BODY".to_owned(), section: String::new(), origin: Some(0) };
        let mut items = vec![FetchData::Flags(Vec::new()), FetchData::Size(7)];
        items.push(FetchData::Section(name, Some(body.as_bytes().to_vec())));
        items.extend(uid.map(FetchData::Uid));
        items
    }

    #[test]
    fn content_is_taken_from_where_it_came() {
        let gathered = came(told(Some(5), ""), vec![b"A: b\r\n\r\nc".to_vec()], Want::Whole).unwrap();
        assert_eq!((gathered.arrival.uid, gathered.whole.unwrap()), (5, b"A: b\r\n\r\nc".to_vec()));
        let quoted = came(told(Some(5), "x"), Vec::new(), Want::Whole).unwrap();
        assert_eq!(quoted.whole.unwrap(), b"x");
        let header = came(told(Some(5), ""), vec![b"A: b\r\n\r\nc".to_vec()], Want::Headers).unwrap();
        assert_eq!((header.arrival.header, header.whole), (b"A: b\r\n\r\n".to_vec(), None));
    }

    #[test]
    fn the_beginning_of_a_long_message_is_not_all_of_it() {
        let long = |len| came(told(Some(5), ""), vec![vec![b'a'; len]], Want::Whole).unwrap().whole.is_some();
        assert!(long(usize::try_from(BEGINNING).unwrap() - 1));
        assert!(!long(usize::try_from(BEGINNING).unwrap()));
    }

    #[test]
    fn what_tells_of_no_message_is_passed_over() {
        assert!(came(told(None, "x"), Vec::new(), Want::Whole).is_none());
        assert!(came(vec![FetchData::Uid(5), FetchData::Flags(Vec::new())], Vec::new(), Want::Whole).is_none());
    }
}
