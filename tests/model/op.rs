//! The operations of a program, and how they are drawn. What they name is chosen among what is there when they run,
//! so that a shrunk program still means something.

use proptest::prelude::*;

/// A chooser: this one among those that there are, round and round.
pub(crate) type Nth = usize;

/// A number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Num {
    Open(Nth),
    Reserved(Nth),
    /// A border of the table's, and a step beside it.
    Edge(Nth, i32),
    Raw(i32),
}

/// A placement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Lowest,
    From(Num),
    Auto,
    Any,
    At(Num),
}

/// What becomes of a reference or a reservation that an operation gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    Drop,
    Keep,
}

/// One operation. `Held` references are owned ones that the program keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Open(Place, u8),
    Reserve(Place, Then),
    ReserveTwo(Place, Then),
    ReserveThree(Place, Then),
    Install(Nth, u8),
    InstallRef(Nth, Nth, u8),
    InstallForeign(Nth),
    DropReservation(Nth),
    Insert,
    Hold(Num),
    CloneHeld(Nth),
    DropHeld(Nth),
    Dup(Num, Place, u8),
    Dup2(Num, Num, Then),
    Dup3(Num, Num, u8, Then),
    Replace(Num, u8, Then),
    /// On the id of the file that is there, or of any file that ever was.
    ReplaceIf(Num, Option<Nth>, u8, Then),
    CloseIf(Num, Option<Nth>, Then),
    Close(Num, Then),
    /// The file's fate and the number's.
    Take(Num, Then, Then),
    SetFlags(Num, u8),
    SetCloexec(Num, bool),
    /// On the table, or on the task's files.
    CloseRange(Num, Num, u32, bool),
    /// Consumes so many, then drops the iterator.
    Drain(Num, Num, usize),
    SetLimit(Limit),
    Fork,
    ForkTable,
    Share,
    Unshare,
    /// Prepares, opens a file meanwhile or not, and commits or not.
    Exec {
        meanwhile: bool,
        commit: bool,
    },
    Exit,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    Raw(u32),
    /// The lowest free number and so many more.
    Lowest(u32),
    Edge(Nth, i32),
}

/// An operation of one task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    pub(crate) task: Nth,
    pub(crate) act: Act,
}

/// What a program starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) auto_base: u32,
    pub(crate) limit: u32,
    pub(crate) max_files: Option<u32>,
}

pub(crate) fn setting() -> impl Strategy<Value = Setting> {
    let auto_base = prop_oneof![
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
    (auto_base, limit, max_files).prop_map(|(auto_base, limit, max_files)| Setting {
        auto_base,
        limit,
        max_files,
    })
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

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        4 => Just(Place::Lowest),
        3 => num().prop_map(Place::From),
        2 => Just(Place::Auto),
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
        3 => (num(), num(), any::<u8>(), then()).prop_map(|(old, new, flags, then)| Dup3(old, new, flags, then)),
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
        2 => (any::<Nth>(), any::<Nth>(), any::<u8>()).prop_map(|(nth, held, flags)| InstallRef(nth, held, flags)),
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
        3 => (num(), num(), range_flags(), any::<bool>())
            .prop_map(|(first, last, flags, of_files)| CloseRange(first, last, flags, of_files)),
        1 => (num(), num(), 0usize..6).prop_map(|(first, last, consumed)| Drain(first, last, consumed)),
    ]
}

fn other_act() -> impl Strategy<Value = Act> {
    use Act::*;
    prop_oneof![
        3 => (num(), any::<u8>()).prop_map(|(fd, flags)| SetFlags(fd, flags)),
        2 => (num(), any::<bool>()).prop_map(|(fd, on)| SetCloexec(fd, on)),
        3 => limit().prop_map(SetLimit),
        2 => prop_oneof![Just(Fork), Just(ForkTable), Just(Share), Just(Unshare), Just(Exit)],
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
