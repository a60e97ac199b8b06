//! What processes have used, from `/proc`.

use std::{fs, time::Duration};

use license_benches::memory;

/// `USER_HZ`, which is 100 wherever Linux runs today.
const TICK: Duration = Duration::from_millis(10);

/// The members of `/proc/PID/stat` behind the name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    Some(rest.split(' ').map(|number| number.trim().parse().unwrap_or_default()).collect())
}

pub(crate) fn parent(pid: u32) -> Option<u32> {
    u32::try_from(*stat(pid)?.get(1)?).ok()
}

/// The processor time of a process.
pub(crate) fn cpu(pid: u32) -> Duration {
    ticks(pid, &[11, 12])
}

/// The processor time of a server and all its children, those that have ended
/// included.
pub(crate) fn cpu_with_children(pid: u32) -> Duration {
    let children: Duration = children(pid).into_iter().map(cpu).sum();
    ticks(pid, &[11, 12, 13, 14]) + children
}

fn ticks(pid: u32, members: &[usize]) -> Duration {
    let Some(stat) = stat(pid) else { return Duration::ZERO };
    let ticks: u64 = members.iter().filter_map(|member| stat.get(*member)).sum();
    TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
}

fn children(pid: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| parent(*child) == Some(pid)).collect()
}

/// Resident memory in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    memory::resident(pid).unwrap_or_default() * 1024
}
