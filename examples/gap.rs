//! The problem that this crate began with: `exec 1025>/dev/null`, in a table of two arrays.

use fdtable::{Error, FdFlags, FdTable, OpenFileTable, Placement, RawFd};

/// Arrays for the numbers that `dup2` usually aims at, and for those that `open` gives, all written
/// at the start. Nothing holds what lies between.
struct TwoArrays {
    low: [Option<&'static str>; 1024],
    high: [Option<&'static str>; 4096],
}

impl TwoArrays {
    fn dup2(&mut self, file: &'static str, new: RawFd) -> Result<RawFd, Error> {
        let slot = match new {
            0..1024 => &mut self.low[new as usize],
            32768..36864 => &mut self.high[new as usize - 32768],
            _ => return Err(Error::BadFd),
        };
        *slot = Some(file);
        Ok(new)
    }
}

fn main() -> Result<(), Error> {
    let mut arrays = TwoArrays { low: [None; 1024], high: [None; 4096] };
    assert_eq!(arrays.dup2("/dev/null", 1023), Ok(1023));
    assert_eq!(arrays.dup2("/dev/null", 1025), Err(Error::BadFd));
    println!("two arrays: dup2(fd, 1025): {}", Error::BadFd);

    let table = FdTable::new(&OpenFileTable::new());
    let fd = table.open(Placement::FromBase, "/dev/null", FdFlags::empty())?;
    for new in [1023, 1025, 32767, 36864, 999_999] {
        assert!(table.dup2(fd, new)?.is_none());
        assert_eq!(table.get(new).as_deref(), Some(&"/dev/null"));
        println!("fdtable:    dup2({fd}, {new}) = {new}");
    }
    println!("{table:#?}");
    Ok(())
}
