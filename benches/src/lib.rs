//! What is measured: [`peers`], which are ways to keep a descriptor table, and [`rows`], which are
//! questions put to them. The benchmark `table` gives the rows to criterion; the program `report`
//! takes samples of all peers in turn.

#![allow(
    missing_docs,
    missing_debug_implementations,
    reason = "a library for this package's programs alone"
)]

pub mod peers;
pub mod rows;
