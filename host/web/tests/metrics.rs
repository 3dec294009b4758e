//! Metrics at a mapped path.

mod common;

use campanile_host::metrics::Metrics;
use campanile_web::WebHostBuilderExt;
use common::{builder, get, start, until};

#[tokio::test]
async fn a_mapped_path_tells_what_was_counted() {
    let running = start(builder().map_metrics("/metrics")).await;
    let metrics = running.host.services().required::<Metrics>().unwrap();
    let strikes = metrics.counter("bell.strikes", "{strike}", "");
    for told in ["bell_strikes_total 1\n", "bell_strikes_total 2\n"] {
        strikes.add(1, &[]);
        let answer = running.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; version=0.0.4; charset=utf-8")
        );
        assert!(answer.body.contains(told), "{}", answer.body);
    }
}

/// The value of the series whose line begins so and has all of these parts.
fn value(text: &str, name: &str, parts: &[&str]) -> Option<f64> {
    let mut lines = text
        .lines()
        .filter(|it| it.starts_with(&format!("{name}{{")));
    let line = lines.find(|line| parts.iter().all(|part| line.contains(part)))?;
    line.rsplit_once(' ')?.1.parse().ok()
}

#[tokio::test]
async fn the_server_measures_itself_by_the_names_of_asp_net_core() {
    let running = start(
        builder()
            .map_get("/greet/{name}", |_| async { "well" })
            .map_metrics("/metrics"),
    )
    .await;
    let metrics = running.host.services().required::<Metrics>().unwrap();
    let text = || metrics.to_prometheus();
    let mut client = running.connect().await;
    client.ask(&get("/greet/ann")).await;
    client.ask(&get("/greet/bob")).await;
    client
        .ask("BREW /nothing HTTP/1.1\r\nHost: bell\r\n\r\n")
        .await;
    let duration = "http_server_request_duration_seconds_count";
    let greeted = [
        "http_route=\"/greet/{name}\"",
        "http_request_method=\"GET\"",
        "http_response_status_code=\"200\"",
        "network_protocol_version=\"1.1\"",
        "url_scheme=\"http\"",
    ];
    let other = ["http_request_method=\"_OTHER\"", "code=\"404\""];
    until("three requests have ended", || {
        let text = text();
        value(&text, duration, &greeted) == Some(2.0) && value(&text, duration, &other) == Some(1.0)
    })
    .await;
    assert_eq!(
        value(&text(), "http_server_active_requests", &["GET"]),
        Some(0.0)
    );
    let port = running.address.rsplit_once(':').unwrap().1;
    let endpoint = [
        "network_transport=\"tcp\"",
        "network_type=\"ipv4\"",
        "server_address=\"127.0.0.1\"",
        &format!("server_port=\"{port}\""),
    ];
    assert_eq!(
        value(&text(), "kestrel_active_connections", &endpoint),
        Some(1.0)
    );
    drop(client);
    until("the connection has ended", || {
        value(
            &text(),
            "kestrel_connection_duration_seconds_count",
            &endpoint,
        ) == Some(1.0)
    })
    .await;
    assert_eq!(
        value(&text(), "kestrel_active_connections", &endpoint),
        Some(0.0)
    );
}
