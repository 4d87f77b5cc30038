//! Opening a new file and closing it again, by placement and by what is open already.

use fdtable::{FdTable, Placement};

use crate::peers::{File, Peer, kernel::Kernel, minimum, sharded_slab::ShardedSlab};

use super::{Row, each_peer, every_peer, open_close, opened, threads};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for open in [0, 32, 500, 60_000] {
        let name = format!("open+close/lowest, {open} open");
        rows.push(placed(&name, Placement::Lowest, open, 1));
    }
    let more = threads().skip(1);
    rows.extend(more.map(|t| placed("open+close/lowest, 0 open", Placement::Lowest, 0, t)));
    rows.push(placed("open+close/base", Placement::FromBase, 0, 1));
    rows.extend(threads().map(any));
    rows
}

fn placed(name: &str, placement: Placement, open: i32, threads: usize) -> Row {
    let mut row = Row::new(name, threads);
    every_peer!(subject(&mut row, placement, open), Kernel);
    if open > 0 {
        beside_open::<FdTable<File>>(&mut row, "fdtable, 0 open", placement, 0);
    }
    row
}

fn any(threads: usize) -> Row {
    let mut row = Row::new("open+close/any", threads);
    each_peer!(subject(&mut row, Placement::Any, 0): FdTable<File>, ShardedSlab);
    if threads > 1 {
        row.on(1, "fdtable, 1 thread", || {
            let peer = <FdTable<File> as Peer>::new();
            move |_, _| open_close(&peer, Placement::Any)
        });
    }
    row
}

fn subject<P: Peer>(row: &mut Row, placement: Placement, open: i32) {
    beside_open::<P>(row, P::NAME, placement, open);
}

/// While so many are open already.
fn beside_open<P: Peer>(row: &mut Row, name: &str, placement: Placement, open: i32) {
    let threads = row.threads as i32;
    if open.max(minimum(placement)) + threads > P::limit() {
        return;
    }
    row.threaded(name, move || {
        let peer = P::new();
        opened(&peer, 0..open);
        move |_, _| open_close(&peer, placement)
    });
}
