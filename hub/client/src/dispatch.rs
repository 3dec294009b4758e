//! What runs when the server calls.

use std::any::Any;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use campanile_hub_protocol::{HubProtocol, WriteError};
use campanile_trace_context::{TraceContext, Traced};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::session::Session;

type WriteResult =
    Box<dyn FnOnce(HubProtocol, &mut Vec<u8>, &str) -> Result<(), WriteError> + Send>;

/// What a handler has come to.
pub(crate) enum Outcome {
    Nothing,
    Result(WriteResult),
    Failure(String),
}

impl Outcome {
    pub(crate) fn of<T, E>(result: Result<T, E>) -> Self
    where
        T: Serialize + Send + 'static,
        E: fmt::Display,
    {
        match result {
            Ok(value) => Self::Result(Box::new(move |protocol, out, id| {
                protocol.write_completion_result(out, id, &value)
            })),
            Err(error) => Self::Failure(error.to_string()),
        }
    }
}

/// Handlers that are to run, one after another.
pub(crate) struct Job {
    pub(crate) method: String,
    /// What the server sent along.
    pub(crate) cause: Option<TraceContext>,
    pub(crate) running: Vec<BoxFuture<'static, Outcome>>,
    pub(crate) reply: Option<Reply>,
}

/// What the server waits for.
pub(crate) struct Reply {
    pub(crate) session: Arc<Session>,
    pub(crate) id: String,
    /// Whether the arguments did not fit a handler.
    pub(crate) misfits: bool,
}

/// Runs what the server calls, in the order in which it called, until the connection is closed and all is done.
pub(crate) async fn dispatch(mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = jobs.recv().await {
        let span = tracing::info_span!(
            "hub callback",
            otel.name = job.method,
            otel.kind = "server",
            rpc.system = "signalr",
            rpc.method = job.method,
        );
        let cause = job.cause.clone();
        job.run().traced(span, cause).await;
    }
}

impl Job {
    async fn run(self) {
        let mut answer = None;
        for handler in self.running {
            let outcome = AssertUnwindSafe(handler)
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| {
                    Outcome::Failure(format!("it panicked: {}", panic_text(&*panic)))
                });
            if let Outcome::Failure(error) = &outcome {
                tracing::error!(method = self.method, error, "a handler failed");
            }
            if !matches!(outcome, Outcome::Nothing) {
                answer = Some(outcome);
            }
        }
        if let Some(reply) = self.reply {
            reply.send(answer).await;
        }
    }
}

impl Reply {
    async fn send(self, answer: Option<Outcome>) {
        let protocol = self.session.protocol;
        let mut message = Vec::new();
        let error = match answer {
            Some(Outcome::Result(write)) => match write(protocol, &mut message, &self.id) {
                Ok(()) => None,
                Err(error) => Some(error.to_string()),
            },
            Some(Outcome::Failure(text)) => Some(text),
            Some(Outcome::Nothing) | None if self.misfits => {
                Some("Client failed to parse argument(s).".to_owned())
            }
            Some(Outcome::Nothing) | None => Some("Client didn't provide a result.".to_owned()),
        };
        if let Some(error) = error {
            protocol.write_completion_error(&mut message, &self.id, &error);
        }
        // Where the connection is gone, nobody waits for it.
        let _ = self.session.outbox.send(message).await;
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("without a text").to_owned()
}
