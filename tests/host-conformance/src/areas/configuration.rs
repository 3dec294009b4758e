//! The area `configuration`: what a host with defaults reads.

use campanile_host::configuration::{
    ConfigurationBuilder, ConfigurationSection, HostConfigurationBuilder,
};
use serde_json::{Map, Value, json};

pub(crate) fn answer(case: &Value) -> super::Answer {
    let sources = case.clone();
    let host = HostConfigurationBuilder::new()
        .arguments(texts(&case["args"]))
        .sources(move |builder| add_sources(builder, &sources))
        .load()?;
    let configuration = host.configuration;
    let values: Map<String, Value> = configuration
        .entries()
        .into_iter()
        .map(|(key, value)| (key.to_lowercase(), value.into()))
        .collect();
    let mut answer = json!({
        "values": values,
        "environment": host.environment_name,
        "content_root": host.content_root,
    });
    if let Some(parent) = case["children_of"].as_str() {
        let children = configuration.section(parent).children();
        answer["children"] = children.iter().map(ConfigurationSection::key).collect();
    }
    if let Some(name) = case["connection_string"].as_str() {
        answer["connection_string"] = configuration.connection_string(name).into();
    }
    if !case["exists"].is_null() {
        let keys = texts(&case["exists"]);
        answer["exists"] = keys.iter().map(|key| configuration.exists(key)).collect();
    }
    Ok(answer)
}

fn add_sources(builder: &mut ConfigurationBuilder, case: &Value) {
    let optional = case["optional"].as_bool().unwrap_or_default();
    if !case["memory"].is_null() {
        builder.add_in_memory(pairs(&case["memory"]));
    }
    if let Some(folder) = case["key_per_file"].as_str() {
        builder.add_key_per_file(folder, optional);
    }
    if let Some(file) = case["json_file"].as_str() {
        builder.add_json_file(file, optional);
    }
    if let Some(prefix) = case["prefix"].as_str() {
        builder.add_environment_variables(prefix);
    }
    if !case["switch_mappings"].is_null() {
        builder.add_command_line_with(texts(&case["mapped_args"]), pairs(&case["switch_mappings"]));
    }
}

pub(super) fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts
        .filter_map(|it| Some(it.as_str()?.to_owned()))
        .collect()
}

pub(super) fn pairs(object: &Value) -> Vec<(String, String)> {
    let members = object.as_object().into_iter().flatten();
    members
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}
