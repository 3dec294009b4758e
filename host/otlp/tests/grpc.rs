//! gRPC: what arrives at collectors, our own and one that we did not write.

mod collector_support;
#[path = "../../tests/hosting_support/mod.rs"]
mod hosting_support;
mod scenarios;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use campanile_host::HostError;
use end_to_end::missing;
use end_to_end::toolchains::present;
use http::StatusCode;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use serde_json::json;

use collector_support::{Certified, Collector, Foreign, Received, Reply, attribute, text};
use hosting_support::SCENARIO;
use scenarios::{CANNOT_BE_SENT, host, run, run_well, start, wait_until};

const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
const GZIP: (&str, &str) = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");
const NO_METRICS: (&str, &str) = ("OTEL_METRICS_EXPORTER", "none");
const NO_TRACES: (&str, &str) = ("OTEL_TRACES_EXPORTER", "none");
const NO_LOGS: (&str, &str) = ("OTEL_LOGS_EXPORTER", "none");

fn main() -> Result<(), HostError> {
    if let Ok(scenario) = std::env::var(SCENARIO) {
        return host(&scenario);
    }
    hosting_support::run(&[
        ("requests_are_what_grpc_wants", requests_are_what_grpc_wants),
        (
            "a_signal_may_go_by_grpc_alone",
            a_signal_may_go_by_grpc_alone,
        ),
        (
            "a_host_and_a_port_are_an_address",
            a_host_and_a_port_are_an_address,
        ),
        (
            "what_does_not_answer_is_left_for_a_new_connection",
            what_does_not_answer_is_left_for_a_new_connection,
        ),
        (
            "a_connection_that_has_ended_is_made_again",
            a_connection_that_has_ended_is_made_again,
        ),
        (
            "a_server_without_grpc_is_said_once",
            a_server_without_grpc_is_said_once,
        ),
        (
            "a_silent_collector_holds_nothing_up",
            a_silent_collector_holds_nothing_up,
        ),
        (
            "other_peoples_collector_takes_all_of_it",
            other_peoples_collector_takes_all_of_it,
        ),
        (
            "other_peoples_collector_takes_it_over_tls",
            other_peoples_collector_takes_it_over_tls,
        ),
        (
            "what_is_not_taken_now_is_sent_again",
            what_is_not_taken_now_is_sent_again,
        ),
        (
            "what_is_not_taken_for_good_is_said_once",
            what_is_not_taken_for_good_is_said_once,
        ),
        (
            "what_is_taken_in_part_is_said_once",
            what_is_taken_in_part_is_said_once,
        ),
    ]);
    Ok(())
}

fn requests_are_what_grpc_wants() {
    let collector = Collector::start();
    run_well(
        "bell",
        // As it stands in many a setting: of an address for gRPC the path says nothing.
        &format!("{}/v1/traces", collector.endpoint()),
        &[
            GRPC,
            GZIP,
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "none"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "20000"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%3Db,tower-bin=Emma"),
        ],
    );

    let requests = collector.requests();
    for request in &requests {
        let header = |name| request.headers.get(name).map_or("", String::as_str);
        assert_eq!(header("content-type"), "application/grpc");
        assert_eq!(header("te"), "trailers");
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(
            header("user-agent"),
            format!("campanile-otlp-rust/{version}")
        );
        assert_eq!(header("api-key"), "a=b");
        assert_eq!(header("tower-bin"), "RW1tYQ");
        let left = header("grpc-timeout")
            .strip_suffix('m')
            .map(str::parse::<u32>);
        let left = left.unwrap_or_else(|| panic!("{request:?}")).unwrap();
        assert!((1..=20_000).contains(&left), "{left}");
        assert_eq!(
            header("grpc-encoding") == "gzip",
            request.path != "/v1/metrics"
        );
    }
    assert_eq!(collector.spans().len(), 1);
    assert!(!collector.logs().is_empty() && !collector.metrics().is_empty());
    assert_eq!(collector.connections(), 1, "all signals share it");
}

