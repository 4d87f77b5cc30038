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
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![deny(unsafe_code)]

// `fdtable` then names the locked table in every file.
#[cfg(feature = "locked")]
extern crate locked_table as fdtable;

mod call;
mod close;
mod closing;
mod dup;
mod exec;
mod fcntl;
mod file;
mod filter;
mod guardian;
mod handlers;
mod identity;
mod io;
mod ioctl;
#[allow(unsafe_code, reason = "starts a process and puts it under the filter")]
mod launch;
mod limits;
#[allow(unsafe_code, reason = "talks to the kernel by ioctl")]
mod listener;
mod live;
#[allow(unsafe_code, reason = "copies from and to other address spaces")]
mod memory;
mod names;
mod new_pids;
mod numbers;
mod open;
mod options;
mod orphans;
mod pid_map;
mod proc_fd;
mod process;
mod reaper;
mod registry;
mod room;
mod run;
mod sets;
mod split;
mod stat;
mod stats;
mod supervisor;
#[allow(unsafe_code, reason = "makes system calls")]
mod sys;
mod syscalls;
mod tables;
mod trace;
mod twin;
mod undo;

pub use run::main;
