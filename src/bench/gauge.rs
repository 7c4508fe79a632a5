//! What this process takes from the machine, and what the machine allows. Read from `/proc`; what is not there is `None`.

use std::fs;

/// Nanoseconds of CPU time that the calling thread has used.
#[must_use]
pub fn thread_cpu_ns() -> Option<u64> {
    fs::read_to_string("/proc/thread-self/schedstat").ok()?.split_whitespace().next()?.parse().ok()
}

/// Bytes of this process in memory.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    Some(member("/proc/self/status", "VmRSS:")? * 1024)
}

/// What the machine allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files that may be open: as it is set, and as far as it can be raised.
    pub files: (u64, u64),
    /// Ports that connections to one address can begin at, for each address of this machine.
    pub ports: u64,
    /// Memory that is free, bytes.
    pub memory: u64,
}

impl Limits {
    /// Reads them; what cannot be read does not limit.
    #[must_use]
    pub fn read() -> Self {
        let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let files = text.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap_or_default();
        let mut numbers = files.split_whitespace().map(|word| word.parse().unwrap_or(u64::MAX));
        let mut next = || numbers.next().unwrap_or(u64::MAX);
        let files = (next(), next());
        let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
        let ends: Vec<u64> = range.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let ports = if let [low, high] = ends[..] { (high + 1).saturating_sub(low) } else { u64::MAX };
        let memory = member("/proc/meminfo", "MemAvailable:").map_or(u64::MAX, |kib| kib.saturating_mul(1024));
        Self { files, ports, memory }
    }
}

/// A number of a file of `name: number` lines.
fn member(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_takes_time_and_memory() {
        let before = thread_cpu_ns().unwrap();
        let sum = (0..3_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n));
        assert!(thread_cpu_ns().unwrap() > before, "{sum}");
        assert!(resident_bytes().unwrap() > 1024 * 1024);
        let limits = Limits::read();
        assert!(limits.files.0 <= limits.files.1 && limits.ports > 100 && limits.memory > 1024 * 1024, "{limits:?}");
    }
}
