//! Sequences of operations, grown by what they reach in the table, against the ordered map of
//! `table_model`.
//!
//! With a nightly toolchain and `cargo install cargo-fuzz`, in the root of the repository:
//!
//! ```sh
//! mkdir -p tests/fuzz/corpus/model
//! cargo +nightly fuzz run --fuzz-dir tests/fuzz model tests/fuzz/corpus/model tests/corpus
//! cargo +nightly fuzz tmin --fuzz-dir tests/fuzz model FILE
//! cargo +nightly fuzz cmin --fuzz-dir tests/fuzz model tests/fuzz/corpus/model
//! ```
//!
//! What stops the first lies in `tests/fuzz/artifacts`; the second makes it shorter. Put it into
//! `tests/corpus`, where the test `corpus` runs it on every toolchain. The third leaves of a grown
//! corpus what covers as much.
#![no_main]

use libfuzzer_sys::fuzz_target;
use table_model::{behaves_as_the_map, bytes};

fuzz_target!(|input: &[u8]| {
    let (setting, program) = bytes::program(input);
    behaves_as_the_map(setting, &program);
});
