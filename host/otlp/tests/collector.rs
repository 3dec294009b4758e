//! What arrives at a collector, of a host that is a process of its own.

mod collector_support;
#[path = "../../tests/hosting_support/mod.rs"]
mod hosting_support;
mod scenarios;

use std::net::TcpListener;

use campanile_host::HostError;
use campanile_host::trace_context::TraceContext;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, metric, number_data_point,
};
use prost::Message;

use collector_support::{Certified, Collector, Received, Reply, attribute, text};
use hosting_support::SCENARIO;
use scenarios::{CANNOT_BE_SENT, PARENT, host, run, run_well, start, wait_until};

fn main() -> Result<(), HostError> {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        return host(&scenario);
    }
    hosting_support::run(&[
        ("all_of_it_arrives", all_of_it_arrives),
        (
            "scopes_are_attributes_if_asked_for",
            scopes_are_attributes_if_asked_for,
        ),
        (
            "what_is_switched_off_is_not_exported",
            what_is_switched_off_is_not_exported,
        ),
        (
            "what_is_not_taken_is_sent_again",
            what_is_not_taken_is_sent_again,
        ),
        ("a_refusal_is_said_once", a_refusal_is_said_once),
        (
            "what_is_taken_in_part_is_said_once",
            what_is_taken_in_part_is_said_once,
        ),
        (
            "an_unreachable_collector_is_said_once",
            an_unreachable_collector_is_said_once,
        ),
        (
            "a_silent_collector_holds_nothing_up",
            a_silent_collector_holds_nothing_up,
        ),
        ("what_is_compressed_arrives", what_is_compressed_arrives),
        (
            "a_collector_that_wants_to_know_who_one_is_is_told",
            a_collector_that_wants_to_know_who_one_is_is_told,
        ),
        (
            "metrics_are_exported_while_it_runs",
            metrics_are_exported_while_it_runs,
        ),
        ("deltas_add_up", deltas_add_up),
        (
            "what_was_refused_is_not_told_again",
            what_was_refused_is_not_told_again,
        ),
    ]);
    Ok(())
}

fn all_of_it_arrives() {
    let collector = Collector::start();
    run_well(
        "bell",
        &collector.endpoint(),
        &[
            ("OTEL_SERVICE_NAME", "tower"),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "place=New%20York,service.name=other",
            ),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%3Db"),
            // Everything there is: so what the exporting itself brings about would be there as well.
            ("Logging__OpenTelemetry__LogLevel__Default", "Trace"),
            ("Logging__LogLevel__Default", "Warning"),
            ("Tracing__LogLevel__Default", "Trace"),
        ],
    );

    for request in collector.requests() {
        assert_eq!(request.headers["content-type"], "application/x-protobuf");
        assert_eq!(request.headers["api-key"], "a=b");
        let own_name = concat!("campanile-otlp-rust/", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.headers["user-agent"], own_name);
    }
    let resource = collector.resource();
    let of_resource = |key| attribute(&resource, key);
    assert_eq!(of_resource("service.name").as_deref(), Some("tower"));
    assert_eq!(of_resource("place").as_deref(), Some("New York"));
    assert_eq!(
        of_resource("telemetry.sdk.language").as_deref(),
        Some("rust")
    );
    assert_eq!(
        of_resource("deployment.environment.name").as_deref(),
        Some("Production")
    );

    let spans = collector.spans();
    let [span] = &*spans else {
        panic!("{spans:?}");
    };
    let parent = TraceContext::parse(PARENT).unwrap();
    assert_eq!((&*span.name, span.kind), ("Tower/Strike", 2));
    assert_eq!(span.trace_id, parent.trace_id().to_bytes());
    assert_eq!(span.parent_span_id, parent.span_id().to_bytes());
    assert_eq!(attribute(&span.attributes, "hour").as_deref(), Some("12"));
    assert!(span.events.is_empty(), "events are the log's: {span:?}");

    let logs = collector.logs();
    let said = |body: &str| {
        let found = logs
            .iter()
            .filter(|(_, record)| text(record.body.as_ref()).as_deref() == Some(body));
        let found: Vec<_> = found.collect();
        let [one] = &*found else {
            panic!("{body}: {found:?} in {logs:?}");
        };
        *one
    };
    let (category, strike) = said("no sound");
    assert_eq!(category, "collector.scenarios");
    assert_eq!(
        (strike.severity_number, &*strike.severity_text),
        (21, "Critical")
    );
    let of_strike = |key| attribute(&strike.attributes, key);
    assert_eq!(of_strike("logrecord.event.id").as_deref(), Some("7"));
    assert_eq!(
        of_strike("exception.message").as_deref(),
        Some("the rope is torn")
    );
    assert_eq!(of_strike("bell").as_deref(), Some("Emma"));
    assert_eq!(of_strike("tons").as_deref(), Some("9"));
    assert_eq!(of_strike("hour"), None);
    assert_eq!(
        (&strike.trace_id, &strike.span_id),
        (&span.trace_id, &span.span_id)
    );
    // What is sent on is the span that arrives.
    let own = attribute(&said("in it").1.attributes, "sent_on").unwrap();
    let own = TraceContext::parse(&own).unwrap();
    assert_eq!(own.span_id().to_bytes().to_vec(), span.span_id);

    let (category, _) = said("Application started. Press Ctrl+C to shut down.");
    assert_eq!(category, "Microsoft.Hosting.Lifetime");
    // The last line of all.
    said("Hosting stopped");
    assert_nothing_of_the_export(&logs);

    let metrics = collector.metrics();
    let named = |name: &str| {
        let found = metrics.iter().find(|metric| metric.name == name);
        found.unwrap_or_else(|| panic!("{name}: {metrics:?}"))
    };
    let strikes = named("bell.strikes");
    assert_eq!(
        (&*strikes.unit, &*strikes.description),
        ("{strike}", "Strikes of all bells.")
    );
    let Some(metric::Data::Sum(sum)) = &strikes.data else {
        panic!("{strikes:?}");
    };
    assert!(sum.is_monotonic);
    assert_eq!(
        sum.aggregation_temporality(),
        AggregationTemporality::Cumulative
    );
    let point = &sum.data_points[0];
    assert_eq!(point.value, Some(number_data_point::Value::AsInt(12)));
    assert_eq!(
        attribute(&point.attributes, "bell").as_deref(),
        Some("Emma")
    );
    assert!(point.start_time_unix_nano < point.time_unix_nano);
    let Some(metric::Data::Sum(open)) = &named("signalr.server.active_connections").data else {
        panic!("{metrics:?}");
    };
    assert!(!open.is_monotonic);
    assert_eq!(
        open.data_points[0].value,
        Some(number_data_point::Value::AsInt(-3))
    );
    let Some(metric::Data::Histogram(swings)) = &named("bell.swing").data else {
        panic!("{metrics:?}");
    };
    let point = &swings.data_points[0];
    assert_eq!((point.count, point.sum), (2, Some(7.75)));
    assert_eq!(
        (&*point.explicit_bounds, &*point.bucket_counts),
        (&[0.5, 1.0][..], &[0, 1, 1][..])
    );
}

