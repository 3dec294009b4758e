//! The states of a connection.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::session::Session;

/// How it stands with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HubConnectionState {
    /// There is none, and none is being made.
    Disconnected,
    /// It is being started.
    Connecting,
    /// Calls can be made.
    Connected,
    /// It was lost, and is being made anew.
    Reconnecting,
}

impl fmt::Display for HubConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disconnected => "disconnected",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
        })
    }
}

/// The same, with what calls have to know.
#[derive(Debug, Clone)]
pub(crate) enum Phase {
    Disconnected,
    Connecting,
    Connected(Arc<Session>),
    /// Waiting for the next attempt.
    Delay,
    /// Calls wait for the outcome.
    Attempt,
}

impl Phase {
    pub(crate) fn state(&self) -> HubConnectionState {
        match self {
            Self::Disconnected => HubConnectionState::Disconnected,
            Self::Connecting => HubConnectionState::Connecting,
            Self::Connected(_) => HubConnectionState::Connected,
            Self::Delay | Self::Attempt => HubConnectionState::Reconnecting,
        }
    }
}

/// The states of a connection, as they change.
#[derive(Debug, Clone)]
pub struct StateChanges {
    phases: watch::Receiver<Phase>,
    last: HubConnectionState,
}

impl StateChanges {
    pub(crate) fn new(mut phases: watch::Receiver<Phase>) -> Self {
        let last = phases.borrow_and_update().state();
        Self { phases, last }
    }

    /// The state at the last look.
    #[must_use]
    pub fn current(&self) -> HubConnectionState {
        self.last
    }

    /// Waits until the state is another than at the last look, and gives it; none once the connection has been dropped.
    ///
    /// Changes that follow each other closely may be seen as one: it is always the newest state that is given.
    ///
    /// # Cancel safety
    ///
    /// It is cancel safe: no change is missed.
    pub async fn next(&mut self) -> Option<HubConnectionState> {
        loop {
            self.phases.changed().await.ok()?;
            let state = self.phases.borrow_and_update().state();
            if state != self.last {
                self.last = state;
                return Some(state);
            }
        }
    }

    /// Waits until the connection is in this state; `false` once it has been dropped.
    ///
    /// # Cancel safety
    ///
    /// It is cancel safe.
    pub async fn wait_for(&mut self, state: HubConnectionState) -> bool {
        let found = self.phases.wait_for(|phase| phase.state() == state).await;
        let found = found.is_ok();
        if found {
            self.last = state;
        }
        found
    }
}
