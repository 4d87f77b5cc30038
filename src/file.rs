//! The open files of a system: descriptions in a slab, and the references to them.

#[allow(unsafe_code, reason = "counts who may touch a file (I2, I3)")]
pub(crate) mod description;
pub(crate) mod file_id;
#[allow(unsafe_code, reason = "touches a file that it counts (I2, I6)")]
pub(crate) mod file_ref;
pub(crate) mod free_list;
pub(crate) mod open_file_table;
#[allow(unsafe_code, reason = "touches a file that it counts (I2)")]
pub(crate) mod owned_file_ref;
#[allow(unsafe_code, reason = "turns indices into blocks (I1)")]
pub(crate) mod slab;
