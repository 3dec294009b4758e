//! Sections as types: what is read how, and what is said of what cannot be read.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use campanile_host::configuration::{
    BindError, BindProblemKind, ByteSize, Configuration, ConfigurationBuilder, Url,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

fn json(text: &str) -> Configuration {
    ConfigurationBuilder::new()
        .add_json_text(text)
        .build()
        .unwrap()
}

/// The section `S`.
fn bind<T: DeserializeOwned>(text: &str) -> Result<T, BindError> {
    json(text).bind("S")
}

/// The problems as an operator sees them.
fn problems<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let error = bind::<T>(text)
        .err()
        .expect("the section should be refused");
    error.problems().iter().map(ToString::to_string).collect()
}

#[derive(Deserialize, Debug, PartialEq)]
struct Clock {
    interval: Duration,
    #[serde(default)]
    time_zones: Vec<String>,
    #[serde(default = "seven")]
    port: u16,
    inner: Option<Inner>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Inner {
    name: String,
    rank: Option<i32>,
}

fn seven() -> u16 {
    7
}

#[test]
fn fields_ignore_case_and_underscores() {
    for text in [
        r#"{"S": {"Interval": "00:00:01", "TimeZones": ["UTC"], "Inner": {"Name": "n"}}}"#,
        r#"{"s": {"INTERVAL": "00:00:01", "time_zones": ["UTC"], "inner": {"NAME": "n"}}}"#,
    ] {
        let clock: Clock = bind(text).unwrap();
        let expected = Clock {
            interval: Duration::from_secs(1),
            time_zones: vec!["UTC".to_owned()],
            port: 7,
            inner: Some(Inner {
                name: "n".to_owned(),
                rank: None,
            }),
        };
        assert_eq!(clock, expected);
    }
}

#[test]
fn an_unknown_key_is_named_with_the_nearest_known_one() {
    assert_eq!(
        problems::<Clock>(
            "{\"S\": {\"Interval\": \"00:00:01\",\n\"Prot\": 1,\n\"Colour\": 2,\n\"Inner\": {\"Name\": \"n\",\n\"Rnak\": {\"x\":\n1}}}}"
        ),
        [
            "'S:Colour' (JSON text:3): there is no such setting; known are Interval, TimeZones, Port, Inner",
            "'S:Inner:Rnak' (JSON text:6): there is no such setting; did you mean 'Rank'?",
            "'S:Prot' (JSON text:2): there is no such setting; did you mean 'Port'?",
        ]
    );
    let text = r#"{"S": {"Interval": "00:00:01", "Prot": 1, "Port": {"0": 1}}}"#;
    let lenient = json(&text.replace("{\"0\": 1}", "80")).bind_lenient::<Clock>("S");
    assert_eq!(lenient.unwrap().port, 80);
}

#[test]
fn one_report_has_everything() {
    let text = r#"{"S": {
        "Interval": "5",
        "TimeZones": "UTC",
        "Port": 70000,
        "Prot": 1,
        "Inner": { "Rank": "x" }
    }}"#;
    let error = bind::<Clock>(text).unwrap_err();
    let name = std::any::type_name::<Clock>();
    assert_eq!(
        error.to_string(),
        format!(
            "6 problems in the section 'S' as {name}:
  1. 'S:Inner:Name': the setting is missing, and it has no default
  2. 'S:Inner:Rank' (JSON text:6): wanted an integer from -2147483648 to 2147483647, found 'x'
  3. 'S:Interval' (JSON text:2): wanted a time span: write 00:00:05 for 5 seconds, or 5.00:00:00 for 5 days, found '5'
  4. 'S:Port' (JSON text:4): wanted an integer from 0 to 65535, found '70000'
  5. 'S:Prot' (JSON text:5): there is no such setting; did you mean 'Port'?
  6. 'S:TimeZones' (JSON text:3): wanted a list (its elements under the keys 0, 1, 2), found 'UTC'"
        )
    );
    assert_eq!((error.section(), error.type_name()), ("S", name));
}

