#![allow(clippy::unwrap_used)]
use super::*;

fn summary(content: &str) -> Summary {
    Summary::of(&message::parse(content.as_bytes()))
}

fn envelope_of(content: &str) -> String {
    String::from_utf8(envelope(&summary(content), Charset::Ascii)).unwrap()
}

fn body_of(content: &str) -> String {
    String::from_utf8(body(&summary(content), Charset::Ascii)).unwrap()
}

fn structure_of(content: &str) -> String {
    String::from_utf8(body_structure(&summary(content), Charset::Ascii)).unwrap()
}

#[test]
fn the_envelope_has_ten_fields() {
    let content = "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n\
        Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n\
        cc: minutes@CNRI.Reston.VA.US, \"John \\\"K\\\"\" <KLENSIN@MIT.EDU>\r\n\
        Message-Id: <B27397-0100000@cac.washington.ed>\r\n\r\n";
    let terry = "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\"))";
    assert_eq!(
        envelope_of(content),
        format!(
            "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" \"IMAP4rev2 WG mtg summary and minutes\" {terry} {terry} {terry} \
             ((NIL NIL \"imap\" \"cac.washington.edu\")) ((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")\
             (\"John \\\"K\\\"\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL \"<B27397-0100000@cac.washington.ed>\")"
        )
    );
}

#[test]
fn an_address_keeps_its_route() {
    let of = |from: &str| envelope_of(&format!("From: {from}\r\n\r\n"));
    assert!(of("Al <@x,@y:a@b>").contains("((\"Al\" \"@x,@y\" \"a\" \"b\"))"), "{}", of("Al <@x,@y:a@b>"));
}

