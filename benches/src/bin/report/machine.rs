//! On what it was measured, and with what.

use std::{fs, process::Command, sync::atomic::Ordering, thread};

use super::undisturbed::{AGAIN, DISTURBED, TAKEN};

/// The peers' packages, and those that measure.
const PACKAGES: &[&str] = &[
    "arc-swap",
    "crossbeam-epoch",
    "dashmap",
    "papaya",
    "parking_lot",
    "rayon",
    "scc",
    "sharded-slab",
];

pub fn describe() -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc =
        rustc.map_or(String::new(), |output| String::from_utf8_lossy(&output.stdout).into());
    format!(
        "{}; {cores} cores; Linux {}; load average {} at the end. {}; fdtable {}; {}.\n\n\
         Of {} samples, {} were taken again because other programs kept a thread waiting for a \
         core, and {} stayed so.\n",
        model.unwrap_or("unknown processor"),
        read("/proc/sys/kernel/osrelease").trim(),
        load(),
        rustc.trim(),
        env!("CARGO_PKG_VERSION"),
        packages(include_str!("../../../../Cargo.lock")),
        TAKEN.load(Ordering::Relaxed),
        AGAIN.load(Ordering::Relaxed),
        DISTURBED.load(Ordering::Relaxed),
    )
}

/// The load average of the last minute.
pub fn load() -> String {
    let loads = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    loads.split_whitespace().take(1).collect()
}

fn packages(lock: &str) -> String {
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split('"').next()?))
    };
    PACKAGES.iter().filter_map(|name| version(name)).collect::<Vec<_>>().join(", ")
}
