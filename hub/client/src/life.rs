//! The life of a connection from its start to its end, over as many connections as it takes.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::connect::{Established, connect};
use crate::dispatch::dispatch;
use crate::events::Events;
use crate::handlers::Handlers;
use crate::http_client::HttpClient;
use crate::options::Options;
use crate::record::Measures;
use crate::retry::RetryContext;
use crate::serve::{Ended, serve};
use crate::state::Phase;
use crate::url::HubUrl;
use crate::{ClientError, RetryPolicy};

/// What a connection is made of, whatever its state.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: HubUrl,
    pub(crate) options: Options,
    pub(crate) http: HttpClient,
    pub(crate) handlers: Arc<Handlers>,
    pub(crate) events: Events,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) measures: Measures,
}

impl Shared {
    async fn connect(&self, stop: &CancellationToken) -> Result<Established, ClientError> {
        connect(&self.options, &self.url, &self.http, stop).await
    }

    pub(crate) fn enter(&self, phase: Phase) {
        let state = phase.state();
        self.phase.send_replace(phase);
        self.measures.state(state);
    }
}

/// Starts, and goes on until the connection is closed. `over` tells that it can be started again.
pub(crate) async fn live(
    shared: Arc<Shared>,
    stop: CancellationToken,
    started: oneshot::Sender<Result<(), ClientError>>,
    over: DropGuard,
) {
    let mut established = match shared.connect(&stop).await {
        Ok(established) => established,
        Err(error) => {
            shared.enter(Phase::Disconnected);
            drop(over);
            // Whoever dropped the start does not ask how it ended.
            let _ = started.send(Err(error));
            return;
        }
    };
    let (jobs, waiting) = mpsc::unbounded_channel();
    tokio::spawn(dispatch(waiting));
    shared.enter(Phase::Connected(established.session.clone()));
    if started.send(Ok(())).is_err() {
        stop.cancel();
    }
    let error = loop {
        let ended = serve(established, &shared.options, &shared.handlers, &jobs, &stop).await;
        let policy = match &ended {
            Ended::Stopped
            | Ended::ByServer {
                reconnect: false, ..
            } => None,
            _ => shared.options.retry.as_deref(),
        };
        let error = ended.error().cloned();
        let Some(policy) = policy else {
            break error;
        };
        match reconnect(&shared, policy, error, &stop).await {
            Ok(new) => established = new,
            Err(error) => break error,
        }
        shared.enter(Phase::Connected(established.session.clone()));
        shared.measures.reconnect("reconnected");
        shared
            .events
            .reconnected(established.session.connection_id.as_deref());
    };
    shared.enter(Phase::Disconnected);
    drop(over);
    shared.events.closed(error.as_ref());
}

/// Tries as long as the policy says; else gives the error that the connection is closed with.
async fn reconnect(
    shared: &Shared,
    policy: &dyn RetryPolicy,
    lost: Option<ClientError>,
    stop: &CancellationToken,
) -> Result<Established, Option<ClientError>> {
    let since = Instant::now();
    let mut reason = lost.clone();
    for previous_retry_count in 0.. {
        let delay = policy.next_delay(&RetryContext {
            previous_retry_count,
            elapsed: since.elapsed(),
            reason: reason.as_ref(),
        });
        let Some(delay) = delay else {
            shared.measures.reconnect("given_up");
            return Err(reason);
        };
        shared.enter(Phase::Delay);
        if previous_retry_count == 0 {
            shared.events.reconnecting(lost.as_ref());
        }
        if stop
            .run_until_cancelled(tokio::time::sleep(delay))
            .await
            .is_none()
        {
            return Err(Some(ClientError::Cancelled));
        }
        shared.enter(Phase::Attempt);
        match shared.connect(stop).await {
            Ok(established) => return Ok(established),
            Err(ClientError::Cancelled) => return Err(Some(ClientError::Cancelled)),
            Err(error) => {
                tracing::debug!(%error, "an attempt to reconnect failed");
                shared.measures.reconnect("failed");
                reason = Some(error);
            }
        }
    }
    Err(reason)
}
