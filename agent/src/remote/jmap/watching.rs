//! Hearing of news (RFC 8620 §7.3): a stream of events that the server ends after the first change.

use super::super::keyed::Keyed;
use super::Jmap;
use crate::http::Response;
use crate::trouble::{Kind, Trouble};
use message::Time;
use std::time::Duration;

/// How often the server says that it is still there, in seconds: half of what our client of HTTP waits for.
const PING_SECONDS: u64 = 30;
/// Where the server has no events, it is asked so often.
const ASK_EVERY: Duration = Duration::from_secs(60);
/// Octets of one line of events: a state a type.
const LINE_MAX: usize = 64 * 1024;

impl Jmap {
    pub(super) async fn watch_for(&mut self, state: &str, until: Time) -> Result<(), Trouble> {
        let clock = self.clock.clone();
        let stream = self.line.events(PING_SECONDS).await?;
        // What came before the stream was open it does not tell.
        if self.state().await? != state {
            return Ok(());
        }
        match stream {
            Some(stream) => tokio::select! {
                heard = hear(stream) => heard,
                () = clock.sleep_until(until) => Ok(()),
            },
            None => {
                clock.sleep_until(until.min(clock.now().after(ASK_EVERY))).await;
                Ok(())
            }
        }
    }
}

/// Reads until an event says that something changed, or the stream ends, as it does after one.
async fn hear(mut stream: Response) -> Result<(), Trouble> {
    let mut line = Vec::new();
    while let Some(octets) = stream.next().await? {
        for octet in octets {
            if octet != b'\n' && octet != b'\r' {
                line.push(octet);
                if line.len() > LINE_MAX {
                    return Err(Trouble::new(Kind::Protocol, "the server tells news in lines without end"));
                }
                continue;
            }
            if is_change(&line) {
                return Ok(());
            }
            line.clear();
        }
    }
    Ok(())
}

/// Whether a line of an event stream is that of a change. Pings are none.
fn is_change(line: &[u8]) -> bool {
    let Some(value) = line.strip_prefix(b"event:") else { return false };
    value.trim_ascii() == b"state"
}

#[cfg(test)]
mod tests {
    use super::is_change;

    #[test]
    fn a_ping_is_no_change() {
        assert!(is_change(b"event: state") && is_change(b"event:state"));
        assert!(!is_change(b"event: ping") && !is_change(b"data: state") && !is_change(b""));
    }
}
