//! Numbers taken without a file, and what becomes of them.

use super::{File, Run, errno, fd, flags};
use crate::op::{Place, Then};
use crate::reference::{EINVAL, Placed, Slot, TableId, Tag, Where};
use fdtable::{OpenFileTable, Rejected, Reservation};

impl Run {
    pub(super) fn reserve<const N: usize>(&mut self, task: usize, place: Place, then: Then) {
        let (placed, placement) = self.placement(task, place);
        let before = self.model.table(task).clone();
        let table = self.load(task);
        let given = errno(match N {
            1 => table.reserve(placement).map(|one| vec![one]),
            2 => table.reserve_many::<2>(placement).map(Vec::from),
            n => table.reserve_n(placement, n),
        });
        let numbers = given.map(|all| all.iter().map(Reservation::fd).collect::<Vec<_>>());
        let expected = self.reserve_in_the_map(task, placed, N, numbers.as_deref().ok());
        let succeeded = numbers.as_ref().map(|_| ()).map_err(|errno| *errno);
        assert_eq!(succeeded, expected, "reserve {N}: {placement:?}");
        match (numbers, then) {
            (Ok(numbers), Then::Keep) => {
                // They were given back: the same placement finds them again.
                for number in numbers {
                    let one = table.reserve_owned(placement).expect("just given back");
                    assert_eq!(one.fd(), number, "{placement:?}");
                    self.park(task, one);
                }
            }
            // Free again, as after a failure.
            _ => *self.model.table_mut(task) = before,
        }
    }

    /// Reserves `n` numbers in the map: those that the table gave, where the choice is the table's.
    /// Numbers before a failure stay reserved.
    fn reserve_in_the_map(
        &mut self,
        task: usize,
        placed: Placed,
        n: usize,
        given: Option<&[i32]>,
    ) -> Result<(), i32> {
        let mut expected = Ok(());
        for k in 0..n {
            match self.model.table(task).place(placed) {
                Ok(place) => {
                    let given = given.map_or_else(|| self.any_free(task, place), |all| all[k]);
                    let number = self.placed(task, place, given);
                    self.model.table_mut(task).slots.insert(number, Slot::Reserved);
                }
                Err(errno) => expected = expected.and(Err(errno)),
            }
        }
        expected
    }

    /// A stand-in for what a call that failed in the end had taken.
    fn any_free(&self, task: usize, place: Where) -> i32 {
        match place {
            Where::Exactly(number) => fd(number),
            Where::AnyFree => fd(self.model.table(task).lowest_free(0)),
        }
    }

    pub(super) fn park(&mut self, task: usize, one: Reservation<'static, File>) {
        self.model.reservations.push((self.model.tasks[task], one.fd().into()));
        self.reservations.push(one);
    }

    /// Takes a reservation out of those kept; in the model its number is free then.
    pub(super) fn pick_reservation(
        &mut self,
        k: usize,
    ) -> Option<(usize, i64, Reservation<'static, File>)> {
        let k = k.checked_rem(self.reservations.len())?;
        let (id, number) = self.model.reservations.swap_remove(k);
        let reservation = self.reservations.swap_remove(k);
        assert_eq!(i64::from(reservation.fd()), number);
        let was = self.model.tables.get_mut(&id).expect("kept alive").slots.remove(&number);
        assert_eq!(was, Some(Slot::Reserved));
        Some((id, number, reservation))
    }

    pub(super) fn install(&mut self, k: usize, bits: u8) {
        let expected_room = self.model.room();
        let file = self.new_file();
        let Some((id, number, reservation)) = self.pick_reservation(k) else {
            return;
        };
        let tag = file.tag;
        // Looked at through a reservation's own table: no task need be on it any more.
        let given = Self::rejected(reservation.install(file, flags(bits)), tag);
        assert_eq!(given, expected_room.map(|()| fd(number)), "install");
        if given.is_ok() {
            self.model.tables.get_mut(&id).expect("kept alive").put(number, tag, bits);
            self.learn_by_number(id, number, tag);
        }
    }

    /// The id of a file that was installed, if a task is still on the table.
    pub(super) fn learn_by_number(&mut self, id: TableId, number: i64, tag: Tag) {
        if let Some(task) = self.model.tasks.iter().position(|table| *table == id) {
            let id = self.load(task).get(fd(number)).expect("just installed").id();
            self.learn(tag, id);
        }
    }

    pub(super) fn install_ref(&mut self, k: usize, held: usize, bits: u8) {
        let Some(held) = held.checked_rem(self.held.len()) else {
            return;
        };
        let Some((id, number, reservation)) = self.pick_reservation(k) else {
            return;
        };
        let tag = self.model.held[held];
        let file = self.held[held].clone();
        let given = reservation.install_ref(file, flags(bits));
        assert_eq!(given.expect("a file of the same open file table"), fd(number));
        self.model.tables.get_mut(&id).expect("kept alive").put(number, tag, bits);
    }

    pub(super) fn install_foreign(&mut self, k: usize) {
        let Some((_, _, reservation)) = self.pick_reservation(k) else {
            return;
        };
        let foreign = OpenFileTable::new().insert(self.new_file()).expect("no limit");
        let tag = foreign.tag;
        let Rejected { error, file } =
            reservation.install_ref(foreign, flags(0)).expect_err("EINVAL");
        assert_eq!((error.errno(), file.tag), (EINVAL, tag));
    }
}
