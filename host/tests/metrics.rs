//! Instruments, and what Prometheus reads of them.

use std::sync::Arc;
use std::time::Duration;

use campanile_host::HostBuilder;
use campanile_host::metrics::{AllSeries, DURATION_BUCKETS, Metrics};

#[test]
fn counters_are_told_with_their_attributes() {
    let metrics = Metrics::new();
    let strikes = metrics.counter("bell.strikes", "{strike}", "Strikes of all bells.");
    strikes.add(2, &[("bell", "Emma"), ("hand", "left")]);
    strikes.with(&[("bell", "say \"hi\"\\\n")]).add(3);
    let text = metrics.to_prometheus();
    assert_eq!(
        text,
        "# HELP bell_strikes_total Strikes of all bells.\n\
         # TYPE bell_strikes_total counter\n\
         bell_strikes_total{bell=\"Emma\",hand=\"left\"} 2\n\
         bell_strikes_total{bell=\"say \\\"hi\\\"\\\\\\n\"} 3\n"
    );
}

#[test]
fn an_up_down_counter_is_a_gauge_that_returns_to_zero() {
    let metrics = Metrics::new();
    let open = metrics.up_down_counter("kestrel.active_connections", "{connection}", "");
    open.add(1, &[]);
    open.add(-1, &[]);
    assert_eq!(
        metrics.to_prometheus(),
        "# TYPE kestrel_active_connections gauge\nkestrel_active_connections 0\n"
    );
}

#[test]
fn a_histogram_counts_up_to_each_bound() {
    let metrics = Metrics::new();
    let took = metrics.histogram("bell.swing", "s", "One swing.", &[1.0, 0.5, 1.0]);
    for value in [0.25, 0.5, 0.75, 2.0, f64::NAN] {
        took.record(value, &[]);
    }
    took.record_duration(Duration::from_secs(1), &[("bell", "Emma")]);
    let text = metrics.to_prometheus();
    for line in [
        "# TYPE bell_swing_seconds histogram",
        "bell_swing_seconds_bucket{le=\"0.5\"} 2",
        "bell_swing_seconds_bucket{le=\"1\"} 3",
        "bell_swing_seconds_bucket{le=\"+Inf\"} 4",
        "bell_swing_seconds_sum 3.5",
        "bell_swing_seconds_count 4",
        "bell_swing_seconds_bucket{bell=\"Emma\",le=\"1\"} 1",
        "bell_swing_seconds_count{bell=\"Emma\"} 1",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
}

#[test]
fn a_name_is_one_instrument() {
    let metrics = Metrics::new();
    metrics.counter("bell.strikes", "", "").add(1, &[]);
    metrics.counter("bell.strikes", "", "").add(1, &[]);
    metrics.up_down_counter("bell.strikes", "", "").add(7, &[]);
    assert_eq!(
        metrics.to_prometheus(),
        "# TYPE bell_strikes_total counter\nbell_strikes_total 2\n"
    );
}

#[test]
fn nothing_is_lost_between_threads() {
    let metrics = Metrics::new();
    let strikes = metrics.counter("bell.strikes", "", "");
    let took = metrics.histogram("bell.swing", "s", "", DURATION_BUCKETS);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..1000 {
                    let bell = ["Emma", "Susanne", "Apostolica"][number % 3];
                    strikes.add(1, &[("bell", bell)]);
                    took.record(0.5, &[("bell", bell)]);
                }
            });
        }
    });
    let count = |bell| strikes.value(&[("bell", bell)]);
    assert_eq!(
        [count("Emma"), count("Susanne"), count("Apostolica")],
        [1336, 1332, 1332]
    );
    assert!(
        metrics
            .to_prometheus()
            .contains("bell_swing_seconds_sum{bell=\"Emma\"} 668\n")
    );
}

#[tokio::test]
async fn every_host_has_one() {
    let host = HostBuilder::empty().build().unwrap();
    let one = host.services().required::<Metrics>().unwrap();
    let same = host.services().required::<Metrics>().unwrap();
    assert!(Arc::ptr_eq(&one, &same));
}

#[test]
fn a_snapshot_has_the_names_and_the_series_as_they_were_made() {
    let metrics = Metrics::new();
    let bounds = [0.5, 1.0];
    let took = metrics.histogram("bell.swing", "s", "One swing.", &bounds);
    for value in [0.5, 0.75, 3.0] {
        took.record(value, &[("bell", "Emma")]);
    }
    let open = metrics.up_down_counter("bell.open", "", "");
    open.add(-2, &[]);
    let all = metrics.snapshot();
    let names: Vec<_> = all.iter().map(|it| (&*it.name, &*it.unit)).collect();
    assert_eq!(names, [("bell.open", ""), ("bell.swing", "s")]);
    let AllSeries::UpDownCounter(open) = &all[0].series else {
        panic!("{all:?}");
    };
    assert_eq!((open[0].attributes.len(), open[0].value), (0, -2));
    let AllSeries::Histogram(swings) = &all[1].series else {
        panic!("{all:?}");
    };
    assert_eq!(
        swings.len(),
        1,
        "the series without attributes was not used"
    );
    assert_eq!(swings[0].attributes, [("bell", "Emma".to_owned())]);
    let value = &swings[0].value;
    assert_eq!(
        (&*value.bounds, &*value.counts),
        (&bounds[..], &[1, 1, 1][..])
    );
    assert_eq!((value.sum, value.count()), (4.25, 3));
}
