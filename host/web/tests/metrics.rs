//! Metrics at a mapped path.

mod common;

use campanile_host::metrics::Metrics;
use campanile_web::WebHostBuilderExt;
use common::{builder, start};

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
        assert!(answer.body.ends_with(told), "{}", answer.body);
    }
}
