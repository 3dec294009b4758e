//! The end of a connection.

use std::future::{Future, poll_fn};
use std::sync::Arc;

use campanile_host::CancellationToken;

use super::{Connection, End, Frame};
use crate::transport::Transport;
use crate::{HubError, HubOptions};

impl End {
    /// What the client is told, if there is anybody to be told: an error, and whether to come back.
    fn message(&self, detailed: bool) -> Option<(Option<String>, bool)> {
        let text = "Connection closed with an error.";
        match self {
            Self::ClientGone | Self::Stuck => None,
            Self::ClientClosed(_) | Self::Aborted => Some((None, false)),
            Self::Stopping | Self::AuthenticationExpired => Some((None, true)),
            Self::Failed(error) => Some((Some(error.describe(text, detailed)), true)),
            Self::Rejected(error) => Some((Some(error.describe(text, detailed)), false)),
        }
    }

    /// What the hub's `on_disconnected` is told.
    pub(super) fn into_error(self) -> Option<HubError> {
        match self {
            Self::Failed(error) | Self::Rejected(error) => Some(error),
            Self::ClientClosed(Some(text)) => Some(HubError::Message(text)),
            Self::Stuck => Some(HubError::SendTimeout),
            Self::ClientGone
            | Self::ClientClosed(None)
            | Self::Aborted
            | Self::Stopping
            | Self::AuthenticationExpired => None,
        }
    }
}

/// Queues the last message of a connection, the Close message. Nothing that is sent from now on leaves.
pub(super) fn say_goodbye(connection: &Connection, end: &End, options: &HubOptions) {
    connection.queue.close();
    if let Some((error, allow_reconnect)) = end.message(options.enable_detailed_errors) {
        let protocol = connection.protocol;
        let frame = Frame::message(protocol, |out| {
            protocol.write_close(out, error.as_deref(), allow_reconnect);
        });
        connection.queue.push_last(frame.uncounted());
    }
}

/// How far a server that stops has come.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Cancelled when it begins to stop.
    pub(crate) stopping: CancellationToken,
    /// Cancelled when it waits no longer.
    pub(crate) aborted: CancellationToken,
}

/// Writes what is left, then ends the transport, as long as its patience lasts for each.
pub(crate) async fn finish<T: Transport>(
    transport: &mut T,
    connection: &Arc<Connection>,
    options: &HubOptions,
    stop: &Stop,
) {
    let flush = poll_fn(|context| transport.poll_flush(&connection.queue, context));
    if within::<T, _>(options, stop, flush)
        .await
        .is_some_and(|result| result.is_ok())
    {
        end(transport, options, stop).await;
    }
}

/// Ends the transport and waits for the client to notice.
pub(super) async fn end<T: Transport>(transport: &mut T, options: &HubOptions, stop: &Stop) {
    within::<T, _>(
        options,
        stop,
        poll_fn(|context| transport.poll_close(context)),
    )
    .await;
}

async fn within<T: Transport, F: Future>(
    options: &HubOptions,
    stop: &Stop,
    future: F,
) -> Option<F::Output> {
    let hurried = async {
        stop.stopping.cancelled().await;
        tokio::time::sleep(T::patience_when_stopping(options)).await;
    };
    tokio::select! {
        outcome = tokio::time::timeout(T::patience(options), future) => outcome.ok(),
        () = hurried => None,
        () = stop.aborted.cancelled() => None,
    }
}
