//! The table against what one would use instead of it, row by row: `cargo bench --bench table`, or with a part of a row's name to run that.
//!
//! Each row runs every peer that can do it, on one machine in one run: compare within a row, as ratios. The number at the end of
//! an id is the threads; the time is that of one operation of one thread, so equal times at 1, 2 and 4 threads are perfect scaling
//! (up to the machine's cores).

#![allow(unreachable_pub, reason = "a benchmark is a program: nothing of it is reachable")]

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

mod peers;
mod rows;

/// Short samples of many rows: the whole takes some minutes.
fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots()
}

criterion_group! {
    name = table;
    config = short();
    targets = rows::flags::rows, rows::lookup::rows, rows::open::rows, rows::dup::rows, rows::whole::rows, rows::mixed::rows
}
criterion_main!(table);
