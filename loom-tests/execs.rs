//! Execs, in place and prepared, beside other calls of the task and of those that share its table.

use std::sync::Arc;

use super::{
    Bound::{self, Exhaustive, Preemptions},
    support::{File, NONE, both, check, close, get, three, undropped},
    tasks::{Tasks, alone, close_all, end, end_all, numbers, open, together},
};
use crate::{Error, FdFlags, Files, Placement};

type Call = fn(&Files<File>);

const EXECS: [Call; 2] = [Files::exec, |task| task.prepare_exec().commit()];

/// Checks `f` with both forms of an exec.
fn check_both(name: &'static str, bound: Bound, f: impl Fn(Call) + Copy + Send + Sync + 'static) {
    for exec in EXECS {
        check(name, bound, move || f(exec));
    }
}

/// The table after the exec is not replaced by a copy of the one before.
#[test]
fn unshare_against_exec() {
    check_both("unshare || exec, open 1", Preemptions(3), |exec| {
        let tasks = Tasks::new();
        let exec_and_open = move |t: &Tasks| {
            exec(&t.a);
            open(&t.a, 1);
        };
        both(&tasks, |t| t.a.unshare(), exec_and_open);
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![1], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn exec_against_exec() {
    check_both("exec || exec", Preemptions(3), |exec| {
        let tasks = Tasks::new();
        both(&tasks, move |t| exec(&t.a), move |t| exec(&t.a));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, []);
    });
}

#[test]
fn siblings_exec() {
    check_both("exec || sibling execs", Preemptions(3), |exec| {
        let tasks = Tasks::new();
        both(&tasks, move |t| exec(&t.a), move |t| exec(&t.b));
        assert!(!together(&tasks.a, &tasks.b));
        assert_eq!(undropped(), 0, "no task has the old table");
        end(tasks, []);
    });
}

/// The new task has the table before the exec or the one after it.
#[test]
fn share_against_exec() {
    check_both("share || exec", Preemptions(3), |exec| {
        let tasks = Tasks::new();
        let (new, ()) = both(&tasks, |t| t.a.share(), move |t| exec(&t.a));
        assert!(together(&new, &tasks.a) || together(&new, &tasks.b));
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, [new]);
    });
}

/// The same of a task that shares with none until then.
#[test]
fn share_against_exec_alone() {
    check_both("share || exec of a task alone", Exhaustive, |exec| {
        let task = Arc::new(alone());
        let (new, ()) = both(&task, |task| task.share(), exec);
        assert!(numbers(&task).is_empty());
        let before = if together(&new, &task) { vec![] } else { vec![0] };
        assert_eq!(numbers(&new), before);
        end_all([Arc::into_inner(task).unwrap(), new]);
    });
}

/// The same where the calls of the siblings come from two threads.
#[test]
fn share_against_an_exec_and_a_sibling_that_unshares() {
    check_both("share || exec || sibling unshares", Preemptions(2), |exec| {
        let tasks = Tasks::new();
        let exec = move |t: &Tasks| exec(&t.a);
        let (new, (), ()) = three(&tasks, |t| t.a.share(), exec, |t| t.b.unshare());
        assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
        end(tasks, [new]);
    });
}

/// A task has left its table before it is not counted in it any more.
fn leave_against_a_sibling_that_unshares(leave: Call) {
    let tasks = Tasks::new();
    let unshare_and_share = |t: &Tasks| {
        t.b.unshare();
        t.a.share()
    };
    let ((), new) = both(&tasks, move |t| leave(&t.a), unshare_and_share);
    assert!(!together(&tasks.b, &tasks.a) && !together(&tasks.b, &new));
    end(tasks, [new]);
}

#[test]
fn exec_against_a_sibling_that_unshares() {
    let name = "exec || sibling unshares, then share";
    check_both(name, Preemptions(3), leave_against_a_sibling_that_unshares);
}

#[test]
fn unshare_against_a_sibling_that_unshares() {
    check("unshare || sibling unshares, then share", Preemptions(3), || {
        leave_against_a_sibling_that_unshares(Files::unshare);
    });
}

#[test]
fn roll_back_against_unshare() {
    check("exec that fails || unshare, close 0", Preemptions(3), || {
        let tasks = Tasks::new();
        let unshare_and_close = |t: &Tasks| {
            t.a.unshare();
            close(&t.a.load(), 0);
        };
        both(&tasks, |t| drop(t.a.prepare_exec()), unshare_and_close);
        assert_eq!((numbers(&tasks.a), numbers(&tasks.b)), (vec![], vec![0]));
        end(tasks, []);
    });
}

/// A file goes with the exec, or when the other thread has done with it. What stays open is found
/// all the time.
#[test]
fn look_against_exec() {
    check_both("get 0, get 1 || exec", Exhaustive, |exec| {
        let task = Arc::new(alone());
        open(&task, 1);
        let look = |task: &Files<File>| (get(&task.load(), 0), get(&task.load(), 1));
        let (got, ()) = both(&task, look, exec);
        assert!(matches!(got, (None | Some(1), Some(2))), "{got:?}");
        assert_eq!(undropped(), 1, "no task has the old file");
        end_all([Arc::into_inner(task).unwrap()]);
    });
}

/// What is closed is what is marked at the instant of its close.
#[test]
fn exec_against_a_number_that_loses_its_mark() {
    check("exec || clear FD_CLOEXEC of 0", Exhaustive, || {
        let task = Arc::new(alone());
        let ((), cleared) = both(&task, Files::exec, |task| task.load().set_cloexec(0, false));
        match cleared {
            Ok(()) => assert_eq!(numbers(&task), [0]),
            Err(error) => assert_eq!((error, numbers(&task)), (Error::BadFd, vec![])),
        }
        end_all([Arc::into_inner(task).unwrap()]);
    });
}

/// A number that changes and stays marked is closed.
#[test]
fn exec_against_a_number_that_keeps_its_mark() {
    check("exec || set another flag of 0", Exhaustive, || {
        let task = Arc::new(alone());
        let set = |flags| flags | FdFlags::USER_1;
        both(&task, Files::exec, move |task| _ = task.load().update_flags(0, set));
        assert!(task.load().is_empty());
        end_all([Arc::into_inner(task).unwrap()]);
    });
}

/// The file that comes to the number of another one is not closed for that.
#[test]
fn exec_against_reopening() {
    check("exec || close 0, open 0 without FD_CLOEXEC", Exhaustive, || {
        let task = Arc::new(alone());
        both(&task, Files::exec, |task| {
            close(&task.load(), 0);
            let reopen = || task.load().open(Placement::At(0), File::new(2), NONE);
            let reopened = reopen().map(drop).map_err(Error::from);
            // The exec may be freeing the number.
            assert!(matches!(reopened, Ok(()) | Err(Error::Busy)));
            if reopened.is_ok() {
                assert_eq!(get(&task.load(), 0), Some(2));
            }
        });
        assert!(get(&task.load(), 0).is_none_or(|value| value == 2));
        end_all([Arc::into_inner(task).unwrap()]);
    });
}

/// Two tasks of which one shares its table, and a third whose table the first adopts.
struct Adoption {
    tasks: Arc<Tasks>,
    other: Files<File>,
}

impl Adoption {
    fn new() -> Arc<Self> {
        let other = alone();
        open(&other, 2);
        Arc::new(Self { tasks: Tasks::new(), other })
    }

    fn end(self: Arc<Self>) {
        let Self { tasks, other } = Arc::into_inner(self).unwrap();
        end(tasks, [other]);
    }
}

fn adopt(t: &Adoption) {
    t.tasks.a.adopt(&t.other);
}

/// A call that changes the task's own table never changes the one that another has, too.
#[test]
fn adopt_against_what_changes_the_own_table() {
    let calls: [(&'static str, Call, &'static [i32]); 3] = [
        ("adopt || exec", Files::exec, &[2]),
        ("adopt || close_range(UNSHARE)", close_all, &[]),
        ("adopt || unshare", Files::unshare, &[0, 2]),
    ];
    for (name, call, left) in calls {
        check(name, Preemptions(2), move || {
            let t = Adoption::new();
            both(&t, adopt, move |t| call(&t.tasks.a));
            assert_eq!((numbers(&t.other), numbers(&t.tasks.b)), (vec![0, 2], vec![0]));
            let left = if together(&t.tasks.a, &t.other) { &[0, 2] } else { left };
            assert_eq!(numbers(&t.tasks.a), left);
            t.end();
        });
    }
}

/// The other task keeps its table, or leaves it to the one that adopts.
#[test]
fn adopt_against_an_exec_of_the_other() {
    check("adopt || other execs", Preemptions(3), || {
        let t = Adoption::new();
        both(&t, adopt, |t| t.other.exec());
        assert_eq!((numbers(&t.other), numbers(&t.tasks.b)), (vec![2], vec![0]));
        let before = if together(&t.tasks.a, &t.other) { vec![2] } else { vec![0, 2] };
        assert_eq!(numbers(&t.tasks.a), before);
        t.end();
    });
}

/// A task that adopts its own table has no sibling meanwhile, to which it would leave the table.
#[test]
fn adopt_of_the_task_itself() {
    check("adopt of the task itself, get 0 || exec", Exhaustive, || {
        let task = Arc::new(alone());
        let table: *const _ = &raw const **task.load();
        let adopt = |task: &Files<File>| {
            task.adopt(task);
            get(&task.load(), 0)
        };
        both(&task, adopt, Files::exec);
        assert!(table == &raw const **task.load(), "the exec has made a copy");
        end_all([Arc::into_inner(task).unwrap()]);
    });
}