fn a_signal_may_go_by_grpc_alone() {
    let collector = Collector::start();
    let variables = [
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "GRPC"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/protobuf"),
    ];
    let ended = run("bell", &collector.endpoint(), &variables);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!collector.logs().is_empty() && !collector.metrics().is_empty());
    for request in collector.requests() {
        let is_grpc = request.headers["content-type"] == "application/grpc";
        assert_eq!(is_grpc, request.path == "/v1/logs", "{request:?}");
    }
}

fn a_host_and_a_port_are_an_address() {
    let collector = Collector::start();
    let address = collector.address().to_string();
    let ended = run(
        "bell",
        &address,
        &[GRPC, ("OTEL_EXPORTER_OTLP_INSECURE", "True")],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(collector.spans().len(), 1, "{}", ended.stdout);
    // Without a word about it there is to be TLS, which this collector does not speak. The word of one signal is not that of others.
    let secure = [
        GRPC,
        NO_LOGS,
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
        ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false"),
    ];
    let ended = run("bell", &address, &secure);
    let line =
        format!("{CANNOT_BE_SENT} https://{address}/opentelemetry.proto.collector.trace.v1.");
    assert!(ended.stdout.contains(&line), "{}", ended.stdout);
    assert_eq!(collector.spans().len(), 1);
}

fn what_does_not_answer_is_left_for_a_new_connection() {
    let collector = Collector::replying([Reply::Silence]);
    let variables = [
        GRPC,
        NO_TRACES,
        NO_LOGS,
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "500"),
    ];
    let mut program = start("patient", &collector.endpoint(), &variables);
    let said = program.read_until("again");
    assert!(
        said.contains("which does not answer within 500ms"),
        "{said}"
    );
    program.signal("TERM");
    let ended = program.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!collector.metrics().is_empty());
    assert_eq!(collector.connections(), 2);
}

fn a_connection_that_has_ended_is_made_again() {
    let collector = Collector::start();
    let variables = [
        GRPC,
        NO_TRACES,
        NO_LOGS,
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
    ];
    let program = start("ringing", &collector.endpoint(), &variables);
    let wait_for = |count| wait_until("more exports", || collector.requests().len() >= count);
    wait_for(2);
    collector.hang_up();
    wait_for(collector.requests().len() + 2);
    assert_eq!(collector.connections(), 2);
    program.signal("TERM");
    assert_eq!(program.wait().code, Some(0));
}

fn a_server_without_grpc_is_said_once() {
    let cases = [
        // Of HTTP/1.1, as at port 4318 of some collectors.
        (None, CANNOT_BE_SENT.to_owned()),
        // Of HTTP/2, and something else behind it.
        (
            Some(StatusCode::NOT_FOUND),
            "LogsService/Export does not take the logs, which are lost: 404 Not Found without a status of gRPC;".to_owned(),
        ),
    ];
    for (status, line) in cases {
        let (_old, endpoint, _collector);
        match status {
            None => {
                let server = OldServer::start();
                endpoint = server.endpoint();
                _old = server;
            }
            Some(status) => {
                let collector = Collector::replying([status; 1000]);
                endpoint = collector.endpoint();
                _collector = collector;
            }
        }
        let variables = [
            GRPC,
            NO_TRACES,
            NO_METRICS,
            ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1"),
        ];
        let ended = run_well("bell", &endpoint, &variables);
        assert_eq!(ended.stdout.matches(&line).count(), 1, "{}", ended.stdout);
    }
}

/// Answers whatever comes as a server of HTTP/1.1 answers the preface of HTTP/2.
struct OldServer(std::net::SocketAddr);

impl OldServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            use std::io::Write;
            for connection in listener.incoming() {
                let _ = connection.unwrap().write_all(
                    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                );
            }
        });
        Self(address)
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.0)
    }
}

