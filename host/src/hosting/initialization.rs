//! Awaits the async factories of the container when the host starts.

use std::sync::{Mutex, PoisonError};

use super::error::HostError;
use super::lifecycle::log_failed_start;
use super::limit::{StartEnded, StartLimit};
use super::options::HostOptions;
use crate::services::{Awaiting, ServiceProvider};
use crate::systemd;

/// How an initialization that did not fail has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initialized {
    /// All services are ready.
    Ready,
    /// A stop was asked for meanwhile.
    Stopped,
}

/// Awaits the async factories within the limit of the start: when it is reached, the one that is awaited is dropped.
pub(crate) async fn initialize(
    services: &ServiceProvider,
    options: &HostOptions,
    start: &mut StartLimit,
) -> Result<Initialized, HostError> {
    let has_limit = options.startup_timeout.is_some();
    // Whose turn it is. Shared by the future that says so and what is said when that future is gone.
    let turn = Mutex::new(String::new());
    let note = |awaiting: Awaiting<'_>| {
        let service = awaiting.step.to_string();
        systemd::report(|| systemd::one_of("Preparing", &service, awaiting.number, awaiting.all));
        if !has_limit {
            systemd::extend_for_one_service();
        }
        *turn.lock().unwrap_or_else(PoisonError::into_inner) = service;
    };
    let token = start.limit.token();
    let initialization = token.run_until_cancelled(services.initialize_noting(note));
    let initialized = if has_limit {
        systemd::extending(start.limit.within(initialization)).await
    } else {
        start.limit.within(initialization).await
    };
    match (initialized.flatten(), start.watch().ended()) {
        (Some(Ok(())), _) => Ok(Initialized::Ready),
        (Some(Err(error)), _) => Err(HostError::Construction(error)),
        (None, Some(StartEnded::TimedOut { limit })) => {
            let turn = turn.into_inner().unwrap_or_else(PoisonError::into_inner);
            let failure = HostError::StartupTimedOut {
                limit,
                busy: vec![turn],
            };
            log_failed_start(&failure);
            Err(failure)
        }
        (None, _) => Ok(Initialized::Stopped),
    }
}
