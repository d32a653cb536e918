//! FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4): which messages, and what of them. What the listing knows is written by
//! `rows`; for the rest the desk is asked, a page of messages at a time; `pieces` writes bodies.

use super::out::Out;
use super::pieces::Pieces;
use super::reply::{Reply, misfit};
use super::rows::{Column, Rows, begin, columns};
use super::{Server, State, text};
use crate::imap::ask::{FlagChange, FlagNames, ObjectId, PAGE_MESSAGES, Summary, SummaryItems, Uids, Want};
use crate::imap::command::{By, Fetch, FetchItem, Partial, PartialRange, Section, SectionText};
use crate::imap::listing::{Row, bits};
use crate::imap::mailbox::Charset;
use crate::imap::numbers;
use crate::imap::{Answer, Ask};
use std::sync::Arc;

/// What is asked for of each message, by who knows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// The listing.
    pub columns: Vec<Column>,
    /// The desk, prepared.
    pub summary: SummaryItems,
    /// The desk, from the content.
    pub wants: Vec<Want>,
    /// How each of those is called in the response.
    pub labels: Vec<Vec<u8>>,
    /// `\Seen` is set.
    pub sees: bool,
}

/// A FETCH under way.
pub(super) struct Fetching {
    pub tag: Option<String>,
    pub by: By,
    uids: Uids,
    from: u32,
    changed_since: Option<u64>,
    pub plan: Plan,
    pub wants: Arc<[Want]>,
    /// Some message was gone when it was looked for.
    pub gone: bool,
    /// Some piece could not be decoded, or read.
    pub failed: Option<Reply>,
    /// This page: numbers and rows.
    pub page: Vec<(u32, Row)>,
    /// Those whose flags are told as well, for they changed.
    pub seen_now: Uids,
    pub summaries: Vec<Option<Summary>>,
}

/// RFC 2180 §4.1.2, RFC 5530 §3.
pub(super) fn some_are_gone() -> Reply {
    Reply::no("some of the messages have been deleted").code("EXPUNGEISSUED")
}

impl Server {
    pub(super) fn fetch(&mut self, tag: String, fetch: Fetch) {
        if fetch.vanished && !self.enabled.qresync {
            return self.refuse(&tag, &Reply::bad("ENABLE QRESYNC first"));
        }
        if fetch.vanished && fetch.by == By::Number {
            return self.refuse(&tag, &Reply::bad("VANISHED is for UID FETCH"));
        }
        self.see_first(fetch.by, move |server| server.fetch_seen(tag, fetch));
    }

    fn fetch_seen(&mut self, tag: String, fetch: Fetch) {
        let mut meant = match self.meant(fetch.by, &fetch.messages) {
            Ok(meant) => meant,
            Err(reply) => return self.refuse(&tag, &reply),
        };
        if let Some(partial) = fetch.partial {
            meant.uids = self.part_of(&meant.uids, partial);
        }
        self.wants_modseqs(fetch.changed_since.is_some() || fetch.items.contains(&FetchItem::ModSeq));
        let mut plan = self.plan(fetch.by, &fetch.items);
        if fetch.changed_since.is_some() && !plan.columns.contains(&Column::ModSeq) {
            plan.columns.push(Column::ModSeq);
        }
        let fetching = Box::new(Fetching {
            tag: Some(tag),
            gone: meant.gone,
            changed_since: fetch.changed_since,
            ..Fetching::new(fetch.by, meant.uids.clone(), plan)
        });
        match fetch.changed_since.filter(|_| fetch.vanished) {
            None => self.start_fetching(fetching),
            Some(since) => self.tell_vanished(since, meant.uids, fetching),
        }
    }

    /// RFC 7162 §3.2.6.
    fn tell_vanished(&mut self, since: u64, among: Uids, fetching: Box<Fetching>) {
        self.ask(Ask::Vanished { since, among }, move |server, answer| {
            match answer {
                Answer::Vanished(gone) => server.send_vanished(&gone, "(EARLIER) "),
                Answer::Refused(refusal) => server.reply("*", &refusal.into()),
                _ => server.reply("*", &misfit()),
            }
            server.start_fetching(fetching);
        });
    }

