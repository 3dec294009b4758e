//! The area `filter`: the lowest level that the console writes for a category.

use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::logging::LogFilter;
use serde_json::{Map, Value, json};

use super::configuration::{pairs, texts};

pub(crate) fn answer(case: &Value) -> super::Answer {
    let mut builder = ConfigurationBuilder::new();
    if let Some(logging) = case.get("logging") {
        builder.add_json_text(json!({ "Logging": logging }).to_string());
    }
    builder.add_in_memory(pairs(&case["values"]));
    let filter = LogFilter::from_configuration(&builder.build()?)?;
    let lowest: Map<String, Value> = texts(&case["categories"])
        .into_iter()
        .map(|category| {
            let level = filter.lowest(&category).to_string();
            (category, level.into())
        })
        .collect();
    Ok(json!({ "lowest": lowest }))
}
