//! Descriptions and pieces of messages.

use super::*;
use wire::imap::ask::{PAGE_MESSAGES, Summary, SummaryItems};

const LETTER: &[u8] = b"From: Bob <bob@hamburger.edu>\r\nSubject: lunch\r\nContent-Type: multipart/mixed; boundary=x\r\n\
    \r\n--x\r\nContent-Type: text/plain\r\n\r\nFish?\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\nRmlzaCE=\r\n--x--\r\n";

fn everything() -> SummaryItems {
    SummaryItems {
        envelope: true,
        body: true,
        body_structure: true,
        preview: true,
        thread_id: true,
        save_date: true,
        utf8: false,
    }
}

async fn summaries(desk: &mut ImapDesk, uids: &[u32]) -> Vec<Option<Summary>> {
    match ask(desk, Ask::Summaries { uids: uids.to_vec(), items: everything() }).await {
        Answer::Summaries(summaries) => summaries,
        other => panic!("{other:?}"),
    }
}

/// A message whose one attachment is longer than a frame, and what is in it.
fn large(octets: usize) -> (Vec<u8>, Vec<u8>) {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let attachment: Vec<u8> = (0..octets).map(|_| random()).collect();
    let mut content = b"Subject: large\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
    let mut encoder = message::encoding::base64::Encoder::default();
    encoder.push(&attachment, &mut content);
    encoder.finish(&mut content);
    (content, attachment)
}

#[tokio::test]
async fn a_page_of_descriptions_names_each_message() {
    let (_house, mut desk) = bob().await;
    let first = append(&mut desk, "INBOX", LETTER).await;
    let second = append(&mut desk, "INBOX", b"Subject: more\r\n\r\n<b>hello</b>\r\n").await;
    select(&mut desk, "INBOX").await;
    let found = summaries(&mut desk, &[first, 77, second]).await;
    let [Some(one), None, Some(two)] = &found[..] else { panic!("{found:?}") };
    let text = |octets: &Option<bytes::Bytes>| String::from_utf8(octets.as_ref().unwrap().to_vec()).unwrap();
    assert!(text(&one.envelope).contains("\"lunch\"") && text(&two.envelope).contains("\"more\""));
    assert!(
        text(&one.body_structure).contains("\"base64\"") && text(&one.body).len() < text(&one.body_structure).len()
    );
    assert_eq!(one.preview.as_deref(), Some("Fish?"));
    assert_eq!(one.save_date, Some(NOW));
    assert!(one.thread_id.is_some() && one.thread_id != two.thread_id);
}

/// Message `number`: of any size, in a row, in a frame of its own, and now and then in several.
fn numbered(number: u32) -> Vec<u8> {
    let octets = [300, 9_000, 60_000, 200_000][number as usize % 4] + if number % 13 == 12 { 300_000 } else { 0 };
    let mut content = format!("Subject: {number}\r\n\r\n").into_bytes();
    let mut state = number;
    while content.len() < octets {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Hardly to be packed, so that it lies in a segment.
        content.extend_from_slice(format!("{state:08x}").as_bytes());
    }
    content
}

#[tokio::test]
async fn pages_read_ahead_are_those_that_are_asked_for() {
    let (_house, mut desk) = bob().await;
    let contents: Vec<Vec<u8>> = (0..40).map(numbered).collect();
    let mut uids = vec![];
    for content in &contents {
        uids.push(append(&mut desk, "INBOX", content).await);
    }
    let other = append(&mut desk, "Sent", b"Subject: another\r\n\r\n").await;
    select(&mut desk, "INBOX").await;
    let whole = || section(&[], SectionText::Whole, None);
    let found = pieces(&mut desk, &uids, vec![section(&[], SectionText::Header, None), whole()]).await;
    for (content, found) in contents.iter().zip(found.chunks(2)) {
        assert!(content.starts_with(found[0].as_ref().unwrap()));
        assert_eq!(found[1].as_ref().unwrap(), content);
    }
    // What was begun for a question that is not asked on answers none that is.
    let wants: Arc<[Want]> = [whole()].into();
    ask(&mut desk, Ask::Pieces { uids: uids.clone(), wants, from: 0 }).await;
    let backwards: Vec<u32> = uids.iter().rev().copied().collect();
    for (content, found) in contents.iter().rev().zip(pieces(&mut desk, &backwards, vec![whole()]).await) {
        assert_eq!(&found.unwrap(), content);
    }
    select(&mut desk, "Sent").await;
    let found = pieces(&mut desk, &[other], vec![whole()]).await;
    assert_eq!(found[0].as_ref().unwrap(), b"Subject: another\r\n\r\n");
}

