//! Handles that C can store: a reference as a pointer, a reserved number, an id as integers.

use std::{ptr, thread};

use fdtable::{
    CloseRangeFlags, Error, FileId, OpenFileTable, OwnedFileRef, Placement, Reservation,
};
use test_support::{EDGES, NONE, World};

/// A pointer that C carries to another thread.
struct Sent<T>(*const T);

// SAFETY: what it points to is `Sync`.
unsafe impl<T: Sync> Send for Sent<T> {}

/// The reference that a pointer owns.
///
/// # Safety
///
/// As of `OwnedFileRef::from_raw`.
unsafe fn back<T>(file: Sent<T>) -> OwnedFileRef<T> {
    // SAFETY: guaranteed by the caller.
    unsafe { OwnedFileRef::from_raw(file.0) }
}

#[test]
fn a_reference_that_is_a_pointer_keeps_its_file_and_is_taken_back_on_any_thread() {
    let w = World::new();
    for fd in EDGES {
        let t = w.table();
        let tag = w.open(&t, fd);
        let owned = t.get(fd).unwrap().into_owned();
        let (id, address) = (owned.id(), ptr::from_ref(&*owned));
        let file = owned.into_raw();
        assert_eq!(file, address, "the pointer is one to the file");
        drop(t);
        assert!(!w.dropped_one(tag));
        // SAFETY: the pointer owns a reference.
        assert_eq!(unsafe { ((*file).tag, (*file).home) }, (tag, fd));
        let sent = Sent(file);
        // SAFETY: it is taken back once.
        let taken_back = thread::spawn(move || unsafe { back(sent) }.id()).join().unwrap();
        assert_eq!(taken_back, id);
        assert!(w.dropped_one(tag), "the thread had the last reference");
    }
}

#[test]
fn a_pointer_is_enough_when_nothing_else_is_left() {
    let (file, other) = {
        let system = OpenFileTable::new();
        let file = system.insert(String::from("in flight")).unwrap();
        (file.clone().into_raw(), file.into_raw())
    };
    assert_eq!(file, other, "one file, and two references");
    // SAFETY: each pointer is taken back once.
    let [file, other] = [file, other].map(|file| unsafe { OwnedFileRef::from_raw(file) });
    assert_eq!(file.into_inner(), None);
    assert_eq!(other.into_inner().as_deref(), Some("in flight"));
}

#[test]
fn a_pointer_leads_back_whatever_the_file_is() {
    fn check<T: Copy + Send + Sync>(file: T) {
        let system = OpenFileTable::new();
        // So many that they lie in several buckets.
        let files: Vec<_> = (0..100).map(|_| system.insert(file).ok().unwrap()).collect();
        for file in &files {
            let raw = file.clone().into_raw();
            assert!(raw.is_aligned() && !raw.is_null());
            // SAFETY: it is taken back once.
            assert_eq!(unsafe { OwnedFileRef::from_raw(raw) }.id(), file.id());
        }
    }
    #[derive(Clone, Copy)]
    #[repr(align(256))]
    struct Aligned(#[allow(dead_code, reason = "it has a size")] u8);
    check(());
    check(7_u8);
    check([0_u64; 100]);
    check(Aligned(7));
}

#[test]
fn a_reservation_that_is_a_number_stays_reserved_until_it_is_taken_back() {
    let w = World::new();
    let t = w.table();
    for fd in EDGES {
        let reserve = || t.reserve(Placement::At(fd)).map(Reservation::into_fd);
        assert_eq!((reserve(), reserve()), (Ok(fd), Err(Error::Busy)));
        t.close_range(0, u32::MAX, CloseRangeFlags::empty()).unwrap();
        assert!(!t.contains(fd) && t.dup2(fd, fd).is_err());
        assert_eq!(t.fork().reserve(Placement::At(fd)).unwrap().fd(), fd);
        // SAFETY: reserved above, and taken back once.
        drop(unsafe { Reservation::from_fd(&t, fd) });
        assert_eq!(reserve(), Ok(fd));
        // SAFETY: as above.
        let again = unsafe { Reservation::from_fd(&t, fd) };
        assert_eq!(again.install(w.file(fd), NONE).unwrap(), fd);
        assert_eq!(t.get(fd).unwrap().home, fd);
        drop(t.close(fd).unwrap());
        assert!(t.reserve(Placement::At(fd)).is_ok());
    }
}

#[test]
fn an_id_as_integers_is_that_id_and_no_other() {
    let w = World::new();
    let t = w.table();
    let id = || {
        let fd = t.open(Placement::Lowest, w.file(0), NONE).unwrap();
        t.get(fd).unwrap().id()
    };
    let (first, second) = (id(), id());
    drop(t.close_if(0, first).unwrap());
    // The block of the first one again.
    let third = id();
    let ids = [first, second, third];
    let parts = ids.map(FileId::to_parts);
    assert_eq!(parts.map(|(generation, index)| FileId::from_parts(generation, index)), ids);
    assert_eq!((parts[0].1, parts[0].0 + 1), (parts[2].1, parts[2].0));
    assert_ne!(parts[0].1, parts[1].1);
}
