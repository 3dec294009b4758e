//! Who all of it is about.

use campanile_host::HostEnvironment;
use campanile_host::configuration::Configuration;
use campanile_host::trace_context::TraceId;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;

use super::error::OtlpError;
use super::reader::variable;

/// The resource of this process: what the application is known by, and over it what the variables say.
pub(crate) fn read(
    configuration: &Configuration,
    environment: &HostEnvironment,
) -> Result<Resource, OtlpError> {
    let name = match environment.application_name() {
        "" => "unknown_service".to_owned(),
        name => name.to_owned(),
    };
    let mut attributes = vec![
        KeyValue::new("service.name", name),
        // At random is what it is to be where nothing else is known; an id of this length is at hand.
        KeyValue::new("service.instance.id", TraceId::random().to_string()),
        KeyValue::new(
            "deployment.environment.name",
            environment.environment_name().to_owned(),
        ),
    ];
    if let Some(given) = variable(configuration, "OTEL_RESOURCE_ATTRIBUTES") {
        let pairs = given.pairs()?.into_iter();
        attributes.extend(pairs.map(|(name, value)| KeyValue::new(name, value)));
    }
    if let Some(name) = variable(configuration, "OTEL_SERVICE_NAME") {
        attributes.push(KeyValue::new("service.name", name.text));
    }
    let detectors = [Box::new(TelemetryResourceDetector) as _];
    // The last of a name wins.
    Ok(Resource::builder_empty()
        .with_detectors(&detectors)
        .with_attributes(attributes)
        .build())
}
