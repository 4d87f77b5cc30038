//! What may cross threads: everything, if the files themselves may.

use std::sync::Arc;

use fdtable::{
    Descriptor, Drain, Error, ExecPlan, FdFlags, FdTable, FileId, FileRef, Files, FilesGuard, Iter,
    OpenFileTable, OwnedFileRef, Placement, Rejected, Reservation,
};

fn send<T: Send>() {}
fn send_and_sync<T: Send + Sync>() {}

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
    send::<ExecPlan<'_, String>>();
    send::<FilesGuard<String>>();
    send::<Iter<'_, String>>();
    send::<Drain<'_, String>>();
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
