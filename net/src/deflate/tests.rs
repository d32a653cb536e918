//! The compressed stream by itself: against octets that zlib made, at every cut, at rest, with nothing to spare.
#![allow(clippy::unwrap_used)]

use super::*;
use std::future::poll_fn;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What zlib makes of three commands, each flushed (`Z_SYNC_FLUSH`, then `Z_PARTIAL_FLUSH`); the second refers to the first.
const COMMANDS: [&str; 3] = ["1 SELECT INBOX\r\n", "2 SELECT INBOX\r\n", "3 NOOP\r\n"];
const SYNC: [&str; 3] =
    ["32540876f571750e51f0f473f28fe0e502000000ffff", "3242e303000000ffff", "3256f0f3f70fe0e502000000ffff"];
const PARTIAL: [&str; 3] = ["32540876f571750e51f0f473f28fe0e50208", "2023343e40", "00192bf8f9fb07f0720104"];

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn pair(pipe: usize) -> (Deflated<DuplexStream>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(pipe);
    (Deflated::new(Stream::Plain(ours), &[]), theirs)
}

async fn read_exactly(stream: &mut Deflated<DuplexStream>, expected: &str, room: usize) {
    let mut heard = Vec::new();
    while heard.len() < expected.len() {
        let mut some = vec![0; room.min(expected.len() - heard.len())];
        let octets = stream.read(&mut some).await.unwrap();
        assert!(octets > 0, "ended after {heard:?}");
        heard.extend_from_slice(&some[..octets]);
    }
    assert_eq!(String::from_utf8(heard).unwrap(), expected);
}

/// Lets it see that nothing more comes.
async fn waits(stream: &mut Deflated<DuplexStream>) {
    let mut room = [0; 100];
    let mut read = ReadBuf::new(&mut room);
    let pending = poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_read(cx, &mut read).is_pending())).await;
    assert!(pending && read.filled().is_empty());
}

#[tokio::test]
async fn what_zlib_says_is_understood_in_any_pieces_with_a_rest_after_each_command() {
    for flushed in [SYNC, PARTIAL] {
        for piece in 1..30 {
            let (mut stream, mut peer) = pair(1000);
            for (hex, command) in flushed.iter().zip(COMMANDS) {
                for part in octets(hex).chunks(piece) {
                    peer.write_all(part).await.unwrap();
                }
                read_exactly(&mut stream, command, piece).await;
                waits(&mut stream).await;
                assert!(stream.holds() || flushed == PARTIAL, "which may end within an octet");
                stream.rest();
                assert!(!stream.holds());
            }
        }
    }
}

#[tokio::test]
async fn between_two_octets_of_a_command_nothing_is_given_back_that_it_needs() {
    let (mut stream, mut peer) = pair(1000);
    let mut heard = Vec::new();
    for octet in SYNC.iter().flat_map(|hex| octets(hex)) {
        peer.write_all(&[octet]).await.unwrap();
        let mut room = [0; 100];
        let mut read = ReadBuf::new(&mut room);
        let ready = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_read(cx, &mut read))).await;
        assert_eq!(ready.is_pending(), read.filled().is_empty());
        heard.extend_from_slice(read.filled());
        waits(&mut stream).await;
        stream.rest();
    }
    assert_eq!(String::from_utf8(heard).unwrap(), COMMANDS.concat());
}

#[tokio::test]
async fn references_reach_back_over_a_rest_as_far_as_the_window() {
    // Two windows of what hardly repeats itself, then the last window again.
    let noise: Vec<u8> =
        (0..inward::WINDOW as u64 * 2).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u8 | 1).collect();
    let mut whole = noise.clone();
    whole.extend_from_slice(&noise[noise.len() - 30_000..]);
    let (mut ours, mut theirs) = tokio::io::duplex(1 << 20);
    let mut core = Outward::default();
    for part in whole.chunks(1000) {
        core.take(part).unwrap();
        core.finish().unwrap();
        theirs.write_all(core.waiting()).await.unwrap();
        core.written(core.waiting().len());
    }
    drop(theirs);
    let mut compressed = Vec::new();
    ours.read_to_end(&mut compressed).await.unwrap();
    assert!(compressed.len() < noise.len() + 10_000, "the repetition is referred to");
    let (mut stream, mut peer) = pair(1 << 20);
    peer.write_all(&compressed).await.unwrap();
    let mut heard = Vec::new();
    while heard.len() < whole.len() {
        let mut some = [0; 777];
        let octets = stream.read(&mut some).await.unwrap();
        heard.extend_from_slice(&some[..octets]);
        stream.rest();
    }
    assert!(heard == whole);
}

#[tokio::test]
async fn what_we_say_is_understood_before_and_after_a_rest_and_a_flush_of_nothing_says_nothing() {
    let (mut stream, peer) = pair(1 << 20);
    let mut peer = Deflated::new(Stream::Plain(peer), &[]);
    stream.flush().await.unwrap();
    for round in 0..3 {
        let text = format!("* {round} EXISTS\r\n").repeat(3000);
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        assert!(stream.holds());
        stream.rest();
        stream.flush().await.unwrap();
        assert!(!stream.holds(), "a flush of nothing needs nothing");
        read_exactly(&mut peer, &text, 1000).await;
    }
}

#[tokio::test]
async fn no_more_is_compressed_than_the_peer_takes() {
    let (mut stream, _peer) = pair(100);
    let text = vec![b'x'; 1 << 20];
    let mut taken = 0;
    for _ in 0..1000 {
        let write = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_write(cx, &text))).await;
        let Poll::Ready(octets) = write else { break };
        taken += octets.unwrap();
    }
    let noise: Vec<u8> = (0..200_000_u64).map(|n| (n.wrapping_mul(n ^ 0x9E37_79B9) >> 7) as u8).collect();
    let mut at = 0;
    for _ in 0..1000 {
        let write = poll_fn(|cx| Poll::Ready(Pin::new(&mut stream).poll_write(cx, &noise[at..]))).await;
        let Poll::Ready(octets) = write else { break };
        at += octets.unwrap();
    }
    assert!(at < noise.len(), "it goes on taking what nobody reads ({taken} before)");
}

#[tokio::test]
async fn after_the_last_block_nothing_follows() {
    let (mut stream, mut peer) = pair(1000);
    let mut last = miniz_oxide::deflate::compress_to_vec(b"1 LOGOUT\r\n", 6);
    last.extend_from_slice(b"2 NOOP\r\n");
    peer.write_all(&last).await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard, b"1 LOGOUT\r\n");
}

#[tokio::test]
async fn what_is_not_compressed_is_an_error() {
    for garbage in [&b"\x07"[..], b"\xff\xff\xff", b"\x00\x05\x00\x00\x00"] {
        let (mut stream, mut peer) = pair(1000);
        peer.write_all(garbage).await.unwrap();
        let error = stream.read(&mut [0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{garbage:?}");
    }
}
