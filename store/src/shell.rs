//! The asynchronous face: one thread that writes, a pool of connections that read, hints for those who listen; or all of
//! it on the caller's thread, for a lab and a simulation. Owns threads and queues; what an operation does is the engine's
//! business.

use crate::content::{Hands, Upload, read_frame, read_piece};
use crate::disk::{Disk, RealDisk};
use crate::engine::{Engine, Paths, connect_reader, weight};
use crate::index::Index;
use crate::op::{Content, Frame, Op, Outcome, Place};
use crate::query::{Hint, Query};
use crate::rows::{Snapshot, blob_place};
use crate::segment::Segments;
use crate::types::{AccountId, BlobId, ModSeq, Stored, StoredPlace};
use crate::{SEGMENT_OCTETS, StoreError};
use bytes::Bytes;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, oneshot, watch};

/// Operations in one commit at most: past it, the sync is shared by so many that more gain nothing.
pub const GROUP_OPS: usize = 1024;
/// Octets in one commit at most, so that a commit stays short.
pub const GROUP_OCTETS: usize = 16 * 1024 * 1024;
/// Operations waiting at most; who comes then waits before it is queued.
const QUEUE: usize = 4096;
/// Hints a slow listener may be behind before it is told that it missed some.
const HINTS: usize = 4096;
/// Watched accounts from which on those that nobody watches are looked for; fewer take no room worth the work.
const WATCHED_SWEPT: usize = 64;

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where segments live.
    pub disk: Arc<dyn Disk>,
    /// Connections that read at the same time.
    pub readers: usize,
    /// Where a segment is closed and the next begun, in octets.
    pub segment_octets: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { disk: Arc::new(RealDisk), readers: 4, segment_octets: SEGMENT_OCTETS }
    }
}

/// An open store. Cloning is cheap; all clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

/// An answer that is being made. Nothing is lost when it is dropped.
#[derive(Debug)]
pub enum Begun<T> {
    /// Elsewhere.
    There(tokio::task::JoinHandle<Result<T, StoreError>>),
    /// Where there are no other threads.
    Here(Result<T, StoreError>),
}

impl<T> Begun<T> {
    /// The answer.
    pub async fn finish(self) -> Result<T, StoreError> {
        match self {
            Begun::There(task) => task.await.unwrap_or(Err(StoreError::Closed)),
            Begun::Here(answer) => answer,
        }
    }
}

#[derive(Debug)]
struct Inner {
    work: Workplace,
    /// Held while segments are moved or copied: the two must not meet.
    upkeep: tokio::sync::Mutex<()>,
    segments: Arc<Segments>,
    /// Where there are no threads, or it cannot be opened, there is none.
    index: Option<Arc<Index>>,
    paths: Paths,
    publish: Publish,
}

/// Where operations and questions are carried out.
#[derive(Debug)]
enum Workplace {
    /// On threads of the store's own.
    Threads(Threads),
    /// On the thread of who asks; `None` once it is closed.
    Here(Box<Mutex<Option<Engine>>>),
}

#[derive(Debug)]
struct Threads {
    writer: mpsc::Sender<Job>,
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
    closing: Arc<AtomicBool>,
    readers: Mutex<Vec<Connection>>,
    free_readers: Arc<Semaphore>,
}

type Call = Box<dyn FnOnce(&mut Engine) + Send>;
type Reply = oneshot::Sender<Result<Outcome, StoreError>>;

enum Job {
    Op(Box<Op>, Reply),
    /// Work between two groups (upkeep).
    Call(Call),
    /// Wakes the writer, to see that it is to end.
    Wake,
}

