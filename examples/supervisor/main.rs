//! A seccomp supervisor whose handler threads share one lock-free descriptor table per process.
//!
//! The guest's kernel owns the numbers below 1023, and serves what is open there without asking us.
//! The table owns the numbers from 1024 on: what is opened to be written, and all files with
//! `--serve-all`, is opened and served by the supervisor, and gets a real descriptor at the same
//! number (a *twin*) only when the kernel needs one, as for `mmap`.
//!
//! Read `syscalls.rs` first, which says what is served and by whom; then `supervisor.rs`, for what
//! happens with each notification. `docs/SUPERVISOR.md` says the rest, and what it does not do: it
//! is no security boundary.
#![deny(unsafe_code)]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "run.rs"]
mod run;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    run::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("supervisor: for Linux on x86_64 only");
    std::process::exit(1);
}