#[test]
fn what_is_missing_is_nil_and_what_is_empty_is_empty() {
    assert_eq!(envelope_of("\r\n"), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert_eq!(envelope_of("Subject:\r\nDate: \r\nTo:\r\n\r\n"), "(\"\" \"\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    assert_eq!(envelope(&Summary::default(), Charset::Ascii), b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

#[test]
fn groups_have_no_host() {
    let to = envelope_of("To: friends: bob@hamburger.edu;, Forouzan, (none): ;\r\n\r\n");
    assert!(
        to.contains(
            "((NIL NIL \"friends\" NIL)(NIL NIL \"bob\" \"hamburger.edu\")(NIL NIL NIL NIL)(NIL NIL \"Forouzan\" \"\")"
        ),
        "{to}"
    );
}

#[test]
fn sender_and_reply_to_are_their_own_where_they_are() {
    let envelope = envelope_of("From: a@b\r\nSender: c@d\r\nReply-To: e@f\r\n\r\n");
    assert!(envelope.contains("((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) ((NIL NIL \"e\" \"f\"))"), "{envelope}");
}

#[test]
fn a_simple_text_has_a_charset_and_lines() {
    let content = "\r\none\r\ntwo\r\n";
    assert_eq!(body_of(content), "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 2)");
    assert_eq!(
        structure_of(content),
        "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 2 NIL NIL NIL NIL)"
    );
    let flowed = body_of("Content-Type: TEXT/Plain; Format=Flowed\r\n\r\n");
    assert_eq!(flowed, "(\"text\" \"plain\" (\"format\" \"Flowed\" \"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0)");
    let image = body_of("Content-Type: image/png\r\nContent-Transfer-Encoding: BASE64\r\n\r\nAAAA\r\n");
    assert_eq!(image, "(\"image\" \"png\" NIL NIL NIL \"base64\" 6)");
}

#[test]
fn extension_data_stand_in_their_order() {
    let content = "Content-Type: text/html; charset=utf-8\r\nContent-ID: <x@y>\r\nContent-Description: a\r\n b\r\n\
        Content-MD5: q==\r\nContent-Language: en, fr\r\nContent-Location: http://x\r\n\
        Content-Disposition: INLINE; filename=\"a b\"\r\n\r\nhi\r\n";
    assert_eq!(
        structure_of(content),
        "(\"text\" \"html\" (\"charset\" \"utf-8\") \"<x@y>\" \"a b\" \"7bit\" 4 1 \"q==\" \
         (\"inline\" (\"filename\" \"a b\")) (\"en\" \"fr\") \"http://x\")"
    );
}

#[test]
fn multiparts_hold_their_parts() {
    let content = "Content-Type: multipart/mixed; boundary=\"b c\"\r\nContent-Language: de\r\n\r\n--b c\r\n\r\nhi\r\n--b c\r\n\
        Content-Type: multipart/alternative; boundary=d\r\n\r\n--d\r\n\r\nyo\r\n--d--\r\n--b c--\r\n";
    let text = "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 0)";
    assert_eq!(body_of(content), format!("({text}({text} \"alternative\") \"mixed\")"));
    let text = text.replace(" 2 0)", " 2 0 NIL NIL NIL NIL)");
    assert_eq!(
        structure_of(content),
        format!(
            "({text}({text} \"alternative\" (\"boundary\" \"d\") NIL NIL NIL) \"mixed\" (\"boundary\" \"b c\") NIL \"de\" NIL)"
        )
    );
}

#[test]
fn a_multipart_without_parts_has_an_empty_one() {
    let content = "Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n";
    for content in [content, "Content-Type: multipart/mixed\r\n\r\nno boundary\r\n"] {
        assert_eq!(
            body_of(content),
            "((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0) \"mixed\")"
        );
    }
}

#[test]
fn a_message_within_has_envelope_body_and_lines() {
    let content = "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nbye\r\n";
    assert_eq!(
        body_of(content),
        "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 20 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) \
         (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1) 3)"
    );
    let encoded = content.replace("\r\n\r\nSubject", "\r\nContent-Transfer-Encoding: base64\r\n\r\nSubject");
    let body = body_of(&encoded);
    assert!(body.starts_with("(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 20 (NIL "), "{body}");
    assert!(body.ends_with(" 3)"), "{body}");
}

#[test]
fn continued_parameters_are_joined() {
    let parameters = |text: &str| {
        let body = body_of(&format!("Content-Type: image/png; {text}\r\n\r\n"));
        body.trim_start_matches("(\"image\" \"png\" ").trim_end_matches(" NIL NIL \"7bit\" 0)").to_owned()
    };
    for (typed, joined) in [
        ("name*1=b; name*0=a; x=y", "(\"name\" \"ab\" \"x\" \"y\")"),
        ("name*0=a; name*2=c", "(\"name\" \"a\")"),
        ("name*=utf-8''%C3%A9", "(\"name*\" \"utf-8''%C3%A9\")"),
        ("name*0*=utf-8''%C3%A9; name*1=\"b c\"", "(\"name*\" \"utf-8''%C3%A9b%20c\")"),
        ("name*x=a", "(\"name*x\" \"a\")"),
    ] {
        assert_eq!(parameters(typed), joined, "{typed}");
    }
}

#[test]
fn a_charset_in_pieces_is_a_charset() {
    for (typed, shown) in [
        ("charset*=us-ascii''utf-8", "(\"charset*\" \"us-ascii''utf-8\")"),
        ("charset*0=utf; charset*1=-8", "(\"charset\" \"utf-8\")"),
        ("charsets=x", "(\"charsets\" \"x\" \"charset\" \"us-ascii\")"),
    ] {
        let body = body_of(&format!("Content-Type: text/plain; {typed}\r\n\r\n"));
        assert_eq!(body, format!("(\"text\" \"plain\" {shown} NIL NIL \"7bit\" 0 0)"));
    }
}

#[test]
fn octets_beyond_ascii_are_quoted_only_where_utf_8_is_understood() {
    let summary = summary("Subject: caf\u{e9}\r\n\r\n");
    let ascii = envelope(&summary, Charset::Ascii);
    assert!(ascii.starts_with("(NIL {5}\r\ncaf\u{e9} NIL".as_bytes()));
    let utf8 = envelope(&summary, Charset::Utf8);
    assert!(utf8.starts_with("(NIL \"caf\u{e9}\" NIL".as_bytes()));
}

#[test]
fn nesting_costs_no_stack() {
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(5000);
    let body = body_of(&nested);
    assert!(body.matches("\"message\" \"rfc822\"").count() > 10);
    assert_eq!(body.matches('(').count(), body.matches(')').count());
    let mut parts = summary("Content-Type: message/rfc822\r\n\r\n\r\n").parts;
    let inner = parts.pop().unwrap();
    let outer = parts.pop().unwrap();
    let mut deep = Summary::default();
    for level in 0..100_000_u32 {
        deep.parts.push(SummaryPart { parent: level.checked_sub(1), ..outer.clone() });
    }
    deep.parts.push(SummaryPart { parent: Some(99_999), ..inner });
    let written = super::body(&deep, Charset::Ascii);
    assert!(written.ends_with(b")"));
}
