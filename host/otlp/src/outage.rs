//! [`Outages`]: what goes wrong is said once.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;

use super::signal::Signal;
use super::target::Target;

const TARGET: &str = "Campanile.OpenTelemetry";

/// How much of a collector's own words is told, in characters.
const LONGEST_REASON: usize = 200;

/// What is wrong at present. A line when it begins, another when it is over.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    /// The addresses that do not answer.
    unreachable: Mutex<HashSet<String>>,
    /// The signals that are not taken.
    refused: Mutex<Vec<Signal>>,
}

impl Outages {
    pub(crate) fn unreachable(&self, target: &Target, error: &(dyn Error + 'static)) {
        if self.begins(target) {
            tracing::warn!(
                target: TARGET,
                error,
                "telemetry cannot be sent to {}, and what cannot be kept meanwhile is lost; this is said once until it can",
                target.uri
            );
        }
    }

    pub(crate) fn silent(&self, target: &Target) {
        if self.begins(target) {
            tracing::warn!(
                target: TARGET,
                "telemetry cannot be sent to {}, which does not answer within {:?}, and what cannot be kept meanwhile is \
                 lost; this is said once until it can",
                target.uri,
                target.timeout
            );
        }
    }

    pub(crate) fn answered(&self, target: &Target) {
        let mut unreachable = self
            .unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if unreachable.remove(authority(target)) {
            tracing::info!(target: TARGET, "telemetry is sent to {} again", authority(target));
        }
    }

    pub(crate) fn refused(&self, target: &Target, status: StatusCode, body: &[u8]) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.contains(&target.signal) {
            return;
        }
        refused.push(target.signal);
        let reason: String = String::from_utf8_lossy(body)
            .chars()
            .filter(|character| !character.is_control())
            .take(LONGEST_REASON)
            .collect();
        tracing::warn!(
            target: TARGET,
            "{} does not take the {}, which are lost: {status} {reason}; this is said once until it does",
            target.uri,
            target.signal
        );
    }

    pub(crate) fn taken(&self, target: &Target) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.contains(&target.signal) {
            refused.retain(|signal| *signal != target.signal);
            tracing::info!(target: TARGET, "{} takes the {} again", target.uri, target.signal);
        }
    }

    fn begins(&self, target: &Target) -> bool {
        let mut unreachable = self
            .unreachable
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        unreachable.insert(authority(target).to_owned())
    }
}

fn authority(target: &Target) -> &str {
    target
        .uri
        .authority()
        .map_or("", http::uri::Authority::as_str)
}
