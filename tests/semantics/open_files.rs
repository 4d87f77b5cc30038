//! Group 12: the system-wide limit of open files.

use fdtable::{FdTable, OpenFileTable, Placement, RawFd};
use libc::ENFILE;
use test_support::{CLOEXEC, EDGES, File, NONE, World, errno, numbers};

/// Every way to open `fd` is ENFILE, and gives the file back.
fn assert_no_room_for_another(w: &World, t: &FdTable<File>, fd: RawFd) {
    for placement in [Placement::At(fd), Placement::Lowest, Placement::Any] {
        let file = w.file(fd);
        let tag = file.tag;
        let rejected = t.open(placement, file, NONE).unwrap_err();
        assert_eq!(rejected.error.errno(), ENFILE, "{placement:?}");
        assert_eq!(rejected.file.tag, tag);
    }
}

#[test]
fn more_open_files_than_the_system_wide_limit_are_enfile() {
    for fd in EDGES {
        let w = World::with(OpenFileTable::with_limit(2), 64);
        let t = w.table();
        let other = if fd == 0 { 1 } else { 0 };
        w.open(&t, fd);
        let loose = w.files.insert(w.file(-1)).unwrap();
        assert_no_room_for_another(&w, &t, other);
        assert_eq!(errno(w.files.insert(w.file(-1))), ENFILE);
        // A refused open and a refused install leave their number free.
        let reserved = t.reserve(Placement::At(other)).unwrap();
        assert_eq!(errno(reserved.install(w.file(other), NONE)), ENFILE);
        assert_eq!(numbers(&t), [fd]);
        // A refused replacement leaves the old file.
        assert_eq!(errno(t.replace(fd, w.file(fd), CLOEXEC)), ENFILE);
        assert_eq!(errno(t.replace(other, w.file(fd), CLOEXEC)), ENFILE);
        assert_eq!((t.flags(fd), t.flags(other)), (Some(NONE), None));
        // dup does not count, and one released file makes room for one.
        assert_eq!(t.dup(fd, Placement::At(other), NONE).unwrap(), other);
        drop(loose);
        drop(t.replace(other, w.file(other), NONE).unwrap());
        assert_eq!(errno(t.open(Placement::Any, w.file(9), NONE)), ENFILE);
        drop((t.close(fd).unwrap(), t.close(other).unwrap()));
        assert_eq!(w.live(), 0);
        w.open(&t, fd);
        w.open(&t, other);
        assert_eq!(errno(t.open(Placement::Any, w.file(9), NONE)), ENFILE);
    }
}

#[test]
fn a_file_in_use_after_its_close_counts_against_the_system_wide_limit() {
    let w = World::with(OpenFileTable::with_limit(1), 64);
    let t = w.table();
    for fd in EDGES {
        w.open(&t, fd);
        let user = t.get(fd).unwrap();
        drop(t.close(fd).unwrap());
        assert_eq!(errno(t.open(Placement::At(fd), w.file(fd), NONE)), ENFILE);
        drop(user);
        w.open(&t, fd);
        drop(t.close(fd).unwrap());
    }
}
