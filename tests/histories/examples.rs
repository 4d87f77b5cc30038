//! Histories written by hand: the check refuses what is not documented, and nothing else.

use crate::{
    call::{Answer, EBADF, EBUSY, EMFILE, Op, Place},
    check::has_an_order,
    history::{Entry, History, Slot, Slots},
};

const FREE: Slots = [Slot::Free; 4];
/// Number 0 is open on file 1, and nothing else is.
const ONE: Slots = [Slot::Open(1, 0), Slot::Free, Slot::Free, Slot::Free];

/// (thread, invoked, returned, call, answer)
type Line = (usize, u64, u64, Op, Answer);

fn allowed(slots: Slots, lines: &[Line]) -> bool {
    let entry = |&(thread, invoked, returned, op, answer): &Line| Entry {
        thread,
        invoked,
        returned,
        op,
        answer,
    };
    has_an_order(&History::new(slots, lines.iter().map(entry).collect()))
}

const CLOSE: Op = Op::Close(0);
const CLOSED: Answer = Answer::Open(Some((1, 0)));
const OPEN: Op = Op::Open(Place::Lowest, 2, 0);

#[test]
fn an_open_skips_a_number_only_beside_its_close() {
    let skipped = |invoked| [(0, 1, 10, CLOSE, CLOSED), (1, invoked, 20, OPEN, Answer::Number(1))];
    assert!(allowed(ONE, &skipped(9)));
    assert!(!allowed(ONE, &skipped(11)));
}

#[test]
fn emfile_needs_every_number_taken_at_some_instant() {
    let full = [1, 2, 3, 4].map(|tag| Slot::Open(tag, 0));
    let refused =
        |invoked| [(0, 1, 10, CLOSE, CLOSED), (1, invoked, 20, OPEN, Answer::Errno(EMFILE))];
    assert!(allowed(full, &refused(9)));
    assert!(!allowed(full, &refused(11)));
}

#[test]
fn a_search_may_miss_what_was_freed_behind_it() {
    let slots = [Slot::Open(1, 0), Slot::Open(5, 0), Slot::Free, Slot::Free];
    let lines = |search| {
        [
            (0, 2, 3, CLOSE, CLOSED),
            (0, 4, 5, Op::Close(1), Answer::Open(Some((5, 0)))),
            (1, search, 9, OPEN, Answer::Number(1)),
        ]
    };
    assert!(allowed(slots, &lines(1)));
    assert!(!allowed(slots, &lines(4)));
}

#[test]
fn dup2_is_ebusy_only_beside_a_close_or_an_open_of_its_target() {
    let slots = [Slot::Open(1, 0), Slot::Open(5, 0), Slot::Free, Slot::Free];
    let busy = |invoked| (1, invoked, 20, Op::Dup2(1, 0), Answer::Errno(EBUSY));
    assert!(allowed(slots, &[(0, 1, 10, CLOSE, CLOSED), busy(9)]));
    assert!(!allowed(slots, &[(0, 1, 10, CLOSE, CLOSED), busy(11)]));
    let open = (0, 1, 10, Op::Open(Place::At(0), 2, 0), Answer::Number(0));
    let slots = [Slot::Free, Slot::Open(5, 0), Slot::Free, Slot::Free];
    assert!(allowed(slots, &[open, busy(9)]));
    assert!(!allowed(slots, &[open, busy(11)]));
}

#[test]
fn a_dup2_target_is_never_empty() {
    let slots = [Slot::Open(1, 0), Slot::Open(5, 0), Slot::Free, Slot::Free];
    let lines = |seen| {
        [
            (0, 1, 10, Op::Dup2(1, 0), Answer::Open(Some((1, 0)))),
            (1, 2, 9, Op::Get(0), Answer::File(seen)),
        ]
    };
    assert!(allowed(slots, &lines(Some(1))));
    assert!(allowed(slots, &lines(Some(5))));
    assert!(!allowed(slots, &lines(None)));
    assert!(!allowed(slots, &lines(Some(2))));
}

#[test]
fn a_file_seen_by_one_thread_is_not_unseen_by_the_next() {
    let lines = |then| {
        [
            (0, 1, 10, OPEN, Answer::Number(0)),
            (1, 2, 3, Op::Get(0), Answer::File(Some(2))),
            (2, 4, 5, Op::Get(0), Answer::File(then)),
        ]
    };
    assert!(allowed(FREE, &lines(Some(2))));
    assert!(!allowed(FREE, &lines(None)));
}

#[test]
fn crossed_dup2s_may_swap_two_files() {
    let slots = [Slot::Open(1, 0), Slot::Open(5, 0), Slot::Free, Slot::Free];
    let lines = |second| {
        [
            (0, 1, 10, Op::Dup2(0, 1), Answer::Open(Some((5, 0)))),
            (1, second, 11, Op::Dup2(1, 0), Answer::Open(Some((1, 0)))),
            (0, 12, 13, Op::Get(0), Answer::File(Some(5))),
            (0, 14, 15, Op::Get(1), Answer::File(Some(1))),
        ]
    };
    assert!(allowed(slots, &lines(2)));
    assert!(!allowed(slots, &lines(11)));
}

#[test]
fn two_closes_of_one_number_are_one_success() {
    let closes = |second| [(0, 1, 10, CLOSE, CLOSED), (1, 2, 9, CLOSE, second)];
    assert!(allowed(ONE, &closes(Answer::Errno(EBADF))));
    assert!(!allowed(ONE, &closes(CLOSED)));
}

#[test]
fn an_answer_that_its_call_can_never_give_has_no_order() {
    assert!(!allowed(ONE, &[(0, 1, 2, Op::Get(0), Answer::Errno(EBADF))]));
    assert!(!allowed(ONE, &[(0, 1, 2, Op::CloseIf(0, 2), CLOSED)]));
    assert!(!allowed(ONE, &[(0, 1, 2, Op::Open(Place::At(2), 2, 0), Answer::Number(3))]));
}
