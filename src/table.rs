//! The file descriptor table of a process: its numbers, each open on an open file description.
//!
//! From the outside in: what a caller can do ([`open`], [`close`], [`dup`], [`lookup`], ...), the
//! three tiers of numbers ([`hot`], [`gap`], joined in [`tiers`]), what they are made of
//! ([`chunk`], [`slot`], [`occupancy`]).

pub(crate) mod backoff;
pub(crate) mod builder;
pub(crate) mod chunk;
pub(crate) mod close;
pub(crate) mod close_range;
pub(crate) mod copy;
pub(crate) mod descriptor;
#[allow(unsafe_code, reason = "takes back what no slot has held (I6)")]
pub(crate) mod dup;
pub(crate) mod fd_table;
pub(crate) mod flags;
pub(crate) mod full_bits;
pub(crate) mod gap;
#[allow(unsafe_code, reason = "follows pointers to chunks that stay (I4)")]
pub(crate) mod hot;
pub(crate) mod iter;
#[allow(unsafe_code, reason = "follows links under an epoch guard (I5)")]
pub(crate) mod link;
pub(crate) mod lookup;
pub(crate) mod number;
pub(crate) mod occupancy;
pub(crate) mod open;
pub(crate) mod reservation;
pub(crate) mod reserve_many;
pub(crate) mod slot;
pub(crate) mod spare;
#[allow(unsafe_code, reason = "reads a table that no other thread has (I5)")]
pub(crate) mod tiers;
pub(crate) mod tree;
