//! Runs background services and notices how they end.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::erased::HostedService as ErasedHostedService;
use super::error::{HostError, OperationCancelled, ServicePanicked};
use super::hosted_service::Execution;
use super::lifetime::ApplicationLifetime;
use super::options::BackgroundServiceExceptionBehavior as Behavior;
use super::phase::Phase;
use super::restart::{RestartPolicy, Restarts};
use crate::BoxError;

/// All failures of a host, in the order in which they come about.
#[derive(Default)]
pub(crate) struct Failures {
    list: Mutex<Vec<HostError>>,
}

impl Failures {
    pub(crate) fn push(&self, failure: HostError) {
        self.list
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(failure);
    }

    pub(crate) fn take(&self) -> Vec<HostError> {
        std::mem::take(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a failing background service does to the host.
pub(crate) struct Monitor {
    pub(crate) failures: Failures,
    pub(crate) lifetime: ApplicationLifetime,
    pub(crate) behavior: Behavior,
    pub(crate) restart: RestartPolicy,
}

/// A background service that was started.
pub(crate) struct Running {
    name: &'static str,
    /// Fires when this is dropped, so that a host that is dropped without being stopped does not leave its tasks behind.
    stopping: DropGuard,
    task: JoinHandle<()>,
}

impl Monitor {
    /// Spawns the service's execution, if it is a background service.
    pub(crate) fn run(self: &Arc<Self>, service: &Arc<dyn ErasedHostedService>) -> Option<Running> {
        let stopping = CancellationToken::new();
        let first = service.clone().execution(stopping.clone())?;
        let watched = self.clone().watch(service.clone(), first, stopping.clone());
        Some(Running {
            name: service.name(),
            stopping: stopping.drop_guard(),
            task: tokio::spawn(watched),
        })
    }

    async fn watch(
        self: Arc<Self>,
        service: Arc<dyn ErasedHostedService>,
        first: Execution,
        stopping: CancellationToken,
    ) {
        let mut restarts = Restarts::new(self.restart.clone());
        let mut execution = first;
        loop {
            let begun = Instant::now();
            let Err(error) = self.execute(&*service, execution, &stopping).await else {
                return;
            };
            let behavior = service.exception_behavior().unwrap_or(self.behavior);
            let is_stopping = stopping.is_cancelled();
            match behavior {
                Behavior::Ignore => return,
                Behavior::Restart if !is_stopping => match restarts.after(begun.elapsed()) {
                    Some(delay) => {
                        announce_restart(service.name(), delay, &restarts);
                        let waited = stopping.run_until_cancelled(sleep(delay)).await;
                        let next = service.clone().execution(stopping.clone());
                        match (waited, next) {
                            (Some(()), Some(next)) => execution = next,
                            _ => return,
                        }
                    }
                    None => {
                        let message = format!(
                            "The background service {} was restarted {} times in a row and has failed again: the host is stopping.",
                            service.name(),
                            restarts.limit()
                        );
                        return self.end_with(service.name(), error, &message);
                    }
                },
                _ => {
                    let message = format!(
                        "The HostOptions.BackgroundServiceExceptionBehavior is configured to StopHost, and the background \
                         service {} has failed: the host is stopping. With Ignore it would go on without the service, with \
                         Restart it would start it again.",
                        service.name()
                    );
                    return self.end_with(service.name(), error, &message);
                }
            }
        }
    }

    /// One execution; its failure, which is logged here, if it is one.
    async fn execute(
        &self,
        service: &dyn ErasedHostedService,
        execution: Execution,
        stopping: &CancellationToken,
    ) -> Result<(), BoxError> {
        let outcome = AssertUnwindSafe(execution)
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(ServicePanicked::from_payload(&*panic).into()));
        let Err(error) = outcome else { return Ok(()) };
        if stopping.is_cancelled() && OperationCancelled::is_cause_of(&*error) {
            return Ok(());
        }
        tracing::error!(
            target: "Microsoft.Extensions.Hosting.Internal.Host",
            event_id = 9,
            error = &*error as &(dyn std::error::Error + 'static),
            "BackgroundService failed: {}",
            service.name()
        );
        Err(error)
    }

    /// The failure is one of the host, which stops.
    fn end_with(&self, name: &'static str, error: BoxError, message: &str) {
        self.failures.push(HostError::Service {
            service: name,
            phase: Phase::Execute,
            source: error,
        });
        if !self.lifetime.is_stop_requested() {
            tracing::error!(
                target: "Microsoft.Extensions.Hosting.Internal.Host",
                critical = true,
                event_id = 10,
                "{message}"
            );
            self.lifetime.stop_application();
        }
    }
}

fn announce_restart(name: &'static str, delay: Duration, restarts: &Restarts) {
    tracing::warn!(
        target: "Microsoft.Extensions.Hosting.Internal.Host",
        "The background service {name} is started again in {delay:?} (restart {} of {}).",
        restarts.in_a_row(),
        restarts.limit()
    );
}

impl Running {
    /// Tells the service to stop and waits until it has, or until `cancellation` fires: then it is aborted.
    pub(crate) async fn stop(self, cancellation: &CancellationToken) {
        let Self {
            name,
            stopping,
            mut task,
        } = self;
        drop(stopping);
        let ended = tokio::select! {
            biased;
            _ = &mut task => true,
            () = cancellation.cancelled() => false,
        };
        if !ended {
            tracing::warn!(
                target: "Microsoft.Extensions.Hosting.Internal.Host",
                "The background service {name} did not stop in time and is aborted."
            );
            task.abort();
            // Fails only because of the abort: panics are caught inside the task.
            let _ = task.await;
        }
    }
}
