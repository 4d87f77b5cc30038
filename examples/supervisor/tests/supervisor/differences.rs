//! What a program can tell after all. Each difference is here, with its reason and with both its
//! sides, so that the list stays true; there are no others that we know, but for these that no test
//! can pin down:
//!
//! * A signal that arrives before a handler has picked a call up interrupts it, with `EINTR` where
//!   the signal's action has no `SA_RESTART`.
//! * An orphan's parent is the supervisor, and not the first process of its pid namespace.
//! * While a descriptor is placed, the soft limit is raised for an instant: a `pipe` of another
//!   thread could get a number at or above 1024, if all below are taken.

use super::harness::{Dir, NOFILE, can_run, command, run, supervised};

struct Difference {
    what: &'static str,
    why: &'static str,
    /// Python, with `f` open for reading and writing, and what it prints on each side.
    program: &'static str,
    native: &'static str,
    supervised: &'static str,
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        what: "a file gets a large number",
        why: "the table's automatic numbers begin at its base, above all of the kernel's",
        program: "print(f < 1024)",
        native: "True",
        supervised: "False",
    },
    Difference {
        what: "select is too small for such a file",
        why: "FD_SETSIZE is 1024",
        program: "print(len(select.select([f], [], [], 0)[0]))",
        native: "1",
        supervised: "ValueError",
    },
    Difference {
        what: "2079 cannot be used",
        why: "the supervisor's token is there, which shows whether an exec has succeeded",
        program: "print(os.dup2(0, 2079))",
        native: "2079",
        supervised: "9",
    },
    Difference {
        what: "after an exec that has failed, that number is listed, and can be read",
        why: "its descriptor could only be closed by the program itself",
        program: "try: os.execv('/no/such', ['x'])\n\
                  except OSError: print('2079' in os.listdir('/proc/self/fd'))",
        native: "False",
        supervised: "True",
    },
    Difference {
        what: "pipes and sockets run out at 1023",
        why: "the kernel gives out numbers below the table only",
        program: "print(len([os.pipe() for n in range(600)]))",
        native: "600",
        supervised: "24",
    },
    Difference {
        what: "the kernel's own view of the limit",
        why: "the limit that a program gets and sets is the table's",
        program: "name = 'Max open files'\n\
                  limits = [l for l in open('/proc/self/limits') if l.startswith(name)]\n\
                  print(limits[0].split()[3] == '1024')",
        native: "False",
        supervised: "True",
    },
    Difference {
        what: "an O_PATH descriptor cannot be duplicated to a number above 1023",
        why: "the kernel does not hand O_PATH descriptors over",
        program: "os.dup2(os.open('.', os.O_PATH), 1500); print(os.stat('f', dir_fd=1500).st_size)",
        native: "0",
        supervised: "9",
    },
    Difference {
        what: "no io_uring",
        why: "it opens and closes numbers that the supervisor does not see",
        program: "c = ctypes.CDLL(None, use_errno=True)\n\
                  print(c.syscall(425, 1, None), ctypes.get_errno())",
        native: "-1 14",
        supervised: "-1 38",
    },
    Difference {
        what: "no privileges by set-user-ID programs, and a filter",
        why: "with them, only root may install a filter",
        program: "fields = ('NoNewPrivs', 'Seccomp:')\n\
                  lines = [l for l in open('/proc/self/status') if l.startswith(fields)]\n\
                  print([l.split()[1] for l in lines])",
        native: "['0', '0']",
        supervised: "['1', '2']",
    },
];

#[test]
fn each_difference_is_one() {
    if !can_run(&["python3"]) {
        return;
    }
    for Difference { what, why, program, native, supervised: expected } in DIFFERENCES {
        let indented = program.replace('\n', "\n    ");
        let program = format!(
            "import ctypes, fcntl, os, select, subprocess, sys, threading
f = os.open('f', os.O_RDWR | os.O_CREAT)
try:
    {indented}
except OSError as e: print(e.errno)
except ValueError: print('ValueError')"
        );
        let words = ["python3", "-c", &program];
        let sides = [words.map(Into::into).to_vec(), supervised(&["--nofile", &NOFILE], &words)];
        let [is_native, is_supervised] = sides.map(|words| run(command(words, &Dir::new())).stdout);
        let sides = [is_native.trim_end(), is_supervised.trim_end()];
        assert_eq!(sides, [*native, *expected], "{what}: {why}");
    }
}
