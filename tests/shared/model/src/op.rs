//! The operations of a program. What they name is chosen among what is there when they run, so that
//! a shrunk or mutated program still means something.

/// A chooser: this one among those that there are, round and round.
pub type Nth = usize;

/// A number.
#[derive(Clone, Copy, Debug)]
pub enum Num {
    Open(Nth),
    Reserved(Nth),
    /// A border of the table's, and a step beside it.
    Edge(Nth, i32),
    Raw(i32),
}

/// A placement.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Lowest,
    From(Num),
    Within(Num, Num),
    FromBase,
    Any,
    At(Num),
}

/// What becomes of a reference or a reservation that an operation gives.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    Drop,
    Keep,
}

/// One operation. `Held` references are owned ones that the program keeps.
#[derive(Clone, Copy, Debug)]
pub enum Act {
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
    ExecNow,
    /// Prepares, opens a file meanwhile or not, and commits or not.
    Exec {
        meanwhile: bool,
        commit: bool,
    },
    Exit,
}

#[derive(Clone, Copy, Debug)]
pub enum Limit {
    Raw(u32),
    /// The lowest free number and so many more.
    Lowest(u32),
    Edge(Nth, i32),
}

/// An operation of one task.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    pub task: Nth,
    pub act: Act,
}

/// What a program starts from.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub base: u32,
    pub limit: u32,
    pub max_files: Option<u32>,
}
