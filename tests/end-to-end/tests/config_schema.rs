//! `--print-config-schema`, as an editor uses it: held against settings by a foreign implementation of JSON Schema.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    process::{Command, Stdio},
};

use end_to_end::{
    clock_app, missing, repository,
    toolchains::{present, python},
};
use serde_json::{Value, json};

/// What is wrong with each of these settings, by the schema that the clock prints.
fn faults<'a>(
    settings: impl IntoIterator<Item = (&'a str, String)>,
) -> BTreeMap<String, Vec<String>> {
    let printed = Command::new(clock_app())
        .arg("--print-config-schema")
        .output()
        .expect("the clock's binary can be started");
    assert!(printed.status.success(), "{printed:?}");
    let schema: Value = serde_json::from_slice(&printed.stdout).expect("what is printed is JSON");
    let settings: BTreeMap<&str, String> = settings.into_iter().collect();
    let mut validator = python("config_schema.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python can be started");
    let mut input = validator.stdin.take().expect("stdin is piped");
    let asked = json!({ "schema": schema, "settings": settings }).to_string();
    input
        .write_all(asked.as_bytes())
        .expect("the script reads its input");
    drop(input);
    let output = validator
        .wait_with_output()
        .expect("a child can be waited for");
    assert!(output.status.success(), "the schema could not be used");
    serde_json::from_slice(&output.stdout).expect("the script prints JSON")
}

#[test]
fn what_the_repository_ships_is_valid() {
    if missing("what_the_repository_ships_is_valid", &[present("python3")]) {
        return;
    }
    let shipped = ["appsettings.json", "appsettings.Development.json"].map(|name| {
        let path = repository().join("config").join(name);
        (name, fs::read_to_string(path).expect("it is shipped"))
    });
    for (name, faults) in faults(shipped) {
        assert_eq!(faults, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn everything_that_is_read_is_valid_however_it_is_written() {
    if missing(
        "everything_that_is_read_is_valid_however_it_is_written",
        &[present("python3")],
    ) {
        return;
    }
    let settings = [
        r#"{ "Clock": { "interval": "00:00:00.250", "Worker": "false" } }"#,
        r#"{ "clock": { "Interval": "1.00:00:00" } }"#,
        r#"{ "Logging": { "LogLevel": { "Default": "warning", "clock_app": 0, "x": "" } } }"#,
        r#"{ "Logging": { "CaptureScopes": false, "File": { "LogLevel": { "Default": "None" } } } }"#,
        r#"{ "Logging": { "Console": {
            "FormatterName": "json", "LogToStandardErrorThreshold": "Error", "MaxQueueLength": 10,
            "QueueFullMode": "Wait", "LogLevel": { "a": "Trace" },
            "FormatterOptions": {
                "IncludeScopes": true, "TimestampFormat": "HH:mm ", "UseUtcTimestamp": "true",
                "SingleLine": true, "ColorBehavior": "disabled", "JsonWriterOptions": { "Indented": true },
            } } } }"#,
        r#"{ "Tracing": { "LogLevel": { "Default": "Debug" }, "OpenTelemetry": { "LogLevel": { "a": "None" } } } }"#,
        r#"{ "SignalR": {
            "KeepAliveInterval": "00:00:10", "MaximumReceiveMessageSize": "64 KiB", "EnableDetailedErrors": true,
            "Hubs": { "ClockHub": { "SlowClient": "keepNewest", "maximum_queued_bytes": 1000 } },
        } }"#,
        r#"{ "Kestrel": { "Limits": {
            "MaxRequestBodySize": null, "MaxConcurrentConnections": "", "Http2:MaxStreamsPerConnection": 7,
        } } }"#,
        r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "http://*:1", "Protocols": "http1" } } }, "Urls": "http://*:2" }"#,
        r#"{ "shutdownTimeoutSeconds": 5, "servicesStopConcurrently": true, "AnythingElse": { "a": 1 } }"#,
    ];
    let names: Vec<String> = (0..settings.len()).map(|at| at.to_string()).collect();
    let named = names.iter().map(String::as_str);
    let texts = settings.map(str::to_owned);
    for (name, faults) in faults(named.zip(texts)) {
        assert_eq!(faults, Vec::<String>::new(), "settings {name}");
    }
}

#[test]
fn what_the_host_would_refuse_is_marked() {
    if missing(
        "what_the_host_would_refuse_is_marked",
        &[present("python3")],
    ) {
        return;
    }
    let mistakes = [
        // A name, and where it stands.
        (r#"{ "Clock": { "Intervall": "00:00:01" } }"#, "$.Clock"),
        // .NET would read days.
        (r#"{ "Clock": { "Interval": "5" } }"#, "$.Clock.Interval"),
        (
            r#"{ "Clock": { "Interval": "24:00:00" } }"#,
            "$.Clock.Interval",
        ),
        (r#"{ "Clock": { "Interval": 5 } }"#, "$.Clock.Interval"),
        (
            r#"{ "Logging": { "LogLevel": { "Default": "Verbose" } } }"#,
            "$.Logging.LogLevel.Default",
        ),
        (
            r#"{ "Logging": { "LogLevel": "Debug" } }"#,
            "$.Logging.LogLevel",
        ),
        (
            r#"{ "Logging": { "File": { "LogLevel": { "a": 7 } } } }"#,
            "$.Logging.File.LogLevel.a",
        ),
        (
            r#"{ "Logging": { "Console": { "FormatterName": "plain" } } }"#,
            "$.Logging.Console.FormatterName",
        ),
        // .NET's places before version 5.
        (
            r#"{ "Logging": { "Console": { "IncludeScopes": true } } }"#,
            "$.Logging.Console",
        ),
        (
            r#"{ "Logging": { "Console": { "FormatterOptions": { "SingleLine": "yes" } } } }"#,
            "$.Logging.Console.FormatterOptions.SingleLine",
        ),
        (
            r#"{ "Tracing": { "LogLevel": { "Default": true } } }"#,
            "$.Tracing.LogLevel.Default",
        ),
        (r#"{ "SignalR": { "KeepAlive": "00:00:10" } }"#, "$.SignalR"),
        (
            r#"{ "SignalR": { "Hubs": { "ClokHub": {} } } }"#,
            "$.SignalR.Hubs",
        ),
        (
            r#"{ "SignalR": { "Hubs": { "ClockHub": { "SlowClient": "Drop" } } } }"#,
            "$.SignalR.Hubs.ClockHub.SlowClient",
        ),
        (r#"{ "Kestrel": { "Endpoint": {} } }"#, "$.Kestrel"),
        (
            r#"{ "Kestrel": { "Limits": { "MaxConcurrentConnections": "many" } } }"#,
            "$.Kestrel.Limits.MaxConcurrentConnections",
        ),
        (
            r#"{ "shutdownTimeoutSeconds": "soon" }"#,
            "$.shutdownTimeoutSeconds",
        ),
    ];
    let texts = mistakes.map(|(text, _)| (text, text.to_owned()));
    let found = faults(texts);
    for (text, place) in mistakes {
        let places: Vec<&str> = found[text]
            .iter()
            .filter_map(|fault| fault.split(": ").next())
            .collect();
        assert_eq!(places, [place], "{text}: {:?}", found[text]);
    }
}
