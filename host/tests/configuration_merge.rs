//! The merged configuration against a simple model of it: a map from the key in lower case to what was said last.

use std::collections::{BTreeMap, BTreeSet};

use campanile_host::configuration::{Configuration, ConfigurationBuilder};
use proptest::prelude::*;

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "A", "b", "Bc", "bC", "_", "é", "É", ""]),
        2 => prop::sample::select(vec!["0", "1", "2", "10", "-1"]),
    ]
    .prop_map(ToOwned::to_owned)
}

fn key() -> impl Strategy<Value = String> {
    prop::collection::vec(segment(), 1..4).prop_map(|segments| segments.join(":"))
}

fn layers() -> impl Strategy<Value = Vec<Vec<(String, String)>>> {
    prop::collection::vec(prop::collection::vec((key(), "[xyz]{0,2}"), 0..8), 0..5)
}

fn build(layers: &[Vec<(String, String)>]) -> Configuration {
    let mut builder = ConfigurationBuilder::new();
    for layer in layers {
        builder.add_in_memory(layer.iter().cloned());
    }
    builder.build().unwrap()
}

fn model(layers: &[Vec<(String, String)>]) -> BTreeMap<String, Option<String>> {
    let mut model = BTreeMap::new();
    for (key, value) in layers.iter().flatten() {
        let key = key.to_lowercase();
        for (at, _) in key.match_indices(':') {
            model.entry(key[..at].to_owned()).or_insert(None);
        }
        model.insert(key, Some(value.clone()));
    }
    model
}

/// Integers by number, then everything else by its capitals.
fn rank(segment: &str) -> (bool, i32, String) {
    match segment.parse() {
        Ok(number) => (false, number, String::new()),
        Err(_) => (true, 0, segment.to_uppercase()),
    }
}

proptest! {
    #[test]
    fn every_key_has_the_value_that_was_said_last(layers in layers()) {
        let configuration = build(&layers);
        let model = model(&layers);
        let entries: BTreeMap<String, Option<String>> = configuration
            .entries()
            .into_iter()
            .map(|(key, value)| (key.to_lowercase(), value))
            .collect();
        prop_assert_eq!(configuration.entries().len(), model.len());
        prop_assert_eq!(&entries, &model);
        for (key, value) in &model {
            prop_assert_eq!(&configuration.get(&key.to_uppercase()), value);
        }
    }

    #[test]
    fn children_are_those_of_all_sources_in_order(layers in layers()) {
        let configuration = build(&layers);
        let model = model(&layers);
        for parent in model.keys() {
            let below = format!("{parent}:");
            let expected: BTreeSet<String> = model
                .keys()
                .filter_map(|key| key.strip_prefix(&below))
                .filter(|rest| !rest.contains(':'))
                .map(ToOwned::to_owned)
                .collect();
            let children: Vec<String> = configuration
                .section(parent)
                .children()
                .iter()
                .map(|child| child.key().to_lowercase())
                .collect();
            let found: BTreeSet<String> = children.iter().cloned().collect();
            prop_assert_eq!(found.len(), children.len());
            prop_assert_eq!(found, expected);
            prop_assert!(children.is_sorted_by_key(|child| rank(child)), "{:?}", children);
        }
    }

    #[test]
    fn splitting_a_layer_changes_nothing(layers in layers()) {
        let one = vec![layers.concat()];
        prop_assert_eq!(build(&layers).entries(), build(&one).entries());
    }

    #[test]
    fn json_text_of_any_kind_is_read_or_refused(text in "[{}\\[\\]\",:/*\n a1e\\\\-]{0,40}") {
        let _ = ConfigurationBuilder::new().add_json_text(text).build();
    }

    #[test]
    fn json_comes_back_as_it_went_in(values in prop::collection::btree_map("[a-z]{1,3}", ".{0,6}", 0..6)) {
        let text = serde_json::to_string_pretty(&values).unwrap();
        let lenient = format!("// é\n{}, /* end */ }}", text.trim_end_matches('}').trim_end());
        let lenient = if values.is_empty() { text } else { lenient };
        let configuration = ConfigurationBuilder::new().add_json_text(lenient).build().unwrap();
        for (key, value) in &values {
            prop_assert_eq!(configuration.get(key), Some(value.clone()));
        }
    }
}

#[test]
fn what_says_replace_takes_the_place_of_all_that_is_weaker() {
    let weak =
        r#"{"Clock": {"Zones": ["a", "b", "c"], "Bells": {"X": 1, "Y": {"Z": 2}}, "Name": "n"}}"#;
    for (strong, zones) in [
        (r#"{"Clock": {"Zones": {"$replace": ["x"]}}}"#, vec!["x"]),
        (r#"{"clock:ZONES:$REPLACE": ["x", "y"]}"#, vec!["x", "y"]),
        (r#"{"Clock": {"Zones": {"$replace": []}}}"#, vec![]),
        (r#"{"Clock": {"Zones": {"$replace": null}}}"#, vec![]),
        (r#"{"Clock": {"Zones": ["x"]}}"#, vec!["x", "b", "c"]),
    ] {
        let configuration = ConfigurationBuilder::new()
            .add_json_text(weak)
            .add_json_text(strong)
            .build()
            .unwrap();
        let bound: Vec<String> = configuration.bind("Clock:Zones").unwrap();
        assert_eq!(bound, zones, "{strong}");
        assert_eq!(configuration.get("Clock:Name").as_deref(), Some("n"));
        assert!(!configuration.exists("Clock:Zones:$replace"));
    }
}

#[test]
fn a_replaced_section_can_be_added_to_by_stronger_sources() {
    let configuration = ConfigurationBuilder::new()
        .add_json_text(r#"{"Bells": {"X": 1, "Y": {"Z": 2}}}"#)
        .add_json_text(r#"{"Bells": {"$replace": {"Y": {"W": 3}}, "V": 4}}"#)
        .add_command_line(["--Bells:Y:U=5"])
        .build()
        .unwrap();
    let mut entries = configuration.entries();
    entries.retain(|(_, value)| value.is_some());
    let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["Bells:V", "Bells:Y:U", "Bells:Y:W"]);
}
