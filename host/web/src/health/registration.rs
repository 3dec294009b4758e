//! The checks that there are.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use campanile_host::services::{ServiceProvider, ServiceScope};
use campanile_host::{BoxError, CancellationToken};
use thiserror::Error;

use super::check::{HealthCheck, HealthResult, HealthStatus};

/// Health checks that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HealthCheckError {
    /// Two of them have one name.
    #[error(
        "there are two health checks of the name '{name}': names tell them apart, whatever their case"
    )]
    Duplicate {
        /// The name.
        name: String,
    },
}

type Checking = Pin<Box<dyn Future<Output = Result<HealthResult, BoxError>> + Send>>;

/// A check by name.
pub(super) struct Registration {
    pub(super) name: String,
    pub(super) tags: Vec<String>,
    pub(super) timeout: Option<Duration>,
    run: fn(ServiceScope, CancellationToken) -> Checking,
}

/// One check, and what came of it.
pub(super) struct Entry {
    pub(super) registration: Arc<Registration>,
    pub(super) result: HealthResult,
    pub(super) duration: Duration,
}

impl Registration {
    pub(super) fn new<T: HealthCheck>(
        name: String,
        tags: Vec<String>,
        timeout: Option<Duration>,
    ) -> Self {
        Self {
            name,
            tags,
            timeout,
            run: |scope, cancellation| {
                Box::pin(async move {
                    let check = scope.services().required::<T>()?;
                    check.check(cancellation).await
                })
            },
        }
    }

    /// Whether it has any of these tags, ignoring case.
    pub(super) fn has_any(&self, tags: &[String]) -> bool {
        self.tags
            .iter()
            .any(|own| tags.iter().any(|it| it.eq_ignore_ascii_case(own)))
    }

    /// Checks, in a task of its own.
    pub(super) async fn check(self: Arc<Self>, services: ServiceProvider) -> Entry {
        let since = tokio::time::Instant::now();
        let cancellation = CancellationToken::new();
        // Whoever asked and went away wants no answer.
        let _cancelled = cancellation.clone().drop_guard();
        let checking = tokio::spawn((self.run)(services.create_scope(), cancellation.clone()));
        let abort = AbortOnDrop(checking.abort_handle());
        let checked = match self.timeout {
            Some(timeout) => tokio::time::timeout(timeout, checking).await,
            None => Ok(checking.await),
        };
        drop(abort);
        let unhealthy = |text: String| HealthResult::of(HealthStatus::Unhealthy, Some(text));
        let result = match checked {
            Ok(Ok(Ok(result))) => result,
            Ok(Ok(Err(error))) => unhealthy(error.to_string()),
            Ok(Err(_)) => unhealthy("the check panicked".to_owned()),
            Err(_) => unhealthy("A timeout occurred while running check.".to_owned()),
        };
        let entry = Entry {
            duration: since.elapsed(),
            registration: self,
            result,
        };
        entry.log();
        entry
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Entry {
    fn log(&self) {
        const EVENT: u32 = 103;
        macro_rules! say {
            ($level:ident) => {
                tracing::$level!(
                    target: "Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService",
                    event_id = EVENT,
                    "the health check {} took {:.1} ms and says {}: {}",
                    self.registration.name,
                    self.duration.as_secs_f64() * 1000.0,
                    self.result.status,
                    self.result.description.as_deref().unwrap_or("-")
                )
            };
        }
        match self.result.status {
            HealthStatus::Healthy => say!(debug),
            HealthStatus::Degraded => say!(warn),
            HealthStatus::Unhealthy => say!(error),
        }
    }
}

/// Whether the names tell the checks apart.
pub(crate) fn check_names(services: &ServiceProvider) -> Result<(), BoxError> {
    let all = services.all::<Registration>()?;
    for (at, registration) in all.iter().enumerate() {
        let name = &registration.name;
        if all[..at]
            .iter()
            .any(|it| it.name.eq_ignore_ascii_case(name))
        {
            let name = name.clone();
            return Err(HealthCheckError::Duplicate { name }.into());
        }
    }
    Ok(())
}
