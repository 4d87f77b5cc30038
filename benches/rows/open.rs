//! Opening a new file and closing it again, by placement and by what is open already.

use criterion::Criterion;
use fdtable::{FdTable, Placement};

use crate::peers::{
    File, Peer, arc_swap_array::ArcSwapArray, buckets::Buckets, dashmap::Dash, kernel::Kernel,
    minimum, mutex_map::MutexMap, numbered::Numbered, papaya::Papaya, rwlock_vec::RwLockVec,
    scc::Scc, sharded_slab::ShardedSlab,
};

use super::{THREADS, each_peer, open_close, opened, reaches, threaded};

macro_rules! peers {
    ($($arg:expr),*) => {
        each_peer!(
            row($($arg),*):
            FdTable<File>, RwLockVec, MutexMap, Numbered<ArcSwapArray<true>>, Numbered<Dash>, Numbered<Papaya>, Numbered<Scc>,
            Numbered<Buckets>, Kernel
        )
    };
}

pub fn rows(c: &mut Criterion) {
    peers!(c, "open+close/lowest, none open", Placement::Lowest, 0, &THREADS);
    for open in [32, 500, 60_000] {
        let name = &format!("open+close/lowest, {open} open");
        peers!(c, name, Placement::Lowest, open, &[1]);
    }
    peers!(c, "open+close/auto", Placement::Auto, 0, &[1]);
    each_peer!(row(c, "open+close/any", Placement::Any, 0, &THREADS): FdTable<File>, ShardedSlab);
}

fn row<P: Peer>(c: &mut Criterion, name: &str, placement: Placement, open: i32, threads: &[usize]) {
    let peer = P::new();
    if !reaches(&peer, name, open.max(minimum(placement))) {
        return;
    }
    opened(&peer, 0..open);
    for &threads in threads {
        threaded(c, name, &peer, threads, |peer, _, _| open_close(peer, placement));
    }
}
