//! What a shell does for `printf 'b\na\n' | sort`, step by step. The pipe is a real one: the reader
//! comes to its end only when the last writing end in any table is closed.

use std::{
    error::Error,
    io::{self, PipeReader, PipeWriter, Write, pipe},
};

use fdtable::{CloseRangeFlags, FdFlags, FdTable, Files, OpenFileTable, Placement, RawFd};

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

/// The numbers of both ends, in each table that has them.
#[derive(Clone, Copy)]
struct Pipe {
    r: RawFd,
    w: RawFd,
}

impl Pipe {
    fn close_both(self, table: &FdTable<File>) -> Result {
        table.close(self.r)?;
        table.close(self.w)?;
        Ok(())
    }
}

type Task = Files<File>;
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// What the shell has open, without the pipe and with it.
const SHELL: &str = "{0 -> #0, 1 -> #0, 2 -> #0, 255 -> #1 CLOEXEC}";
const PIPED: &str = "{0 -> #0, 1 -> #0, 2 -> #0, 3 -> #2, 4 -> #3, 255 -> #1 CLOEXEC}";

/// Compares a table with what it should be, and shows it.
fn step(call: &str, task: &Task, expected: &str) {
    let table = format!("{:?}", *task.load());
    println!("{call:34} {table}");
    assert_eq!(table, expected);
}

fn main() -> Result {
    let shell = Files::new(FdTable::new(&OpenFileTable::new()));
    open_terminal_and_script(&shell)?;
    let pipe = make_pipe(&shell)?;
    let [printf, sort] = fork_twice(&shell);
    close_pipe_in_shell(&shell, pipe)?;
    exec_printf(&printf, pipe)?;
    exec_sort(&sort, pipe)?;
    print_and_exit(printf)?;
    sort_and_exit(sort)?;
    close_everything(&shell)
}

fn open_terminal_and_script(shell: &Task) -> Result {
    let table = shell.load();
    table.open(Placement::Lowest, File::Terminal, FdFlags::NONE)?;
    table.dup2(0, 1)?;
    table.dup2(0, 2)?;
    table.open(Placement::At(255), File::Script, FdFlags::CLOEXEC)?;
    step("shell:", shell, SHELL);
    Ok(())
}

fn make_pipe(shell: &Task) -> Result<Pipe> {
    let table = shell.load();
    let [r, w] = table.reserve_many(Placement::Lowest)?; // both numbers, or none
    let (reader, writer) = pipe()?;
    let r = r.install(File::Reader(reader), FdFlags::NONE)?;
    let w = w.install(File::Writer(writer), FdFlags::NONE)?;
    step("shell: pipe()", shell, PIPED);
    Ok(Pipe { r, w })
}

fn fork_twice(shell: &Task) -> [Task; 2] {
    let (printf, sort) = (shell.fork(), shell.fork());
    step("printf: fork()", &printf, PIPED);
    step("sort: fork()", &sort, PIPED);
    [printf, sort]
}

fn close_pipe_in_shell(shell: &Task, pipe: Pipe) -> Result {
    pipe.close_both(&shell.load())?;
    step("shell: close(3), close(4)", shell, SHELL);
    Ok(())
}

/// The writing end becomes the standard output. An exec that fails closes nothing.
fn exec_printf(printf: &Task, pipe: Pipe) -> Result {
    let table = printf.load();
    table.dup2(pipe.w, 1)?;
    pipe.close_both(&table)?;
    drop(table);
    let redirected = "{0 -> #0, 1 -> #3, 2 -> #0, 255 -> #1 CLOEXEC}";
    step("printf: dup2(4, 1), close both", printf, redirected);
    drop(printf.prepare_exec());
    step("printf: execve() = ENOENT", printf, redirected);
    printf.prepare_exec().commit();
    step("printf: execve()", printf, "{0 -> #0, 1 -> #3, 2 -> #0}");
    Ok(())
}

/// The reading end becomes the standard input.
fn exec_sort(sort: &Task, pipe: Pipe) -> Result {
    let table = sort.load();
    table.dup2(pipe.r, 0)?;
    pipe.close_both(&table)?;
    drop(table);
    sort.prepare_exec().commit();
    step("sort: dup2(3, 0), close, execve()", sort, "{0 -> #2, 1 -> #0, 2 -> #0}");
    Ok(())
}

fn print_and_exit(printf: Task) -> Result {
    printf.load().get(1).unwrap().write(b"b\na\n")?;
    drop(printf); // its process ends, and its table with it: the last writing end
    Ok(())
}

fn sort_and_exit(sort: Task) -> Result {
    let input = sort.load().get(0).unwrap().read_to_end()?;
    let mut lines: Vec<_> = input.lines().collect();
    lines.sort_unstable();
    println!("sort: read(0) = {input:?}, sorted {lines:?}");
    assert_eq!(lines, ["a", "b"]);
    drop(sort);
    Ok(())
}

fn close_everything(shell: &Task) -> Result {
    shell.load().close_range(0, u32::MAX, CloseRangeFlags::empty())?;
    step("shell: close_range(0, ~0U, 0)", shell, "{}");
    Ok(())
}
