//! What happens to the files of a table that goes, as at `exit(2)`.

use crate::{FdTable, open_files::release_all, sync::epoch};

impl<T> Drop for FdTable<T> {
    /// Gives up the references of the open slots. The numbers need not be closed, as nobody else
    /// has the table.
    fn drop(&mut self) {
        // SAFETY: I5 - nobody else has the table, so nothing in it is unlinked. No guard, as files
        // are dropped meanwhile, and may take their time.
        let guard = unsafe { epoch::unprotected() };
        let slots = self.tiers.chunks(guard).flat_map(|(_, chunk)| chunk.slots());
        let open = slots.filter_map(|slot| slot.load().index());
        release_all(open.map(|index| self.files.adopt(index)));
    }
}
