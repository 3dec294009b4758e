//! Rules for single settings, and what a report says about those that break them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_host::ServiceCollection;
use campanile_host::configuration::{ByteSize, ConfigurationBuilder};
use campanile_host::options::rule::{
    at_least, at_most, between, custom, each, if_given, length, not_empty,
};
use campanile_host::options::{self};
use serde::Deserialize;

#[derive(Deserialize)]
struct Tower {
    height: f64,
    bells: u8,
    interval: Duration,
    log: ByteSize,
    name: String,
    mottos: Vec<String>,
    weights: BTreeMap<String, u32>,
    storeys: Option<u8>,
}

fn report(json: &str) -> String {
    let configuration = ConfigurationBuilder::new()
        .add_json_text(json)
        .build()
        .unwrap();
    let mut services = ServiceCollection::new();
    services.add_instance(Arc::new(configuration));
    services
        .options::<Tower>()
        .bind("Tower")
        .check("Height", |it| &it.height, between(0.5, 100.0))
        .check("Bells", |it| &it.bells, at_least(1))
        .check(
            "Interval",
            |it| &it.interval,
            between(Duration::from_millis(10), Duration::from_secs(90_000)),
        )
        .check("Log", |it| &it.log, at_most(ByteSize(1 << 20)))
        .check("Name", |it| it.name.as_str(), not_empty())
        .check(
            "Name",
            |it| &it.name,
            custom(|name: &String| match name.as_str() {
                "Pisa" => Err("leans".to_owned()),
                _ => Ok(()),
            }),
        )
        .check("Mottos", |it| &it.mottos, each(length(1, 5)))
        .check("Weights", |it| &it.weights, length(1, 2))
        .check("Storeys", |it| &it.storeys, if_given(at_least(2)));
    match options::validate(&services.build().unwrap()) {
        Ok(()) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_keeps_all_rules_is_not_reported() {
    let report = report(
        r#"{"Tower": {"Height": 56, "Bells": 7, "Interval": "00:00:01", "Log": "64 KiB", "Name": "Giotto",
            "Mottos": ["ding", "dong"], "Weights": {"a": 1}}}"#,
    );
    assert_eq!(report, "");
}

#[test]
fn everything_that_breaks_a_rule_is_reported_with_key_place_and_value() {
    let report = report(
        r#"{"Tower": {
            "Height": 100.5,
            "Bells": 0,
            "Interval": "1.02:00:00",
            "Log": "2 MiB",
            "Name": " ",
            "Mottos": ["ding", "ding dong"],
            "Weights": {"a": 1, "b": 2, "c": 3},
            "Storeys": 1
        }}"#,
    );
    for says in [
        "'Tower:Height' (JSON text:2) has to be between 0.5 and 100, found 100.5",
        "'Tower:Bells' (JSON text:3) has to be at least 1, found 0",
        "'Tower:Interval' (JSON text:4) has to be between 00:00:00.010 and 1.01:00:00, found 1.02:00:00",
        "'Tower:Log' (JSON text:5) has to be at most 1 MiB, found 2 MiB",
        "'Tower:Name' (JSON text:6) must not be empty",
        "'Tower:Mottos' at 1 has to have from 1 to 5 characters, found 9",
        "has to have from 1 to 2 entries, found 3",
        "'Tower:Storeys' (JSON text:9) has to be at least 2, found 1",
    ] {
        assert!(report.contains(says), "{says}\n{report}");
    }
}

#[test]
fn a_rule_of_ones_own_speaks_for_itself() {
    let report = report(
        r#"{"Tower": {"Height": 56, "Bells": 7, "Interval": "00:00:01", "Log": 5, "Name": "Pisa",
            "Mottos": [], "Weights": {"a": 1}}}"#,
    );
    assert!(
        report.contains("'Tower:Name' (JSON text:1) leans"),
        "{report}"
    );
}