/// Would go round in circles.
fn assert_nothing_of_the_export(logs: &[(String, LogRecord)]) {
    for (category, record) in logs {
        let is_of_the_export = ["hyper", "opentelemetry", "Campanile.OpenTelemetry"];
        assert!(
            !is_of_the_export.iter().any(|own| category.starts_with(own)),
            "{category}: {record:?}"
        );
    }
}

fn scopes_are_attributes_if_asked_for() {
    let collector = Collector::start();
    let scopes = ("Logging__OpenTelemetry__IncludeScopes", "true");
    let ended = run("bell", &collector.endpoint(), &[scopes]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let logs = collector.logs();
    let is_strike = |body: Option<String>| body.as_deref() == Some("no sound");
    let strike = logs
        .iter()
        .find(|(_, record)| is_strike(text(record.body.as_ref())));
    let (_, strike) = strike.unwrap_or_else(|| panic!("{logs:?}"));
    assert_eq!(attribute(&strike.attributes, "hour").as_deref(), Some("12"));
    // Below the level, which is Information here.
    assert!(
        logs.iter().all(|(_, record)| record.severity_number >= 9),
        "{logs:?}"
    );
}

fn what_is_switched_off_is_not_exported() {
    let paths = |variables: &[(&str, &str)]| {
        let collector = Collector::start();
        run_well("bell", &collector.endpoint(), variables);
        let mut paths: Vec<_> = collector.requests().into_iter().map(|it| it.path).collect();
        paths.sort();
        paths.dedup();
        paths
    };
    assert_eq!(
        paths(&[("OTEL_SDK_DISABLED", "TRUE")]),
        Vec::<String>::new()
    );
    assert_eq!(
        paths(&[
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_TRACES_SAMPLER", "always_off")
        ]),
        ["/v1/metrics"]
    );
    assert_eq!(
        paths(&[
            ("OTEL_METRICS_EXPORTER", "none"),
            ("Tracing__OpenTelemetry__LogLevel__Default", "None")
        ]),
        ["/v1/logs"]
    );
    // The other process does not collect the trace, and so this one does not.
    assert_eq!(
        paths(&[
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
        ]),
        ["/v1/traces"],
        "its parent is sampled"
    );
}

fn what_is_not_taken_is_sent_again() {
    let busy = [
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    let collector = Collector::replying(busy);
    let variables = [
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "1"),
        // The waits between the attempts are not to be counted on here.
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
    ];
    let mut program = start("patient", &collector.endpoint(), &variables);
    let said = program.read_until("takes the logs again");
    assert_eq!(said.matches("does not take the logs").count(), 1, "{said}");
    program.signal("TERM");
    let ended = program.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_nothing_of_the_export(&collector.logs());
    let bodies: Vec<_> = collector
        .logs()
        .iter()
        .map(|(_, it)| text(it.body.as_ref()))
        .collect();
    let patient = bodies
        .iter()
        .filter(|body| body.as_deref() == Some("patient"));
    assert_eq!(patient.count(), 1, "{bodies:?}");
}

fn a_refusal_is_said_once() {
    let collector = Collector::replying([StatusCode::UNAUTHORIZED; 1000]);
    let variables = [
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_TRACES_EXPORTER", "none"),
        // Several exports.
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1"),
    ];
    let ended = run("bell", &collector.endpoint(), &variables);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let line = "/v1/logs does not take the logs, which are lost: 401 Unauthorized";
    assert_eq!(ended.stdout.matches(line).count(), 1, "{}", ended.stdout);
}

fn what_is_taken_in_part_is_said_once() {
    let said = |rejected_log_records, error_message: &str| {
        let response = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records,
                error_message: error_message.to_owned(),
            }),
        };
        Reply::Taken(response.encode_to_vec())
    };
    let all = || Reply::Taken(Vec::new());
    let cases = [
        (
            vec![
                said(1, "too old"),
                said(1, "too old"),
                all(),
                said(1, "too old"),
            ],
            "/v1/logs does not take 1 of the logs, which are lost: too old; this is said once until it takes all",
            2,
        ),
        (
            vec![said(0, "prefer gRPC"), said(0, "prefer gRPC")],
            "/v1/logs takes the logs, and remarks: prefer gRPC; this is said once until it does not",
            1,
        ),
    ];
    let variables = [
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_TRACES_EXPORTER", "none"),
        // Several exports.
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1"),
    ];
    for (replies, line, times) in cases {
        let collector = Collector::replying(replies);
        let ended = run("bell", &collector.endpoint(), &variables);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert_eq!(
            ended.stdout.matches(line).count(),
            times,
            "{}",
            ended.stdout
        );
        let logs = collector.logs();
        let bodies = logs.iter().map(|(_, it)| text(it.body.as_ref()));
        let strikes = bodies.filter(|body| body.as_deref() == Some("no sound"));
        assert_eq!(strikes.count(), 1, "it is not sent again");
    }
}

