//! What a connection is doing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::accounts::Account;

/// What a connection is doing, as its timeouts see it. Shared by its socket, its task and its requests. Those of HTTP/1 run in
/// the connection's task until an upgrade, so that no ordering is needed; those of HTTP/2 have tasks of their own.
#[derive(Debug)]
pub(crate) struct Activity {
    /// The number of requests that ended, above two bits of what is going on. HTTP/1.
    word: AtomicU32,
    /// How many requests are being answered. HTTP/2.
    #[cfg(feature = "http2")]
    streams: AtomicU32,
    /// Whether a stream was made a tunnel, as for a WebSocket. HTTP/2.
    #[cfg(feature = "http2")]
    tunnels: std::sync::atomic::AtomicBool,
    /// How many bytes wait for the client to take some; 0 where none do.
    blocked: AtomicUsize,
    account: Account,
    _socket: TaskTrackerToken,
}

/// A moment of an [`Activity`]; equal where nothing happened in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(u32);

/// Ends a request when it is dropped.
#[derive(Debug)]
pub(crate) enum InFlight {
    Http1(Arc<Activity>),
    #[cfg(feature = "http2")]
    Http2(Arc<Activity>),
}

const IDLE: u32 = 0;
const HEAD: u32 = 1;
const REQUEST: u32 = 2;
const TIMED_OUT: u32 = 3;
const BITS: u32 = 0b11;
const ONE_ENDED: u32 = 0b100;

impl Activity {
    pub(crate) fn new(socket: TaskTrackerToken, account: Account) -> Arc<Self> {
        Arc::new(Self {
            word: AtomicU32::new(IDLE),
            #[cfg(feature = "http2")]
            streams: AtomicU32::new(0),
            #[cfg(feature = "http2")]
            tunnels: false.into(),
            blocked: AtomicUsize::new(0),
            account,
            _socket: socket,
        })
    }

    /// What the connection counts as.
    pub(crate) fn account(&self) -> &Account {
        &self.account
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
        InFlight::Http1(Arc::clone(self))
    }

    /// A request came on a stream of its own.
    #[cfg(feature = "http2")]
    pub(crate) fn stream(self: &Arc<Self>) -> InFlight {
        self.streams.fetch_add(1, Ordering::Relaxed);
        InFlight::Http2(Arc::clone(self))
    }

    /// How many streams have requests.
    #[cfg(feature = "http2")]
    pub(crate) fn streams(&self) -> u32 {
        self.streams.load(Ordering::Relaxed)
    }

    /// A stream was made a tunnel, which lasts as long as both ends like.
    #[cfg(feature = "http2")]
    pub(crate) fn tunnelled(&self) {
        self.tunnels.store(true, Ordering::Relaxed);
    }

    #[cfg(feature = "http2")]
    pub(crate) fn has_tunnels(&self) -> bool {
        self.tunnels.load(Ordering::Relaxed)
    }

    /// The client took too long; there is nothing more to read.
    pub(crate) fn time_out(&self) {
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word | TIMED_OUT, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment(self.word.load(Ordering::Relaxed))
    }

    /// The client takes nothing of so many bytes.
    pub(crate) fn write_blocked(&self, size: usize) {
        self.blocked.store(size, Ordering::Relaxed);
    }

    /// The client took something.
    pub(crate) fn write_went_on(&self) {
        if self.blocked.load(Ordering::Relaxed) != 0 {
            self.blocked.store(0, Ordering::Relaxed);
        }
    }

    /// How many bytes the client takes nothing of; 0 where it does.
    pub(crate) fn blocked(&self) -> usize {
        self.blocked.load(Ordering::Relaxed)
    }
}

impl InFlight {
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        match self {
            Self::Http1(activity) => activity,
            #[cfg(feature = "http2")]
            Self::Http2(activity) => activity,
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        match self {
            Self::Http1(activity) => {
                let word = activity.word.load(Ordering::Relaxed);
                let ended = (word & !BITS).wrapping_add(ONE_ENDED);
                activity.word.store(ended | IDLE, Ordering::Relaxed);
            }
            #[cfg(feature = "http2")]
            Self::Http2(activity) => {
                activity.word.fetch_add(ONE_ENDED, Ordering::Relaxed);
                activity.streams.fetch_sub(1, Ordering::Relaxed);
            }
        }
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

    /// The client took too long.
    pub(crate) fn is_timed_out(self) -> bool {
        self.0 & BITS == TIMED_OUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Accounts;
    use tokio_util::task::TaskTracker;

    #[test]
    fn moments_tell_what_is_going_on() {
        let account = Accounts::default().open_for_test();
        let activity = Activity::new(TaskTracker::new().token(), account);
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
        activity.received();
        activity.time_out();
        assert!(activity.now().is_timed_out());
    }
}
