//! Real programs under the supervisor: each prints and exits as it does without, and numbers
//! above 1023 work. A program that is not installed, or a kernel without what the supervisor needs,
//! is a skip that is printed.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod bases;
mod conformance;
mod differences;
mod faults;
mod harness;
mod numbers;
mod processes;
mod programs;
mod stress;
mod tables;