#[test]
fn a_report_has_no_consequences_of_what_it_has() {
    #[derive(Deserialize, Debug)]
    #[serde(try_from = "Raw")]
    struct Checked;
    #[derive(Deserialize)]
    struct Raw {
        #[serde(default)]
        least: u8,
        #[serde(default)]
        most: u8,
    }
    impl TryFrom<Raw> for Checked {
        type Error = String;
        fn try_from(raw: Raw) -> Result<Self, String> {
            if raw.least < raw.most {
                Ok(Self)
            } else {
                Err("least has to be below most".to_owned())
            }
        }
    }
    assert_eq!(
        problems::<Checked>("{\"S\":\n{\"Least\": 5, \"Most\": 1}}"),
        ["'S': least has to be below most"]
    );
    assert_eq!(
        problems::<Checked>(r#"{"S": {"Least": 5, "Most": "x"}}"#),
        ["'S:Most' (JSON text:1): wanted an integer from 0 to 255, found 'x'"]
    );
    assert_eq!(
        problems::<(u8, u8)>(r#"{"S": [1, "x"]}"#),
        ["'S:1' (JSON text:1): wanted an integer from 0 to 255, found 'x'"]
    );
    assert_eq!(
        problems::<(u8, u8)>(r#"{"S": [1]}"#),
        ["'S': wanted a list of 2, found a section"]
    );
}

#[test]
fn what_is_missing_is_named() {
    let error = json("{}").bind::<Clock>("S").unwrap_err();
    assert_eq!(error.problems()[0].key(), "S:Interval");
    assert_eq!(error.problems()[0].kind(), &BindProblemKind::Missing);
    assert_eq!(json("{}").bind::<Vec<u8>>("S").unwrap(), [0_u8; 0]);
    assert_eq!(json("{}").bind::<Option<Clock>>("S").unwrap(), None);
    assert!(json("{}").bind::<u8>("S").is_err());
    assert_eq!(json("{}").value::<u8>("S").unwrap(), None);
}

#[test]
fn a_null_keeps_the_default_and_an_empty_text_can_be_none() {
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(default)]
    struct Defaults {
        port: u16,
        zone: Option<String>,
        limit: Option<u32>,
        pause: Option<Duration>,
        list: Vec<Option<u8>>,
    }
    impl Default for Defaults {
        fn default() -> Self {
            Self {
                port: 5,
                zone: Some("UTC".to_owned()),
                limit: Some(3),
                pause: Some(Duration::ZERO),
                list: Vec::new(),
            }
        }
    }
    let nulls =
        r#"{"S": {"Port": null, "Zone": null, "Limit": null, "Pause": null, "List": null}}"#;
    assert_eq!(bind::<Defaults>(nulls).unwrap(), Defaults::default());
    let empty = r#"{"S": {"Zone": "", "Limit": "", "Pause": "", "List": ["", 1, null]}}"#;
    let expected = Defaults {
        port: 5,
        zone: Some(String::new()),
        limit: None,
        pause: None,
        list: vec![None, Some(1), None],
    };
    assert_eq!(bind::<Defaults>(empty).unwrap(), expected);
    assert_eq!(
        problems::<Defaults>(r#"{"S": {"Port": ""}}"#),
        ["'S:Port' (JSON text:1): wanted an integer from 0 to 65535, found ''"]
    );
}

#[test]
fn two_spellings_of_one_setting_are_a_problem() {
    let configuration = ConfigurationBuilder::new()
        .add_json_text(r#"{"S": {"Interval": "00:00:01", "TimeZones": ["UTC"]}}"#)
        .add_in_memory([("S:TIME_ZONES:0", "CET")])
        .build()
        .unwrap();
    let error = configuration.bind::<Clock>("S").unwrap_err();
    assert_eq!(
        error.problems()[0].to_string(),
        "'S:TIME_ZONES' (the program): this and 'S:TimeZones' are the same setting; keep one of them"
    );
}

#[test]
fn lists_and_maps_hold_what_is_below() {
    let text = r#"{"S": {"10": "c", "b": "e", "9": "b", "0": "a", "A": "d"}}"#;
    assert_eq!(
        bind::<Vec<String>>(text).unwrap(),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(bind::<Vec<String>>(r#"{"S": ""}"#).unwrap(), [""; 0]);
    let text = r#"{"S": {"Key": 1, "OTHER:Deep": 2}}"#;
    let map: BTreeMap<String, BTreeMap<String, u8>> =
        bind(r#"{"S": {"Key": {"A": 1}, "OTHER:Deep": 2, "Nothing": {}}}"#).unwrap();
    let expected = [
        ("Key", vec![("A", 1)]),
        ("Nothing", vec![]),
        ("OTHER", vec![("Deep", 2)]),
    ];
    let expected = expected.map(|(key, below)| {
        let below = below
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value));
        (key.to_owned(), below.collect())
    });
    assert_eq!(map, BTreeMap::from(expected));
    let ports: HashMap<u16, String> = bind(r#"{"S": {"80": "http", "443": "https"}}"#).unwrap();
    assert_eq!(ports[&443], "https");
    assert_eq!(
        problems::<HashMap<u16, String>>(r#"{"S": {"http": "x"}}"#),
        ["'S:http' (JSON text:1): the key itself has to be an integer from 0 to 65535"]
    );
    assert_eq!(
        problems::<BTreeMap<String, u8>>(text),
        ["'S:OTHER': wanted an integer, found a section"]
    );
}

#[test]
fn text_in_the_way_of_a_section_is_a_problem() {
    let both = ConfigurationBuilder::new()
        .add_json_text(r#"{"S": {"L": ["a"]}}"#)
        .add_in_memory([("S:L", "b")])
        .build()
        .unwrap();
    assert!(both.bind::<Vec<String>>("S:L").is_err());
    assert_eq!(both.bind_lenient::<Vec<String>>("S:L").unwrap(), ["a"]);
    // A scalar has nothing below it.
    let error = both.bind::<String>("S:L").unwrap_err();
    assert_eq!(
        error.problems()[0].to_string(),
        "'S:L:0' (JSON text:1): there is no such setting; nothing is known here"
    );
    assert_eq!(both.bind_lenient::<String>("S:L").unwrap(), "b");
}

#[test]
fn a_variable_that_happens_to_be_named_like_a_section_is_let_be() {
    let host = |variables: &[(&str, &str)]| {
        campanile_host::configuration::HostConfigurationBuilder::new()
            .variables(variables.iter().copied())
            .arguments(["--Mail:Port=25"])
            .load()
            .unwrap()
            .configuration
    };
    #[derive(Deserialize)]
    struct Mail {
        port: u16,
        #[serde(default)]
        from: Vec<String>,
    }
    let mail: Mail = host(&[("MAIL", "/var/mail/root")]).bind("Mail").unwrap();
    assert_eq!((mail.port, mail.from.len()), (25, 0));
    // One that is below a section was meant.
    let error = host(&[("MAIL__FROM", "me")]).bind::<Mail>("Mail");
    assert!(error.is_err_and(
        |error| error.problems()[0].origin() == Some("environment variable MAIL__FROM")
    ));
}

#[test]
fn enumerations_are_names_or_sections() {
    #[derive(Deserialize, Debug, PartialEq)]
    enum Sink {
        Console,
        File { path: String, max_bytes: u32 },
        Port(u16),
        Pair(u8, u8),
    }
    for (text, sink) in [
        (r#"{"S": "console"}"#, Sink::Console),
        (r#"{"S": {"Console": null}}"#, Sink::Console),
        (
            r#"{"S": {"FILE": {"Path": "/x", "MaxBytes": 5}}}"#,
            Sink::File {
                path: "/x".to_owned(),
                max_bytes: 5,
            },
        ),
        (r#"{"S": {"Port": 80}}"#, Sink::Port(80)),
        (r#"{"S": {"Pair": [1, 2]}}"#, Sink::Pair(1, 2)),
    ] {
        assert_eq!(bind::<Sink>(text).unwrap(), sink);
    }
    for (text, problem) in [
        (
            r#"{"S": "tape"}"#,
            "'S' (JSON text:1): wanted one of Console, File, Port, Pair, found 'tape'",
        ),
        (
            r#"{"S": "port"}"#,
            "'S' (JSON text:1): wanted a section with the key 'Port', found 'port'",
        ),
        (
            r#"{"S": {"Port": 80, "Console": ""}}"#,
            "'S': wanted one of Console, File, Port, Pair, found a section",
        ),
        (
            r#"{"S": {"Port": "x"}}"#,
            "'S:Port' (JSON text:1): wanted an integer from 0 to 65535, found 'x'",
        ),
        (
            r#"{"S": {"File": {"Path": "x", "MaxByte": 1}}}"#,
            "'S:File:MaxByte' (JSON text:1): there is no such setting; did you mean 'MaxBytes'?",
        ),
    ] {
        let found = problems::<Sink>(text);
        assert!(
            found.iter().any(|found| found == problem),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn what_reads_strings_reads_text() {
    #[derive(Deserialize)]
    struct Texts {
        address: IpAddr,
        id: uuid::Uuid,
        letter: char,
        wrapped: Wrapped,
    }
    #[derive(Deserialize)]
    struct Wrapped(Duration);
    let texts: Texts = bind(
        r#"{"S": {"Address": "::1", "Id": "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}", "Letter": "é", "Wrapped": "00:00:02"}}"#,
    )
    .unwrap();
    assert!(texts.address.is_loopback());
    assert_eq!(texts.id.as_u128() >> 96, 0xf81d_4fae);
    assert_eq!(texts.letter, 'é');
    assert_eq!(texts.wrapped.0, Duration::from_secs(2));
    assert_eq!(
        problems::<IpAddr>(r#"{"S": "here"}"#),
        ["'S' (JSON text:1): invalid IP address syntax"]
    );
}

#[test]
fn secrets_do_not_get_into_messages() {
    #[derive(Deserialize, Debug)]
    struct Secret {
        #[serde(rename = "Key")]
        _key: Bytes,
    }
    #[derive(Debug)]
    struct Bytes;
    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl serde::de::Visitor<'_> for Visitor {
                type Value = Bytes;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    assert_eq!(bytes, [1, 2, 3]);
                    Ok(Bytes)
                }
            }
            deserializer.deserialize_bytes(Visitor)
        }
    }
    bind::<Secret>(r#"{"S": {"Key": " AQ\nID "}}"#).unwrap();
    assert_eq!(
        problems::<Secret>(r#"{"S": {"Key": "hunter2!"}}"#),
        ["'S:Key' (JSON text:1): wanted bytes as base64"]
    );
}

#[test]
fn everything_can_be_bound_at_once() {
    #[derive(Deserialize)]
    struct All {
        a: u8,
        b: BTreeMap<String, String>,
    }
    let all: All = json(r#"{"A": 1, "B": {"x": "y"}}"#).root().bind().unwrap();
    assert_eq!((all.a, all.b["x"].as_str()), (1, "y"));
    let error = json(r#"{"A": 1}"#).root().bind::<All>().err().unwrap();
    assert_eq!(error.problems()[0].key(), "B");
}

#[test]
fn a_flood_of_problems_ends() {
    let values: Vec<String> = (0..5_000).map(|it| format!("\"x{it}\"")).collect();
    let error = bind::<Vec<u8>>(&format!("{{\"S\": [{}]}}", values.join(","))).unwrap_err();
    assert_eq!(error.problems().len(), 100);
}

#[derive(Deserialize, Debug)]
struct Limits {
    #[expect(dead_code, reason = "it is only bound")]
    body: ByteSize,
    #[expect(dead_code, reason = "it is only bound")]
    proxy: Url,
}

#[test]
fn sizes_and_urls_are_types_of_settings_and_say_what_they_want() {
    let json = r#"{"S": {"Body": 4096, "Proxy": "https://me:pw@example.org:8443/a"}}"#;
    let limits = format!("{:?}", bind::<Limits>(json).unwrap());
    assert_eq!(
        limits,
        "Limits { body: ByteSize(4096), proxy: https://me:***@example.org:8443/a }"
    );
    let report = problems::<Limits>(r#"{"S": {"Body": "4 K", "Proxy": "example.org"}}"#).join("\n");
    for says in [
        "wanted a size in bytes such as 4096, 64 KiB or 10 MB, found '4 K'",
        "wanted an absolute URL such as https://example.org/path: it has no scheme",
    ] {
        assert!(report.contains(says), "{report}");
    }
}
