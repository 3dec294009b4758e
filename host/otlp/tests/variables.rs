//! What is said of variables that cannot be used, before anything is started.

use campanile_host::HostBuilder;
use campanile_otlp::OtlpHostBuilderExt;

/// What `build` says of a host that has nothing but these settings.
fn failure(settings: &[(&str, &str)]) -> String {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let settings: Vec<_> = settings.iter().map(owned).collect();
    let built = HostBuilder::empty()
        .without_signals()
        .configure_configuration(move |builder| {
            builder.add_in_memory(settings.clone());
        })
        .add_otlp()
        .build();
    built.expect_err("it cannot be used").to_string()
}

const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

#[test]
fn each_variable_that_is_wrong_is_named_with_what_is_wanted() {
    let cases = [
        ("OTEL_SDK_DISABLED", "yes", "is not true or false"),
        (
            "OTEL_TRACES_EXPORTER",
            "console",
            "is not an exporter that there is: otlp or none",
        ),
        (
            "OTEL_METRICS_EXPORTER",
            "prometheus",
            "is not an exporter that there is: otlp or none",
        ),
        (
            "OTEL_LOGS_EXPORTER",
            "otlp,none",
            "is not an exporter that there is: otlp or none",
        ),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "http",
            "is not a protocol that there is: http/protobuf or grpc",
        ),
        (
            "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
            "http/json",
            "is not a protocol that there is: http/protobuf or grpc",
        ),
        (
            "OTEL_EXPORTER_OTLP_COMPRESSION",
            "zstd",
            "is not gzip or none",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "collector:4318",
            "is not an address that begins with http://",
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "grpc://collector:4317",
            "is not an address that begins with http://",
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "http://",
            "is not an address that begins with http://",
        ),
        (
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "10s",
            "is not a number of milliseconds above 0",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
            "0",
            "is not a number of milliseconds above 0",
        ),
        (
            "OTEL_TRACES_SAMPLER",
            "sometimes",
            "is not a sampler that there is: always_on,",
        ),
        (
            "OTEL_METRIC_EXPORT_INTERVAL",
            "-1",
            "is not a number of milliseconds above 0",
        ),
        (
            "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
            "low memory",
            "is not cumulative, delta or lowmemory",
        ),
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "soon",
            "is not a number of milliseconds above 0",
        ),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "0", "is not a number above 0"),
        (
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "5000",
            "is not within the queue's size",
        ),
        (
            "Logging:OpenTelemetry:IncludeScopes",
            "maybe",
            "is not true or false",
        ),
    ];
    for (name, value, wanted) in cases {
        let said = failure(&[(name, value)]);
        assert!(
            said.contains(&format!("{name}: `{value}` {wanted}")),
            "{said}"
        );
    }
}

#[test]
fn lists_are_told_by_their_entry_and_without_their_values() {
    let cases = [
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "api-key",
            "entry 1 has no `=`",
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "a=1, =secret",
            "entry 2 has no name",
        ),
        (
            "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
            "api key=secret",
            "`api key` is not the name of a header",
        ),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "api-key=secret%0A",
            "the value of api-key cannot be sent",
        ),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "place=%ffsecret",
            "the value of place is not UTF-8",
        ),
    ];
    for (name, value, wanted) in cases {
        let said = failure(&[(name, value)]);
        assert!(said.contains(&format!("{name}: {wanted}")), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
}

#[test]
fn files_of_certificates_that_cannot_be_used_are_named() {
    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:4318");
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "# nothing").unwrap();
    let empty = empty.to_str().unwrap();
    for (settings, wanted) in [
        (
            &[("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem")][..],
            "OTEL_EXPORTER_OTLP_CERTIFICATE: `/nowhere/ca.pem` cannot be read: ".to_owned(),
        ),
        (
            &[("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", empty)],
            format!("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: `{empty}` has no certificate as PEM"),
        ),
        (
            &[("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", empty)],
            format!(
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: `{empty}` has no OTEL_EXPORTER_OTLP_CLIENT_KEY to it"
            ),
        ),
        (
            &[("OTEL_EXPORTER_OTLP_CLIENT_KEY", empty)],
            format!(
                "OTEL_EXPORTER_OTLP_CLIENT_KEY: `{empty}` has no OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE to it"
            ),
        ),
    ] {
        for more in [&[ENDPOINT][..], &[ENDPOINT, GRPC]] {
            let said = failure(&[more, settings].concat());
            assert!(said.contains(&wanted), "{said}");
        }
    }
}

#[test]
fn a_ratio_is_read_where_the_sampler_has_one() {
    let with = |sampler, argument| {
        failure(&[
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument),
            // Stops a build that has got this far.
            ("OTEL_LOGS_EXPORTER", "end"),
        ])
    };
    for sampler in ["traceidratio", "parentbased_traceidratio"] {
        let said = with(sampler, "2");
        assert!(
            said.contains("OTEL_TRACES_SAMPLER_ARG: `2` is not a ratio from 0 to 1"),
            "{said}"
        );
        assert!(with(sampler, "0.25").contains("OTEL_LOGS_EXPORTER"));
    }
    assert!(with("always_on", "ignored").contains("OTEL_LOGS_EXPORTER"));
}

#[test]
fn what_grpc_cannot_use_is_named() {
    let address = "is not an address that begins with http:// or https://, nor a host and a port";
    let cases = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", address),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:otlp", address),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317/v1", address),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "dns:///collector:4317",
            address,
        ),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "unix:/run/otlp", address),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://", address),
    ];
    for (name, value, wanted) in cases {
        let said = failure(&[GRPC, (name, value)]);
        assert!(
            said.contains(&format!("{name}: `{value}` {wanted}")),
            "{said}"
        );
    }
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    for name in [
        "OTEL_EXPORTER_OTLP_INSECURE",
        "OTEL_EXPORTER_OTLP_LOGS_INSECURE",
    ] {
        let said = failure(&[GRPC, endpoint, (name, "1")]);
        assert!(
            said.contains(&format!("{name}: `1` is not true or false")),
            "{said}"
        );
    }
    let said = failure(&[
        GRPC,
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,grpc-Timeout=secret"),
    ]);
    let wanted = "OTEL_EXPORTER_OTLP_HEADERS: `grpc-Timeout` is a name that gRPC has for itself";
    assert!(said.contains(wanted), "{said}");
    assert!(!said.contains("secret"), "{said}");
}
