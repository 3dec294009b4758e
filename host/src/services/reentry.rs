//! What this thread is constructing at the moment. A constructor or factory that asks a provider for what it is itself
//! part of would go on for ever: the check at build sees declared needs only.

use std::cell::{Cell, RefCell};

/// From how many constructions inside of each other on they are told apart. Hardly any graph is that deep, and a circle
/// gets there soon.
const DEEP: usize = 8;

thread_local! {
    /// How many constructions are inside of each other.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Those of them that are deep.
    static CONSTRUCTING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Ends the construction when it is dropped, also by a panic.
pub(crate) struct Entered(());

/// Begins a construction of what this identity stands for; none if this thread is deep inside of one already.
#[inline]
pub(crate) fn enter(identity: usize) -> Option<Entered> {
    let depth = DEPTH.get();
    if depth >= DEEP && !enter_deep(identity) {
        return None;
    }
    DEPTH.set(depth + 1);
    Some(Entered(()))
}

#[cold]
fn enter_deep(identity: usize) -> bool {
    CONSTRUCTING.with_borrow_mut(|constructing| {
        let is_new = !constructing.contains(&identity);
        if is_new {
            constructing.push(identity);
        }
        is_new
    })
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        let depth = DEPTH.get() - 1;
        DEPTH.set(depth);
        if depth >= DEEP {
            CONSTRUCTING.with_borrow_mut(Vec::pop);
        }
    }
}