fn an_unreachable_collector_is_said_once() {
    // A port that needs privileges, and that nobody has.
    let ended = run_well("bell", "http://127.0.0.1:1", &[]);
    assert_eq!(
        ended.stdout.matches(CANNOT_BE_SENT).count(),
        1,
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("no sound"),
        "the console has its log: {}",
        ended.stdout
    );
}

fn a_silent_collector_holds_nothing_up() {
    // Connections are taken by the system; nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let variables = [
        ("shutdownTimeoutSeconds", "2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
    ];
    run_well("bell", &endpoint, &variables);
    let ended = run("bell", &endpoint, &[("OTEL_EXPORTER_OTLP_TIMEOUT", "50")]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stdout.matches(CANNOT_BE_SENT).count(),
        1,
        "{}",
        ended.stdout
    );
}

fn what_is_compressed_arrives() {
    let collector = Collector::start();
    let variables = [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
    ];
    let ended = run("bell", &collector.endpoint(), &variables);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for request in collector.requests() {
        let encoding = request.headers.get("content-encoding");
        let is_compressed = encoding.is_some_and(|it| it == "gzip");
        assert_eq!(is_compressed, request.path != "/v1/metrics", "{request:?}");
    }
    assert_eq!(collector.spans().len(), 1);
    assert!(!collector.logs().is_empty() && !collector.metrics().is_empty());
}

fn a_collector_that_wants_to_know_who_one_is_is_told() {
    let own = Certified::new();
    let collectors = Certified::new();
    let collector = Collector::secured(collectors.server_for(&own));
    let endpoint = collector.endpoint().replace("http:", "https:");
    let known = [
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*collectors.certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &own.certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &own.key),
    ];
    let ended = run("bell", &endpoint, &known);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(collector.spans().len(), 1, "{}", ended.stdout);

    let stranger = [("OTEL_EXPORTER_OTLP_CERTIFICATE", &*collectors.certificate)];
    for variables in [&stranger[..], &[]] {
        let ended = run("bell", &endpoint, variables);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(ended.stdout.contains(CANNOT_BE_SENT), "{}", ended.stdout);
        assert_eq!(collector.spans().len(), 1, "nobody else was let in");
    }
}

