//! What the section `Logging` may say, for editors.

use serde_json::json;

use super::console::FormatterOptions;
use super::formatter::{NAME, OPTIONS};
use super::level::LogLevel;
use crate::services::ServiceCollection;

/// Describes what the log reads.
pub(crate) fn describe(services: &mut ServiceCollection) {
    let levels = LogLevel::ALL.map(|it| it.to_string());
    let level = json!({ "enum": levels });
    let levels = json!({
        "type": "object",
        "properties": { "Default": level },
        "additionalProperties": level,
    });
    services
        .describe_settings("Logging:LogLevel", levels.clone())
        .describe_settings("Logging:Console:LogLevel", levels)
        .describe_settings("Logging:Console:LogToStandardErrorThreshold", level)
        .describe_settings("Logging:Console:QueueFullMode", json!({ "enum": ["Wait"] }))
        .describe_settings(
            "Logging:Console:MaxQueueLength",
            json!({ "type": "integer", "minimum": 1 }),
        )
        .describe_settings(NAME, json!({ "enum": ["simple", "json", "systemd"] }))
        .describe_section::<FormatterOptions>(OPTIONS);
}
