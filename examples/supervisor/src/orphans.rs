//! Whose child an orphan was. Its parent has ended before anybody looked, and perhaps was never
//! seen at all.
//!
//! A process that was never seen has made no call that we hear of, so its table was still its own
//! parent's, and that of the nearest ancestor that we know is right for the orphan. It runs the
//! same program image: the kernel lays each image out at random addresses, which only forks share.

use std::{cmp::Reverse, collections::BTreeSet, fs, sync::Arc};

use super::{process::Process, sys};

/// Where the kernel has put a program image: the same in all processes that have forked from one
/// exec, and as a rule in no other.
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

/// The likeliest parent, or ancestor with the same table, among the processes that we know.
pub(crate) fn parent_of(orphan: i32, known: Vec<Arc<Process>>) -> Option<Arc<Process>> {
    let image = Image::of(orphan)?;
    let (dead, living): (Vec<_>, Vec<_>) = known
        .into_iter()
        .filter(|process| {
            process.settle_exec_from_outside();
            process.image() == Some(image)
        })
        .partition(|process| process.has_exited());
    // Dead ones are forgotten at once: if there is one, it has just died. A parent is older, so
    // mostly of a lower id.
    let latest = dead.into_iter().max_by_key(|p| (p.tgid < orphan, p.tgid));
    let nearest = || {
        let files = kernel_files(orphan);
        living.into_iter().max_by_key(|process| {
            let alike = kernel_files(process.tgid).intersection(&files).count();
            (alike, Reverse(process.tgid))
        })
    };
    latest.or_else(nearest)
}

/// What a process has open by the kernel's count.
pub(crate) fn kernel_files(pid: i32) -> BTreeSet<(String, String)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let file = fs::read_link(&path).ok()?;
            Some((path.file_name()?.to_str()?.into(), file.to_str()?.into()))
        })
        .collect()
}
