//! What a shell does for `printf 'b\na\n' | sort`, step by step. The pipe is a real one: the reader
//! comes to its end only when the last writing end in any table is closed.

use std::{
    error::Error,
    io::{self, PipeReader, PipeWriter, Write, pipe},
};

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement};

enum File {
    Terminal,
    Script,
    Reader(PipeReader),
    Writer(PipeWriter),
}

impl File {
    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let File::Writer(end) = self else { return Err(io::ErrorKind::Unsupported.into()) };
        (&*end).write_all(bytes)
    }

    fn read_to_end(&self) -> io::Result<String> {
        let File::Reader(end) = self else { return Err(io::ErrorKind::Unsupported.into()) };
        io::read_to_string(end)
    }
}

const NONE: FdFlags = FdFlags::empty();

/// Compares a table with what it should be, and shows it.
fn step(call: &str, task: &Files<File>, expected: &str) {
    let table = format!("{:?}", *task.load());
    println!("{call:34} {table}");
    assert_eq!(table, expected);
}

fn main() -> Result<(), Box<dyn Error>> {
    let shell = Files::new(FdTable::new(&OpenFileTable::new()));
    let table = shell.load();
    table.open(Placement::Lowest, File::Terminal, NONE)?;
    table.dup2(0, 1)?;
    table.dup2(0, 2)?;
    table.open(Placement::At(255), File::Script, FdFlags::CLOEXEC)?;
    step("shell:", &shell, "{0 -> #0, 1 -> #0, 2 -> #0, 255 -> #1 CLOEXEC}");

    let [r, w] = table.reserve_many(Placement::Lowest)?; // both numbers, or none
    let (reader, writer) = pipe()?;
    let r = r.install(File::Reader(reader), NONE)?;
    let w = w.install(File::Writer(writer), NONE)?;
    let piped = "{0 -> #0, 1 -> #0, 2 -> #0, 3 -> #2, 4 -> #3, 255 -> #1 CLOEXEC}";
    step("shell: pipe()", &shell, piped);

    let printf = shell.fork();
    let sort = shell.fork();
    step("printf: fork()", &printf, piped);
    step("sort: fork()", &sort, piped);

    table.close(r)?;
    table.close(w)?;
    step("shell: close(3), close(4)", &shell, "{0 -> #0, 1 -> #0, 2 -> #0, 255 -> #1 CLOEXEC}");

    let child = printf.load();
    child.dup2(w, 1)?;
    child.close(r)?;
    child.close(w)?;
    step(
        "printf: dup2(4, 1), close both",
        &printf,
        "{0 -> #0, 1 -> #3, 2 -> #0, 255 -> #1 CLOEXEC}",
    );
    drop(printf.prepare_exec());
    step("printf: execve() = ENOENT", &printf, "{0 -> #0, 1 -> #3, 2 -> #0, 255 -> #1 CLOEXEC}");
    drop(child);
    printf.prepare_exec().commit();
    step("printf: execve()", &printf, "{0 -> #0, 1 -> #3, 2 -> #0}");

    let child = sort.load();
    child.dup2(r, 0)?;
    child.close(r)?;
    child.close(w)?;
    drop(child);
    sort.prepare_exec().commit();
    step("sort: dup2(3, 0), close, execve()", &sort, "{0 -> #2, 1 -> #0, 2 -> #0}");

    printf.load().get(1).unwrap().write(b"b\na\n")?;
    drop(printf); // its process ends, and its table with it: the last writing end
    let input = sort.load().get(0).unwrap().read_to_end()?;
    let mut lines: Vec<_> = input.lines().collect();
    lines.sort_unstable();
    println!("sort: read(0) = {input:?}, sorted {lines:?}");
    assert_eq!(lines, ["a", "b"]);
    drop((table, sort));
    shell.load().close_range(0, u32::MAX, CloseRangeFlags::empty())?;
    step("shell: close_range(0, ~0U, 0)", &shell, "{}");
    Ok(())
}
