//! [`Outages`]: what goes wrong is said once.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Mutex, PoisonError};

use super::answer::Remark;
use super::protocol::Protocol;
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
    /// The signals that are taken with remarks.
    remarked: Mutex<Vec<Signal>>,
}

impl Outages {
    pub(crate) fn unreachable(&self, target: &Target, error: &(dyn Error + 'static)) {
        if self.begins(target) {
            tracing::warn!(
                target: TARGET,
                error,
                "telemetry cannot be sent to {}{}, and what cannot be kept meanwhile is lost; this is said once until it can",
                target.uri,
                hint(target.protocol, target.uri.port_u16())
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

    pub(crate) fn refused(&self, target: &Target, reason: &str) {
        if !begins(&self.refused, target.signal) {
            return;
        }
        tracing::warn!(
            target: TARGET,
            "{} does not take the {}, which are lost: {}; this is said once until it does",
            target.uri,
            target.signal,
            told(reason)
        );
    }

    pub(crate) fn taken(&self, target: &Target, remark: Option<&Remark>) {
        if ends(&self.refused, target.signal) {
            tracing::info!(target: TARGET, "{} takes the {} again", target.uri, target.signal);
        }
        match remark {
            None => {
                ends(&self.remarked, target.signal);
            }
            Some(remark) if begins(&self.remarked, target.signal) => {
                let message = told(&remark.message);
                match remark.rejected {
                    0 => tracing::warn!(
                        target: TARGET,
                        "{} takes the {}, and remarks: {message}; this is said once until it does not",
                        target.uri,
                        target.signal
                    ),
                    rejected => tracing::warn!(
                        target: TARGET,
                        "{} does not take {rejected} of the {}, which are lost: {message}; this is said once until it takes all",
                        target.uri,
                        target.signal
                    ),
                }
            }
            Some(_) => {}
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

/// What is amiss most often: .NET's exporter speaks gRPC if nothing is said, ours does not.
fn hint(protocol: Protocol, port: Option<u16>) -> &'static str {
    match (protocol, port) {
        (Protocol::Http, Some(4317)) => {
            " (which is usually a port for OTEL_EXPORTER_OTLP_PROTOCOL=grpc)"
        }
        (Protocol::Grpc, Some(4318)) => {
            " (which is usually a port for OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf)"
        }
        _ => "",
    }
}

/// Notes that something is wrong with a signal; whether it was not before.
fn begins(wrong: &Mutex<Vec<Signal>>, signal: Signal) -> bool {
    let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
    let is_new = !wrong.contains(&signal);
    if is_new {
        wrong.push(signal);
    }
    is_new
}

/// Notes that it is over; whether it was wrong.
fn ends(wrong: &Mutex<Vec<Signal>>, signal: Signal) -> bool {
    let mut wrong = wrong.lock().unwrap_or_else(PoisonError::into_inner);
    let before = wrong.len();
    wrong.retain(|it| *it != signal);
    wrong.len() < before
}

/// What is told of a collector's own words.
fn told(words: &str) -> String {
    let printable = words.trim().chars().filter(|it| !it.is_control());
    printable.take(LONGEST_REASON).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_the_other_protocol_is_pointed_out() {
        assert!(hint(Protocol::Http, Some(4317)).contains("=grpc)"));
        assert!(hint(Protocol::Grpc, Some(4318)).contains("=http/protobuf)"));
        for (protocol, port) in [
            (Protocol::Http, 4318),
            (Protocol::Grpc, 4317),
            (Protocol::Http, 80),
        ] {
            assert_eq!(hint(protocol, Some(port)), "");
        }
        assert_eq!(hint(Protocol::Grpc, None), "");
    }

    #[test]
    fn what_a_collector_says_is_told_in_one_short_line() {
        assert_eq!(told(" a\r\n\x1b[31mb "), "a[31mb");
        assert_eq!(told(&"ä".repeat(1000)).chars().count(), LONGEST_REASON);
    }
}
