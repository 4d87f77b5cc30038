//! Whose child an orphan was. Its parent has ended before it was registered, and perhaps was never
//! registered itself.
//!
//! A process that was never registered has made no call that is intercepted. So its table was still
//! its own parent's, and that of the nearest ancestor in the registry is right for the orphan. That
//! ancestor has the same process image.

use std::{cmp::Reverse, collections::BTreeSet, fs, sync::Arc};

use super::{image::Image, process::Process};

/// The likeliest parent, or ancestor with the same table, among the known processes.
pub(crate) fn likely_parent(orphan: i32, known: Vec<Arc<Process>>) -> Option<Arc<Process>> {
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
        let open = kernel_descriptors(orphan);
        living.into_iter().max_by_key(|process| {
            let alike = kernel_descriptors(process.tgid).intersection(&open).count();
            (alike, Reverse(process.tgid))
        })
    };
    latest.or_else(nearest)
}

/// What the kernel has open for a process: each number with its file.
pub(crate) fn kernel_descriptors(pid: i32) -> BTreeSet<(String, String)> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let file = fs::read_link(&path).ok()?;
            Some((path.file_name()?.to_str()?.into(), file.to_str()?.into()))
        })
        .collect()
}