fn metrics_are_exported_while_it_runs() {
    let collector = Collector::start();
    let variables = [
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    let program = start("waiting", &collector.endpoint(), &variables);
    wait_until("an export", || !collector.metrics().is_empty());
    program.signal("TERM");
    assert_eq!(program.wait().code, Some(0));
}

/// What exports say of an instrument: of each its temporality, when it begins and ends, and the sum or the count.
fn told(exports: &[Vec<Metric>], name: &str) -> Vec<(AggregationTemporality, u64, u64, i64)> {
    let named = exports.iter().flatten().filter(|it| it.name == name);
    let told = named.map(|metric| match metric.data.as_ref().unwrap() {
        metric::Data::Sum(sum) => {
            let [point] = &*sum.data_points else {
                panic!("{metric:?}");
            };
            let Some(number_data_point::Value::AsInt(value)) = point.value else {
                panic!("{metric:?}");
            };
            let (from, to) = (point.start_time_unix_nano, point.time_unix_nano);
            (sum.aggregation_temporality(), from, to, value)
        }
        metric::Data::Histogram(histogram) => {
            let [point] = &*histogram.data_points else {
                panic!("{metric:?}");
            };
            assert_eq!(point.sum, Some(0.5 * point.count as f64));
            assert_eq!(point.bucket_counts, [point.count, 0]);
            let (from, to) = (point.start_time_unix_nano, point.time_unix_nano);
            let count = i64::try_from(point.count).unwrap();
            (histogram.aggregation_temporality(), from, to, count)
        }
        other => panic!("{other:?}"),
    });
    told.collect()
}

/// Lets the bell ring until `is_enough` of what has arrived; how often it has struck.
fn ring(
    collector: &Collector,
    variables: &[(&str, &str)],
    is_enough: impl Fn(usize) -> bool,
) -> i64 {
    let often = ("OTEL_METRIC_EXPORT_INTERVAL", "20");
    let metrics_alone = [
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ];
    let variables = [&[often][..], &metrics_alone, variables].concat();
    let mut program = start("ringing", &collector.endpoint(), &variables);
    wait_until("enough exports", || is_enough(collector.requests().len()));
    program.signal("TERM");
    let said = program.read_until(" times");
    assert_eq!(program.wait().code, Some(0));
    let struck = said.rsplit("struck ").next().unwrap();
    struck.trim().trim_end_matches(" times").parse().unwrap()
}

fn deltas_add_up() {
    // An answer that does not come costs nothing: what was sent is part of what comes next.
    let collector = Collector::replying([
        Reply::Taken(Vec::new()),
        Reply::Silence,
        Reply::Status(StatusCode::SERVICE_UNAVAILABLE),
    ]);
    for preference in ["Delta", "lowmemory"] {
        let before = collector.exports_of_metrics().len();
        let variables = [
            (
                "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                preference,
            ),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "4000"),
        ];
        let struck = ring(&collector, &variables, |taken| taken >= before + 5);
        let exports = collector.exports_of_metrics().split_off(before);
        for name in ["bell.strikes", "bell.swing"] {
            let told = told(&exports, name);
            assert!(told.len() > 1, "{told:?}");
            for (one, next) in told.iter().zip(&told[1..]) {
                assert_eq!(
                    one.2, next.1,
                    "each begins where the one before ends: {told:?}"
                );
            }
            for (temporality, from, to, value) in &told {
                assert_eq!(*temporality, AggregationTemporality::Delta);
                assert!(from < to && *value > 0, "{told:?}");
            }
            let sum: i64 = told.iter().map(|it| it.3).sum();
            assert_eq!(sum, struck, "{told:?}");
        }
        let levels = told(&exports, "tower.visitors");
        assert!(
            levels
                .iter()
                .all(|it| it.0 == AggregationTemporality::Cumulative && it.1 == levels[0].1),
            "{levels:?}"
        );
        assert_eq!(levels.last().unwrap().3, struck);
    }
}

fn what_was_refused_is_not_told_again() {
    let collector = Collector::replying([Reply::Status(StatusCode::BAD_REQUEST)]);
    let deltas = ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta");
    let struck = ring(&collector, &[deltas], |taken| taken >= 2);
    let told = told(&collector.exports_of_metrics(), "bell.strikes");
    let sum: i64 = told.iter().map(|it| it.3).sum();
    assert!((1..struck).contains(&sum), "{sum} of {struck}");
}
