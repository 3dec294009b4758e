//! What a connection is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::task::task_tracker::TaskTrackerToken;

/// What a connection is doing, as its timeouts see it. Shared by its socket, its task and its request, which until an upgrade
/// all run in one task, so that no ordering is needed.
#[derive(Debug)]
pub(crate) struct Activity {
    /// The number of requests that ended, above two bits of what is going on.
    word: AtomicU32,
    _socket: TaskTrackerToken,
}

/// A moment of an [`Activity`]; equal where nothing happened in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(u32);

/// Ends a request when it is dropped.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Activity>);

const IDLE: u32 = 0;
const HEAD: u32 = 1;
const REQUEST: u32 = 2;
const BITS: u32 = 0b11;
const ONE_ENDED: u32 = 0b100;

impl Activity {
    pub(crate) fn new(socket: TaskTrackerToken) -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(IDLE),
            _socket: socket,
        })
    }

    /// Bytes came in; between two requests they are the beginning of a head.
    pub(crate) fn received(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & BITS == IDLE {
            self.word.store(word | HEAD, Ordering::Relaxed);
        }
    }

    /// A request's head is complete.
    pub(crate) fn request(self: &Arc<Self>) -> InFlight {
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word & !BITS | REQUEST, Ordering::Relaxed);
        InFlight(Arc::clone(self))
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.word.load(Ordering::Relaxed))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let word = self.0.word.load(Ordering::Relaxed);
        let ended = (word & !BITS).wrapping_add(ONE_ENDED);
        self.0.word.store(ended | IDLE, Ordering::Relaxed);
    }
}

impl Moment {
    /// A request is being answered.
    pub(crate) fn in_request(self) -> bool {
        self.0 & BITS == REQUEST
    }

    /// A request's head is on its way.
    pub(crate) fn in_head(self) -> bool {
        self.0 & BITS == HEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::task::TaskTracker;

    #[test]
    fn moments_tell_what_is_going_on() {
        let activity = Activity::new(TaskTracker::new().token());
        let fresh = activity.now();
        assert!(!fresh.in_head() && !fresh.in_request());
        activity.received();
        assert!(activity.now().in_head());
        let request = activity.request();
        activity.received();
        assert!(activity.now().in_request());
        drop(request);
        let after = activity.now();
        assert!(!after.in_head() && !after.in_request());
        assert_ne!(after, fresh, "idle again, after a request");
    }
}
