//! An allocator that takes no lock, or a thread stopped in malloc would hold others up.

use std::{
    alloc::{GlobalAlloc, Layout},
    ptr,
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst},
};

/// Blocks of powers of two, recycled through one lock-free stack a size.
struct Recycler {
    region: AtomicPtr<u8>,
    next: AtomicUsize,
    /// The number of the first free block, or 0 | how many were ever given back.
    free: [AtomicU64; CLASSES],
}

/// The smallest block, and what all blocks are aligned to.
const BLOCK: usize = 128;
const CLASSES: usize = 20;
/// Address space for blocks, not memory; in front of it lie the links of the free ones.
const BLOCKS: usize = 1 << 30;
const LINKS: usize = BLOCKS / BLOCK * size_of::<AtomicU32>();

#[global_allocator]
static ALLOCATOR: Recycler = Recycler {
    region: AtomicPtr::new(ptr::null_mut()),
    // Block 0 is nobody's.
    next: AtomicUsize::new(BLOCK),
    free: [const { AtomicU64::new(0) }; CLASSES],
};

impl Recycler {
    fn region(&self) -> *mut u8 {
        let region = self.region.load(SeqCst);
        if !region.is_null() {
            return region;
        }
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
        );
        // SAFETY: a new mapping, wherever the kernel puts it.
        let new = unsafe { libc::mmap(ptr::null_mut(), LINKS + BLOCKS, access, kind, -1, 0) };
        assert_ne!(new, libc::MAP_FAILED);
        match self.region.compare_exchange(ptr::null_mut(), new.cast(), SeqCst, SeqCst) {
            Ok(_) => new.cast(),
            Err(first) => first,
        }
    }

    fn block(&self, number: u32) -> *mut u8 {
        self.region().wrapping_add(LINKS + number as usize * BLOCK)
    }

    fn link(&self, number: u32) -> &AtomicU32 {
        let links = self.region().cast::<AtomicU32>();
        // SAFETY: inside the mapping, which is zero at first and never unmapped.
        unsafe { &*links.wrapping_add(number as usize) }
    }

    fn pop(&self, class: usize) -> Option<u32> {
        let mut head = self.free[class].load(SeqCst);
        while head as u32 != 0 {
            let next = u64::from(self.link(head as u32).load(SeqCst));
            let popped = head >> 32 << 32 | next;
            match self.free[class].compare_exchange(head, popped, SeqCst, SeqCst) {
                Ok(_) => return Some(head as u32),
                Err(now) => head = now,
            }
        }
        None
    }

    fn push(&self, class: usize, number: u32) {
        let mut head = self.free[class].load(SeqCst);
        loop {
            self.link(number).store(head as u32, SeqCst);
            let pushed = ((head >> 32) + 1) << 32 | u64::from(number);
            match self.free[class].compare_exchange(head, pushed, SeqCst, SeqCst) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    fn fresh(&self, class: usize) -> Option<u32> {
        let offset = self.next.fetch_add(BLOCK << class, SeqCst);
        (offset + (BLOCK << class) <= BLOCKS).then_some((offset / BLOCK) as u32)
    }
}

/// Blocks of class `c` are `BLOCK << c` bytes.
fn class_of(layout: Layout) -> usize {
    let size = layout.size().max(BLOCK).next_power_of_two();
    (size.ilog2() - BLOCK.ilog2()) as usize
}

// SAFETY: a block is handed out to one caller at a time, aligned, and inside the mapping.
unsafe impl GlobalAlloc for Recycler {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let class = class_of(layout);
        if layout.align() > BLOCK || class >= CLASSES {
            return ptr::null_mut();
        }
        let number = self.pop(class).or_else(|| self.fresh(class));
        number.map_or(ptr::null_mut(), |number| self.block(number))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let offset = block as usize - self.block(0) as usize;
        self.push(class_of(layout), (offset / BLOCK) as u32);
    }
}