fn a_silent_collector_holds_nothing_up() {
    // Connections are taken by the system; nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    let variables = [
        GRPC,
        ("shutdownTimeoutSeconds", "2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000"),
    ];
    run_well("bell", &endpoint, &variables);
    assert!(began.elapsed() < Duration::from_secs(60));
    let ended = run(
        "bell",
        &endpoint,
        &[GRPC, ("OTEL_EXPORTER_OTLP_TIMEOUT", "50")],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(
        ended.stdout.matches(CANNOT_BE_SENT).count(),
        1,
        "{}",
        ended.stdout
    );
}

/// What the scenario `bell` exports.
fn assert_all_of_the_bell(collector: &Foreign) {
    let spans = collector.spans();
    let [span] = &*spans else {
        panic!("{spans:?}");
    };
    assert_eq!((&*span.name, span.kind), ("Tower/Strike", 2));
    assert_eq!(attribute(&span.attributes, "hour").as_deref(), Some("12"));
    let logs = collector.logs();
    let strike = logs
        .iter()
        .find(|(_, record)| text(record.body.as_ref()).as_deref() == Some("no sound"));
    let (_, strike) = strike.unwrap_or_else(|| panic!("{logs:?}"));
    assert_eq!(strike.severity_text, "Critical");
    assert_eq!(strike.trace_id, span.trace_id);
    let metrics = collector.metrics();
    let strikes = metrics.iter().find(|metric| metric.name == "bell.strikes");
    let Some(metric::Data::Sum(sum)) = strikes.and_then(|it| it.data.as_ref()) else {
        panic!("{metrics:?}");
    };
    let number = sum.data_points[0].value;
    assert_eq!(number, Some(number_data_point::Value::AsInt(12)));
}

fn other_peoples_collector_takes_all_of_it() {
    if missing(
        "other_peoples_collector_takes_all_of_it",
        &[present("python3")],
    ) {
        return;
    }
    for compression in ["gzip", "none"] {
        let collector = Foreign::start(&json!({}));
        let variables = [
            GRPC,
            ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "20000"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%3Db,tower-bin=Emma"),
        ];
        let ended = run_well("bell", &collector.endpoint(), &variables);
        assert!(!ended.stdout.contains("telemetry"), "{}", ended.stdout);
        assert_all_of_the_bell(&collector);
        for request in collector.requests() {
            assert_eq!(request.headers["api-key"], "a=b");
            // Decoded by the server, and encoded for this test with padding.
            assert_eq!(request.headers["tower-bin"], "RW1tYQ==");
            let left: f64 = request.headers["seconds-left"].parse().unwrap();
            assert!((0.0..20.0).contains(&left), "{left}");
        }
    }
}

fn other_peoples_collector_takes_it_over_tls() {
    if missing(
        "other_peoples_collector_takes_it_over_tls",
        &[present("python3")],
    ) {
        return;
    }
    let (own, collectors) = (Certified::new(), Certified::new());
    let collector = Foreign::start(&json!({ "tls": {
        "key": collectors.key,
        "certificate": collectors.certificate,
        "clients": own.certificate,
    } }));
    let known = [
        GRPC,
        GZIP,
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*collectors.certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &own.certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &own.key),
    ];
    // An address without a scheme is one of TLS.
    let ended = run("bell", &collector.address().to_string(), &known);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_all_of_the_bell(&collector);

    let endpoint = collector.endpoint().replace("http:", "https:");
    let stranger = [
        GRPC,
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*collectors.certificate),
    ];
    let ended = run("bell", &endpoint, &stranger);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains(CANNOT_BE_SENT), "{}", ended.stdout);
    assert_eq!(collector.spans().len(), 1, "nobody else was let in");

    // TLS, and behind it what has never heard of HTTP/2.
    let old = Collector::secured(collectors.server_for(&own));
    let ended = run("bell", &old.endpoint().replace("http:", "https:"), &known);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let why = "there is no HTTP/2 behind its TLS, and so no gRPC (no `h2` by ALPN)";
    assert!(ended.stdout.contains(why), "{}", ended.stdout);
}

