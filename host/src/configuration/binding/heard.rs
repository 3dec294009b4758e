//! What serde says in passing: also of faults that it keeps to itself, as it does while it tries the variants of an untagged
//! enumeration.
//!
//! serde makes each of its errors by a function of the error's type, which is ours, and knows nothing of the binding that it
//! is made for. So they are noted by thread.

use std::cell::RefCell;

use serde::de::Unexpected;

use super::shape::Shape;

/// A fault as serde made it.
#[derive(Debug, Clone)]
pub(super) enum Seen {
    /// A type asked for a field of this name.
    Missing(&'static str),
    /// A type knows these fields, and not this one.
    UnknownField(String, &'static [&'static str]),
    /// An enumeration has these variants, and not this one.
    UnknownVariant(String, &'static [&'static str]),
    /// A value was none of a type.
    Invalid { shape: Shape, wanted: String },
}

impl Seen {
    pub(super) fn invalid(unexpected: Unexpected<'_>, wanted: &str) -> Self {
        Self::Invalid {
            shape: Shape::from(unexpected),
            wanted: wanted.to_owned(),
        }
    }
}

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn note(seen: Seen) {
    SEEN.with_borrow_mut(|all| all.push(seen));
}

/// Does something, and gives what was noted meanwhile.
pub(super) fn listen<R>(attempt: impl FnOnce() -> R) -> (R, Vec<Seen>) {
    // A type may bind something itself while it is bound.
    let around = SEEN.take();
    let outcome = attempt();
    (outcome, SEEN.replace(around))
}