#[tokio::test]
async fn descriptions_read_ahead_are_those_that_are_asked_for() {
    let (_house, mut desk) = bob().await;
    let contents: Vec<String> =
        (0..2 * PAGE_MESSAGES + 9).map(|number| format!("Subject: letter-{number}.\r\n\r\n")).collect();
    let contents: Vec<&[u8]> = contents.iter().map(String::as_bytes).collect();
    let mut uids: Vec<u32> = vec![];
    for some in contents.chunks(500) {
        uids.extend(append_all(&mut desk, "INBOX", some).await.unwrap().into_iter().flatten());
    }
    select(&mut desk, "INBOX").await;
    let pages: Vec<&[u32]> = uids.chunks(PAGE_MESSAGES).collect();
    // On and on, then back, then with one left out.
    let skipping: Vec<u32> = uids.iter().copied().filter(|uid| uid % 7 != 3).collect();
    for page in [pages[0], pages[1], pages[2], pages[1], &skipping[..PAGE_MESSAGES], pages[0], pages[1]] {
        for (uid, found) in page.iter().zip(summaries(&mut desk, page).await) {
            let envelope = found.unwrap().envelope.unwrap();
            let at = uids.iter().position(|known| known == uid).unwrap();
            let subject = format!("\"letter-{at}.\"");
            assert!(String::from_utf8_lossy(&envelope).contains(&subject), "{uid}");
        }
    }
}

#[tokio::test]
async fn every_message_of_a_page_has_its_preview() {
    let (_house, mut desk) = bob().await;
    // Together more than is read at once.
    let mut content = b"\r\nthe beginning ".to_vec();
    content.resize(240_000, b'x');
    let mut uids = vec![];
    for _ in 0..7 {
        uids.push(append(&mut desk, "INBOX", &content).await);
    }
    select(&mut desk, "INBOX").await;
    let found = summaries(&mut desk, &uids).await;
    let begins = |summary: &Option<Summary>| {
        summary.as_ref().is_some_and(|summary| {
            summary.preview.as_deref().is_some_and(|preview| preview.starts_with("the beginning x"))
        })
    };
    assert!(found.len() == 7 && found.iter().all(begins));
}

#[tokio::test]
async fn sections_are_read_as_they_are_stored() {
    let (_house, mut desk) = bob().await;
    let uid = append(&mut desk, "INBOX", LETTER).await;
    select(&mut desk, "INBOX").await;
    let wants = vec![
        section(&[], SectionText::Whole, None),
        section(&[1], SectionText::Whole, None),
        section(&[], SectionText::HeaderFields(vec!["subject".to_owned()]), Some((9, 5))),
        section(&[3], SectionText::Whole, None),
        Want::Binary(Part(vec![2]), None),
        Want::Binary(Part(vec![2]), Some(Partial { start: 1, count: 2 })),
        Want::BinarySize(Part(vec![2])),
    ];
    let found = pieces(&mut desk, &[uid, uid + 1], wants).await;
    let expected = [
        Ok(LETTER.to_vec()),
        Ok(b"Fish?".to_vec()),
        Ok(b"lunch".to_vec()),
        Err(Piece::Absent),
        Ok(b"Fish!".to_vec()),
        Ok(b"is".to_vec()),
        Err(Piece::Size(5)),
    ];
    assert_eq!(found[..7], expected);
    assert!(found[7..].iter().all(|piece| *piece == Err(Piece::Gone)));
}

#[tokio::test]
async fn long_content_is_relayed_in_ranges() {
    let (_house, mut desk) = bob().await;
    let (content, attachment) = large(700_000);
    let uid = append(&mut desk, "INBOX", &content).await;
    select(&mut desk, "INBOX").await;
    let (start, count) = (300_000, 400_000);
    let wants = vec![
        section(&[], SectionText::Whole, None),
        section(&[], SectionText::Whole, Some((start, count))),
        section(&[], SectionText::Whole, Some((start, 50))),
        Want::Binary(Part(vec![1]), None),
        Want::Binary(Part(vec![1]), Some(Partial { start, count: u64::MAX })),
        Want::BinarySize(Part(vec![1])),
        section(&[], SectionText::Whole, Some((u64::MAX, 5))),
    ];
    let found = pieces(&mut desk, &[uid], wants).await;
    let (start, count) = (300_000, 400_000);
    assert!(found[0].as_ref() == Ok(&content) && found[3].as_ref() == Ok(&attachment));
    assert!(found[1].as_deref() == Ok(&content[start..start + count]));
    assert!(found[2].as_deref() == Ok(&content[start..start + 50]));
    assert!(found[4].as_deref() == Ok(&attachment[start..]));
    assert_eq!(found[5..], [Err(Piece::Size(700_000)), Ok(vec![])]);
}

