//! Whether the machine allows what a plan asks for, before anything is started.

use super::gauge::Limits;

/// Files that a process has open besides its connections.
const OTHER_FILES: u64 = 64;
/// Memory that a connection takes from the machine, bytes: our own, and the system's for both ends (**assumed**: a socket of
/// Linux takes 4 to 8 KiB, the broker's end the same again).
const PER_CONNECTION: u64 = 24 * 1024;
/// What TLS adds, bytes: 9 KiB here and 14 KiB at a mosquitto on this machine (measured, docs/performance.md).
const PER_TLS_CONNECTION: u64 = 23 * 1024;
/// Memory of a simulated vehicle, bytes (measured with 1.1 million of them, docs/performance.md).
const PER_VEHICLE: u64 = 1400;

/// What a plan needs of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Needs {
    /// Connections of this process.
    pub connections: u64,
    /// Addresses of this machine to connect from; 0: the one that the system chooses.
    pub sources: u64,
    /// Simulated vehicles.
    pub vehicles: u64,
    /// Whether the connections are encrypted.
    pub tls: bool,
}

/// What is too low, and how far to raise it; `None` when the plan fits.
#[must_use]
pub fn lacks(needs: &Needs, limits: &Limits) -> Option<String> {
    let Needs { connections, sources, vehicles, tls } = *needs;
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
    let memory = connections * (PER_CONNECTION + u64::from(tls) * PER_TLS_CONNECTION) + vehicles * PER_VEHICLE;
    if memory > limits.memory {
        let mib = |bytes: u64| bytes / 1024 / 1024;
        let who = match vehicles {
            0 => format!("{connections} connections"),
            some => format!("{connections} connections and {some} simulated vehicles"),
        };
        return Some(format!(
            "{who} need about {} MiB of memory, but {} MiB are free: ask for fewer with --count",
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
        let needs = |connections, sources| Needs { connections, sources, ..Needs::default() };
        assert_eq!(lacks(&needs(960, 1), &LIMITS), None);
        let said =
            |connections, sources, files| lacks(&needs(connections, sources), &Limits { files, ..LIMITS }).unwrap();
        let files = said(5000, 1, (1024, 20_000));
        assert!(files.contains("need 5064 open files") && files.contains("ulimit -n 5064"), "{files}");
        let files = said(30_000, 1, (20_000, 20_000));
        assert!(files.contains("allows 20000") && files.contains("19936 connections here"), "{files}");
        let ports = said(40_000, 1, (100_000, 100_000));
        assert!(ports.contains("give 2 addresses"), "{ports}");
        let many = Limits { files: (100_000, 100_000), ..LIMITS };
        assert_eq!(lacks(&needs(40_000, 2), &many), None);
        assert!(lacks(&Needs { tls: true, ..needs(40_000, 2) }, &many).is_some_and(|what| what.contains("1835 MiB")));
        let memory = said(50_000, 2, (100_000, 100_000));
        assert!(memory.contains("1171 MiB") && memory.contains("1024 MiB"), "{memory}");
        let fleet = lacks(&Needs { vehicles: 1_100_000, ..needs(8, 1) }, &LIMITS).unwrap();
        assert!(fleet.contains("1100000 simulated vehicles need about 1468 MiB"), "{fleet}");
    }
}
