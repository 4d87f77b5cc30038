//! Process ids in the pid namespaces of guests.

use std::fs;

use super::sys;

/// The id in our namespace of what is `id` in the namespace of `asker`, if it is the asker itself
/// or one of `others`.
pub(crate) fn global_id(id: i32, asker: i32, others: impl FnOnce() -> Vec<i32>) -> Option<i32> {
    let ids = |tid: i32| {
        let ids = sys::status(tid, "NSpid")?;
        Some(ids.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<i32>>())
    };
    if ids(asker).is_none_or(|ids| ids.len() == 1) {
        return Some(id);
    }
    let namespace = |tid: i32| fs::read_link(format!("/proc/{tid}/ns/pid")).ok();
    let is_it = |tid: &i32| {
        ids(*tid).is_some_and(|ids| ids.last() == Some(&id)) && namespace(*tid) == namespace(asker)
    };
    [asker].into_iter().chain(others()).find(is_it)
}
