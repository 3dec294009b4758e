//! What this thread is constructing at the moment. A constructor or factory that asks a provider for what it is itself
//! part of would go on for ever: the check at build sees declared needs only.

use std::cell::RefCell;

thread_local! {
    static CONSTRUCTING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Ends the construction when it is dropped, also by a panic.
pub(crate) struct Entered(());

/// Begins a construction of what this identity stands for; none if this thread is inside of one already.
pub(crate) fn enter(identity: usize) -> Option<Entered> {
    CONSTRUCTING.with_borrow_mut(|constructing| {
        if constructing.contains(&identity) {
            return None;
        }
        constructing.push(identity);
        Some(Entered(()))
    })
}

impl Drop for Entered {
    fn drop(&mut self) {
        CONSTRUCTING.with_borrow_mut(Vec::pop);
    }
}
