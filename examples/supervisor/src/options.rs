//! The command line.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

pub(crate) const HELP: &str = "\
Runs a program with its file descriptors above 1023 in a lock-free table.

Usage: supervisor [options] [--] program [argument]...

Options:
  --handlers N       threads that serve the guests' system calls (4)
  --base N           where automatic numbers start, a multiple of 32 from 1024 on (2080)
  --nofile N         the soft RLIMIT_NOFILE that the program sees (as without a supervisor)
  --serve-all        put every file and directory into the table, also those that are
                     opened only to be read: as a supervisor with files of its own must
  --trace            print each system call that is intercepted, as strace would
  --stats            print at the end how often what was served
  --inject-panic S   make the handler of system call S panic, or with S:after, once it is
                     done and before it answers; the program gets EIO
  --help

kill -USR1 prints what every guest has in its table, as ls -l /proc/PID/fd would. Other signals
are passed on to the program.

The exit status is the program's, or 128 + n where signal n has ended it.

Examples:
  supervisor bash -c 'exec 1025>out; echo hi >&1025; exec 1025>&-; cat out'
  supervisor python3 -c 'import os; f = os.open(\"/etc/hostname\", os.O_RDONLY)
  os.dup2(f, 20000); print(os.read(20000, 4)); os.close(20000); print(os.read(f, 1))'
  supervisor --trace cat /etc/hostname
  supervisor --handlers 2 --stats make -j4
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) handlers: usize,
    pub(crate) base: Option<u32>,
    pub(crate) nofile: Option<u32>,
    pub(crate) serve_all: bool,
    pub(crate) trace: bool,
    pub(crate) stats: bool,
    pub(crate) inject_panic: Option<String>,
    /// The program and its arguments; empty when help was asked for.
    pub(crate) program: Vec<OsString>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            handlers: 4,
            base: None,
            nofile: None,
            serve_all: false,
            trace: false,
            stats: false,
            inject_panic: None,
            program: Vec::new(),
        }
    }
}

/// Reads the command line; options end where the program begins.
pub(crate) fn parse() -> Result<Options, lexopt::Error> {
    let mut options = Options::default();
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("handlers") => options.handlers = parser.value()?.parse()?,
            Arg::Long("base") => options.base = Some(parser.value()?.parse()?),
            Arg::Long("nofile") => options.nofile = Some(parser.value()?.parse()?),
            Arg::Long("serve-all") => options.serve_all = true,
            Arg::Long("trace") => options.trace = true,
            Arg::Long("stats") => options.stats = true,
            Arg::Long("inject-panic") => options.inject_panic = Some(parser.value()?.string()?),
            Arg::Long("help") | Arg::Short('h') => return Ok(options),
            Arg::Value(program) => {
                options.program.push(program);
                options.program.extend(parser.raw_args()?);
                break;
            }
            _ => return Err(argument.unexpected()),
        }
    }
    match (options.program.is_empty(), options.handlers) {
        (true, _) => Err("no program given; see --help".into()),
        (_, 0) => Err("at least one handler is needed".into()),
        _ => Ok(options),
    }
}
