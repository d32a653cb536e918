//! Our parser of messages beside mail-parser, on the same octets: what it takes from octets to what a delivery keeps of
//! them (ENVELOPE, BODYSTRUCTURE), each as fast as its best of many runs.

use anyhow::{Context, Result};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long one parser runs on one message.
const EACH: Duration = Duration::from_millis(500);

/// Parses the files named, or a made letter of 3 KB and one with an attachment of 5 MB.
pub fn run(files: &[String]) -> Result<()> {
    let mut messages = Vec::new();
    for file in files {
        messages.push((file.clone(), std::fs::read(file).with_context(|| file.clone())?));
    }
    if messages.is_empty() {
        messages = vec![("a letter".to_owned(), letter(3_000)), ("an attachment".to_owned(), attachment(5_000_000))];
    }
    println!("| message | octets | ours us | GB/s | ours with summary us | mail-parser us | ratio |");
    println!("|:--|--:|--:|--:|--:|--:|--:|");
    for (name, octets) in messages {
        let ours = best(|| drop(black_box(message::parse(black_box(&octets)))));
        let summary =
            best(|| drop(black_box(message::summary::Summary::of(&message::parse(black_box(&octets))).encode())));
        let parser = mail_parser::MessageParser::default();
        let theirs = best(|| drop(black_box(parser.parse(black_box(&octets[..])))));
        let rate = octets.len() as f64 / ours.as_secs_f64() / 1e9;
        let (ours, summary, theirs) = (micros(ours), micros(summary), micros(theirs));
        println!(
            "| {name} | {} | {ours:.2} | {rate:.2} | {summary:.2} | {theirs:.2} | {:.1} |",
            octets.len(),
            theirs / ours
        );
    }
    Ok(())
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The shortest of as many runs as fit: what the others had more was other work of the machine.
fn best(mut work: impl FnMut()) -> Duration {
    let (began, mut best) = (Instant::now(), Duration::MAX);
    while began.elapsed() < EACH {
        let one = Instant::now();
        work();
        best = best.min(one.elapsed());
    }
    best
}

const HEADER: &str = "Return-Path: <alice@crepes.fr>\r\n\
Received: from mx.crepes.fr (mx.crepes.fr [192.0.2.7])\r\n\tby mx.hamburger.edu with ESMTPS id 01HZX3\r\n\tfor <bob@hamburger.edu>; Sat, 21 Nov 2026 10:00:00 +0000\r\n\
From: \"Alice Crepe\" <alice@crepes.fr>\r\nTo: Bob <bob@hamburger.edu>, Carol <carol@hamburger.edu>\r\n\
Subject: =?utf-8?Q?D=C3=AEner?= tomorrow, and what to bring\r\nDate: Sat, 21 Nov 2026 11:00:00 +0100\r\n\
Message-ID: <1234.5678@crepes.fr>\r\nIn-Reply-To: <8765.4321@hamburger.edu>\r\n\
References: <1.1@crepes.fr> <8765.4321@hamburger.edu>\r\nMIME-Version: 1.0\r\n";

fn letter(octets: usize) -> Vec<u8> {
    let mut text =
        format!("{HEADER}Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    while text.len() < octets {
        text.push_str("Do you like ketchup? How about pickles? We could meet at eight and see.\r\n");
    }
    text.into_bytes()
}

fn attachment(octets: usize) -> Vec<u8> {
    let mut text = format!("{HEADER}Content-Type: multipart/mixed; boundary=\"=_frontier\"\r\n\r\n--=_frontier\r\n");
    text.push_str("Content-Type: text/plain\r\n\r\nThe picture is below.\r\n\r\n--=_frontier\r\n");
    text.push_str("Content-Type: image/jpeg; name=\"pickle.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    let line = "SGFtYnVyZ2VyQW5kQ3JlcGVzQXJlVHdvSG9zdHNJblR3b0NvdW50cmllc1doZXJlTWFpbEdvZXNU\r\n";
    while text.len() < octets {
        text.push_str(line);
    }
    text.push_str("--=_frontier--\r\n");
    text.into_bytes()
}
