//! The object-safe twin of [`HostedService`](super::HostedService), which the container keeps and the host calls.

use std::any::type_name;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::hosted_service::{self, Execution};
use super::options::BackgroundServiceExceptionBehavior;
use super::phase::Phase;
use crate::BoxError;

/// Any hosted service, as the host sees it. It has the name of what users implement because the container's messages
/// show it to them.
pub(crate) trait HostedService: Send + Sync + 'static {
    /// The service's type, as messages name it.
    fn name(&self) -> &'static str;

    /// Calls the method of that phase; [`Phase::Execute`] does nothing.
    fn call(
        &self,
        phase: Phase,
        cancellation: CancellationToken,
    ) -> BoxFuture<'_, Result<(), BoxError>>;

    /// A new execution, if this is a background service.
    fn execution(self: Arc<Self>, stopping: CancellationToken) -> Option<Execution>;

    /// What a failing execution does to the host, where the service says so itself.
    fn exception_behavior(&self) -> Option<BackgroundServiceExceptionBehavior>;
}

impl<T: hosted_service::HostedService> HostedService for T {
    fn name(&self) -> &'static str {
        type_name::<T>()
    }

    fn call(
        &self,
        phase: Phase,
        cancellation: CancellationToken,
    ) -> BoxFuture<'_, Result<(), BoxError>> {
        match phase {
            Phase::Starting => Box::pin(self.starting(cancellation)),
            Phase::Start => Box::pin(self.start(cancellation)),
            Phase::Started => Box::pin(self.started(cancellation)),
            Phase::Execute => Box::pin(async { Ok(()) }),
            Phase::Stopping => Box::pin(self.stopping(cancellation)),
            Phase::Stop => Box::pin(self.stop(cancellation)),
            Phase::Stopped => Box::pin(self.stopped(cancellation)),
        }
    }

    fn execution(self: Arc<Self>, stopping: CancellationToken) -> Option<Execution> {
        hosted_service::HostedService::execution(self, stopping)
    }

    fn exception_behavior(&self) -> Option<BackgroundServiceExceptionBehavior> {
        self.execution_exception_behavior()
    }
}
