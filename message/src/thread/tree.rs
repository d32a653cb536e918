//! Threads as they are given: one line a message, parents before children. Owns that form.

/// A message in a thread, or the place of one that is missing. In the order of writing: each is followed by its children,
/// and they by theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threaded {
    /// Its UID; `None` at the top of a thread whose first message is missing.
    pub uid: Option<u32>,
    /// How many messages it hangs below; 0 begins a thread.
    pub depth: u32,
    /// How many hang directly from it.
    pub children: u32,
}

/// Lists trees given as children of each node, without calling itself.
pub(super) fn list(tops: &[u32], children: &[Vec<u32>], uid: impl Fn(u32) -> Option<u32>) -> Vec<Threaded> {
    let mut lines = Vec::with_capacity(children.len());
    let mut waiting: Vec<(u32, u32)> = tops.iter().rev().map(|top| (*top, 0)).collect();
    while let Some((node, depth)) = waiting.pop() {
        let below = children.get(node as usize).map_or(&[][..], Vec::as_slice);
        let count = u32::try_from(below.len()).unwrap_or(u32::MAX);
        lines.push(Threaded { uid: uid(node), depth, children: count });
        waiting.extend(below.iter().rev().map(|child| (*child, depth.saturating_add(1))));
    }
    lines
}
