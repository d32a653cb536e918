//! The player against a stage that says what it was told to say.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::dialogue::made_message;
use std::collections::VecDeque;

/// Says these lines whatever it hears, and keeps what it heard.
#[derive(Default)]
struct Scripted {
    says: VecDeque<Vec<u8>>,
    heard: Vec<Vec<u8>>,
    questions: Vec<String>,
    open: bool,
}

impl Stage for Scripted {
    fn open(&mut self, _: u8, _: Port) -> Result<(), String> {
        self.open = true;
        Ok(())
    }
    fn send(&mut self, _: u8, writes: &[Vec<u8>]) -> Result<(), String> {
        self.heard.extend_from_slice(writes);
        Ok(())
    }
    fn hear(&mut self, _: u8) -> Result<Heard, String> {
        Ok(match self.says.pop_front() {
            Some(line) if line == b"(closes)" => Heard::Closed,
            Some(line) => Heard::Line(line),
            None => Heard::Silence,
        })
    }
    fn start_tls(&mut self, _: u8) -> Result<(), String> {
        Err("no TLS here".to_owned())
    }
    fn drop_connection(&mut self, _: u8) -> Result<(), String> {
        Ok(())
    }
    fn pass(&mut self, _: Duration) -> Result<(), String> {
        Ok(())
    }
    fn prepare(&mut self, _: u8, questions: Vec<Question>) {
        self.questions.extend(questions.iter().map(|question| question.ask.source().to_owned()));
    }
    fn settle(&mut self, _: u8) -> Result<(), String> {
        Ok(())
    }
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }
}

fn run(script: &str, says: &[&str]) -> (Result<(), Failure>, Scripted) {
    let dialogue = Dialogue::parse("x.txt", script, &|_| Err(String::new())).unwrap();
    let mut stage =
        Scripted { says: says.iter().map(|line| line.as_bytes().to_vec()).collect(), ..Scripted::default() };
    (play(&dialogue, &mut stage), stage)
}

#[test]
fn lines_are_compared_in_order() {
    let script = "S: 220 *\nC: NOOP\nS: 250 ok\nC: QUIT\nS: 221 *\nX:\n";
    let (outcome, stage) = run(script, &["220 hi", "250 ok", "221 bye", "(closes)"]);
    assert_eq!(outcome, Ok(()));
    assert_eq!(stage.heard, [b"NOOP\r\n".to_vec(), b"QUIT\r\n".to_vec()]);
}

#[test]
fn a_failure_tells_where_what_and_all_before() {
    let (outcome, _) = run("S: 220 *\nC: NOOP\nS: 250 *\n", &["220 hi", "500 what?"]);
    let failure = outcome.unwrap_err();
    assert_eq!((failure.line, failure.expected.as_str(), failure.got.as_str()), (3, "250 *", "500 what?"));
    assert_eq!(failure.transcript, ["1S: 220 hi", "1C: NOOP", "1S: 500 what?"]);
    assert!(failure.to_string().starts_with("x.txt:3\n"));
}

#[test]
fn silence_and_a_closed_connection_are_failures_where_a_line_is_due() {
    assert_eq!(run("S: 220 *\n", &[]).0.unwrap_err().got, "silence");
    assert_eq!(run("S: 220 *\n", &["(closes)"]).0.unwrap_err().got, "the connection closed");
    assert_eq!(run("X:\n", &["220 hi"]).0.unwrap_err().got, "220 hi");
    assert_eq!(run("X:\n", &[]).0.unwrap_err().got, "silence");
}

#[test]
fn lines_up_to_one_that_fits_are_skipped() {
    let says = ["250-mx", "250-SIZE 1", "250 HELP"];
    assert_eq!(run("S*\nS: 250-SIZE *\nS*\nS: 250 *\n", &says).0, Ok(()));
    assert_eq!(run("S*\nS: 250-DSN\n", &says).0.unwrap_err().got, "silence");
    assert!(run("S*\nC: x\n", &says).0.is_err());
}

#[test]
fn client_lines_are_one_write_each_unless_joined() {
    let (_, stage) = run("C: a\nC+ b\nC\\ c\nC: d\nC: e\n", &[]);
    assert_eq!(stage.heard, [b"a\r\n".to_vec(), b"b\r\ncd\r\n".to_vec(), b"e\r\n".to_vec()]);
}

#[test]
fn a_mail_of_the_world_is_compared_dot_stuffed() {
    let script = "= account bob@b.c x\n= mail bob 4000\nM: bob 1\n";
    let wire = dot_stuffed(&made_message(4000, 1));
    let mut lines: Vec<String> = String::from_utf8(wire).unwrap().lines().map(str::to_owned).collect();
    assert!(lines.iter().any(|line| line.starts_with("..line")));
    lines.push(".".to_owned());
    let says: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(run(script, &says).0, Ok(()));
    let unstuffed: Vec<&str> =
        says.iter().map(|line| line.strip_prefix('.').filter(|l| !l.is_empty()).unwrap_or(line)).collect();
    assert!(run(script, &unstuffed).0.is_err());
    assert!(run(script, &says[..says.len() - 1]).0.is_err());
}

#[test]
fn questions_are_prepared_for_what_leads_to_them() {
    let script = "= only pure\nC: a\n? one\nS: x\n? two -> done\nC: b\n? three\nD:\n? four\n";
    let (_, stage) = run(script, &["x"]);
    assert_eq!(stage.questions, ["one", "two", "three", "four"]);
}

#[test]
fn top_counts_lines_of_the_body() {
    let message = b"A: b\r\nC: d\r\n\r\none\r\ntwo\r\n";
    assert_eq!(top(message, 0), b"A: b\r\nC: d\r\n\r\n".len());
    assert_eq!(top(message, 1), b"A: b\r\nC: d\r\n\r\none\r\n".len());
    assert_eq!(top(message, 9), message.len());
    assert_eq!(top(b"A: b\r\n", 3), 6);
}
