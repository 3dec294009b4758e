//! Accepting connections, and the stop.

use std::io;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::limits::ABORT_TIMEOUT;
use crate::listener::{Bound, Listener};
use crate::service::WebService;
use crate::tracker::ConnectionTracker;

/// A server that is accepting connections.
#[derive(Debug)]
pub(crate) struct Server {
    tracker: ConnectionTracker,
    accepting: CancellationToken,
    loops: Vec<JoinHandle<()>>,
}

impl Server {
    /// Begins to accept on all that is bound.
    pub(crate) fn serve(bound: Vec<Bound>, app: &WebService) -> Self {
        let tracker = ConnectionTracker::new();
        let accepting = CancellationToken::new();
        let listeners = bound.into_iter().flat_map(|it| it.listeners);
        let loops = listeners
            .map(|listener| {
                let (app, tracker) = (app.clone(), tracker.clone());
                let accepting = accepting.clone();
                tokio::spawn(async move {
                    let accept = accept_all(listener, &app, &tracker);
                    accepting.run_until_cancelled(accept).await;
                })
            })
            .collect();
        Self {
            tracker,
            accepting,
            loops,
        }
    }

    /// Stops accepting, tells the connections, waits for them until the token fires, and cuts off what is left.
    pub(crate) async fn stop(mut self, patience: &CancellationToken) {
        self.accepting.cancel();
        for ended in std::mem::take(&mut self.loops) {
            // A loop does not panic, and nobody aborts it; its listener is gone either way.
            let _ = ended.await;
        }
        self.tracker.stop();
        let left = self.tracker.drained(patience).await;
        self.tracker.abort();
        if left.connections == 0 && left.guards == 0 {
            return;
        }
        // An upgraded connection has a socket and mostly a guard too.
        match left.connections.max(left.guards) {
            1 => tracing::warn!("one connection did not end in time and is aborted"),
            count => tracing::warn!("{count} connections did not end in time and are aborted"),
        }
        let enough = CancellationToken::new();
        let ended = self.tracker.drained(&enough);
        let _ = tokio::time::timeout(ABORT_TIMEOUT, ended).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.cancel();
        self.tracker.stop();
        self.tracker.abort();
    }
}

async fn accept_all(listener: Listener, app: &WebService, tracker: &ConnectionTracker) {
    let mut backoff = Backoff::default();
    loop {
        match listener.accept().await {
            Ok((socket, remote)) => {
                backoff.succeeded();
                tokio::spawn(Connection::new(
                    socket,
                    remote,
                    app.clone(),
                    tracker.clone(),
                ));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => backoff.failed(&error).await,
        }
    }
}

/// The client was gone before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Waits longer each time accepting fails, as it does without free file descriptors, and says so once a minute.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
    said: Option<Instant>,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);
    const SILENCE: Duration = Duration::from_secs(60);

    fn succeeded(&mut self) {
        self.failures = 0;
    }

    async fn failed(&mut self, error: &io::Error) {
        if self.said.is_none_or(|it| it.elapsed() >= Self::SILENCE) {
            tracing::error!(%error, "connections cannot be accepted; trying again");
            self.said = Some(Instant::now());
        }
        let wait = Self::FIRST.saturating_mul(1 << self.failures.min(8));
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(wait.min(Self::LONGEST)).await;
    }
}
