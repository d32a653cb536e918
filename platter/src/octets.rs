//! The content of a file in pages that copies share: a disk of megabytes is copied at every crash.

use std::sync::Arc;

const PAGE: usize = 4096;

/// Octets of a file. Cloning shares them until one side writes.
#[derive(Clone, Debug, Default)]
pub struct Octets {
    pages: Vec<Arc<[u8; PAGE]>>,
    len: usize,
}

impl Octets {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Longer with zeros, or shorter.
    pub fn resize(&mut self, len: usize) {
        self.pages.resize_with(len.div_ceil(PAGE), || Arc::new([0; PAGE]));
        if len < self.len
            && let Some(last) = self.pages.last_mut().filter(|_| !len.is_multiple_of(PAGE))
        {
            Arc::make_mut(last)[len % PAGE..].fill(0);
        }
        self.len = len;
    }

    /// Writes at a place, beyond the end too.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) {
        if self.len < offset + bytes.len() {
            self.resize(offset + bytes.len());
        }
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let within = at % PAGE;
            let (now, later) = rest.split_at(rest.len().min(PAGE - within));
            Arc::make_mut(&mut self.pages[at / PAGE])[within..within + now.len()].copy_from_slice(now);
            at += now.len();
            rest = later;
        }
    }

    /// Reads from a place; how many octets there were.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> usize {
        let wanted = into.len().min(self.len.saturating_sub(offset));
        let mut done = 0;
        while done < wanted {
            let (at, within) = (offset + done, (offset + done) % PAGE);
            let count = (wanted - done).min(PAGE - within);
            into[done..done + count].copy_from_slice(&self.pages[at / PAGE][within..within + count]);
            done += count;
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_copies_stay_as_they_were() {
        let mut file = Octets::default();
        file.write(PAGE - 2, b"hello");
        let copy = file.clone();
        file.write(PAGE - 1, b"E");
        file.resize(PAGE + 1);
        file.resize(PAGE + 4);
        let read = |file: &Octets| {
            let mut into = [9; 8];
            let count = file.read(PAGE - 2, &mut into);
            into[..count].to_vec()
        };
        assert_eq!(read(&copy), b"hello");
        assert_eq!(read(&file), b"hEl\0\0\0");
        assert_eq!(file.read(PAGE + 10, &mut [0; 4]), 0);
    }
}
