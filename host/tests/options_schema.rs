//! The JSON schema of the configuration: what editors complete appsettings files by.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use campanile_host::configuration::ByteSize;
use campanile_host::options::rule::{between, each, length, not_empty};
use campanile_host::{ServiceCollection, options};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only described")]
struct Clock {
    time_zones: Vec<String>,
    interval: Duration,
    volume: u8,
    is_loud: bool,
    #[serde(default)]
    limit: Option<ByteSize>,
    address: IpAddr,
    colour: Colour,
    shape: Shape,
    bells: BTreeMap<String, Bell>,
    pair: (u8, String),
    anything: Value,
}

#[derive(Deserialize)]
enum Colour {
    Red,
    Green,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only described")]
enum Shape {
    Plain,
    Round(f64),
    Square { width: i16 },
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only described")]
struct Bell {
    weight: u32,
    next: Option<Box<Self>>,
}

fn schema(register: impl FnOnce(&mut ServiceCollection)) -> Value {
    let mut services = ServiceCollection::new();
    register(&mut services);
    options::schema(&services.build().unwrap()).unwrap()
}

fn clock() -> Value {
    let schema = schema(|services| {
        services.configure::<Clock>("Tower:Clock");
    });
    schema["properties"]["Tower"]["properties"]["Clock"]["properties"].clone()
}

#[test]
fn every_field_has_the_type_that_it_asks_for() {
    let clock = clock();
    let names: Vec<&String> = clock.as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 11, "{names:?}");
    assert_eq!(clock["TimeZones"]["type"][0], "array");
    assert_eq!(clock["TimeZones"]["items"]["type"][0], "string");
    assert!(
        clock["Interval"]["description"]
            .as_str()
            .unwrap()
            .contains("hh:mm:ss")
    );
    assert_eq!(
        (&clock["Volume"]["minimum"], &clock["Volume"]["maximum"]),
        (&json!(0), &json!(255))
    );
    assert_eq!(clock["IsLoud"]["type"][0], "boolean");
    let limit = &clock["Limit"];
    assert!(
        limit["description"].as_str().unwrap().contains("64 KiB"),
        "{limit}"
    );
    assert!(
        limit["type"].as_array().unwrap().contains(&json!("null")),
        "{limit}"
    );
    assert_eq!(clock["Address"]["type"][0], "string");
    assert_eq!(clock["Pair"]["items"][0]["maximum"], 255);
    assert_eq!(clock["Anything"], json!({}));
}

#[test]
fn enumerations_name_their_variants() {
    let clock = clock();
    assert_eq!(
        clock["Colour"]["anyOf"][0],
        json!({ "enum": ["Red", "Green"] })
    );
    let shape = &clock["Shape"]["anyOf"];
    assert_eq!(shape[0], json!({ "enum": ["Plain"] }));
    assert_eq!(shape[2]["properties"]["Round"]["type"][0], "number");
    let width = &shape[3]["properties"]["Square"]["properties"]["Width"];
    assert_eq!(width["minimum"], -32_768);
}

#[test]
fn a_type_within_itself_is_a_reference_to_the_place_where_it_is() {
    let schema = schema(|services| {
        services.configure::<Clock>("Tower:Clock");
    });
    let bell = "/properties/Tower/properties/Clock/properties/Bells/additionalProperties";
    let next = schema.pointer(&format!("{bell}/properties/Next")).unwrap();
    assert_eq!(*next, json!({ "$ref": format!("#{bell}") }));
    assert!(
        schema
            .pointer(&format!("{bell}/properties/Weight"))
            .is_some()
    );
}

#[derive(Deserialize)]
struct Mail {
    port: u16,
    hosts: Vec<String>,
    name: String,
}

#[test]
fn rules_and_settings_of_others_are_in_it() {
    let schema = schema(|services| {
        services
            .options::<Mail>()
            .bind("Mail")
            .check("Port", |it| &it.port, between(1, 1024))
            .check("Hosts", |it| &it.hosts, each(length(1, 9)))
            .check("name", |it| &it.name, not_empty());
        services.options_named::<Mail>("backup").bind("Mail:Backup");
        services
            .describe_settings("Mail:Proxy", json!({ "type": "string" }))
            .describe_section::<BTreeMap<String, Bell>>("Mail:Bells");
    });
    let mail = &schema["properties"]["Mail"]["properties"];
    assert_eq!(
        (&mail["Port"]["minimum"], &mail["Port"]["maximum"]),
        (&json!(1), &json!(1024))
    );
    assert_eq!(mail["Hosts"]["items"]["maxLength"], 9);
    assert_eq!(mail["Name"]["minLength"], 1);
    assert_eq!(mail["Proxy"], json!({ "type": "string" }));
    let bell = &mail["Bells"]["additionalProperties"]["properties"];
    assert_eq!(bell["Weight"]["minimum"], 0);
    assert_eq!(
        bell["Next"],
        json!({ "$ref": "#/properties/Mail/properties/Bells/additionalProperties" })
    );
    assert_eq!(mail["Backup"]["properties"]["Port"]["maximum"], 65_535);
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
}
