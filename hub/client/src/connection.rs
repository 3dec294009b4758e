//! [`HubConnection`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::ClientError;
use crate::events::Events;
use crate::handlers::Handlers;
use crate::http_client::HttpClient;
use crate::life::{Shared, live};
use crate::net::Network;
use crate::options::Options;
use crate::record::Measures;
use crate::state::{HubConnectionState, Phase, StateChanges};
use crate::url::HubUrl;

/// A connection to a hub, made by a [`HubConnectionBuilder`](crate::HubConnectionBuilder).
///
/// It is a handle: clones are the same connection. When the last one is dropped the connection is stopped.
///
/// Handlers can be added and removed at any time, and stay over reconnects and restarts. They run one after another, in the
/// order in which the server called; a slow one holds up the others, but neither the results of calls nor keep-alives.
///
/// Calls that are under way when the connection is lost fail with [`ClientError::ConnectionLost`], and with
/// [`ClientError::Cancelled`] when it is stopped. Calls during an attempt to connect wait for its outcome; while the client
/// waits for the next attempt, and when it is disconnected, they fail at once.
#[derive(Clone)]
pub struct HubConnection(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    life: Mutex<Option<Life>>,
    next_id: AtomicU64,
}

/// What a start has begun.
#[derive(Clone)]
struct Life {
    stop: CancellationToken,
    over: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let life = self.life.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(life) = life {
            life.stop.cancel();
        }
    }
}

impl fmt::Debug for HubConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubConnection")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl HubConnection {
    pub(crate) fn new(url: HubUrl, options: Options, network: Network) -> Self {
        Self(Arc::new(Inner {
            shared: Arc::new(Shared {
                http: HttpClient::new(&options, &url, network),
                url,
                options,
                handlers: Arc::new(Handlers::default()),
                events: Events::default(),
                phase: watch::channel(Phase::Disconnected).0,
                measures: Measures::default(),
            }),
            life: Mutex::new(None),
            next_id: AtomicU64::new(1),
        }))
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    /// Connects. Ready when calls can be made.
    ///
    /// It is not repeated where it fails, even with automatic reconnects; it may be called again.
    ///
    /// # Errors
    ///
    /// Where the connection is not [disconnected](HubConnectionState::Disconnected), or cannot be made.
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives the attempt up: the connection is disconnected shortly after.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[doc(alias = "StartAsync")]
    pub async fn start(&self) -> Result<(), ClientError> {
        let (started, outcome) = oneshot::channel();
        let given_up = {
            let mut life = self.0.life.lock().unwrap_or_else(PoisonError::into_inner);
            let running = life.as_ref().is_some_and(|it| !it.over.is_cancelled());
            if running {
                return Err(ClientError::State {
                    state: self.state(),
                    needed: "it can be started when it is disconnected",
                });
            }
            let new = Life {
                stop: CancellationToken::new(),
                over: CancellationToken::new(),
            };
            self.0.shared.enter(Phase::Connecting);
            let (shared, stop) = (self.0.shared.clone(), new.stop.clone());
            let over = new.over.clone().drop_guard();
            tokio::spawn(async move {
                live(shared, stop, started, over).await;
            });
            let given_up = new.stop.clone().drop_guard();
            *life = Some(new);
            given_up
        };
        let outcome = outcome.await.unwrap_or(Err(ClientError::Cancelled));
        given_up.disarm();
        outcome
    }

    /// Disconnects: the server is told, what is under way is [cancelled](ClientError::Cancelled), attempts to connect are
    /// given up. Ready when it is disconnected, which it may be already.
    ///
    /// It waits for the server to close its side and for requests that are under way, at most for about ten seconds.
    /// Handlers may still run for what the server has called before.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting, not the stop.
    #[doc(alias = "StopAsync")]
    pub async fn stop(&self) {
        let life = {
            let life = self.0.life.lock().unwrap_or_else(PoisonError::into_inner);
            life.clone()
        };
        if let Some(life) = life {
            life.stop.cancel();
            life.over.cancelled().await;
        }
    }

    /// The state it is in.
    #[must_use]
    pub fn state(&self) -> HubConnectionState {
        self.0.shared.phase.borrow().state()
    }

    /// The states it will be in.
    #[must_use]
    pub fn state_changes(&self) -> StateChanges {
        StateChanges::new(self.0.shared.phase.subscribe())
    }

    /// The id by which the server knows the connection. None when it is not connected, or negotiation was skipped. Another
    /// after each reconnect.
    #[must_use]
    pub fn connection_id(&self) -> Option<String> {
        match &*self.0.shared.phase.borrow() {
            Phase::Connected(session) => session.connection_id.clone(),
            _ => None,
        }
    }

    /// Calls this function whenever the connection is closed for good: stopped, ended by the server, lost without automatic
    /// reconnect, or after the last attempt to reconnect. With the error that led to it, if one did.
    #[doc(alias = "Closed")]
    pub fn on_closed(&self, f: impl Fn(Option<&ClientError>) + Send + Sync + 'static) {
        self.0.shared.events.on_closed(f);
    }

    /// Calls this function whenever the connection is lost and will be made anew, with the error that led to it, if one did.
    #[doc(alias = "Reconnecting")]
    pub fn on_reconnecting(&self, f: impl Fn(Option<&ClientError>) + Send + Sync + 'static) {
        self.0.shared.events.on_reconnecting(f);
    }

    /// Calls this function whenever the connection has been made anew, with its new id. The server sees another client: what
    /// it knew of the old one (groups, above all) is gone.
    #[doc(alias = "Reconnected")]
    pub fn on_reconnected(&self, f: impl Fn(Option<&str>) + Send + Sync + 'static) {
        self.0.shared.events.on_reconnected(f);
    }

    /// The number of the next call or upload.
    pub(crate) fn next_id(&self) -> u64 {
        self.0.next_id.fetch_add(1, Ordering::Relaxed)
    }
}
