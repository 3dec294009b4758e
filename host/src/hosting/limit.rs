//! How long the host waits for its services.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::lifetime::ApplicationLifetime;
use super::options::HostOptions;

/// How long a service whose token has fired is waited for before it is let go.
pub(crate) const GRACE: Duration = Duration::from_millis(250);

/// A time limit over all calls of a start or a stop: when it is reached the token fires, and [`GRACE`] later what is
/// still running is let go.
pub(crate) struct Limit {
    token: CancellationToken,
    /// `None` once there is no time left at all.
    running: Option<BoxFuture<'static, ()>>,
}

impl Limit {
    /// The limit of a stop that ends at `deadline`; `None` is no limit.
    pub(crate) fn at(deadline: Option<Instant>) -> Self {
        let token = CancellationToken::new();
        let fires = token.clone();
        Self {
            token,
            running: Some(Box::pin(async move {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
                fires.cancel();
                sleep(GRACE).await;
            })),
        }
    }

    /// What the services are given.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Waits for `call`, which is polled at least once; `None` if there is no time left for it.
    pub(crate) async fn within<F: Future>(&mut self, call: F) -> Option<F::Output> {
        let mut call = pin!(call);
        poll_fn(|context| {
            if let Poll::Ready(output) = call.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            // The token fires in here, which wakes this task, so that the call is polled once more and can react.
            if let Some(running) = &mut self.running
                && running.as_mut().poll(context).is_ready()
            {
                self.running = None;
            }
            match self.running {
                Some(_) => Poll::Pending,
                None => Poll::Ready(None),
            }
        })
        .await
    }
}

/// Why the tokens of a start have fired.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StartEnded {
    /// The application was asked to stop; what remains of the start, and the stop, have to be done by then.
    StopRequested { deadline: Option<Instant> },
    /// The startup timeout is over.
    TimedOut { limit: Duration },
}

/// The limit of a start: the startup timeout, or the application being asked to stop.
pub(crate) struct StartLimit {
    pub(crate) limit: Limit,
    watch: StartWatch,
}

/// Sees whether a start has to end.
#[derive(Clone)]
pub(crate) struct StartWatch {
    lifetime: ApplicationLifetime,
    ended: Arc<OnceLock<StartEnded>>,
}

impl StartLimit {
    pub(crate) fn new(lifetime: &ApplicationLifetime, options: &HostOptions) -> Self {
        let token = CancellationToken::new();
        let ended = Arc::new(OnceLock::new());
        let running = run_out(
            lifetime.clone(),
            options.startup_timeout,
            options.shutdown_timeout,
            token.clone(),
            ended.clone(),
        );
        Self {
            limit: Limit {
                token,
                running: Some(Box::pin(running)),
            },
            watch: StartWatch {
                lifetime: lifetime.clone(),
                ended,
            },
        }
    }

    pub(crate) fn watch(&self) -> StartWatch {
        self.watch.clone()
    }
}

impl StartWatch {
    /// Whether no further service is to be started. A stop that a service asks for while it is being called counts at
    /// once, before the token fires.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get().is_some() || self.lifetime.is_stop_requested()
    }

    /// Why the start has to end, if it has to.
    pub(crate) fn ended(&self) -> Option<StartEnded> {
        self.ended.get().copied()
    }
}

async fn run_out(
    lifetime: ApplicationLifetime,
    startup_timeout: Option<Duration>,
    shutdown_timeout: Duration,
    token: CancellationToken,
    ended: Arc<OnceLock<StartEnded>>,
) {
    let reason = tokio::select! {
        biased;
        () = lifetime.stop_requested() => StartEnded::StopRequested { deadline: after(shutdown_timeout) },
        limit = timed_out(startup_timeout) => StartEnded::TimedOut { limit },
    };
    let _ = ended.set(reason);
    token.cancel();
    if let StartEnded::StopRequested { deadline } = reason {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    }
    sleep(GRACE).await;
}

async fn timed_out(limit: Option<Duration>) -> Duration {
    match limit {
        Some(limit) => {
            sleep(limit).await;
            limit
        }
        None => std::future::pending().await,
    }
}

/// When that time will be over; `None` if it is too long to end.
pub(crate) fn after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}
