//! The numbers that are taken, as all tables behind a lock keep them: a bitmap, and a bitmap of its
//! full words. Its functions are inlined, as the peers of the benchmarks are in another crate.

use std::os::fd::RawFd;

#[derive(Clone, Default)]
pub struct Numbers {
    taken: Vec<u64>,
    full: Vec<u64>,
}

impl Numbers {
    /// Takes the lowest free number from `min` on.
    #[inline]
    pub fn claim_from(&mut self, min: RawFd) -> RawFd {
        let min = min as usize;
        let first = self.clear_from(min / 64, min % 64);
        let number = first.unwrap_or_else(|| {
            let word = self.next_word(min / 64 + 1);
            self.grow(word);
            word * 64 + self.taken[word].trailing_ones() as usize
        });
        self.claim(number as RawFd);
        number as RawFd
    }

    /// Takes a number; false if it was taken.
    #[inline]
    pub fn claim(&mut self, number: RawFd) -> bool {
        let (word, bit) = (number as usize / 64, number as usize % 64);
        self.grow(word);
        let free = self.taken[word] & 1 << bit == 0;
        self.taken[word] |= 1 << bit;
        if self.taken[word] == u64::MAX {
            self.full[word / 64] |= 1 << (word % 64);
        }
        free
    }

    #[inline]
    pub fn release(&mut self, number: RawFd) {
        let (word, bit) = (number as usize / 64, number as usize % 64);
        self.taken[word] &= !(1 << bit);
        self.full[word / 64] &= !(1 << (word % 64));
    }

    /// The taken numbers, in order.
    #[inline]
    pub fn taken_from(&self, first: RawFd) -> impl Iterator<Item = RawFd> {
        let words = self.taken.iter().zip(0..).skip(first as usize / 64);
        let in_word = |(word, i): (&u64, RawFd)| {
            let word = *word;
            (0..64).filter(move |bit| word & 1 << bit != 0).map(move |bit| i * 64 + bit)
        };
        words.flat_map(in_word).skip_while(move |fd| *fd < first)
    }

    /// The lowest free number of a word, from a bit on.
    #[inline]
    fn clear_from(&mut self, word: usize, bit: usize) -> Option<usize> {
        self.grow(word);
        let free = !self.taken[word] >> bit << bit;
        (free != 0).then(|| word * 64 + free.trailing_zeros() as usize)
    }

    /// The first word from `word` on that is not full.
    #[inline]
    fn next_word(&self, word: usize) -> usize {
        let mut skip = word % 64;
        for (i, full) in self.full.iter().enumerate().skip(word / 64) {
            let free = !full >> skip << skip;
            if free != 0 {
                return i * 64 + free.trailing_zeros() as usize;
            }
            skip = 0;
        }
        word.max(self.full.len() * 64)
    }

    #[inline]
    fn grow(&mut self, word: usize) {
        if word >= self.taken.len() {
            self.taken.resize((word + 1).next_power_of_two(), 0);
            self.full.resize(self.taken.len().div_ceil(64), 0);
        }
    }
}