    /// RFC 9394 §3.3: some of them, counted from one end.
    fn part_of(&mut self, uids: &Uids, partial: PartialRange) -> Uids {
        let Some(open) = self.open() else { return Uids::new() };
        let all: Vec<u32> = open.numbers.rows(uids, 0).map(|(_, row)| row.uid).collect();
        let mut part = Uids::new();
        super::search::partial_of(&all, partial).iter().for_each(|uid| numbers::push(&mut part, *uid..=*uid));
        part
    }

    /// What NOTIFY asked to be told of new messages (RFC 5465 §5.2).
    pub(super) fn fetch_news(&mut self, added: Uids) {
        let items = self.enabled.notified.new_items();
        if items.is_empty() {
            return;
        }
        let plan = self.plan(By::Uid, &items);
        let fetching = Box::new(Fetching::new(By::Uid, added, plan));
        self.later(move |server| server.start_fetching(fetching));
    }

    fn plan(&self, by: By, items: &[FetchItem]) -> Plan {
        let mut plan = Plan::default();
        if by == By::Uid && !self.enabled.uid_only {
            plan.columns.push(Column::Uid);
        }
        for item in items {
            plan.add(item);
        }
        plan.summary.utf8 = self.enabled.utf8;
        if self.enabled.uid_only {
            // RFC 9586 §3.3: the UID stands at the beginning already.
            plan.columns.retain(|column| *column != Column::Uid);
        }
        plan
    }

    fn start_fetching(&mut self, fetching: Box<Fetching>) {
        if !fetching.plan.summary.any() && fetching.plan.wants.is_empty() && !fetching.plan.columns.is_empty() {
            let rows = Rows {
                uids: fetching.uids.clone(),
                from: 0,
                columns: fetching.plan.columns.clone(),
                changed_since: fetching.changed_since,
            };
            self.out.push_back(Out::Rows(rows));
            return self.fetched(fetching);
        }
        self.fetch_page(fetching);
    }

    /// Takes the next messages in hand.
    pub(super) fn fetch_page(&mut self, mut fetching: Box<Fetching>) {
        let Some(open) = self.open() else { return };
        let since = fetching.changed_since;
        let rows = open.numbers.rows(&fetching.uids, fetching.from);
        let page: Vec<(u32, Row)> =
            rows.filter(|(_, row)| since.is_none_or(|since| row.modseq > since)).take(PAGE_MESSAGES).collect();
        let Some((_, last)) = page.last() else { return self.fetched(fetching) };
        fetching.from = last.uid.saturating_add(1);
        if last.uid == u32::MAX {
            fetching.uids = Uids::new();
        }
        fetching.page = page;
        fetching.seen_now = Uids::new();
        fetching.summaries = Vec::new();
        let sees = fetching.plan.sees && !open.read_only;
        if sees { self.set_seen(fetching) } else { self.fetch_summaries(fetching) }
    }

    /// RFC 9051 §6.4.5: reading sets `\Seen`, and the flags are told with what was read.
    fn set_seen(&mut self, mut fetching: Box<Fetching>) {
        let mut unseen = Uids::new();
        let rows = fetching.page.iter().filter(|(_, row)| row.flags & bits::SEEN == 0);
        rows.for_each(|(_, row)| numbers::push(&mut unseen, row.uid..=row.uid));
        if unseen.is_empty() {
            return self.fetch_summaries(fetching);
        }
        let change = FlagChange::Add(FlagNames { system: bits::SEEN, keywords: Vec::new() });
        self.ask(Ask::Store { uids: unseen.clone(), change, unchanged_since: None }, move |server, answer| {
            // Without the right to set it, the message is read all the same (RFC 4314 §4).
            if let Answer::Stored { listing, .. } = answer {
                server.take_in(listing);
                if let Some(open) = server.open() {
                    for (_, row) in &mut fetching.page {
                        *row = open.listing().row(row.uid).unwrap_or(*row);
                    }
                    open.untold = numbers::minus(&open.untold, &unseen);
                }
                fetching.seen_now = unseen;
            }
            server.fetch_summaries(fetching);
        });
    }

