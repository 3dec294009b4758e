//! What the sections `Logging` and `Tracing` may say, for editors.

use serde_json::{Value, json};

use super::console::FormatterOptions;
use super::formatter::{NAME, OPTIONS};
use super::level::LogLevel;
use crate::configuration::schema::any_case;
use crate::services::ServiceCollection;

/// Describes what the log reads.
pub(crate) fn describe(services: &mut ServiceCollection) {
    let provider = json!({ "properties": { "LogLevel": levels() } });
    for section in ["Logging", "Tracing"] {
        services
            .describe_settings(
                section,
                json!({ "type": "object", "additionalProperties": provider }),
            )
            .describe_settings(format!("{section}:LogLevel"), levels());
    }
    services
        .describe_section::<bool>("Logging:CaptureScopes")
        .describe_settings("Logging:Console", json!({ "additionalProperties": false }))
        .describe_settings("Logging:Console:LogLevel", levels())
        .describe_settings("Logging:Console:LogToStandardErrorThreshold", level())
        .describe_settings("Logging:Console:QueueFullMode", one_of(&["Wait"]))
        .describe_settings(
            "Logging:Console:MaxQueueLength",
            json!({ "type": ["integer", "string"], "minimum": 1, "pattern": r"^\s*\+?0*[1-9]\d*\s*$" }),
        )
        .describe_settings(NAME, one_of(&["simple", "json", "systemd"]))
        .describe_section::<FormatterOptions>(OPTIONS);
}

/// A level for each category.
fn levels() -> Value {
    json!({
        "type": "object",
        "properties": { "Default": level() },
        "additionalProperties": level(),
    })
}

/// A level's name or number, or nothing.
fn level() -> Value {
    let names = LogLevel::ALL.map(|it| it.to_string());
    json!({ "anyOf": [
        { "enum": names },
        { "type": "string", "pattern": any_case(&names.each_ref().map(String::as_str)) },
        { "type": "string", "pattern": r"^\s*[0-6]?\s*$" },
        { "type": "integer", "minimum": 0, "maximum": 6 },
    ] })
}

/// One of these names, in any case.
fn one_of(names: &[&str]) -> Value {
    json!({ "anyOf": [
        { "enum": names },
        { "type": "string", "pattern": any_case(names) },
    ] })
}
