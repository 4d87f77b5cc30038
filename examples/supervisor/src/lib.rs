//! A seccomp supervisor whose handler threads share one lock-free descriptor table per process.
//!
//! The guest's kernel owns the numbers below 1024, and serves what is open there without asking us.
//! The table owns the numbers from 1024 on. Below the hard `RLIMIT_NOFILE`, each of them has its
//! real descriptor in the guest from its open on: only what changes which numbers are open is
//! intercepted. From the hard limit on we hold the file, and serve the calls on it.
//!
//! Read `syscalls.rs` first, which says what is intercepted, and who serves it; then `dispatch.rs`,
//! for what happens with each notification. `docs/SUPERVISOR.md` says the rest, and what it does
//! not do: it is no security boundary.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![deny(unsafe_code)]

// `fdtable` then names the locked table in every file.
#[cfg(feature = "locked")]
extern crate locked_table as fdtable;

mod call;
mod clone;
mod close;
mod constant_names;
mod credentials;
mod dispatch;
mod dump;
mod dup;
mod exec;
mod exec_state;
mod fcntl;
mod file;
mod filter;
mod handlers;
mod image;
mod inherit;
mod io;
#[allow(unsafe_code, reason = "starts a process and puts it under the filter")]
mod launch;
mod limits;
#[allow(unsafe_code, reason = "talks to the kernel by ioctl")]
mod listener;
mod low_numbers;
#[allow(unsafe_code, reason = "copies from and to other address spaces")]
mod memory;
mod new_pids;
mod numbers;
mod open;
mod options;
mod orphans;
mod pending_closes;
mod pid_map;
mod pid_namespace;
mod place;
mod process;
mod reaper;
mod registry;
mod rollback;
mod run;
mod soft_limit;
mod stat;
mod stats;
mod supervisor;
#[allow(unsafe_code, reason = "makes system calls")]
mod sys;
mod syscalls;
mod table_factory;
mod task;
mod trace;
mod unshared;
mod watcher;

pub use run::main;
