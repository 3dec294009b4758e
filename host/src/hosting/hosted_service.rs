//! What users implement: [`HostedService`] and [`BackgroundService`].

use std::pin::Pin;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::options::BackgroundServiceExceptionBehavior;
use crate::BoxError;

/// What [`BackgroundService::execute`] gives the host to run.
pub(crate) type Execution = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// A service that the host starts, in order of registration, and stops in reverse.
///
/// Only [`start`](Self::start) and [`stop`](Self::stop) have to be written; the other four phases do nothing unless
/// they are. The host goes through a phase with all services before it begins the next one:
///
/// ```text
/// starting · start · started · (ApplicationStarted)
/// (ApplicationStopping) · stopping · stop · stopped · (ApplicationStopped)
/// ```
///
/// A service is stopped if, and only if, its `start` returned `Ok`: also when a later service, or a later phase, fails
/// to start. (In .NET a failed start stops nothing, and a stop then reaches services that never started.)
///
/// A failing or panicking phase is a failure of the host. In the start phases it ends the start; in the stop phases
/// the others are still called, and all failures are returned together.
///
/// # Cancellation
///
/// The token given to a start phase fires when the application is asked to stop, or when
/// [`HostOptions::startup_timeout`](super::HostOptions::startup_timeout) is over; the one given to a stop phase when
/// [`HostOptions::shutdown_timeout`](super::HostOptions::shutdown_timeout) is over. A service that gives up then may say
/// so with [`OperationCancelled`](super::OperationCancelled); one that does not return within a quarter of a second is
/// named in the log and let go: its future is dropped.
///
/// # Examples
///
/// ```
/// use campanile_host::{BoxError, CancellationToken, hosting::HostedService};
///
/// struct Cache;
///
/// impl HostedService for Cache {
///     async fn start(&self, _cancellation: CancellationToken) -> Result<(), BoxError> {
///         tracing::info!("filling the cache");
///         Ok(())
///     }
///
///     async fn stop(&self, _cancellation: CancellationToken) -> Result<(), BoxError> {
///         tracing::info!("writing the cache back");
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "IHostedService")]
#[doc(alias = "IHostedLifecycleService")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hosted service",
    label = "the host does not know how to run this",
    note = "implement `BackgroundService` for something that runs until the host stops, or `HostedService` for something that is started and stopped"
)]
pub trait HostedService: Send + Sync + 'static {
    /// Starts the service. The host waits for it before it starts the next one, unless
    /// [`services_start_concurrently`](super::HostOptions::services_start_concurrently) is set.
    ///
    /// # Errors
    ///
    /// Any error ends the start of the host and is returned from it.
    fn start(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Stops the service. Called only if [`start`](Self::start) succeeded.
    ///
    /// # Errors
    ///
    /// The other services are still stopped; the error is returned from the host.
    fn stop(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Called before any service is started.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    fn starting(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        drop(cancellation);
        async { Ok(()) }
    }

    /// Called when all services have been started.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start); all services are stopped again.
    fn started(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        drop(cancellation);
        async { Ok(()) }
    }

    /// Called before any service is stopped.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    fn stopping(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        drop(cancellation);
        async { Ok(()) }
    }

    /// Called when all services have been stopped.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    fn stopped(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        drop(cancellation);
        async { Ok(()) }
    }

    /// The execution of a background service; `None` for any other. Not for users: [`BackgroundService`] fills it in.
    #[doc(hidden)]
    fn execution(self: Arc<Self>, stopping: CancellationToken) -> Option<Execution> {
        drop(stopping);
        None
    }

    /// What a failing execution does to the host. Not for users: [`BackgroundService`] fills it in.
    #[doc(hidden)]
    fn execution_exception_behavior(&self) -> Option<BackgroundServiceExceptionBehavior> {
        None
    }
}

/// A service that runs beside the others until the host stops.
///
/// The host spawns [`execute`](Self::execute) as a task when it is the service's turn to start, and goes on at once.
/// When it is its turn to stop, `stopping` fires and the host waits for the task to end, as long as
/// [`HostOptions::shutdown_timeout`](super::HostOptions::shutdown_timeout) allows; then the task is aborted and named in
/// the log. A task can only be aborted where it awaits: work that blocks its thread belongs into
/// `tokio::task::spawn_blocking`, and has to end by itself, because the runtime waits for it when the process ends.
///
/// Returning `Ok` early ends the service and nothing else. An error or a panic is handled as
/// [`BackgroundServiceExceptionBehavior`](super::BackgroundServiceExceptionBehavior) says: by default the host stops and
/// [`Host::run`](super::Host::run) returns the error, so that the process does not end with exit code 0.
/// [`OperationCancelled`](super::OperationCancelled) is no failure once `stopping` has fired.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use campanile_host::{BoxError, CancellationToken, hosting::BackgroundService};
///
/// struct Worker;
///
/// impl BackgroundService for Worker {
///     async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
///         let mut ticks = tokio::time::interval(Duration::from_secs(1));
///         while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
///             tracing::info!("worker running");
///         }
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "ExecuteAsync")]
pub trait BackgroundService: Send + Sync + 'static {
    /// Runs the service until it is done or `stopping` fires.
    ///
    /// # Errors
    ///
    /// What the host makes of an error is
    /// [`HostOptions::background_service_exception_behavior`](super::HostOptions::background_service_exception_behavior).
    fn execute(
        &self,
        stopping: CancellationToken,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// What the host does when this service fails, if it is not to be what
    /// [`HostOptions::background_service_exception_behavior`](super::HostOptions::background_service_exception_behavior)
    /// says for all.
    fn exception_behavior(&self) -> Option<BackgroundServiceExceptionBehavior> {
        None
    }
}

impl<T: BackgroundService> HostedService for T {
    // The host runs `execution` as a task; there is nothing to wait for when it starts.
    async fn start(&self, _cancellation: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stop(&self, _cancellation: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    fn execution(self: Arc<Self>, stopping: CancellationToken) -> Option<Execution> {
        Some(Box::pin(async move { self.execute(stopping).await }))
    }

    fn execution_exception_behavior(&self) -> Option<BackgroundServiceExceptionBehavior> {
        self.exception_behavior()
    }
}
