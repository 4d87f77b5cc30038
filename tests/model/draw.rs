//! Programs at random, for proptest.

use proptest::prelude::*;
use table_model::op::{Act, Limit, Nth, Num, Op, Place, Setting, Then};

pub(crate) fn setting() -> impl Strategy<Value = Setting> {
    let base = prop_oneof![
        Just(32_768),
        Just(1024),
        Just(1056),
        Just((1 << 31) - 4096),
        (32u32..=67_108_736).prop_map(|n| n * 32),
    ];
    let limit = prop_oneof![
        Just(1 << 20),
        Just(1 << 31),
        Just((1 << 31) - 1),
        Just(u32::MAX),
        0u32..12,
        1000u32..40_000,
    ];
    let max_files = prop_oneof![3 => Just(None), 1 => (0u32..8).prop_map(Some)];
    (base, limit, max_files).prop_map(|(base, limit, max_files)| Setting { base, limit, max_files })
}

fn num() -> impl Strategy<Value = Num> {
    prop_oneof![
        8 => any::<Nth>().prop_map(Num::Open),
        2 => any::<Nth>().prop_map(Num::Reserved),
        6 => (any::<Nth>(), -2..=2).prop_map(|(nth, beside)| Num::Edge(nth, beside)),
        3 => (0..70).prop_map(Num::Raw),
        1 => any::<i32>().prop_map(Num::Raw),
        1 => (0..31u32, 0..=i32::MAX).prop_map(|(shift, n)| Num::Raw(n >> shift)),
    ]
}

/// A range, whose ends lie anywhere in a chunk, beside what is open as well as at it; half of them
/// go on to the last number.
fn range() -> impl Strategy<Value = (Num, Num)> {
    let end = || {
        prop_oneof![
            2 => num(),
            1 => (any::<Nth>(), -70..=70).prop_map(|(nth, beside)| Num::Edge(nth, beside)),
            1 => (0..70).prop_map(Num::Raw),
        ]
    };
    (end(), prop_oneof![1 => end(), 1 => Just(Num::Raw(-1))])
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        4 => Just(Place::Lowest),
        3 => num().prop_map(Place::From),
        2 => (num(), num()).prop_map(|(min, end)| Place::Within(min, end)),
        2 => Just(Place::FromBase),
        1 => Just(Place::Any),
        3 => num().prop_map(Place::At),
    ]
}

fn then() -> impl Strategy<Value = Then> {
    prop_oneof![2 => Just(Then::Drop), 1 => Just(Then::Keep)]
}

fn range_flags() -> impl Strategy<Value = u32> {
    prop_oneof![
        6 => Just(0u32),
        4 => Just(4),
        2 => Just(2),
        2 => Just(6),
        1 => any::<u32>(),
    ]
}

fn limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        2 => prop_oneof![Just(1u32 << 20), Just(1 << 31), Just(u32::MAX)].prop_map(Limit::Raw),
        1 => (0u32..6).prop_map(Limit::Raw),
        2 => (0u32..3).prop_map(Limit::Lowest),
        2 => (any::<Nth>(), -2..=2).prop_map(|(nth, beside)| Limit::Edge(nth, beside)),
    ]
}

fn open_act() -> impl Strategy<Value = Act> {
    use Act::*;
    prop_oneof![
        8 => (place(), any::<u8>()).prop_map(|(place, flags)| Open(place, flags)),
        4 => (num(), place(), any::<u8>()).prop_map(|(old, place, flags)| Dup(old, place, flags)),
        4 => (num(), num(), then()).prop_map(|(old, new, then)| Dup2(old, new, then)),
        3 => (num(), num(), any::<u8>(), then())
            .prop_map(|(old, new, flags, then)| Dup3(old, new, flags, then)),
        2 => (num(), any::<u8>(), then()).prop_map(|(fd, flags, then)| Replace(fd, flags, then)),
        2 => (num(), any::<Option<Nth>>(), any::<u8>(), then())
            .prop_map(|(fd, id, flags, then)| ReplaceIf(fd, id, flags, then)),
    ]
}

fn reserve_act() -> impl Strategy<Value = Act> {
    use Act::*;
    prop_oneof![
        3 => (place(), then()).prop_map(|(place, then)| Reserve(place, then)),
        1 => (place(), then()).prop_map(|(place, then)| ReserveTwo(place, then)),
        1 => (place(), then()).prop_map(|(place, then)| ReserveThree(place, then)),
        3 => (any::<Nth>(), any::<u8>()).prop_map(|(nth, flags)| Install(nth, flags)),
        2 => (any::<Nth>(), any::<Nth>(), any::<u8>())
            .prop_map(|(nth, held, flags)| InstallRef(nth, held, flags)),
        1 => any::<Nth>().prop_map(InstallForeign),
        2 => any::<Nth>().prop_map(DropReservation),
        2 => (num(), then(), then()).prop_map(|(fd, file, number)| Take(fd, file, number)),
    ]
}

fn reference_act() -> impl Strategy<Value = Act> {
    use Act::*;
    prop_oneof![
        1 => Just(Insert),
        2 => num().prop_map(Hold),
        1 => any::<Nth>().prop_map(CloneHeld),
        3 => any::<Nth>().prop_map(DropHeld),
    ]
}

fn close_act() -> impl Strategy<Value = Act> {
    use Act::*;
    prop_oneof![
        6 => (num(), then()).prop_map(|(fd, then)| Close(fd, then)),
        2 => (num(), any::<Option<Nth>>(), then()).prop_map(|(fd, id, then)| CloseIf(fd, id, then)),
        3 => (range(), range_flags(), any::<bool>())
            .prop_map(|((first, last), flags, files)| CloseRange(first, last, flags, files)),
        2 => (range(), 0usize..6)
            .prop_map(|((first, last), consumed)| Drain(first, last, consumed)),
    ]
}

fn other_act() -> impl Strategy<Value = Act> {
    use Act::*;
    prop_oneof![
        3 => (num(), any::<u8>()).prop_map(|(fd, flags)| SetFlags(fd, flags)),
        2 => (num(), any::<bool>()).prop_map(|(fd, on)| SetCloexec(fd, on)),
        3 => limit().prop_map(SetLimit),
        2 => prop_oneof![
            Just(Fork),
            Just(ForkTable),
            Just(Share),
            Just(Unshare),
            Just(ExecNow),
            Just(Exit),
        ],
        1 => any::<(bool, bool)>().prop_map(|(meanwhile, commit)| Exec { meanwhile, commit }),
    ]
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let act = prop_oneof![
        8 => open_act(),
        3 => reserve_act(),
        1 => reference_act(),
        3 => close_act(),
        3 => other_act(),
    ];
    (any::<Nth>(), act).prop_map(|(task, act)| Op { task, act })
}
