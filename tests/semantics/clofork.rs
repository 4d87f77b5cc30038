//! Group 37: `FD_CLOFORK`, which Linux has not; held to the text of POSIX.1-2024, and to the
//! systems that have it.

use fdtable::{CloseRangeFlags, FdFlags, Files, Placement};
use test_support::{CLOEXEC, EDGES, NONE, World, numbers};

const CLOFORK: FdFlags = FdFlags::CLOFORK;

/// Every edge is open, with all flags but these two; every second one is `FD_CLOFORK`.
fn world() -> (World, Files<test_support::File>) {
    let w = World::new();
    let files = Files::new(w.table());
    for (i, fd) in EDGES.into_iter().enumerate() {
        w.open_with(&files.load(), fd, flags(i));
    }
    (w, files)
}

fn user() -> FdFlags {
    FdFlags::all() - CLOEXEC - CLOFORK
}

fn flags(i: usize) -> FdFlags {
    if i % 2 == 1 { user() | CLOFORK } else { user() }
}

#[test]
fn a_fork_leaves_out_what_is_fd_clofork_and_nothing_else() {
    let (w, files) = world();
    let kept: Vec<_> = EDGES.into_iter().step_by(2).collect();
    for child in [files.fork(), Files::new(files.load().fork())] {
        assert_eq!(numbers(&child.load()), kept);
        assert!(kept.iter().all(|fd| child.load().flags(*fd) == Some(user())));
        // The child's numbers are free.
        for fd in EDGES.into_iter().skip(1).step_by(2) {
            w.open(&child.load(), fd);
        }
    }
    assert_eq!(numbers(&files.load()), EDGES);
    // The parent had the only reference.
    drop(files.load().close(EDGES[1]).unwrap());
    assert!(w.dropped_one(1));
}

#[test]
fn a_table_of_the_tasks_own_has_what_is_fd_clofork() {
    let leave: [fn(&Files<_>); 3] = [
        Files::unshare,
        |files| files.close_range(7, 7, CloseRangeFlags::UNSHARE).unwrap(),
        |files| {
            let flags = CloseRangeFlags::UNSHARE | CloseRangeFlags::CLOEXEC;
            files.close_range(7, 7, flags).unwrap();
        },
    ];
    for leave in leave {
        let (_w, files) = world();
        let sibling = files.share();
        leave(&files);
        assert!(!files.is_shared());
        for task in [&files, &sibling] {
            let found = EDGES.map(|fd| task.load().flags(fd));
            assert_eq!(found, std::array::from_fn(|i| Some(flags(i))));
        }
    }
}

#[test]
fn an_exec_clears_fd_clofork_of_what_stays_open() {
    let execs: [fn(&Files<_>); 2] = [Files::exec, |files| files.prepare_exec().commit()];
    for (exec, shared) in execs.into_iter().flat_map(|exec| [(exec, false), (exec, true)]) {
        let (w, files) = world();
        w.open_with(&files.load(), 7, CLOEXEC | CLOFORK);
        let sibling = shared.then(|| files.share());
        exec(&files);
        assert_eq!(numbers(&files.load()), EDGES);
        assert!(EDGES.iter().all(|fd| files.load().flags(*fd) == Some(user())));
        if let Some(sibling) = sibling {
            assert_eq!(sibling.load().flags(EDGES[1]), Some(user() | CLOFORK));
            assert_eq!(sibling.load().flags(7), Some(CLOEXEC | CLOFORK));
        }
    }
}

#[test]
fn fd_clofork_belongs_to_the_number() {
    let w = World::new();
    let t = w.table();
    for old in EDGES {
        w.open_with(&t, old, CLOFORK);
        let new = t.dup(old, Placement::From(2_000), NONE).unwrap();
        assert_eq!(t.flags(new), Some(NONE), "F_DUPFD({old})");
        t.dup3(old, new, CLOFORK | CLOEXEC).unwrap();
        assert_eq!(t.flags(new), Some(CLOFORK | CLOEXEC), "dup3({old}, {new})");
        t.dup2(old, new).unwrap();
        assert_eq!(t.flags(new), Some(NONE), "dup2({old}, {new})");
        drop(t.close(new).unwrap());
        let new = t.dup(old, Placement::From(2_000), CLOFORK).unwrap();
        assert_eq!(t.flags(new), Some(CLOFORK), "F_DUPFD_CLOFORK({old})");
        t.set_cloexec(new, true).unwrap();
        t.set_cloexec(new, false).unwrap();
        assert_eq!(t.flags(new), Some(CLOFORK), "F_SETFD of Linux");
        drop(t.close(new).unwrap());
        assert_eq!(t.flags(old), Some(CLOFORK), "{old}");
        drop(t.close(old).unwrap());
    }
}
