//! `--print-config-schema`: what editors complete appsettings files by.

use std::io::Write;

use serde_json::json;

use crate::options;
use crate::services::{ServiceCollection, ServiceProvider};

const ARGUMENT: &str = "--print-config-schema";

/// Whether the command line, or that in its place, asks for the schema.
pub(crate) fn is_asked_for(arguments: Option<&[String]>) -> bool {
    match arguments {
        Some(arguments) => arguments.iter().any(|it| it == ARGUMENT),
        None => std::env::args_os().skip(1).any(|it| it == ARGUMENT),
    }
}

/// Prints the schema and ends the process, as `--help` of other programs does.
pub(crate) fn print(services: &ServiceProvider) -> ! {
    let code = match options::schema(services) {
        Ok(schema) => {
            // There is nobody to tell about an output that is closed.
            let _ = writeln!(std::io::stdout(), "{schema:#}");
            0
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "the schema cannot be had: {error}");
            1
        }
    };
    std::process::exit(code)
}

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
