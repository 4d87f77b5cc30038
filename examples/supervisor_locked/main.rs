//! The example `supervisor` over a hash map behind a mutex, for the report to compare with: the
//! same files, but for the table.
#![deny(unsafe_code)]
#![cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    allow(dead_code, unused_imports, reason = "there is no supervisor then")
)]

// What the supervisor's files know as the table's crate is this one.
extern crate fdtable as lock_free;
extern crate self as fdtable;

mod files;
#[path = "../../benches/peers/numbers.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the benchmarks")]
mod numbers;
mod reservation;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../supervisor/run.rs"]
mod run;
mod table;

pub(crate) use {
    files::{Files, FilesGuard},
    lock_free::{CloseRangeFlags, Error, FdFlags, Placement},
    reservation::Reservation,
    table::{Descriptor, FdTable, OpenFileTable, OwnedFileRef},
};

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("supervisor: for Linux on x86_64 only");
    std::process::exit(1);
}
