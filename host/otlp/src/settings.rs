//! [`Settings`]: what the `OTEL_*` variables say.

use std::time::Duration;

use campanile_host::configuration::Configuration;
use campanile_host::{HostEnvironment, ServiceCollection};
use opentelemetry_sdk::trace::Sampler;

use super::batch::Batch;
use super::connector::Clients;
use super::error::OtlpError;
use super::reader::{Variable, variable};
use super::resource;
use super::signal::Signal;
use super::target::Target;

/// What is exported how.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) traces: Option<Traces>,
    pub(crate) metrics: Option<Metrics>,
    pub(crate) logs: Option<Logs>,
    pub(crate) resource: opentelemetry_sdk::Resource,
}

#[derive(Debug)]
pub(crate) struct Traces {
    pub(crate) target: Target,
    pub(crate) sampler: Sampler,
    pub(crate) batch: Batch,
}

#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) target: Target,
    pub(crate) interval: Duration,
    pub(crate) temporality: Temporality,
}

/// Since when counters and histograms are counted in an export. Other instruments are always counted from the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Temporality {
    /// The beginning.
    Cumulative,
    /// The export before.
    Delta,
}

/// `lowmemory` differs for counters that are observed, which there are none of.
const TEMPORALITIES: [(&str, Temporality); 3] = [
    ("cumulative", Temporality::Cumulative),
    ("delta", Temporality::Delta),
    ("lowmemory", Temporality::Delta),
];

#[derive(Debug)]
pub(crate) struct Logs {
    pub(crate) target: Target,
    pub(crate) batch: Batch,
    pub(crate) has_scopes: bool,
}

impl Settings {
    /// Reads all variables; `None` where the SDK is disabled.
    pub(crate) fn read(
        configuration: &Configuration,
        environment: &HostEnvironment,
    ) -> Result<Option<Self>, OtlpError> {
        let read = |name: &str| variable(configuration, name);
        let flags = [("true", true), ("false", false)];
        let is_disabled = read("OTEL_SDK_DISABLED").map(|it| it.one_of(&flags, "true or false"));
        if is_disabled.transpose()?.unwrap_or(false) {
            return Ok(None);
        }
        let mut clients = Clients::default();
        let mut target = |signal| target(configuration, signal, &mut clients);
        let traces = match target(Signal::Traces)? {
            Some(target) => Some(Traces {
                target,
                sampler: sampler(read("OTEL_TRACES_SAMPLER"), read("OTEL_TRACES_SAMPLER_ARG"))?,
                batch: Batch::read(configuration, "OTEL_BSP", Duration::from_secs(5))?,
            }),
            None => None,
        };
        let metrics = match target(Signal::Metrics)? {
            Some(target) => {
                let preference = read("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
                let temporality = preference
                    .map(|it| it.one_of(&TEMPORALITIES, "cumulative, delta or lowmemory"));
                let interval = read("OTEL_METRIC_EXPORT_INTERVAL").map(Variable::milliseconds);
                Some(Metrics {
                    target,
                    interval: interval.transpose()?.unwrap_or(Duration::from_secs(60)),
                    temporality: temporality.transpose()?.unwrap_or(Temporality::Cumulative),
                })
            }
            None => None,
        };
        let logs = match target(Signal::Logs)? {
            Some(target) => {
                let scopes = read("Logging:OpenTelemetry:IncludeScopes");
                let has_scopes = scopes.map(|it| it.one_of(&flags, "true or false"));
                Some(Logs {
                    target,
                    batch: Batch::read(configuration, "OTEL_BLRP", Duration::from_secs(1))?,
                    has_scopes: has_scopes.transpose()?.unwrap_or(false),
                })
            }
            None => None,
        };
        Ok(Some(Self {
            traces,
            metrics,
            logs,
            resource: resource::read(configuration, environment)?,
        }))
    }
}

/// The variables that are read whatever the signal.
const VARIABLES: [&str; 25] = [
    "OTEL_SDK_DISABLED",
    "OTEL_TRACES_EXPORTER",
    "OTEL_METRICS_EXPORTER",
    "OTEL_LOGS_EXPORTER",
    "OTEL_SERVICE_NAME",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY",
    "OTEL_BLRP_MAX_QUEUE_SIZE",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_EXPORTER_OTLP_COMPRESSION",
    "OTEL_EXPORTER_OTLP_INSECURE",
    "OTEL_EXPORTER_OTLP_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY",
];

/// Describes what is read for editors.
pub(crate) fn describe(services: &mut ServiceCollection) {
    for name in VARIABLES {
        services.describe_section::<String>(name);
    }
    services.describe_section::<bool>("Logging:OpenTelemetry:IncludeScopes");
}

/// Where a signal goes; `None` if it has no exporter.
fn target(
    configuration: &Configuration,
    signal: Signal,
    clients: &mut Clients,
) -> Result<Option<Target>, OtlpError> {
    let exporter = variable(configuration, &signal.exporter_variable());
    let choices = [("otlp", true), ("none", false)];
    let is_wanted =
        exporter.map(|it| it.one_of(&choices, "an exporter that there is: otlp or none"));
    match is_wanted.transpose()? {
        Some(false) => Ok(None),
        _ => Target::read(configuration, signal, clients).map(Some),
    }
}

/// `OTEL_TRACES_SAMPLER` and its argument.
fn sampler(name: Option<Variable>, argument: Option<Variable>) -> Result<Sampler, OtlpError> {
    const WANTED: &str = "a sampler that there is: always_on, always_off, traceidratio, parentbased_always_on, \
        parentbased_always_off or parentbased_traceidratio";
    let ratio = || match argument {
        None => Ok(1.0),
        Some(argument) => match argument.text.parse::<f64>() {
            Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
            _ => Err(argument.unwanted("a ratio from 0 to 1")),
        },
    };
    let Some(name) = name else {
        return Ok(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)));
    };
    let text = name.text.to_ascii_lowercase();
    let (is_parent_based, kind) = match text.strip_prefix("parentbased_") {
        Some(kind) => (true, kind),
        None => (false, &*text),
    };
    let sampler = match kind {
        "always_on" => Sampler::AlwaysOn,
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => Sampler::TraceIdRatioBased(ratio()?),
        _ => return Err(name.unwanted(WANTED)),
    };
    Ok(match is_parent_based {
        true => Sampler::ParentBased(Box::new(sampler)),
        false => sampler,
    })
}
