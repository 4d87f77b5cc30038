//! Python, and what its modules ask the kernel for.

use super::super::harness::same_python;

#[test]
fn python_modules_and_subprocesses() {
    same_python(include_str!("../guests/python/python_modules_and_subprocesses.py"));
}

#[test]
fn python_maps_files() {
    same_python(include_str!("../guests/python/python_maps_files.py"));
}

#[test]
fn python_threads_open_files() {
    same_python(include_str!("../guests/python/python_threads_open_files.py"));
}

#[test]
fn python_subprocesses_in_every_way() {
    same_python(include_str!("../guests/python/python_subprocesses_in_every_way.py"));
}

#[test]
fn python_multiprocessing() {
    same_python(include_str!("../guests/python/python_multiprocessing.py"));
}

#[test]
fn python_spawns_interpreters() {
    same_python(include_str!("../guests/python/python_spawns_interpreters.py"));
}

#[test]
fn python_polls() {
    same_python(include_str!("../guests/python/python_polls.py"));
}

#[test]
fn python_moves_data_in_the_kernel() {
    same_python(include_str!("../guests/python/python_moves_data_in_the_kernel.py"));
}

#[test]
fn python_passes_descriptors() {
    same_python(include_str!("../guests/python/python_passes_descriptors.py"));
}

#[test]
fn python_works_from_directories() {
    same_python(include_str!("../guests/python/python_works_from_directories.py"));
}

#[test]
fn python_locks_files() {
    same_python(include_str!("../guests/python/python_locks_files.py"));
}

#[test]
fn python_closes_ranges() {
    same_python(include_str!("../guests/python/python_closes_ranges.py"));
}

#[test]
fn python_asks_asyncio() {
    same_python(include_str!("../guests/python/python_asks_asyncio.py"));
}

#[test]
fn python_serves_http() {
    same_python(include_str!("../guests/python/python_serves_http.py"));
}

#[test]
fn python_reads_and_writes_in_all_modes() {
    same_python(include_str!("../guests/python/python_reads_and_writes_in_all_modes.py"));
}
