//! [`HostError`] and the errors that services speak of.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use super::phase::Phase;
use crate::BoxError;
use crate::configuration::{BindError, ConfigurationError};
use crate::logging::{ErrorChain, LoggingError};
use crate::options::StartupValidationError;
use crate::services::{DisposeError, GraphError, ServiceError};

/// Why a host could not be built, started, run or stopped.
///
/// `Debug` prints what `Display` prints, one message with all its causes, so that
///
/// ```no_run
/// # use campanile_host::hosting::{HostBuilder, HostError};
/// #[tokio::main]
/// async fn main() -> Result<(), HostError> {
///     HostBuilder::new().build()?.run().await
/// }
/// ```
///
/// ends with one line on standard error and exit code 1 where something is wrong.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The configuration cannot be read.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Configuration(#[source] ConfigurationError),
    /// A value of the configuration that the host itself uses is wrong.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Settings(#[from] BindError),
    /// The section `Logging` of the configuration cannot be used.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Logging(#[from] LoggingError),
    /// The graph of services has errors.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Graph(#[from] GraphError),
    /// A function given to [`HostBuilder::before_build`](super::HostBuilder::before_build) failed.
    #[error("the host cannot be built: {}", ErrorChain::in_one_line(&**.0))]
    Extension(#[source] BoxError),
    /// What is checked before the start, options above all, is not valid.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Validation(#[from] StartupValidationError),
    /// A hosted service, or what an async factory makes, cannot be constructed.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Construction(#[source] ServiceError),
    /// The process cannot wait for signals.
    #[error("cannot wait for signals: {0}")]
    Signals(#[source] io::Error),
    /// A hosted service failed or panicked in one of its phases, or a background service while it ran.
    #[error("{}: {}", failed(service, *.phase), ErrorChain::in_one_line(&**.source))]
    Service {
        /// The type of the service.
        service: &'static str,
        /// What it was doing.
        phase: Phase,
        /// What it returned; [`ServicePanicked`] if it panicked, [`OperationCancelled`] if it gave up.
        source: BoxError,
    },
    /// The services did not start within [`HostOptions::startup_timeout`](super::HostOptions::startup_timeout).
    #[error("the services did not start within {limit:?}{}", waited_for(.busy))]
    StartupTimedOut {
        /// The limit.
        limit: Duration,
        /// The types of the services that were being waited for, or the service whose async factory was.
        busy: Vec<String>,
    },
    /// Services failed while they were disposed.
    #[error("{}", ErrorChain::in_one_line(.0))]
    Disposal(#[source] DisposeError),
    /// Several failures, in the order in which they came about.
    #[error("{}", joined(.0))]
    Several(Vec<Self>),
    /// [`Host::start`](super::Host::start) was called a second time.
    #[error("the host has already been started")]
    AlreadyStarted,
}

impl HostError {
    /// One error for all of these; `None` if there are none.
    pub(crate) fn all_of(mut failures: Vec<Self>) -> Option<Self> {
        match failures.len() {
            0 => None,
            1 => failures.pop(),
            _ => Some(Self::Several(failures)),
        }
    }

    /// The failures of which this consists.
    pub(crate) fn into_parts(self) -> Vec<Self> {
        match self {
            Self::Several(failures) => failures,
            one => vec![one],
        }
    }
}

impl fmt::Debug for HostError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

fn failed(service: &str, phase: Phase) -> String {
    match phase {
        Phase::Start => format!("the hosted service `{service}` failed to start"),
        Phase::Stop => format!("the hosted service `{service}` failed to stop"),
        Phase::Execute => format!("the background service `{service}` failed"),
        other => format!("the hosted service `{service}` failed in its phase `{other}`"),
    }
}

fn waited_for(busy: &[String]) -> String {
    match busy {
        [] => String::new(),
        [one] => format!(": `{one}` was not done"),
        several => format!(": `{}` were not done", several.join("`, `")),
    }
}

fn joined(failures: &[HostError]) -> String {
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    texts.join(" + ")
}

/// What a service fails with when it gave up because its token fired: not a failure of its own.
///
/// ```
/// use campanile_host::{BoxError, CancellationToken, hosting::OperationCancelled};
///
/// async fn connect(cancellation: CancellationToken) -> Result<(), BoxError> {
///     cancellation
///         .run_until_cancelled(std::future::ready(()))
///         .await
///         .ok_or(OperationCancelled)?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("the operation was cancelled")]
#[doc(alias = "OperationCanceledException")]
#[doc(alias = "TaskCanceledException")]
pub struct OperationCancelled;

impl OperationCancelled {
    /// Whether this error, or one that caused it, is a cancellation.
    #[must_use]
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// What a service failed with when it panicked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("panicked: {message}")]
pub struct ServicePanicked {
    message: String,
}

impl ServicePanicked {
    pub(crate) fn from_payload(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "(no message)".to_owned());
        Self { message }
    }

    /// What the panic said.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(service: &'static str, phase: Phase) -> HostError {
        HostError::Service {
            service,
            phase,
            source: format!("{service} is tired").into(),
        }
    }

    #[test]
    fn several_failures_are_one_message_and_debug_is_display() {
        let error = HostError::all_of(vec![
            failure("Worker", Phase::Execute),
            failure("Cache", Phase::Stop),
        ])
        .unwrap();
        let text = "the background service `Worker` failed: Worker is tired + the hosted service `Cache` failed to stop: Cache is tired";
        assert_eq!(error.to_string(), text);
        assert_eq!(format!("{error:?}"), text);
    }

    #[test]
    fn a_cancellation_is_found_below_its_wrapping() {
        let wrapped = HostError::Extension(Box::new(OperationCancelled));
        assert!(OperationCancelled::is_cause_of(&wrapped));
        assert!(!OperationCancelled::is_cause_of(&failure("a", Phase::Stop)));
    }
}
