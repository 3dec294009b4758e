//! What the host itself reads, as part of the schema that `--print-config-schema` prints.

use serde_json::json;

use crate::services::ServiceCollection;

/// Describes what the host itself reads.
pub(crate) fn describe(services: &mut ServiceCollection) {
    let level = json!({ "enum": ["Trace", "Debug", "Information", "Warning", "Error", "Critical", "None"] });
    let levels = json!({
        "type": "object",
        "properties": { "Default": level },
        "additionalProperties": level,
    });
    services
        .describe_settings("Logging:LogLevel", levels.clone())
        .describe_settings("Logging:Console:LogLevel", levels)
        .describe_settings(
            "Logging:Console:FormatterName",
            json!({ "enum": ["simple", "json", "systemd"] }),
        );
    let seconds = json!({ "type": ["integer", "string"], "minimum": 0 });
    let text = json!({ "type": "string" });
    let flag = json!({ "type": ["boolean", "string"] });
    for (key, schema) in [
        ("shutdownTimeoutSeconds", &seconds),
        ("startupTimeoutSeconds", &seconds),
        ("servicesStartConcurrently", &flag),
        ("servicesStopConcurrently", &flag),
        ("userSecretsId", &text),
    ] {
        services.describe_settings(key, schema.clone());
    }
}
