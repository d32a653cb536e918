//! What a server costs: CPU time and memory of a process and all its descendants, read from `/proc`. Linux only.

use anyhow::{Context, Result};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::time::Duration;

/// Clock ticks a second in `/proc`: 100 on every Linux of today.
const TICKS: f64 = 100.0;

/// A process with its children, its dead children and theirs.
#[derive(Clone, Copy)]
pub struct Tree(pub u32);

/// One line of `/proc/PID/stat`.
struct Stat {
    parent: u32,
    /// In user and kernel mode, its own and that of children it has buried.
    ticks: u64,
}

impl Tree {
    /// CPU time used so far.
    pub fn cpu(self) -> Result<Duration> {
        let (all, members) = self.members()?;
        let ticks: u64 = members.iter().filter_map(|id| all.get(id)).map(|stat| stat.ticks).sum();
        Ok(Duration::from_secs_f64(ticks as f64 / TICKS))
    }

    /// Resident memory in KiB; what processes share is counted once in all (PSS).
    pub fn memory_kib(self) -> Result<u64> {
        let (_, members) = self.members()?;
        Ok(members.iter().filter_map(|id| pss(*id)).sum())
    }

    /// Its processes at this moment.
    pub fn processes(self) -> Result<Vec<u32>> {
        let mut members: Vec<u32> = self.members()?.1.into_iter().collect();
        members.sort_unstable();
        Ok(members)
    }

    fn members(self) -> Result<(HashMap<u32, Stat>, HashSet<u32>)> {
        let all = stats()?;
        let mut members = HashSet::from([self.0]);
        loop {
            let before = members.len();
            members.extend(
                all.iter().filter(|(_, stat)| members.contains(&stat.parent)).map(|(id, _)| *id).collect::<Vec<_>>(),
            );
            if members.len() == before {
                return Ok((all, members));
            }
        }
    }
}

fn stats() -> Result<HashMap<u32, Stat>> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc").context("/proc is needed to measure CPU time")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process may end between the two looks.
        if let Some(stat) = fs::read_to_string(format!("/proc/{id}/stat")).ok().and_then(|text| stat(&text)) {
            all.insert(id, stat);
        }
    }
    Ok(all)
}

/// proc(5): the name stands in parentheses and may hold anything; parent is the 2nd field behind it, times 12th to 15th.
fn stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks: number(11)? + number(12)? + number(13)? + number(14)? })
}

fn pss(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Pss:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_stat_is_read_whatever_the_name() {
        let stat = stat("7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 0 0 10 20 30 40 20 0 1 0 5 1 1\n").unwrap();
        assert_eq!((stat.parent, stat.ticks), (3, 100));
        assert!(super::stat("7 (short) S 3").is_none());
    }

    #[test]
    fn this_process_is_in_its_own_tree() {
        let tree = Tree(std::process::id());
        assert!(tree.processes().unwrap().contains(&std::process::id()));
        assert!(tree.memory_kib().unwrap() > 100);
    }
}
