//! What a health check says.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

use campanile_host::{BoxError, CancellationToken};
use serde_json::Value;

/// How well something is. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthStatus {
    /// It does not work.
    Unhealthy,
    /// It works, but not as it should.
    Degraded,
    /// It works.
    Healthy,
}

impl HealthStatus {
    /// The name, as it is answered.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unhealthy => "Unhealthy",
            Self::Degraded => "Degraded",
            Self::Healthy => "Healthy",
        }
    }
}

impl fmt::Display for HealthStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a [`HealthCheck`] found.
#[doc(alias = "HealthCheckResult")]
#[derive(Clone, Debug, PartialEq)]
pub struct HealthResult {
    pub(super) status: HealthStatus,
    pub(super) description: Option<String>,
    pub(super) data: BTreeMap<String, Value>,
}

impl HealthResult {
    /// It works.
    #[must_use]
    pub fn healthy() -> Self {
        Self::of(HealthStatus::Healthy, None)
    }

    /// It works, but not as it should, for this reason.
    #[must_use]
    pub fn degraded(description: impl Into<String>) -> Self {
        Self::of(HealthStatus::Degraded, Some(description.into()))
    }

    /// It does not work, for this reason.
    #[must_use]
    pub fn unhealthy(description: impl Into<String>) -> Self {
        Self::of(HealthStatus::Unhealthy, Some(description.into()))
    }

    pub(super) fn of(status: HealthStatus, description: Option<String>) -> Self {
        Self {
            status,
            description,
            data: BTreeMap::new(),
        }
    }

    /// With something more to say, for answers in JSON.
    #[must_use]
    pub fn with_data(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.data.insert(key.into(), value.into());
        self
    }

    /// How well it is.
    #[must_use]
    pub fn status(&self) -> HealthStatus {
        self.status
    }
}

/// Finds out whether something works. Constructed by the container for each check, in a scope of its own.
///
/// ```
/// use campanile_host::{BoxError, CancellationToken, HostBuilder, Inject};
/// use campanile_web::{HealthCheck, HealthEndpoint, HealthHostBuilderExt, HealthResult, WebHostBuilderExt};
///
/// #[derive(Inject)]
/// struct Disk;
///
/// impl HealthCheck for Disk {
///     async fn check(&self, _cancellation: CancellationToken) -> Result<HealthResult, BoxError> {
///         let entries = std::fs::read_dir("/tmp")?.count(); // an error is `Unhealthy`
///         Ok(HealthResult::healthy().with_data("entries", entries))
///     }
/// }
///
/// # let _ =
/// HostBuilder::new()
///     .add_health_check::<Disk>("disk", ["ready"])
///     .map_health_checks("/healthz") // all checks
///     .map_health_checks_with("/livez", HealthEndpoint::live())
///     .map_health_checks_with("/readyz", HealthEndpoint::ready())
/// # ;
/// ```
#[doc(alias = "IHealthCheck")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a health check",
    label = "not a health check",
    note = "implement `HealthCheck` for `{Self}`: `async fn check(&self, cancellation: CancellationToken) -> Result<HealthResult, BoxError>`"
)]
pub trait HealthCheck: Send + Sync + 'static {
    /// Looks. An error, and a panic, count as [`HealthStatus::Unhealthy`]; the client of the health endpoint gets to see the
    /// error's text only in an answer in JSON.
    ///
    /// # Cancel safety
    ///
    /// The token fires when the check has taken too long; nobody waits for it then, and the future is dropped.
    fn check(
        &self,
        cancellation: CancellationToken,
    ) -> impl Future<Output = Result<HealthResult, BoxError>> + Send;
}
