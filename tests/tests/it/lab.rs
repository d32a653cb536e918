//! The lab through the real binary: each scenario ends well, and prints what it is there to show.

use std::process::{Command, Stdio};
use tests::binary::{Ended, executable};

/// Columns of a terminal.
const COLUMNS: usize = 80;

fn play(words: &[&str]) -> Ended {
    let mut command = Command::new(executable().unwrap());
    let output = command.arg("lab").args(words).stdin(Stdio::null()).output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Fails unless these stand in the text, in this order.
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { panic!("{part} is not where it should be in\n{text}") };
        rest = after;
    }
}

/// Plays it to a good end; what it printed.
fn shown(words: &[&str]) -> String {
    let ended = play(words);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    let wide = ended.stdout.lines().find(|line| line.chars().count() > COLUMNS);
    assert_eq!(wide, None, "wider than a terminal");
    ended.stdout
}

const SUBMITTED: [&str; 4] =
    ["port submission\n", "STARTTLS  or nothing is said", "AUTH      logged in as alice@hamburger.edu\n", "queued as "];
const LOOKED_UP: [&str; 2] = ["crepes.fr MX? 10 mail.crepes.fr\n", "mail.crepes.fr A? 127.0.2.25\n"];
const SENT: [&str; 3] =
    ["sent to mail.crepes.fr [127.0.2.25]:", "TLS1.3: 250 2.0.0 queued as ", "accepted from <alice@hamburger.edu>"];
const DELIVERED: [&str; 1] = ["delivered to the mailbox of bob@crepes.fr\n"];
const READ: [&str; 3] =
    ["POP3 over TLS\n", "INBOX     messages: 1\n", "it ends with the 222 octets that were composed\n"];

#[test]
fn alice_bob_shows_the_six_steps() {
    let text = shown(&["alice-bob", "--read", "pop3"]);
    let steps = [" 1  +", " 2  +", " 3  +", " 4  +", " 5  +", " 6  +", "All 6 steps were seen"];
    in_order(&text, &steps);
    in_order(&text, &[&SUBMITTED[..], &LOOKED_UP, &SENT, &DELIVERED, &READ].concat());
}

/// The same by IMAP and by JMAP: steps, picture and words.
#[test]
fn mail_is_read_as_one_asks() {
    for (by, name, words) in [("imap", "IMAP", "IMAP over TLS\n"), ("jmap", "JMAP", "JMAP over HTTPS\n")] {
        let read = [words, "INBOX     messages: 1\n", "read      message 1, ", "it ends with the 222 octets that were"];
        for scenario in ["alice-bob", "arrangement-4"] {
            let text = shown(&[scenario, "--read", by]);
            let all = "All 6 steps were seen";
            in_order(&text, &[&[name][..], &SUBMITTED, &LOOKED_UP, &SENT, &DELIVERED, &read, &[all]].concat());
            assert!(!text.contains("POP3"), "{text}");
        }
    }
}

#[test]
fn alice_bob_tells_programs_the_same() {
    let text = shown_json("alice-bob");
    let steps: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = steps.iter().filter_map(|step| step["step"].as_u64()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(steps[4]["facts"][0]["what"], "delivered to the mailbox of bob@crepes.fr");
}

fn shown_json(scenario: &str) -> String {
    let ended = play(&[scenario, "--json"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    ended.stdout
}

#[test]
fn one_host_needs_no_smtp_and_no_names() {
    let text = shown(&["arrangement-1"]);
    in_order(
        &text,
        &[
            "taken from its user alice",
            "delivered to the mailbox of",
            "bob@hamburger.edu\n",
            "queue     empty; the other hosts (1) have taken nothing\n",
            "names     no question about any host or domain was asked\n",
            "its own store; no access protocol\n",
            "one Received field;",
            "All 5 steps were seen",
        ],
    );
    assert!(!text.contains(" sent to ") && !text.contains(" MX? "), "{text}");
}

#[test]
fn two_hosts_are_one_pair_two_pairs_and_access() {
    let in_two = shown(&["arrangement-2"]);
    let read =
        ["mail.crepes.fr, its own store; no access protocol\n", "it ends with the 222 octets that were composed\n"];
    in_order(&in_two, &[&["taken from its user alice"][..], &LOOKED_UP, &SENT, &DELIVERED, &read].concat());
    assert!(!in_two.contains("submission") && !in_two.contains("POP3"), "{in_two}");
    let in_three = shown(&["arrangement-3"]);
    in_order(&in_three, &[&SUBMITTED[..], &LOOKED_UP, &SENT, &DELIVERED].concat());
    let in_four = shown(&["arrangement-4"]);
    in_order(&in_four, &[&SUBMITTED[..], &LOOKED_UP, &SENT, &DELIVERED, &READ].concat());
}

#[test]
fn a_loop_ends_in_one_report_and_hostile_hosts_hold_up_nobody() {
    in_order(&shown(&["loop"]), &["alice@hamburger.edu has one message, from <>\n", "failed, status 5.4.6\n", "empty"]);
    let text = shown(&["hostile-mx"]);
    in_order(
        &text,
        &[
            "delivered to the mailbox of bob@crepes.fr\n",
            "mx.banner.test",
            "mx.line.test",
            "mx.garbage.test",
            "mx.dot.test",
            "after the message",
            "under way x@silent.test",
            "failed ",
            "554 as I was told",
        ],
    );
}
