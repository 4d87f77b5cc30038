//! What a handler has done for an answer that the guest does not get: the handler has panicked
//! since, or nobody takes it any more.

use std::os::fd::{AsFd, RawFd};

use super::{call::Call, file::TWIN, listener::Reply, numbers::is_in_table};

impl Call<'_> {
    /// Closes the descriptor that the guest will not hear of; and what its kernel was to close
    /// stays open.
    pub(crate) fn take_back(&self, reply: Reply) {
        self.task.keep_parked();
        match reply {
            Reply::Value(number) if self.chooses_number() => self.give_up(number as RawFd),
            _ => {}
        }
    }

    /// Whether the answer is a number that the guest did not name.
    pub(crate) fn chooses_number(&self) -> bool {
        match self.syscall.name {
            "fcntl" => matches!(self.int(1), libc::F_DUPFD | libc::F_DUPFD_CLOEXEC),
            name => matches!(name, "open" | "openat" | "openat2" | "creat" | "dup"),
        }
    }

    fn give_up(&self, fd: RawFd) {
        let token = self.supervisor.registry.token.as_fd();
        // What only the guest's kernel could close refers to nothing any more. All of this fails
        // where the guest is gone, and then there is nothing to do.
        if !is_in_table(fd) {
            let _ = self.inject_low(token, fd, true);
            return;
        }
        let twins = self.task.process.twins.lock();
        let table = self.task.table();
        let closed = table.close(fd);
        if closed.is_ok_and(|closed| closed.flags.contains(TWIN)) {
            let _ = self.inject(token, fd, true, &twins);
        }
    }
}
