//! How long questions about a large mailbox take. Timings gate nothing: run it with `PILLARBOX_MESSAGES=100000`, `--release`
//! and `--nocapture` to see them.
#![allow(clippy::disallowed_methods, reason = "it measures, and its size is told from outside")]

use super::*;
use std::time::Instant;
use store::op::{Append, Appended, Op, Outcome};
use store::types::{AccountId, MailboxId};
use wire::imap::ask::{FlagChange, PAGE_MESSAGES, SummaryItems};
use wire::imap::listing::{Listing, bits};

/// Messages of the mailbox in CI: a few pages.
const MESSAGES: u32 = 600;

fn wanted() -> u32 {
    std::env::var("PILLARBOX_MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(MESSAGES)
}

async fn fill(house: &House, account: AccountId, count: u32) {
    let mut made = 0;
    while made < count {
        let mut messages = Vec::new();
        for number in made..count.min(made + 500) {
            let content = format!(
                "From: Alice <alice@crepes.fr>\r\nTo: bob@hamburger.edu\r\nSubject: number {number}\r\n\
                 Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nMessage-ID: <{number}@crepes.fr>\r\n\r\nhello\r\n"
            );
            let digest = crate::inbound::Digest::of(&message::parse(content.as_bytes()), b"");
            let mut upload = house.office.store().upload();
            upload.write(content.as_bytes()).await.unwrap();
            messages.push(Appended {
                content: upload.finish().await.unwrap(),
                summary: digest.summary,
                utf8_header: false,
                message_id: digest.message_id,
                references: vec![],
                flags: store::types::Flags::default(),
                received: Time(NOW.0 + u64::from(number) * 60_000),
            });
        }
        made += u32::try_from(messages.len()).unwrap();
        let append = Append { account, mailbox: MailboxId(1), messages, replaces: None, now: NOW };
        let outcome = house.office.store().apply(Op::Append(Box::new(append))).await.unwrap();
        assert!(matches!(outcome, Outcome::Uids { .. }));
    }
}

/// Says how long something took, and begins anew.
fn lap(clock: &mut Instant, what: &str) {
    println!("{what}: {:.2} ms", clock.elapsed().as_secs_f64() * 1000.0);
    *clock = Instant::now();
}

#[tokio::test]
async fn a_large_mailbox_is_answered_page_by_page() {
    let (house, mut desk) = bob().await;
    let account = desk.user_id().unwrap();
    let count = wanted();
    fill(&house, account, count).await;
    let mut clock = Instant::now();
    let listing = select(&mut desk, "INBOX").await.listing;
    lap(&mut clock, "SELECT cold");
    assert_eq!(listing.len(), count);
    println!("octets a message: {:.1}", listing.weight() as f64 / f64::from(count));
    for _ in 0..100 {
        select(&mut desk, "INBOX").await;
    }
    lap(&mut clock, "SELECT warm, 100 times");
    for _ in 0..100 {
        sync(&mut desk).await;
    }
    lap(&mut clock, "NOOP, 100 times");
    for uid in 1..=100 {
        let change = FlagChange::Add(FlagNames { system: bits::SEEN, keywords: vec![] });
        ask(&mut desk, Ask::Store { uids: vec![uid..=uid], change, unchanged_since: None }).await;
    }
    lap(&mut clock, "STORE of one message, 100 times");
    let change = FlagChange::Add(FlagNames { system: bits::FLAGGED, keywords: vec![] });
    ask(&mut desk, Ask::Store { uids: vec![1..=10_000], change, unchanged_since: None }).await;
    lap(&mut clock, "STORE of 10,000 messages");
    let now = sync(&mut desk).await.listing.unwrap();
    let changed = u32::try_from(Listing::changes(&listing, &now).count()).unwrap();
    assert_eq!(changed, count.min(10_000));
    lap(&mut clock, "what changed");
    let uids: Vec<u32> = (1..=count).collect();
    let each = [
        ("ENVELOPE", SummaryItems { envelope: true, ..SummaryItems::default() }),
        ("BODYSTRUCTURE", SummaryItems { body_structure: true, ..SummaryItems::default() }),
    ];
    for (what, items) in each {
        let mut described = 0;
        for page in uids.chunks(PAGE_MESSAGES) {
            let answer = ask(&mut desk, Ask::Summaries { uids: page.to_vec(), items }).await;
            let Answer::Summaries(summaries) = answer else { panic!("{answer:?}") };
            described += summaries.iter().flatten().count();
        }
        assert_eq!(described, uids.len());
        lap(&mut clock, what);
    }
    for want in [section(&[], SectionText::Whole, None), section(&[], SectionText::Header, None)] {
        for page in uids.chunks(PAGE_MESSAGES) {
            assert_eq!(pieces(&mut desk, page, vec![want.clone()]).await.len(), page.len());
        }
        lap(&mut clock, "BODY[] and BODY[HEADER] of all");
    }
    println!("octets of a desk: {}", size_of::<ImapDesk>());
}