impl Store {
    /// Opens the store below a folder, making or migrating it. Takes its lock: a second process gets `Locked`.
    pub fn open(dir: &Path, settings: Settings) -> Result<Store, StoreError> {
        let has_index = settings.disk.vfs().is_none();
        let engine = Engine::open_with(dir, settings.disk, settings.segment_octets)?;
        let paths = engine.paths().clone();
        let index = if has_index { Index::open(&paths) } else { None };
        let count = settings.readers.max(1);
        let readers = (0..count).map(|_| connect_reader(&paths.database)).collect::<Result<Vec<_>, _>>()?;
        let segments = engine.segments().clone();
        let (writer, jobs) = mpsc::channel(QUEUE);
        let publish = Publish::new();
        let closing = Arc::new(AtomicBool::new(false));
        let (tell, ends) = (publish.clone(), closing.clone());
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write_all(engine, jobs, &tell, &ends))
            .map_err(|error| StoreError::io("start the writer", &error))?;
        let threads = Threads {
            writer,
            thread: Mutex::new(Some(thread)),
            closing,
            readers: Mutex::new(readers),
            free_readers: Arc::new(Semaphore::new(count)),
        };
        let work = Workplace::Threads(threads);
        let inner = Inner { work, upkeep: tokio::sync::Mutex::new(()), segments, index, paths, publish };
        Ok(Store { inner: Arc::new(inner) })
    }

    /// A store without threads: whatever is asked of it is done when the future is first polled, one thing after the
    /// other, without a runtime. For a lab and a simulation, where the order of things must be the same every time.
    #[must_use]
    pub fn inline(engine: Engine) -> Store {
        let (segments, paths) = (engine.segments().clone(), engine.paths().clone());
        let work = Workplace::Here(Box::new(Mutex::new(Some(engine))));
        let inner =
            Inner { work, upkeep: tokio::sync::Mutex::new(()), segments, index: None, paths, publish: Publish::new() };
        Store { inner: Arc::new(inner) }
    }

    /// Carries out an operation; on disk when it returns. Dropping the future does not take the operation back.
    pub async fn apply(&self, op: Op) -> Result<Outcome, StoreError> {
        match &self.inner.work {
            Workplace::Threads(threads) => {
                let (reply, answer) = oneshot::channel();
                threads.send(Job::Op(Box::new(op), reply)).await?;
                answer.await.unwrap_or(Err(StoreError::Closed))
            }
            Workplace::Here(engine) => {
                let mut engine = engine.lock();
                let engine = engine.as_mut().ok_or(StoreError::Closed)?;
                let mut results = engine.apply_group(std::slice::from_ref(&op));
                self.inner.publish.all_of(engine);
                results.pop().unwrap_or(Err(StoreError::Closed))
            }
        }
    }

    /// Runs work on the writer's thread, between two groups.
    pub(crate) async fn on_writer<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let threads = match &self.inner.work {
            Workplace::Threads(threads) => threads,
            Workplace::Here(engine) => return work(engine.lock().as_mut().ok_or(StoreError::Closed)?),
        };
        let (reply, answer) = oneshot::channel();
        let call = move |engine: &mut Engine| {
            let _ = reply.send(work(engine));
        };
        threads.send(Job::Call(Box::new(call))).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The engine, where there are no threads.
    pub(crate) fn here(&self) -> Option<parking_lot::MutexGuard<'_, Option<Engine>>> {
        match &self.inner.work {
            Workplace::Threads(_) => None,
            Workplace::Here(engine) => Some(engine.lock()),
        }
    }

    /// Whose hands do what waits for the disk.
    pub(crate) fn hands(&self) -> Hands {
        match self.inner.work {
            Workplace::Threads(_) => Hands::Pool,
            Workplace::Here(_) => Hands::Own,
        }
    }

    /// Does work that takes a while where others do not wait for it.
    pub async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.hands().run(work).await
    }

    /// Until this is dropped, no segment is moved or copied by others.
    pub(crate) async fn upkeep(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.upkeep.lock().await
    }

    pub(crate) fn segments(&self) -> &Arc<Segments> {
        &self.inner.segments
    }

    pub(crate) fn index(&self) -> Option<&Arc<Index>> {
        self.inner.index.as_ref()
    }

    /// Answers a question from one state of the store.
    pub async fn read<Q: Query + Send + 'static>(&self, query: Q) -> Result<Q::Rows, StoreError>
    where
        Q::Rows: Send,
    {
        if query.is_short()
            && let Workplace::Threads(threads) = &self.inner.work
            && let Ok(_free) = threads.free_readers.try_acquire()
        {
            return self.inner.on_connection(|snapshot| query.ask(snapshot));
        }
        self.on_reader(move |snapshot| query.ask(snapshot)).await
    }

    /// Begins to answer a question whose answer is needed soon, while something else is done.
    pub fn begin<Q: Query + Send + 'static>(&self, query: Q) -> Begun<Q::Rows>
    where
        Q::Rows: Send,
    {
        match &self.inner.work {
            Workplace::Threads(threads) => Begun::There(match threads.free_readers.clone().try_acquire_owned() {
                // At once: a task would wait until the one that asks waits itself.
                Ok(free) => {
                    let inner = self.inner.clone();
                    tokio::task::spawn_blocking(move || {
                        let _free = free;
                        inner.on_connection(|snapshot| query.ask(snapshot))
                    })
                }
                Err(_) => {
                    let store = self.clone();
                    tokio::spawn(async move { store.read(query).await })
                }
            }),
            Workplace::Here(engine) => {
                let engine = engine.lock();
                let engine = engine.as_ref().ok_or(StoreError::Closed);
                Begun::Here(engine.and_then(|engine| engine.ask(|snapshot| query.ask(snapshot))))
            }
        }
    }

    pub(crate) async fn on_reader<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let threads = match &self.inner.work {
            Workplace::Threads(threads) => threads,
            Workplace::Here(engine) => return engine.lock().as_ref().ok_or(StoreError::Closed)?.ask(work),
        };
        let _free = threads.free_readers.acquire().await.map_err(|_| StoreError::Closed)?;
        let inner = self.inner.clone();
        self.hands().run(move || inner.on_connection(work)).await
    }

    /// New content, to be written in any pieces.
    #[must_use]
    pub fn upload(&self) -> Upload {
        Upload::new(self.inner.segments.clone(), self.hands())
    }

    /// The octets of a message from `offset` on, as many as lie together (at most [`crate::FRAME_OCTETS`], or the
    /// prefix); prefix and content are one row of octets. Empty at the end.
    pub async fn chunk(&self, stored: &Stored, offset: u64) -> Result<Bytes, StoreError> {
        let prefix = stored.prefix.len() as u64;
        if let Some(rest) = prefix.checked_sub(offset).filter(|rest| *rest > 0) {
            let from = stored.prefix.len() - usize::try_from(rest).unwrap_or(0);
            return Ok(stored.prefix.slice(from..));
        }
        let offset = offset - prefix;
        match &stored.place {
            _ if offset >= stored.size.saturating_sub(prefix) => Ok(Bytes::new()),
            StoredPlace::Here(whole) => {
                Ok(whole.slice(usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len())..))
            }
            StoredPlace::Frames(frames) => self.framed_chunk(stored.blob, frames.clone(), offset).await,
        }
    }

    /// Whether every octet of a message can be had: an error says why not. Reads all its frames, unpacks none.
    pub async fn examine(&self, stored: &Stored) -> Result<(), StoreError> {
        let StoredPlace::Frames(frames) = &stored.place else { return Ok(()) };
        let (segments, frames, blob) = (self.inner.segments.clone(), frames.clone(), stored.blob);
        let kept = frames.clone();
        let looked = self.hands().run(move || frames.iter().try_for_each(|frame| segments.examine(frame))).await;
        if !matches!(looked, Err(StoreError::Damaged { .. })) {
            return looked;
        }
        // As for a chunk: it may have moved since.
        match self.on_reader(move |snapshot| blob_place(snapshot, blob)).await? {
            Some(Place::Frames(moved)) if *moved != *kept => {
                let segments = self.inner.segments.clone();
                self.hands().run(move || moved.iter().try_for_each(|frame| segments.examine(frame))).await
            }
            _ => looked,
        }
    }

    async fn framed_chunk(&self, blob: BlobId, frames: Arc<[Frame]>, offset: u64) -> Result<Bytes, StoreError> {
        let piece = self.frame(frames.clone(), offset).await;
        if !matches!(piece, Err(StoreError::Damaged { .. })) {
            return piece;
        }
        // It may have moved since it was asked for (compaction); where it is by now decides.
        match self.on_reader(move |snapshot| blob_place(snapshot, blob)).await? {
            Some(Place::Frames(moved)) if *moved != *frames => self.frame(moved.into(), offset).await,
            _ => piece,
        }
    }

    async fn frame(&self, frames: Arc<[Frame]>, offset: u64) -> Result<Bytes, StoreError> {
        let segments = self.inner.segments.clone();
        self.hands().run(move || read_frame(&segments, &frames, offset)).await
    }

    /// The octets of content from `offset` on, before or after it was committed.
    pub async fn content_chunk(&self, content: &Content, offset: u64) -> Result<Bytes, StoreError> {
        let segments = self.inner.segments.clone();
        let content = content.clone();
        self.hands().run(move || read_piece(&segments, &content.place, &content.hash, content.octets, offset)).await
    }

    /// What changes from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Hint> {
        self.inner.publish.hints.subscribe()
    }

    /// The newest change of one account that was committed since somebody began to watch it, or 0: told before the
    /// operation that made it returns. Only its own changes wake who waits for one.
    #[must_use]
    pub fn watch(&self, account: AccountId) -> watch::Receiver<ModSeq> {
        let mut watched = self.inner.publish.watched.lock();
        // Those whom nobody watches any more go when somebody new comes, so that the work is spread.
        if watched.len() >= WATCHED_SWEPT && watched.len() == watched.capacity() {
            watched.retain(|_, sender| sender.receiver_count() > 0);
        }
        watched.entry(account).or_insert_with(|| watch::channel(ModSeq(0)).0).subscribe()
    }

    /// Returns when somebody new waits in the outbox, or has since the last call. For one listener.
    pub async fn outbox_changed(&self) {
        self.inner.publish.outbox.notified().await;
    }

    /// Changes when an object may be due sooner than before. For any number of listeners.
    #[must_use]
    pub fn watch_due(&self) -> watch::Receiver<()> {
        self.inner.publish.due.subscribe()
    }

    /// Where its files are.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.inner.paths
    }

    /// Finishes what is queued, brings everything into the database file and lets go of the lock. Later operations of
    /// other clones get `Closed`. Waits; not to be called where blocking is not allowed.
    pub fn close(self) {
        self.inner.end();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

impl Inner {
    fn end(&self) {
        match &self.work {
            Workplace::Threads(threads) => threads.end(),
            Workplace::Here(engine) => {
                if let Some(engine) = engine.lock().take() {
                    finish(engine);
                }
            }
        }
    }

    fn on_connection<T>(&self, work: impl FnOnce(&Snapshot<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let Workplace::Threads(threads) = &self.work else { return Err(StoreError::Closed) };
        let free = threads.readers.lock().pop();
        let connection = match free {
            Some(connection) => connection,
            None => connect_reader(&self.paths.database)?,
        };
        let done = in_transaction(&connection, || work(&Snapshot::new(&connection, &self.segments)));
        // One that is still in a transaction would show an old state for ever; the next reader makes a new one.
        if connection.is_autocommit() {
            threads.readers.lock().push(connection);
        }
        done
    }
}

impl Threads {
    async fn send(&self, job: Job) -> Result<(), StoreError> {
        if self.closing.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        self.writer.send(job).await.map_err(|_| StoreError::Closed)
    }

    fn end(&self) {
        let Some(thread) = self.thread.lock().take() else { return };
        self.closing.store(true, Ordering::Release);
        // When the queue is full the writer is awake anyway.
        let _ = self.writer.try_send(Job::Wake);
        let _ = thread.join();
    }
}

/// Work on one state of the store. Its statements stay prepared: they are the most frequent of all.
fn in_transaction<T>(connection: &Connection, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let done = work();
    connection.prepare_cached("COMMIT")?.execute([])?;
    done
}

/// Who hears of a commit.
#[derive(Clone, Debug)]
struct Publish {
    hints: broadcast::Sender<Hint>,
    watched: Arc<Mutex<HashMap<AccountId, watch::Sender<ModSeq>>>>,
    outbox: Arc<Notify>,
    due: watch::Sender<()>,
}

impl Publish {
    fn new() -> Publish {
        let hints = broadcast::channel(HINTS).0;
        Publish { hints, watched: Arc::default(), outbox: Arc::new(Notify::new()), due: watch::channel(()).0 }
    }

    /// Tells what the last group changed.
    fn all_of(&self, engine: &mut Engine) {
        for hint in engine.take_hints() {
            if let Some(sender) = self.watched.lock().get(&hint.account) {
                sender.send_if_modified(|newest| std::mem::replace(newest, hint.modseq.max(*newest)) < hint.modseq);
            }
            let _ = self.hints.send(hint);
        }
        if engine.take_outbox_changed() {
            self.outbox.notify_one();
        }
        if engine.take_due_changed() {
            self.due.send_replace(());
        }
    }
}

fn write_all(mut engine: Engine, mut jobs: mpsc::Receiver<Job>, publish: &Publish, closing: &AtomicBool) {
    loop {
        let job = if closing.load(Ordering::Acquire) { jobs.try_recv().ok() } else { jobs.blocking_recv() };
        let Some(job) = job else { break };
        let group = gather(job, &mut jobs);
        let results = engine.apply_group(&group.ops);
        publish.all_of(&mut engine);
        for (reply, result) in group.replies.into_iter().zip(results) {
            let _ = reply.send(result);
        }
        if let Some(call) = group.call {
            call(&mut engine);
        }
    }
    finish(engine);
}

fn finish(mut engine: Engine) {
    if let Err(error) = engine.checkpoint() {
        tracing::warn!(%error, "the log was not brought into the database");
    }
}

/// What is done together.
#[derive(Default)]
struct Group {
    ops: Vec<Op>,
    replies: Vec<Reply>,
    /// To be done after it.
    call: Option<Call>,
}

/// Everything that waits, up to a group.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> Group {
    let (mut group, mut octets) = (Group::default(), 0);
    let mut next = Some(first);
    while let Some(job) = next {
        match job {
            Job::Wake => {}
            Job::Call(call) => {
                group.call = Some(call);
                break;
            }
            Job::Op(op, reply) => {
                octets += weight(&op);
                group.ops.push(*op);
                group.replies.push(reply);
            }
        }
        next = if group.ops.len() < GROUP_OPS && octets < GROUP_OCTETS { jobs.try_recv().ok() } else { None };
    }
    group
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::op::{Append, Appended, Place};
    use crate::types::{AccountId, Flags, MailboxId};
    use message::Time;

    fn append(octets: usize) -> Op {
        let place = Place::Inline { codec: 0, bytes: vec![0; octets] };
        let message = Appended {
            content: Content { octets: octets as u64, hash: [0; 32], place },
            summary: vec![],
            utf8_header: false,
            message_id: None,
            references: vec![],
            flags: Flags::default(),
            received: Time(0),
        };
        let (account, mailbox, messages) = (AccountId(1), MailboxId(1), vec![message]);
        Op::Append(Box::new(Append { account, mailbox, messages, replaces: None, now: Time(0) }))
    }

    /// Sizes of the groups that so many operations of a size make.
    fn groups(count: usize, octets: usize) -> Vec<usize> {
        let (sender, mut jobs) = mpsc::channel(QUEUE);
        for _ in 0..count {
            let job = Job::Op(Box::new(append(octets)), oneshot::channel().0);
            sender.try_send(job).map_err(|_| "full").unwrap();
        }
        let mut sizes = Vec::new();
        while let Ok(first) = jobs.try_recv() {
            sizes.push(gather(first, &mut jobs).ops.len());
        }
        sizes
    }

    #[test]
    fn a_group_ends_at_its_count() {
        assert_eq!(groups(GROUP_OPS, 0), [GROUP_OPS]);
        assert_eq!(groups(GROUP_OPS + 1, 0), [GROUP_OPS, 1]);
    }

    #[test]
    fn a_group_ends_at_its_octets() {
        let four = GROUP_OCTETS / 4;
        assert_eq!(groups(4, four), [4]);
        assert_eq!(groups(5, four), [4, 1]);
    }

    #[tokio::test]
    async fn who_watches_an_account_is_woken_by_its_changes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Settings::default()).unwrap();
        let domain = message::Domain::parse("hamburger.edu").unwrap();
        store.apply(Op::DomainAdd { domain, now: Time(1) }).await.unwrap();
        let mut accounts = Vec::new();
        for name in ["alice", "bob"] {
            let address = message::Address::parse(&format!("{name}@hamburger.edu")).unwrap();
            let add = Op::AccountAdd { address, credentials: Default::default(), quota: None, now: Time(1) };
            let Outcome::Account(account) = store.apply(add).await.unwrap() else { panic!("no account") };
            accounts.push(account);
        }
        let mut watches: Vec<_> = accounts.iter().map(|account| store.watch(*account)).collect();
        let subscribe = Op::MailboxSubscribe { account: accounts[0], mailbox: MailboxId(1), subscribed: false };
        store.apply(subscribe).await.unwrap();
        assert!(watches[0].has_changed().unwrap() && !watches[1].has_changed().unwrap());
        let newest = *watches[0].borrow_and_update();
        assert!(newest > ModSeq(0) && *watches[1].borrow() == ModSeq(0));
        assert_eq!(*store.watch(accounts[0]).borrow(), newest, "who comes later sees it too");
    }

    #[test]
    fn accounts_nobody_watches_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Settings::default()).unwrap();
        let kept = store.watch(AccountId(0));
        for account in 1..10_000 {
            drop(store.watch(AccountId(account)));
        }
        let watched = store.inner.publish.watched.lock();
        assert!(watched.len() < 4 * WATCHED_SWEPT && watched.contains_key(&AccountId(0)), "{}", watched.len());
        assert!(kept.has_changed().is_ok());
    }

    #[test]
    fn work_between_groups_keeps_its_place() {
        let (sender, mut jobs) = mpsc::channel(QUEUE);
        let op = || Job::Op(Box::new(append(0)), oneshot::channel().0);
        for job in [op(), Job::Wake, op(), Job::Call(Box::new(|_| {})), op()] {
            sender.try_send(job).map_err(|_| "full").unwrap();
        }
        let first = gather(jobs.try_recv().unwrap(), &mut jobs);
        assert_eq!((first.ops.len(), first.call.is_some()), (2, true));
        let second = gather(jobs.try_recv().unwrap(), &mut jobs);
        assert_eq!((second.ops.len(), second.call.is_some()), (1, false));
    }
}