#[tokio::test]
async fn decoded_content_can_be_read_from_anywhere() {
    let (house, mut desk) = bob().await;
    let (content, attachment) = large(400_000);
    let uid = append(&mut desk, "INBOX", &content).await;
    select(&mut desk, "INBOX").await;
    let wants: Arc<[Want]> = [Want::Binary(Part(vec![1]), None)].into();
    let answer = ask(&mut desk, Ask::Pieces { uids: vec![uid], wants, from: 0 }).await;
    let Answer::Pieces(found) = answer else { panic!("{answer:?}") };
    let Piece::Stored { source, octets, .. } = found[0] else { panic!("{found:?}") };
    for offset in [350_000, 10, octets - 1, octets, 0] {
        let chunk = Desk::read(&mut desk, source, offset).await.unwrap();
        let from = usize::try_from(offset).unwrap();
        assert!(attachment[from..].starts_with(&chunk) && chunk.is_empty() == (offset == octets), "{offset}");
    }
    sync(&mut desk).await;
    assert_eq!(Desk::read(&mut desk, source, 0).await, None, "a source lives until the next question");
    drop(house);
}

#[tokio::test]
async fn answers_about_pieces_are_bounded() {
    let (_house, mut desk) = bob().await;
    let content = vec![b'x'; 60_000];
    let mut uids = vec![];
    for _ in 0..8 {
        uids.push(append(&mut desk, "INBOX", &content).await);
    }
    select(&mut desk, "INBOX").await;
    let wants: Arc<[Want]> = [section(&[], SectionText::Whole, None), section(&[], SectionText::Text, None)].into();
    let answer = ask(&mut desk, Ask::Pieces { uids: uids.clone(), wants: wants.clone(), from: 0 }).await;
    let Answer::Pieces(found) = answer else { panic!("{answer:?}") };
    assert!((1..16).contains(&found.len()), "{}", found.len());
    let all = pieces(&mut desk, &uids, wants.to_vec()).await;
    assert_eq!(all.len(), 16);
    assert!(all.iter().step_by(2).all(|piece| piece.as_ref() == Ok(&content)));
}

#[tokio::test]
async fn messages_are_put_together_of_parts_of_others() {
    let (_house, mut desk) = bob().await;
    let uid = append(&mut desk, "Drafts", LETTER).await;
    let uid_validity = select(&mut desk, "Drafts").await.listing.head().uid_validity;
    let url = |parameters: &str| AppendStep::Url(format!("/Drafts;UIDVALIDITY={uid_validity}/;UID={uid}{parameters}"));
    done(&mut desk, Ask::Append(AppendStep::Begin { mailbox: name("Sent"), replaces: None })).await;
    done(&mut desk, Ask::Append(AppendStep::Message { flags: FlagNames::default(), date: None, octets: 0 })).await;
    done(&mut desk, Ask::Append(url("/;SECTION=HEADER"))).await;
    desk.content(b"And then: ").await;
    done(&mut desk, Ask::Append(url("/;SECTION=1"))).await;
    done(&mut desk, Ask::Append(url("/;SECTION=1/;PARTIAL=1.3"))).await;
    for wrong in ["/Drafts/;UID=999", "/Nowhere/;UID=1", "/Drafts;UIDVALIDITY=1/;UID=1"] {
        let refusal = refused(&mut desk, Ask::Append(AppendStep::Url(wrong.to_owned()))).await;
        assert_eq!(refusal, Refusal::BadUrl(wrong.to_owned()));
    }
    done(&mut desk, Ask::Append(AppendStep::End)).await;
    let Answer::Appended { uids, .. } = ask(&mut desk, Ask::Append(AppendStep::Commit)).await else { panic!() };
    select(&mut desk, "Sent").await;
    let found = pieces(&mut desk, &[*uids[0].start()], vec![section(&[], SectionText::Text, None)]).await;
    assert_eq!(found, [Ok(b"And then: Fish?ish".to_vec())]);
}

#[tokio::test]
async fn an_answer_goes_through_a_bounded_number_of_octets() {
    let (_house, mut desk) = bob().await;
    let line = [b"QUFB".repeat(19).as_slice(), b"\r\n"].concat();
    let head = b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n".as_slice();
    // Three of them are more than an answer goes through, two are not.
    append(&mut desk, "INBOX", &[head, &line.repeat(1_700_000 / line.len())].concat()).await;
    select(&mut desk, "INBOX").await;
    let little = |part: &[u32]| Want::Binary(Part(part.to_vec()), Some(Partial { start: 1, count: 1 }));
    let question = |from| Ask::Pieces { uids: vec![1], wants: vec![little(&[1]); 7].into(), from };
    let mut counts = Vec::new();
    for from in [0, 3, 6] {
        let Answer::Pieces(came) = ask(&mut desk, question(from)).await else { panic!("no pieces") };
        counts.push(came.len());
    }
    assert_eq!(counts, [3, 3, 1]);
    let all = pieces(&mut desk, &[1], vec![little(&[1]); 7]).await;
    assert_eq!(all, vec![Ok(b"A".to_vec()); 7]);
}
