//! What the types implement: everything may cross threads, if the files themselves may; and what
//! each shows of itself.

use std::{
    fmt::Debug,
    io,
    panic::{RefUnwindSafe, UnwindSafe},
    sync::Arc,
};

use fdtable::{
    Builder, Descriptor, Drain, Error, ExecPlan, FdFlags, FdTable, FileId, FileRef, Files,
    FilesGuard, Iter, OpenFileTable, OwnedFileRef, Placement, Rejected, Reservation,
};

fn send_and_sync<T: Send + Sync>() {}
fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

#[test]
fn tables_and_references_cross_threads() {
    send_and_sync::<OpenFileTable<String>>();
    send_and_sync::<FdTable<String>>();
    send_and_sync::<Files<String>>();
    send_and_sync::<FileRef<'_, String>>();
    send_and_sync::<OwnedFileRef<String>>();
    send_and_sync::<Reservation<'_, String>>();
    send_and_sync::<Rejected<String>>();
    send_and_sync::<(Error, FdFlags, FileId, Placement)>();
    send_and_sync::<Descriptor<'_, String>>();
    send_and_sync::<ExecPlan<'_, String>>();
    send_and_sync::<FilesGuard<String>>();
    send_and_sync::<(Iter<'_, String>, Drain<'_, String>, Builder<'_, String>)>();
}

/// So that a supervisor may catch the panic of a handler that has a reference to them.
#[test]
fn handlers_may_be_caught() {
    unwind_safe::<OpenFileTable<String>>();
    unwind_safe::<FdTable<String>>();
    unwind_safe::<Files<String>>();
    unwind_safe::<FileRef<'_, String>>();
    unwind_safe::<OwnedFileRef<String>>();
    unwind_safe::<Reservation<'_, String>>();
    unwind_safe::<Descriptor<'_, String>>();
    unwind_safe::<(Iter<'_, String>, Drain<'_, String>)>();
    unwind_safe::<ExecPlan<'_, String>>();
    unwind_safe::<FilesGuard<String>>();
}

#[test]
fn scoped_threads_share_a_reference() {
    let table = Arc::new(FdTable::new(&OpenFileTable::new()));
    let fd = table.open(Placement::Lowest, String::from("shared"), FdFlags::empty()).unwrap();
    let file = table.get(fd).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(*file, "shared"));
        }
    });
}

#[test]
fn references_are_cloned_whatever_the_file_is() {
    struct File;
    fn clone<T: Clone>() {}
    clone::<(OpenFileTable<File>, FileRef<'_, File>, OwnedFileRef<File>, Descriptor<'_, File>)>();
}

#[test]
fn each_type_shows_what_it_holds() {
    let system = OpenFileTable::with_limit(9);
    let builder = FdTable::builder(&system).base(2048).limit(20_000);
    assert_eq!(format!("{builder:?}"), "Builder { base: 2048, limit: 20000, .. }");
    let files = Files::new(builder.build().unwrap());
    let table = files.load();
    drop(system.insert("the first life of block 0").unwrap());
    table.open(Placement::At(3), "text", FdFlags::CLOEXEC | FdFlags::USER_1).unwrap();
    let refused = table.open(Placement::At(3), "other", FdFlags::empty()).unwrap_err();
    let shown: [(&dyn Debug, &str); 13] = [
        (&system, "OpenFileTable { max_files: 9, .. }"),
        (&files, "Files({3 -> #0 CLOEXEC | USER_1})"),
        (&table, "FilesGuard({3 -> #0 CLOEXEC | USER_1})"),
        (&files.prepare_exec(), "ExecPlan({})"),
        (&table.iter(), "Iter { next: 0, .. }"),
        (&table.iter_from(7), "Iter { next: 7, .. }"),
        (&table.drain(7, 9).unwrap(), "Drain { next: 7, end: 10, .. }"),
        (&table.reserve(Placement::At(5)).unwrap(), "Reservation(5)"),
        (&table.descriptor(3).unwrap(), "3 -> #0 CLOEXEC | USER_1"),
        (&table.get(3).unwrap(), "FileRef(#0.1, \"text\")"),
        (&table.get(3).unwrap().into_owned(), "OwnedFileRef(#0.1, \"text\")"),
        (&table.get(3).unwrap().id(), "#0.1"),
        (&refused, "Rejected { error: Busy, .. }"),
    ];
    for (value, text) in shown {
        assert_eq!(format!("{value:?}"), text);
    }
}

#[test]
fn errors_are_those_of_linux_with_a_file_or_without() {
    for (error, errno, text) in [
        (Error::BadFd, 9, "bad file descriptor (EBADF)"),
        (Error::Busy, 16, "descriptor reserved by another operation (EBUSY)"),
        (Error::Invalid, 22, "invalid argument (EINVAL)"),
        (Error::FileTableOverflow, 23, "too many open files in system (ENFILE)"),
        (Error::TooManyOpenFiles, 24, "too many open files (EMFILE)"),
    ] {
        let rejected = || Rejected { error, file: () };
        assert_eq!((error.errno(), Error::from(rejected())), (errno, error));
        assert_eq!([error.to_string(), rejected().to_string()], [text; 2]);
        let os = [io::Error::from(error), io::Error::from(rejected())];
        assert!(os.iter().all(|os| os.raw_os_error() == Some(errno)), "{os:?}");
    }
}
