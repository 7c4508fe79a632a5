//! Whether the machine allows what a plan asks for, before anything is started.

use super::gauge::Limits;

/// Files that a process has open besides its connections.
const OTHER_FILES: u64 = 64;
/// Memory that a connection takes from the machine, bytes: our own, and the system's for both ends (**assumed**: a socket of
/// Linux takes 4 to 8 KiB, the broker's end the same again).
const PER_CONNECTION: u64 = 24 * 1024;

/// What is too low, and how far to raise it; `None` when the plan fits.
#[must_use]
pub fn lacks(connections: u64, sources: u64, limits: &Limits) -> Option<String> {
    let files = connections + OTHER_FILES;
    let (now, most) = limits.files;
    if files > now {
        let most_here = now.saturating_sub(OTHER_FILES);
        let remedy = if files <= most {
            format!("run `ulimit -n {files}` before")
        } else {
            format!(
                "the system allows {most} at most: ask for {most_here} connections here, or share them out with --agents"
            )
        };
        return Some(format!("{connections} connections need {files} open files, but {now} are allowed: {remedy}"));
    }
    let ports = limits.ports.saturating_mul(sources.max(1));
    if connections > ports {
        let wanted = connections.div_ceil(limits.ports.max(1));
        let ports_each = limits.ports;
        return Some(format!(
            "{connections} connections need as many ports, but an address of this machine has {ports_each}: \
             give {wanted} addresses with --ifaddr, such as 127.0.0.1,127.0.0.2, or widen net.ipv4.ip_local_port_range"
        ));
    }
    let memory = connections * PER_CONNECTION;
    if memory > limits.memory {
        let mib = |bytes: u64| bytes / 1024 / 1024;
        return Some(format!(
            "{connections} connections need about {} MiB of memory, but {} MiB are free",
            mib(memory),
            mib(limits.memory)
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { files: (1024, 20_000), ports: 28_000, memory: 1 << 30 };

    #[test]
    fn what_is_too_low_is_named_with_its_remedy() {
        assert_eq!(lacks(960, 1, &LIMITS), None);
        let said = |connections, sources, files| lacks(connections, sources, &Limits { files, ..LIMITS }).unwrap();
        let files = said(5000, 1, (1024, 20_000));
        assert!(files.contains("need 5064 open files") && files.contains("ulimit -n 5064"), "{files}");
        let files = said(30_000, 1, (20_000, 20_000));
        assert!(files.contains("allows 20000") && files.contains("19936 connections here"), "{files}");
        let ports = said(40_000, 1, (100_000, 100_000));
        assert!(ports.contains("give 2 addresses"), "{ports}");
        assert_eq!(lacks(40_000, 2, &Limits { files: (100_000, 100_000), ..LIMITS }), None);
        let memory = said(50_000, 2, (100_000, 100_000));
        assert!(memory.contains("1171 MiB") && memory.contains("1024 MiB"), "{memory}");
    }
}
