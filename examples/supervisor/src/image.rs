//! The process image that a guest runs, known by its addresses: the kernel lays each image out at
//! random, so only processes that have forked from one exec have the same.

use super::sys;

/// Where the kernel has put a process image. It is the same in all processes that have forked from
/// one exec, and as a rule in no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image([u64; 5]);

impl Image {
    /// `None` for a process that has ended.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        /// The fields of `/proc/pid/stat` behind the name: startcode, startstack, start_brk,
        /// arg_start, env_start.
        const FIELDS: [usize; 5] = [23, 25, 44, 45, 47];
        let stat = sys::read_proc(&format!("/proc/{pid}/stat"))?;
        let (_, behind_name) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = behind_name.split_whitespace().collect();
        let mut image = [0; 5];
        for (address, field) in image.iter_mut().zip(FIELDS) {
            *address = fields.get(field)?.parse().ok()?;
        }
        (image[1] != 0).then_some(Self(image))
    }
}
