//! The program. `lib.rs` says what it does, and names its parts.
#![deny(unsafe_code)]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() -> std::process::ExitCode {
    supervisor::main()
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    eprintln!("supervisor: for Linux on x86_64 only");
    std::process::exit(1);
}
