//! What all handlers share.

use super::{listener::Listener, registry::Registry, stats::Stats};

pub(crate) struct Supervisor {
    pub(crate) listener: Listener,
    pub(crate) registry: Registry,
    pub(crate) stats: Stats,
    /// The process that we started.
    pub(crate) first: i32,
    /// The hard `RLIMIT_NOFILE` that the kernel knows: no guest has a descriptor from here on.
    pub(crate) kernel_hard: u64,
    /// Also what is opened only to be read gets a number of the table.
    pub(crate) serve_all: bool,
}
