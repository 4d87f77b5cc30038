# The argument is the path of cargo.
PATH=$(dirname "$1"):$PATH
export CARGO_NET_OFFLINE=true CARGO_BUILD_JOBS=2 CARGO_TERM_COLOR=never
unset CARGO_TARGET_DIR
cargo new -q --vcs none --name tiny t
cd t
cat >src/lib.rs <<'X'
pub fn twice(n: u32) -> u32 { n * 2 }
#[test]
fn doubles() { assert_eq!(twice(4), 8); }
X
cargo build -q
./target/debug/tiny
cargo test -q --lib | grep result | cut -d';' -f1
cargo build -q
echo 'fn main() { println!("{}", tiny::twice(21)); }' >src/main.rs
cargo run -q
cargo metadata -q --format-version 1 | wc -l
echo 'fn main() { x }' >src/main.rs
cargo build -q 2>&1 | head -1 || :
cargo clean -q
ls
