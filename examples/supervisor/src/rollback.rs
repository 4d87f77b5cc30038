//! Takes back what a handler has done for a reply that the guest does not get: the handler has
//! panicked since, or no thread waits for the reply any more.

use std::os::fd::{AsFd, RawFd};

use super::{call::Call, listener::Reply, numbers::is_in_table};

impl Call<'_> {
    /// Closes the descriptor whose number the guest will not get, and keeps what its kernel was to
    /// close.
    pub(crate) fn roll_back(&self, reply: Reply) {
        self.task.cancel_pending_closes();
        match reply {
            Reply::Value(number) if self.returns_new_number() => self.close_new(number as RawFd),
            _ => {}
        }
    }

    fn close_new(&self, fd: RawFd) {
        let placeholder = self.supervisor.registry.placeholder.as_fd();
        // What only the guest's kernel could close refers to nothing any more. All of this fails
        // where the guest is gone, and then there is nothing to do.
        let _lock = self.task.process.lock_number(fd);
        // What its kernel still has, as the thread is gone and its process is not, stays open.
        let is_gone = !self.can_place(fd) || self.place(placeholder, fd, true).is_ok();
        if is_in_table(fd) && is_gone {
            drop(self.task.table().close(fd));
        }
    }
}
