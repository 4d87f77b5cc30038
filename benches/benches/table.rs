//! The table against what one would use instead of it, row by row: `cargo bench`, or
//! with a part of a row's name to run that.
//!
//! Each row runs every peer that can do it, one after the other: for figures to quote, use the
//! program `report`, which runs them in turn. The number at the end of an id is the threads; the
//! time is that of one operation of one thread, so equal times at 1, 2 and 4 threads are perfect
//! scaling.

use std::time::Duration;

use benches::rows;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// Short samples of many rows: the whole takes some minutes.
fn short() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(200))
        .without_plots()
}

fn table(c: &mut Criterion) {
    for row in rows::all() {
        let mut group = c.benchmark_group(&row.name);
        for subject in &row.subjects {
            let mut sampler = None;
            group.bench_function(BenchmarkId::new(&subject.name, row.threads), |b| {
                b.iter_custom(sampler.get_or_insert_with(|| subject.sampler()));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = short();
    targets = table
}
criterion_main!(benches);