    fn fetch_summaries(&mut self, mut fetching: Box<Fetching>) {
        if !fetching.plan.summary.any() {
            return self.fetch_pieces(fetching);
        }
        let ask = Ask::Summaries { uids: fetching.page_uids(), items: fetching.plan.summary };
        self.ask(ask, move |server, answer| {
            match answer {
                Answer::Summaries(summaries) => fetching.summaries = summaries,
                Answer::Refused(refusal) => return server.fetch_broken(fetching, refusal.into()),
                _ => return server.fetch_broken(fetching, misfit()),
            }
            server.fetch_pieces(fetching);
        });
    }

    fn fetch_pieces(&mut self, mut fetching: Box<Fetching>) {
        if !fetching.wants.is_empty() {
            return self.ask_pieces(Pieces::new(fetching));
        }
        let mut lines = Vec::new();
        for at in 0..fetching.page.len() {
            if self.message_head(&mut lines, &mut fetching, at) {
                lines.extend_from_slice(b")\r\n");
            }
        }
        self.send(lines);
        self.later(move |server| server.fetch_page(fetching));
    }

    /// The line of a message up to its pieces. Whether there is one: not when it is gone.
    pub(super) fn message_head(&self, line: &mut Vec<u8>, fetching: &mut Fetching, at: usize) -> bool {
        let (State::Open(open), Some((number, row))) = (&self.state, fetching.page.get(at).copied()) else {
            return false;
        };
        let summary = match (fetching.plan.summary.any(), fetching.summaries.get(at)) {
            (true, Some(None) | None) => {
                fetching.gone = true;
                return false;
            }
            (_, summary) => summary.cloned().flatten(),
        };
        begin(line, &self.enabled, (number, row.uid));
        let start = line.len();
        columns(line, &fetching.plan.columns, (open, &row), self.enabled.rev2);
        if numbers::contains(&fetching.seen_now, row.uid) {
            // RFC 7162 §3.2.4: with its UID, where the client keeps modseqs by UIDs.
            for column in self.news_columns().into_iter().filter(|column| !fetching.plan.columns.contains(column)) {
                space(line, start);
                columns(line, &[column], (open, &row), self.enabled.rev2);
            }
        }
        if let Some(summary) = summary {
            self.summary_items(line, start, (&summary, fetching.plan.summary));
        }
        true
    }

    fn summary_items(&self, line: &mut Vec<u8>, start: usize, (summary, items): (&Summary, SummaryItems)) {
        let prepared = [
            (items.envelope, "ENVELOPE ", &summary.envelope),
            (items.body, "BODY ", &summary.body),
            (items.body_structure, "BODYSTRUCTURE ", &summary.body_structure),
        ];
        for (_, name, octets) in prepared.into_iter().filter(|(wanted, ..)| *wanted) {
            space(line, start);
            line.extend_from_slice(name.as_bytes());
            line.extend_from_slice(octets.as_deref().unwrap_or(b"NIL"));
        }
        if items.preview {
            space(line, start);
            line.extend_from_slice(b"PREVIEW ");
            text::nstring(line, summary.preview.as_deref().map(str::as_bytes), self.charset());
        }
        if items.thread_id {
            space(line, start);
            let id = summary.thread_id.map(|id| format!("({})", ObjectId::Thread(id)));
            line.extend_from_slice(format!("THREADID {}", id.as_deref().unwrap_or("NIL")).as_bytes());
        }
        if items.save_date {
            space(line, start);
            line.extend_from_slice(b"SAVEDATE ");
            match summary.save_date {
                Some(date) => text::date_time(line, date),
                None => text::nstring(line, None, Charset::Ascii),
            }
        }
    }

    /// The rest cannot be told.
    pub(super) fn fetch_broken(&mut self, mut fetching: Box<Fetching>, reply: Reply) {
        fetching.failed = Some(reply);
        self.fetched(fetching);
    }

