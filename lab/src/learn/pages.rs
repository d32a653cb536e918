//! The pages: which conversations are held, and the words around them.

use super::Page;
use super::capture::{Capture, Talk};
use super::show::{COST_HEAD, block, cost};
use crate::Host;
use crate::scenario::listener;
use anyhow::{Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use wire::dialogue::Port;

/// A picture of one point, as small as GIF has them.
const POINT: &str = "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==";

/// A signed message (RFC 8551), made once by another program.
const SIGNED: &str = include_str!("signed.eml");

const ALICE: (&str, &str) = ("alice@hamburger.edu", "wonderland");
const BOB: (&str, &str) = ("bob@hamburger.edu", "hungry");

/// All pages.
pub(super) async fn all(host: &Host) -> Result<Vec<Page>> {
    let mut pages = vec![http_and_smtp(host).await?];
    pages.push(three_ways_to_read(host).await?);
    pages.push(mime(host).await?);
    Ok(pages)
}

const PUSH_AND_PULL: &str = "# HTTP beside SMTP\n
Both carry files from one machine to another over TCP, in requests of lines of ASCII with a status code in the answer.
What follows was said by a server of the lab, word for word. `-->` is what the client says, `<--` what the server answers.
(`cargo run --release -- lab` brings the same hosts up to type it yourself.)

## SMTP pushes\n
The side that **has** the message opens the connection. Two messages go over one connection: it is persistent. All parts
of the first, its text and a picture, travel in **one** message, as a multipart.\n\n";

const PULL: &str = "
The content went from client to server: a **push**. Every reply begins with a status code; the last address was not taken,
for no `MAIL` stood before it: order matters.

## HTTP pulls\n
The side that **wants** the content opens the connection. It is persistent as well: three requests follow each other on it.
Each object comes in a response of **its own**; what does not exist, or is not for strangers, is said by the status code.\n\n";

/// Push and pull.
async fn http_and_smtp(host: &Host) -> Result<Page> {
    let smtp = push(host).await?;
    let http = pull(host).await?;
    let mut text = PUSH_AND_PULL.to_owned();
    text.push_str(&block(&smtp));
    text.push_str(PULL);
    text.push_str(&block(&http));
    text.push_str("\n## Side by side\n\n");
    text.push_str(COST_HEAD);
    text.push_str(&cost("SMTP: two messages, the first with two objects", &smtp));
    text.push_str(&cost("HTTP: three requests", &http));
    text.push_str(
        "
| | SMTP | HTTP |
|:--|:--|:--|
| who opens the connection | who sends | who wants to have |
| direction of the content | client to server: push | server to client: pull |
| connection | persistent; `RSET` or the next `MAIL` begins anew | persistent from HTTP/1.1 on |
| commands and headers | lines of ASCII | lines of ASCII (binary frames from HTTP/2 on) |
| status | three digits: 2 yes, 3 go on, 4 not now, 5 no | three digits: 2 yes, 3 elsewhere, 4 your mistake, 5 mine |
| content | lines, of 7 bits unless agreed; ends with a dot alone | octets of any kind, counted by `Content-Length` |
| several objects | one message holds many: multipart | one in each response |
| who speaks first | the server: 220 | the client |
",
    );
    Ok(Page { name: "http-and-smtp.md", text })
}

async fn push(host: &Host) -> Result<Talk> {
    let mut smtp = Capture::connect(listener(host, Port::Smtp)?).await?;
    let is_last = |line: &str| line.as_bytes().get(3) != Some(&b'-');
    smtp.hear(is_last).await?;
    smtp.ask("EHLO crepes.fr", is_last).await?;
    for content in [two_objects(), "Subject: pickles\r\n\r\nHow about pickles?\r\n".to_owned()] {
        smtp.ask("MAIL FROM:<alice@crepes.fr>", is_last).await?;
        smtp.ask("RCPT TO:<bob@hamburger.edu>", is_last).await?;
        smtp.ask("DATA", is_last).await?;
        smtp.say(&content).await?;
        let reply = smtp.ask(".", is_last).await?;
        ensure!(reply.starts_with("250 "), "the server says {reply}");
    }
    smtp.ask("RCPT TO:<nobody@hamburger.edu>", is_last).await?;
    smtp.ask("QUIT", is_last).await?;
    Ok(smtp.end())
}

/// A letter with a text and a picture.
fn two_objects() -> String {
    format!(
        "From: alice@crepes.fr\r\nTo: bob@hamburger.edu\r\nSubject: Picture of a point\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=98766789\r\n\r\n--98766789\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         Dear Bob,=20\r\nplease find a picture of a cr=C3=AApe, seen from far away.\r\n--98766789\r\n\
         Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\n{POINT}\r\n--98766789--\r\n"
    )
}

async fn pull(host: &Host) -> Result<Talk> {
    let mut http = Capture::connect(listener(host, Port::Http)?).await?;
    for path in ["/robots.txt", "/there-is-nothing-here", "/jmap/session"] {
        http.http(&format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", host.world().hostname)).await?;
    }
    Ok(http.end())
}

const THREE_WAYS: &str = "# One mailbox, three ways to read it\n
Bob has two messages. He reads them by POP3, by IMAP and over HTTP, by JMAP (RFC 8621): the same messages in the same
mailbox of the same server of the lab, word for word. (In the clear, on loopback: everywhere else TLS comes first.)

## POP3: one maildrop, numbers for one session\n
Everything is one list. Message 1 is message 1 until `QUIT`; then the numbers are forgotten. `DELE` marks, `QUIT` deletes.\n\n";

async fn three_ways_to_read(host: &Host) -> Result<Page> {
    let (pop3, imap, jmap) = (by_pop3(host).await?, by_imap(host).await?, by_jmap(host).await?);
    let mut text = THREE_WAYS.to_owned();
    text.push_str(&block(&pop3));
    text.push_str(
        "\n## IMAP: mailboxes and flags stay on the server\n
The server keeps which messages were read (`\\Seen`), and folders. A client may fetch a part of a message, or only what a
list shows (`ENVELOPE`), and let the server search.\n\n",
    );
    text.push_str(&block(&imap));
    text.push_str(
        "\n## HTTP: objects with ids, many questions in one request\n
What IMAP keeps, as JSON over HTTP. Three questions go in one request; the second uses what the first found (`#ids`). Ids
are the same as IMAP's `EMAILID`. The content-type of all of it is `application/json`; TCP, TLS and the status line are
HTTP's.\n\n",
    );
    text.push_str(&block(&jmap));
    text.push_str("\n## What it cost\n\n");
    text.push_str(COST_HEAD);
    for (name, talk) in [
        ("POP3: both messages whole", &pop3),
        ("IMAP: the list, and one whole", &imap),
        ("JMAP: the list with texts", &jmap),
    ] {
        text.push_str(&cost(name, talk));
    }
    text.push_str(
        "
| | POP3 | IMAP | HTTP (JMAP) |
|:--|:--|:--|:--|
| unit | a maildrop | mailboxes in mailboxes | objects: Mailbox, Thread, Email |
| a message is called | by number, for one session; UIDL for ever | by UID in a mailbox | by id, in however many mailboxes |
| state between sessions | none | flags, folders, subscriptions | the same, and a state string to ask what changed since |
| reads a part | `TOP` | `FETCH BODY[1]<0.100>` | `bodyValues`, `download` of one part |
| searches | no | on the server | on the server |
| news | ask again | `IDLE`: the server speaks | EventSource: the server speaks |
| questions in one go | may be pipelined | may be pipelined | many in one request, one using the other's answer |
",
    );
    Ok(Page { name: "pop3-imap-http.md", text })
}

async fn by_pop3(host: &Host) -> Result<Talk> {
    let mut pop3 = Capture::connect(listener(host, Port::Pop3)?).await?;
    pop3.hear(|_| true).await?;
    pop3.ask("USER bob", |_| true).await?;
    pop3.ask(&format!("PASS {}", BOB.1), |_| true).await?;
    for line in ["LIST", "RETR 1", "RETR 2"] {
        pop3.ask(line, |line| line == ".\r\n").await?;
    }
    pop3.ask("QUIT", |_| true).await?;
    Ok(pop3.end())
}

async fn by_imap(host: &Host) -> Result<Talk> {
    let mut imap = Capture::connect(listener(host, Port::Imap)?).await?;
    imap.hear(|_| true).await?;
    let commands = [
        format!("LOGIN bob {}", BOB.1),
        "SELECT INBOX".to_owned(),
        "FETCH 1:2 (FLAGS ENVELOPE EMAILID)".to_owned(),
        "SEARCH SUBJECT pickles".to_owned(),
        "FETCH 2 BODY[]".to_owned(),
        "LOGOUT".to_owned(),
    ];
    for (number, command) in (1..).zip(commands) {
        let tag = format!("a{number} ");
        let said = imap.ask(&format!("{tag}{command}"), |line| line.starts_with(&tag)).await?;
        ensure!(said.contains(&format!("{tag}OK")), "the server says {said}");
    }
    Ok(imap.end())
}

async fn by_jmap(host: &Host) -> Result<Talk> {
    let mut http = Capture::connect(listener(host, Port::Http)?).await?;
    let secret = BASE64_STANDARD.encode(format!("{}:{}", BOB.0, BOB.1));
    let head = format!("Host: {}\r\nAuthorization: Basic {secret}\r\n", host.world().hostname);
    let mut before = Capture::connect(listener(host, Port::Http)?).await?;
    let session = before.http(&format!("GET /jmap/session HTTP/1.1\r\n{head}\r\n")).await?;
    let session: serde_json::Value = serde_json::from_slice(&session)?;
    let account = &session["primaryAccounts"]["urn:ietf:params:jmap:mail"];
    let body = serde_json::to_string_pretty(&json!({
        "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
        "methodCalls": [
            ["Email/query", { "accountId": account, "sort": [{ "property": "receivedAt", "isAscending": false }] }, "a"],
            ["Email/get", {
                "accountId": account,
                "#ids": { "resultOf": "a", "name": "Email/query", "path": "/ids" },
                "properties": ["id", "from", "subject", "keywords", "textBody", "bodyValues"],
                "fetchTextBodyValues": true,
            }, "b"],
            ["Email/query", { "accountId": account, "filter": { "subject": "pickles" } }, "c"],
        ],
    }))?;
    let request = format!(
        "POST /jmap/api HTTP/1.1\r\n{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    http.http(&request).await?;
    Ok(http.end())
}

const MIME: &str = "# MIME and S/MIME\n
SMTP carries lines of ASCII. MIME (RFC 2045 to 2049) says in header fields what the lines mean, so that anything travels:
`Content-Type` what it is, `Content-Transfer-Encoding` how it became lines, `multipart` how several objects become one.
This is what Bob fetches by POP3 after Alice sent it: first come the fields that the servers added on the way.\n\n";

async fn mime(host: &Host) -> Result<Page> {
    deliver(host, SIGNED).await?;
    let mut text = MIME.to_owned();
    text.push_str(&block(&retrieve(host, 1).await?));
    text.push_str(&format!(
        "
- `boundary=98766789`: a line of `--98766789` begins each part, `--98766789--` ends the last. The blank line before it
  belongs to it, so a part may end without a line end.
- **quoted-printable** leaves text readable: `\u{ea}` is two octets in UTF-8, C3 and AA, written `=C3=AA`; a space at the end of a
  line would be lost on the way and is written `=20`.
- **base64** takes three octets, 24 bits, as four letters of six bits each. `GIF` is 47 49 46, which is 010001 110100
  100101 000110, which are the letters 17, 52, 37 and 6: `{}`. So 43 octets of picture travel as {} letters; `=` fills
  up the last four.
",
        POINT.get(..4).unwrap_or_default(),
        POINT.len()
    ));
    text.push_str(
        "\n## S/MIME\n
The same frame carries proof. A signed message (RFC 8551) is a `multipart/signed` of two parts: what was signed, octet for
octet, and the signature with the certificate of who signed. Who knows nothing of S/MIME still reads the first part. An
encrypted one is a single `application/pkcs7-mime`: everything is inside it.\n\n",
    );
    text.push_str(&block(&retrieve(host, 3).await?));
    text.push_str(
        "
- `protocol` names the kind of proof, `micalg` the hash, so that a reader can compute it while it reads the first part.
- The server changed none of the signed octets: one changed octet, and the signature would not fit.
- What the servers added stands before the message's own fields and is not signed; neither is `Subject`, unless the message
  repeats its fields inside (RFC 9788).
",
    );
    Ok(Page { name: "mime-and-smime.md", text })
}

async fn deliver(host: &Host, content: &str) -> Result<()> {
    let mut smtp = Capture::connect(listener(host, Port::Smtp)?).await?;
    let is_last = |line: &str| line.as_bytes().get(3) != Some(&b'-');
    smtp.hear(is_last).await?;
    smtp.ask("EHLO crepes.fr", is_last).await?;
    smtp.ask(&format!("MAIL FROM:<{}>", ALICE.0), is_last).await?;
    smtp.ask(&format!("RCPT TO:<{}>", BOB.0), is_last).await?;
    smtp.ask("DATA", is_last).await?;
    let lines: String = content.lines().map(|line| format!("{line}\r\n")).collect();
    smtp.say(&lines).await?;
    let reply = smtp.ask(".", is_last).await?;
    ensure!(reply.starts_with("250 "), "the server says {reply}");
    smtp.ask("QUIT", is_last).await.map(drop)
}

/// One message, whole: only RETR and its answer are kept.
async fn retrieve(host: &Host, number: u32) -> Result<Talk> {
    let mut pop3 = Capture::connect(listener(host, Port::Pop3)?).await?;
    pop3.hear(|_| true).await?;
    pop3.ask("USER bob", |_| true).await?;
    pop3.ask(&format!("PASS {}", BOB.1), |_| true).await?;
    pop3.ask(&format!("RETR {number}"), |line| line == ".\r\n").await?;
    let mut talk = pop3.end();
    talk.turns = talk.turns.split_off(talk.turns.len().saturating_sub(2));
    Ok(talk)
}
