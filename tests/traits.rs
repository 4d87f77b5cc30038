//! What may cross threads: everything, if the files themselves may.

use std::{
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
