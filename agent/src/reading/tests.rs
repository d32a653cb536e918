#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn text_of(page: &Page) -> String {
    let line = |line: &Line| {
        let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
        format!("{}{text}", ">".repeat(line.depth))
    };
    page.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Everything a page holds, in one text.
fn all_of(page: &Page) -> String {
    let header = page.header.iter().map(|line| format!("{}: {}", line.name, line.value));
    let parts = page.parts.iter().map(|part| {
        let optional =
            [&part.name, &part.description, &part.content_id, &part.note].map(|text| text.clone().unwrap_or_default());
        format!("{} {}", part.media_type, optional.join(" "))
    });
    let links = page.links.iter().map(|link| format!("{} {}", link.address, link.text));
    header.chain(parts).chain(links).chain([text_of(page)]).collect::<Vec<_>>().join("\n")
}

fn is_harmful(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
}

#[test]
fn a_letter_is_shown_with_what_goes_along() {
    let message = "From: Alice <alice@crepes.fr>\nTo: bob@hamburger.edu\nSubject: Lunch\nMIME-Version: 1.1\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\n\nDo you like ketchup?\n--b\n\
        Content-Type: image/jpeg; name=menu.jpg\nContent-Transfer-Encoding: base64\n\
        Content-Description: The menu\nContent-ID: <1@crepes.fr>\n\nzIE5\n--b--\n";
    let page = page(message.replace('\n', "\r\n").as_bytes(), &View::default());
    assert_eq!(text_of(&page), "Do you like ketchup?\n\n[2: menu.jpg, image/jpeg, 3 B, The menu]");
    assert_eq!(page.parts[1].content_id.as_deref(), Some("1@crepes.fr"));
    assert!(page.parts[0].is_shown && !page.parts[1].is_shown && !page.is_cut);
    let held = part(message.replace('\n', "\r\n").as_bytes(), 2).unwrap();
    assert_eq!((held.name.as_deref(), held.octets.as_slice()), (Some("menu.jpg"), &[0xCC, 0x81, 0x39][..]));
    assert_eq!(part(b"\r\nx", 2), None);
}

proptest! {
    #[test]
    fn nothing_raw_is_ever_shown(octets in proptest::collection::vec(any::<u8>(), 0..600)) {
        let page = page(&octets, &View { full_header: true, ..View::default() });
        prop_assert!(!all_of(&page).chars().any(is_harmful));
    }
}

#[test]
fn pictures_have_their_places() {
    let attached = "--b\nContent-Type: image/png; name=a.png\n\nPNG\n";
    let html = "--b\nContent-Type: text/html\n\n<p>Above<p><img src=\"cid:one%40x\"><p>Below<img src=cid:two>\n";
    let inline = "--b\nContent-Type: image/gif\nContent-ID: <one@x>\n\nGIF\n";
    let related = |more: &str| {
        let message =
            format!("MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n{html}{inline}{more}--b--\n");
        message.replace('\n', "\r\n")
    };
    let places = |message: &str| {
        let page = page(message.as_bytes(), &View::default());
        let text = |line: usize| page.lines[line].spans.iter().map(|span| span.text.as_str()).collect::<String>();
        page.pictures.iter().map(|picture| (text(picture.line), picture.index)).collect::<Vec<_>>()
    };
    assert_eq!(places(&related("")), [("[picture]".to_owned(), 2)]);
    assert_eq!(places(&related(attached)), [("[picture]".to_owned(), 2), ("[3: a.png, image/png, 3 B]".to_owned(), 3)]);
    let held = held_all(related("").as_bytes(), &[2]);
    assert_eq!((held.len(), held[0].octets.as_slice()), (1, &b"GIF"[..]));
    // A message within a message has pictures of its own, though they be called alike.
    let both = format!(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\n{}--a\nContent-Type: message/rfc822\n\n{}--a--\n",
        related(""),
        related("")
    );
    let indices: Vec<usize> = places(&both.replace("\r\n", "\n").replace('\n', "\r\n")).iter().map(|it| it.1).collect();
    assert_eq!(indices.len(), 2);
    assert_ne!(indices[0], indices[1]);
    let album = |count: usize| {
        let parts = attached.repeat(count);
        places(
            &format!("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n")
                .replace('\n', "\r\n"),
        )
    };
    assert_eq!((album(PICTURES_MAX).len(), album(PICTURES_MAX + 1).len()), (PICTURES_MAX, PICTURES_MAX));
}

#[test]
fn a_part_of_text_is_read_by_itself() {
    let shown = |media_type: &str, charset: Option<&str>, octets: &[u8]| {
        let parameters = charset.map(|charset| ("charset".to_owned(), charset.to_owned())).into_iter().collect();
        let held = Held { media_type: media_type.to_owned(), octets: octets.to_vec(), parameters, ..Held::default() };
        assert!(held.is_text());
        let page = page_of_part(&held, &View::default());
        page.lines.iter().flat_map(|line| &line.spans).map(|span| span.text.as_str()).collect::<Vec<_>>().join("|")
    };
    assert_eq!(shown("text/plain", None, "un café\ndeux\n".as_bytes()), "un café|deux");
    assert_eq!(shown("text/plain", Some("iso-8859-1"), b"caf\xe9"), "café");
    assert_eq!(shown("TEXT/x-diff\r\nX: y", None, b"+a\x1b[2J"), "+a\\u{1b}[2J");
    assert_eq!(shown("text/html", None, b"<p>Hello<script>x</script>"), "Hello");
}

#[test]
fn the_size_of_a_part_is_that_of_what_is_saved() {
    for (encoding, body) in [
        ("base64", "aGVsbG8=\r\n".to_owned()),
        ("base64", "aGVs\r\nbG8h\r\n\r\n".to_owned()),
        ("base64", format!("{}\r\n", "QUJD".repeat(19)).repeat(40)),
        ("quoted-printable", "caf=C3=A9=\r\n!\r\n".to_owned()),
        ("7bit", "hello\r\n".to_owned()),
    ] {
        let raw = format!("Content-Type: application/x-y\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}");
        let told = parts(raw.as_bytes()).first().map(|line| line.octets);
        assert_eq!(told, part(raw.as_bytes(), 1).map(|held| held.octets.len() as u64), "{encoding} {body}");
    }
}