fn what_is_not_taken_now_is_sent_again() {
    if missing("what_is_not_taken_now_is_sent_again", &[present("python3")]) {
        return;
    }
    let collector = Foreign::start(&json!({ "answers": [
        { "code": "UNAVAILABLE", "details": "not now" },
        { "code": "UNAVAILABLE", "details": "nor now", "retry_ms": 10, "headers": true },
        { "code": "RESOURCE_EXHAUSTED", "details": "slow down", "retry_ms": 10 },
        { "code": "ABORTED", "details": "" },
    ] }));
    let variables = [
        GRPC,
        NO_METRICS,
        NO_TRACES,
        ("OTEL_BLRP_SCHEDULE_DELAY", "1"),
        // The waits between the attempts are not to be counted on here.
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
    ];
    let mut program = start("patient", &collector.endpoint(), &variables);
    let said = program.read_until("takes the logs again");
    let line = "does not take the logs, which are lost: UNAVAILABLE not now;";
    assert_eq!(said.matches("does not take the logs").count(), 1, "{said}");
    assert!(said.contains(line), "{said}");
    program.signal("TERM");
    let ended = program.wait();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let logs = collector.logs();
    let bodies = logs.iter().map(|(_, it)| text(it.body.as_ref()));
    let patient = bodies.filter(|body| body.as_deref() == Some("patient"));
    assert_eq!(patient.count(), 1, "{logs:?}");
}

fn what_is_not_taken_for_good_is_said_once() {
    if missing(
        "what_is_not_taken_for_good_is_said_once",
        &[present("python3")],
    ) {
        return;
    }
    let cases = [
        // In trailers, which is all there is, and after headers.
        (
            json!({ "code": "INVALID_ARGUMENT", "details": "ünfit" }),
            "INVALID_ARGUMENT ünfit",
        ),
        (
            json!({ "code": "UNAUTHENTICATED", "details": "who?", "headers": true }),
            "UNAUTHENTICATED who?",
        ),
        (
            json!({ "code": "RESOURCE_EXHAUSTED", "details": "full" }),
            "RESOURCE_EXHAUSTED full",
        ),
    ];
    let variables = [
        GRPC,
        NO_METRICS,
        NO_TRACES,
        // Several exports.
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1"),
    ];
    let unhindered = Foreign::start(&json!({}));
    run("bell", &unhindered.endpoint(), &variables);
    let all = unhindered.logs().len();
    for (answer, reason) in cases {
        let collector = Foreign::start(&json!({ "answers": [answer, answer, answer] }));
        let ended = run("bell", &collector.endpoint(), &variables);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let line = format!("LogsService/Export does not take the logs, which are lost: {reason};");
        let said = |text: &str| ended.stdout.matches(text).count();
        assert_eq!(said(&line), 1, "{}", ended.stdout);
        assert_eq!(said("takes the logs again"), 1, "{}", ended.stdout);
        assert_eq!(collector.logs().len(), all - 3, "none is sent twice");
    }
}

fn what_is_taken_in_part_is_said_once() {
    if missing("what_is_taken_in_part_is_said_once", &[present("python3")]) {
        return;
    }
    let partial = json!({ "rejected": 1, "message": "too old" });
    let collector = Foreign::start(&json!({ "partial": partial }));
    let variables = [
        GRPC,
        GZIP,
        NO_METRICS,
        NO_TRACES,
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1"),
    ];
    let ended = run("bell", &collector.endpoint(), &variables);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let line = "does not take 1 of the logs, which are lost: too old; this is said once until it takes all";
    assert_eq!(ended.stdout.matches(line).count(), 1, "{}", ended.stdout);
    let logs = collector.logs();
    let bodies = logs.iter().map(|(_, it)| text(it.body.as_ref()));
    let strikes = bodies.filter(|body| body.as_deref() == Some("no sound"));
    assert_eq!(strikes.count(), 1, "it is not sent again");
}