    fn fetched(&mut self, fetching: Box<Fetching>) {
        let fetching = *fetching;
        let Some(tag) = fetching.tag else { return };
        let reply = match fetching.failed {
            Some(reply) => reply,
            // A UID that is gone is no error (RFC 9051 §6.4.9).
            None if fetching.gone && fetching.by == By::Number => some_are_gone(),
            None => Reply::ok("fetched"),
        };
        let expunges = self.expunges(fetching.by);
        match fetching.by {
            By::Number => self.finish(tag, reply, expunges),
            // What was new was told before.
            By::Uid => {
                self.tell(expunges);
                self.reply(&tag, &reply);
            }
        }
    }
}

/// A space, unless this is the first item.
pub(super) fn space(line: &mut Vec<u8>, start: usize) {
    if line.len() > start {
        line.push(b' ');
    }
}

impl Fetching {
    fn new(by: By, uids: Uids, plan: Plan) -> Fetching {
        let wants = plan.wants.clone().into();
        Fetching {
            tag: None,
            by,
            uids,
            from: 0,
            changed_since: None,
            plan,
            wants,
            gone: false,
            failed: None,
            page: Vec::new(),
            seen_now: Uids::new(),
            summaries: Vec::new(),
        }
    }

    pub fn page_uids(&self) -> Vec<u32> {
        self.page.iter().map(|(_, row)| row.uid).collect()
    }
}

impl Plan {
    fn add(&mut self, item: &FetchItem) {
        match item {
            FetchItem::Flags => self.column(Column::Flags),
            FetchItem::InternalDate => self.column(Column::InternalDate),
            FetchItem::Size => self.column(Column::Size),
            FetchItem::Uid => self.column(Column::Uid),
            FetchItem::ModSeq => self.column(Column::ModSeq),
            FetchItem::EmailId => self.column(Column::EmailId),
            FetchItem::Envelope => self.summary.envelope = true,
            FetchItem::Body => self.summary.body = true,
            FetchItem::BodyStructure => self.summary.body_structure = true,
            FetchItem::ThreadId => self.summary.thread_id = true,
            FetchItem::SaveDate => self.summary.save_date = true,
            FetchItem::Preview(_) => self.summary.preview = true,
            FetchItem::Section { section, peek, partial } => {
                let label = labelled("BODY", |out| text::section(out, section), *partial);
                self.want(Want::Section(section.clone(), *partial), label, *peek);
            }
            FetchItem::Binary { part, peek, partial } => {
                let label = labelled("BINARY", |out| text::part(out, part), *partial);
                self.want(Want::Binary(part.clone(), *partial), label, *peek);
            }
            FetchItem::BinarySize(part) => {
                let label = labelled("BINARY.SIZE", |out| text::part(out, part), None);
                self.want(Want::BinarySize(part.clone()), label, true);
            }
            FetchItem::Rfc822 => self.rfc822("RFC822", SectionText::Whole, false),
            FetchItem::Rfc822Header => self.rfc822("RFC822.HEADER", SectionText::Header, true),
            FetchItem::Rfc822Text => self.rfc822("RFC822.TEXT", SectionText::Text, false),
        }
    }

    fn column(&mut self, column: Column) {
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
    }

    fn want(&mut self, want: Want, label: Vec<u8>, peek: bool) {
        self.sees |= !peek;
        if !self.labels.contains(&label) {
            self.wants.push(want);
            self.labels.push(label);
        }
    }

    /// RFC 3501 §6.4.5.
    fn rfc822(&mut self, name: &str, text: SectionText, peek: bool) {
        let section = Section { text, ..Section::default() };
        self.want(Want::Section(section, None), name.as_bytes().to_vec(), peek);
    }
}

/// `BODY[1.TEXT]<0>`.
fn labelled(name: &str, inside: impl Fn(&mut Vec<u8>), partial: Option<Partial>) -> Vec<u8> {
    let mut label = name.as_bytes().to_vec();
    label.push(b'[');
    inside(&mut label);
    label.push(b']');
    if let Some(Partial { start, .. }) = partial {
        label.extend_from_slice(format!("<{start}>").as_bytes());
    }
    label
}

impl SummaryItems {
    /// Whether anything is wanted.
    #[must_use]
    pub fn any(self) -> bool {
        self.envelope || self.body || self.body_structure || self.preview || self.thread_id || self.save_date
    }
}
