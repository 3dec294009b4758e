//! Runs background services and notices how they end.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::erased::HostedService as ErasedHostedService;
use super::error::{HostError, OperationCancelled, ServicePanicked};
use super::hosted_service::Execution;
use super::lifetime::ApplicationLifetime;
use super::options::BackgroundServiceExceptionBehavior;
use super::phase::Phase;

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
    pub(crate) behavior: BackgroundServiceExceptionBehavior,
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
        let name = service.name();
        // One run; restarting a service means asking it for another execution here.
        let execution = service.clone().execution(stopping.clone())?;
        let watched = self.clone().watch(name, execution, stopping.clone());
        Some(Running {
            name,
            stopping: stopping.drop_guard(),
            task: tokio::spawn(watched),
        })
    }

    async fn watch(
        self: Arc<Self>,
        name: &'static str,
        execution: Execution,
        stopping: CancellationToken,
    ) {
        let outcome = AssertUnwindSafe(execution)
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(ServicePanicked::from_payload(&*panic).into()));
        let Err(error) = outcome else { return };
        if stopping.is_cancelled() && OperationCancelled::is_cause_of(&*error) {
            return;
        }
        tracing::error!(
            target: "Microsoft.Extensions.Hosting.Internal.Host",
            event_id = 9,
            error = &*error as &(dyn std::error::Error + 'static),
            "BackgroundService failed: {name}"
        );
        if self.behavior == BackgroundServiceExceptionBehavior::Ignore {
            return;
        }
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
                "The HostOptions.BackgroundServiceExceptionBehavior is configured to StopHost, and the background \
                 service {name} has failed: the host is stopping. With Ignore it would go on without the service."
            );
            self.lifetime.stop_application();
        }
    }
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
