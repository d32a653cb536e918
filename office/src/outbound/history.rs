//! What is kept of a recipient's earlier tries, beside it in the store, where nobody else reads it.

use queue::Waited;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the next try has to know of those before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct History {
    /// The last wait before it strayed, in milliseconds.
    #[serde(default)]
    waited_ms: u64,
    /// The early try was granted.
    #[serde(default)]
    early: bool,
    /// The sender was told of the delay.
    #[serde(default)]
    pub noticed: bool,
}

impl History {
    /// What was kept. Nothing, or something that cannot be read, is a beginning: one more wait, at worst one more notice.
    pub fn read(octets: &[u8]) -> History {
        serde_json::from_slice(octets).unwrap_or_default()
    }

    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub fn waited(&self) -> Waited {
        Waited { plain: Duration::from_millis(self.waited_ms), early: self.early }
    }

    /// After another try.
    pub fn with(self, waited: Waited, noticed: bool) -> History {
        let waited_ms = u64::try_from(waited.plain.as_millis()).unwrap_or(u64::MAX);
        History { waited_ms, early: waited.early, noticed: self.noticed || noticed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_rubbish_is_a_beginning() {
        let waited = Waited { plain: Duration::from_secs(1800), early: true };
        let history = History::default().with(waited, true);
        assert_eq!(History::read(&history.write()), history);
        assert_eq!(history.waited(), waited);
        for rubbish in [&b""[..], b"\xff", b"[]", b"{\"waited_ms\": -1}"] {
            assert_eq!(History::read(rubbish), History::default());
        }
    }
}
