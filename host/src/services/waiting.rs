//! Which thread waits for which other one's construction, so that a circle of them is an error and not a hang.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use super::path::ServiceStep;

/// One construction: what identifies it, and how a path names it.
#[derive(Clone)]
pub(crate) struct Construction {
    /// The address of what owns the result, which is unique while somebody constructs for it.
    pub(crate) owner: usize,
    pub(crate) identity: usize,
    pub(crate) step: ServiceStep,
}

struct Wait {
    waiter: ThreadId,
    builder: ThreadId,
    construction: Construction,
}

/// One for the whole process: a factory of one container may ask another container.
static WAITS: Mutex<Vec<Wait>> = Mutex::new(Vec::new());

fn waits() -> MutexGuard<'static, Vec<Wait>> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Enters that `waiter` waits for `construction`, which `builder` is busy with. Where `builder` itself waits, by however
/// many others, for a construction of `waiter`, it answers with the constructions on the way, and enters nothing.
pub(crate) fn begin(
    waiter: ThreadId,
    builder: ThreadId,
    construction: Construction,
) -> Result<(), Vec<Construction>> {
    let mut waits = waits();
    let mut circle = vec![construction.clone()];
    let mut thread = builder;
    while thread != waiter {
        let Some(next) = waits.iter().find(|it| it.waiter == thread) else {
            // It may have been woken for nothing, and wait anew.
            waits.retain(|it| it.waiter != waiter);
            waits.push(Wait {
                waiter,
                builder,
                construction,
            });
            return Ok(());
        };
        circle.push(next.construction.clone());
        thread = next.builder;
    }
    Err(circle)
}

/// The construction has ended: nobody waits for it any more, even those that have not woken up yet.
pub(crate) fn end(owner: usize, identity: usize) {
    waits().retain(|it| it.construction.owner != owner || it.construction.identity != identity);
}
