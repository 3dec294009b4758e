//! Who is still connected, and what a stop means for them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The connections of the server, and its stop, as a connection sees it. In every request's extensions.
///
/// A handler that keeps a connection beyond its response, since it was upgraded, holds a [guard](ConnectionTracker::track)
/// as long as it has something to say, and ends when [`stopping`](ConnectionTracker::stopping) fires. The stop waits for it:
///
/// 1. No connection is accepted any more, and `stopping` fires. Idle connections are closed; those with a request in flight
///    get their response, with `Connection: close`.
/// 2. The stop waits for every connection and every guard, at most until its own token fires.
/// 3. Then [`aborted`](ConnectionTracker::aborted) fires, and what is left is cut off.
///
/// A connection counts as long as its socket is open, an upgraded one too; the guard is for work that outlives the socket,
/// and for transports without one.
#[derive(Clone)]
pub struct ConnectionTracker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    phase: AtomicU8,
    stopping: CancellationToken,
    aborted: CancellationToken,
    /// One token for each open socket.
    sockets: TaskTracker,
    /// One token for each guard.
    guards: TaskTracker,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Serving,
    Stopping,
    Aborted,
}

/// What the stop of the server waits for; from [`ConnectionTracker::track`].
#[must_use = "the stop of the server waits only as long as the guard lives"]
pub struct ConnectionGuard {
    _token: TaskTrackerToken,
}

/// What a drain left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    /// How many connections were open when the time was up.
    pub(crate) connections: usize,
    /// How many guards were held then.
    pub(crate) guards: usize,
}

impl ConnectionTracker {
    /// The tracker of a server that is not ours, or of a test.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                phase: AtomicU8::new(0),
                stopping: CancellationToken::new(),
                aborted: CancellationToken::new(),
                sockets: TaskTracker::new(),
                guards: TaskTracker::new(),
            }),
        }
    }

    /// Fires when the server begins to stop.
    #[doc(alias = "ConnectionClosedRequested")]
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.shared.stopping.clone()
    }

    /// Fires when the server waits no longer: who is still there ends at once.
    #[doc(alias = "ConnectionClosed")]
    #[must_use]
    pub fn aborted(&self) -> CancellationToken {
        self.shared.aborted.clone()
    }

    /// Makes the stop of the server wait until the guard is dropped.
    pub fn track(&self) -> ConnectionGuard {
        ConnectionGuard {
            _token: self.shared.guards.token(),
        }
    }

    /// How many connections are open, upgraded ones among them.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.shared.sockets.len()
    }

    pub(crate) fn socket(&self) -> TaskTrackerToken {
        self.shared.sockets.token()
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.shared.phase.load(Ordering::Acquire) {
            0 => Phase::Serving,
            1 => Phase::Stopping,
            _ => Phase::Aborted,
        }
    }

    /// Tells everyone that the server stops.
    pub(crate) fn stop(&self) {
        // Before the token, so that who is woken by it sees it.
        self.shared.phase.fetch_max(1, Ordering::Release);
        self.shared.stopping.cancel();
    }

    /// Tells everyone that the time is up.
    pub(crate) fn abort(&self) {
        self.shared.phase.fetch_max(2, Ordering::Release);
        self.shared.aborted.cancel();
    }

    /// Waits until nobody is there any more, or until the token fires; says who was there then.
    pub(crate) async fn drained(&self, patience: &CancellationToken) -> Drained {
        let Shared {
            sockets, guards, ..
        } = &*self.shared;
        sockets.close();
        guards.close();
        let all = async {
            sockets.wait().await;
            guards.wait().await;
        };
        patience.run_until_cancelled(all).await;
        Drained {
            connections: sockets.len(),
            guards: guards.len(),
        }
    }
}

impl Default for ConnectionTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ConnectionTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionTracker")
            .field("phase", &self.phase())
            .field("open_connections", &self.open_connections())
            .field("guards", &self.shared.guards.len())
            .finish()
    }
}

impl fmt::Debug for ConnectionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionGuard").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_drain_waits_for_sockets_and_guards() {
        let tracker = ConnectionTracker::new();
        let (socket, guard) = (tracker.socket(), tracker.track());
        tracker.stop();
        assert!(tracker.stopping().is_cancelled());
        let waiting = tokio::spawn({
            let tracker = tracker.clone();
            async move { tracker.drained(&CancellationToken::new()).await }
        });
        drop(socket);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(guard);
        let nobody = Drained {
            connections: 0,
            guards: 0,
        };
        assert_eq!(waiting.await.unwrap(), nobody);
    }

    #[tokio::test]
    async fn a_drain_ends_when_the_time_is_up() {
        let tracker = ConnectionTracker::new();
        let _held = (tracker.socket(), tracker.socket(), tracker.track());
        let patience = CancellationToken::new();
        patience.cancel();
        let left = Drained {
            connections: 2,
            guards: 1,
        };
        assert_eq!(tracker.drained(&patience).await, left);
    }
}
