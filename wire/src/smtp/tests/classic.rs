//! The hand-typed sessions of the lectures, 1 to 3: codes and content.

use super::*;

fn play(lines: &[(&str, &str)], slice: usize) -> Drive {
    let mut trusting = profile(Role::Mx);
    trusting.trusted = true;
    let mut drive = Drive::new(trusting);
    drive.slice = slice;
    assert!(drive.feed(b"").starts_with("220 hamburger.edu "));
    for (line, reply) in lines {
        let got = drive.say(line);
        assert!(got.starts_with(reply) && got.is_empty() == reply.is_empty(), "{line}: {got:?}");
    }
    assert!(drive.closed);
    drive
}

#[test]
fn ketchup() {
    for slice in 1..40 {
        let drive = play(
            &[
                ("HELO crepes.fr", "250 "),
                ("MAIL FROM: <alice@crepes.fr>", "250 "),
                ("RCPT TO: <bob@hamburger.edu>", "250 "),
                ("DATA", "354 "),
                ("Do you like ketchup?", ""),
                ("How about pickles?", ""),
                (".", "250 "),
                ("QUIT", "221 "),
            ],
            slice,
        );
        assert_eq!(drive.messages, [b"Do you like ketchup?\r\nHow about pickles?\r\n"]);
    }
}

#[test]
fn to_oneself_without_angle_brackets() {
    let drive = play(
        &[
            ("HELO mail.adelphia.net", "250 "),
            ("MAIL FROM: forouzanb@adelphia.net", "250 "),
            ("RCPT TO: forouzanb@adelphia.net", "250 "),
            ("DATA", "354 "),
            ("From: Forouzan", ""),
            ("TO: Forouzan", ""),
            ("", ""),
            ("This is a test message", ""),
            ("to show SMTP in action.", ""),
            (".", "250 "),
            ("QUIT", "221 "),
        ],
        usize::MAX,
    );
    assert_eq!(drive.messages.len(), 1);
}

#[test]
fn lower_case_a_bare_name_and_dots() {
    for slice in 1..40 {
        let drive = play(
            &[
                ("helo cs.clemson.edu", "250 "),
                ("mail from: zw1999@yahoo.com", "250 "),
                ("rcpt to: jzwang", "250 "),
                ("data", "354 "),
                ("Hello, James:", ""),
                ("...2 dots", ""),
                ("This is just a test of mail server. Don't reply.", ""),
                ("....3 dots", ""),
                ("Me.", ""),
                (".", "250 "),
                ("quit", "221 "),
            ],
            slice,
        );
        let text = String::from_utf8(drive.messages[0].clone()).unwrap();
        assert!(text.contains("\r\n..2 dots\r\n") && text.contains("\r\n...3 dots\r\n"), "{text}");
        assert!(
            drive
                .asks
                .iter()
                .any(|ask| matches!(ask, Ask::Recipient(r) if r.forward_path == ForwardPath::Bare("jzwang".into())))
        );
    }
}
