//! What goes over the whole table, with 1,000 descriptors open.

use std::{hint::black_box, sync::Arc};

use criterion::{BatchSize, Criterion};
use fdtable::{FdTable, Placement};

use crate::peers::{
    CLOEXEC, File, Peer, kernel::Kernel, mutex_map::MutexMap, rwlock_vec::RwLockVec,
};

use super::each_peer;

const OPEN: usize = 1000;

pub fn rows(c: &mut Criterion) {
    clone_vec(c, "fork/1000 open");
    each_peer!(fork(c, "fork/1000 open"): FdTable<File>, RwLockVec, MutexMap);
    each_peer!(exec(c, "exec/1000 open, each second one CLOEXEC"): FdTable<File>, RwLockVec, MutexMap);
    each_peer!(close_range(c, "close_range/1000 open"): FdTable<File>, RwLockVec, MutexMap, Kernel);
}

/// A table with `OPEN` descriptors; each second one is `CLOEXEC`.
fn full<P: Peer>() -> P {
    let peer = P::new();
    fill(&peer);
    peer
}

fn fill<P: Peer>(peer: &P) {
    for i in 0..OPEN {
        peer.open(Placement::From(3), if i % 2 == 0 { CLOEXEC } else { 0 });
    }
}

/// The least that a fork could do.
fn clone_vec(c: &mut Criterion, name: &str) {
    let entries: Vec<Option<Arc<File>>> = (0..OPEN).map(|_| Some(Arc::new(File::new()))).collect();
    c.benchmark_group(name).bench_function("clone of Vec<Option<Arc>>", |b| {
        b.iter_with_large_drop(|| black_box(&entries).clone());
    });
}

fn fork<P: Peer>(c: &mut Criterion, name: &str) {
    let peer: P = full();
    c.benchmark_group(name)
        .bench_function(P::NAME, |b| b.iter_with_large_drop(|| black_box(&peer).fork()));
}

fn exec<P: Peer>(c: &mut Criterion, name: &str) {
    let peer: P = full();
    c.benchmark_group(name).bench_function(P::NAME, |b| {
        b.iter_batched(|| peer.fork(), P::exec, BatchSize::SmallInput);
    });
}

fn close_range<P: Peer>(c: &mut Criterion, name: &str) {
    let peer = P::new();
    c.benchmark_group(name).bench_function(P::NAME, |b| {
        b.iter_batched(|| fill(&peer), |()| peer.close_from(3), BatchSize::PerIteration);
    });
}
