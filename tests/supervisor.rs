//! Real programs under `examples/supervisor`: each prints and exits as it does without, and numbers
//! above 1023 work. A program that is not installed, or a kernel without what the supervisor needs,
//! is a skip that is printed.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "supervisor/bases.rs"]
mod bases;
#[path = "supervisor/conformance.rs"]
mod conformance;
#[path = "supervisor/counts.rs"]
mod counts;
#[path = "supervisor/differences.rs"]
mod differences;
#[path = "supervisor/faults.rs"]
mod faults;
#[path = "supervisor/harness.rs"]
mod harness;
#[path = "supervisor/numbers.rs"]
mod numbers;
#[path = "supervisor/processes.rs"]
mod processes;
#[path = "supervisor/programs/mod.rs"]
mod programs;
#[path = "supervisor/tables.rs"]
mod tables;
