//! The area `format`: what a console formatter makes of log entries.

use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::logging::{ConsoleFormatter, LogEntry};
use serde_json::{Value, json};

use super::configuration::{pairs, texts};

pub(crate) fn answer(case: &Value) -> super::Answer {
    let formatter = case["formatter"].as_str().unwrap_or_default();
    let mut settings = vec![(
        "Logging:Console:FormatterName".to_owned(),
        formatter.to_owned(),
    )];
    for (option, value) in pairs(&case["options"]) {
        settings.push((format!("Logging:Console:FormatterOptions:{option}"), value));
    }
    let configuration = ConfigurationBuilder::new()
        .add_in_memory(settings)
        .build()?;
    let formatter = ConsoleFormatter::from_configuration(&configuration)?;
    let mut text = String::new();
    for event in case["events"].as_array().into_iter().flatten() {
        let level = event["level"].as_str().unwrap_or_default().parse()?;
        let mut entry = LogEntry::new(
            level,
            event["category"].as_str().unwrap_or_default(),
            event["message"].as_str().unwrap_or_default(),
        );
        let scopes = texts(&event["scopes"]);
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        entry.event_id = event["id"].as_i64().unwrap_or_default();
        entry.error = event["error"].as_str();
        entry.scopes = &scopes;
        formatter.format(&entry, &mut text);
    }
    Ok(json!({ "text": text }))
}
