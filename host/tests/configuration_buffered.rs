//! Sections as types that serde buffers for: flattened structs, internally tagged and untagged enumerations.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use campanile_host::configuration::{BindError, ConfigurationBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The section `S`.
fn bind<T: DeserializeOwned>(text: &str) -> Result<T, BindError> {
    let mut builder = ConfigurationBuilder::new();
    builder.add_json_text(text);
    builder.build().unwrap().bind("S")
}

/// The problems as an operator sees them.
fn problems<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let error = bind::<T>(text)
        .err()
        .expect("the section should be refused");
    error.problems().iter().map(ToString::to_string).collect()
}

#[derive(Deserialize, Debug, PartialEq)]
struct Outer {
    listen_port: u16,
    #[serde(default)]
    idle_time: Duration,
    #[serde(flatten)]
    inner: Inner,
}

#[derive(Deserialize, Debug, PartialEq, Default)]
#[serde(default)]
struct Inner {
    host_name: String,
    max_bytes: Option<u32>,
    keep_alive: bool,
    time_zones: Vec<String>,
    pause_time: Duration,
    address: Option<IpAddr>,
    ratio: f32,
    deep_down: Deep,
    counts: BTreeMap<String, u8>,
    #[serde(rename = "retryCount")]
    retries: u8,
}

#[derive(Deserialize, Debug, PartialEq, Default)]
#[serde(default)]
struct Deep {
    log_level: Level,
    sink: Option<Sink>,
}

#[derive(Deserialize, Debug, PartialEq, Default)]
enum Level {
    #[default]
    Quiet,
    VeryLoud,
}

#[derive(Deserialize, Debug, PartialEq)]
enum Sink {
    Null,
    File { file_path: String },
}

fn everything() -> Outer {
    Outer {
        listen_port: 80,
        idle_time: Duration::from_secs(2),
        inner: Inner {
            host_name: "5".to_owned(),
            max_bytes: Some(16),
            keep_alive: true,
            time_zones: vec!["UTC".to_owned(), "7".to_owned()],
            pause_time: Duration::from_secs(3),
            address: Some(IpAddr::from([127, 0, 0, 1])),
            ratio: 2.0,
            deep_down: Deep {
                log_level: Level::VeryLoud,
                sink: Some(Sink::File {
                    file_path: "/x".to_owned(),
                }),
            },
            counts: BTreeMap::from([("A_b".to_owned(), 1)]),
            retries: 5,
        },
    }
}

#[test]
fn fields_of_a_flattened_struct_ignore_case_and_underscores() {
    for text in [
        r#"{"S": {"ListenPort": 80, "IdleTime": "00:00:02", "HostName": 5, "MaxBytes": "0x10", "KeepAlive": "True",
            "TimeZones": ["UTC", 7], "PauseTime": "00:00:03", "Address": "127.0.0.1", "Ratio": 2,
            "DeepDown": {"LogLevel": "veryloud", "Sink": {"FILE": {"FilePath": "/x"}}}, "Counts": {"A_b": 1}, "RetryCount": 5}}"#,
        r#"{"S": {"listen_port": 80, "idle_time": "00:00:02", "host_name": "5", "max_bytes": "16", "keep_alive": true,
            "time_zones": ["UTC", "7"], "pause_time": "00:00:03", "address": "127.0.0.1", "ratio": "2.0",
            "deep_down": {"log_level": "VeryLoud", "sink": {"File": {"file_path": "/x"}}}, "counts": {"A_b": 1}, "retryCount": 5}}"#,
        r#"{"S": {"LISTEN_PORT": 80, "IDLE_TIME": "00:00:02", "HOST_NAME": "5", "MAX_BYTES": "16", "KEEP_ALIVE": "TRUE",
            "TIME_ZONES": ["UTC", "7"], "PAUSE_TIME": "00:00:03", "ADDRESS": "127.0.0.1", "RATIO": "2.0",
            "DEEP_DOWN": {"LOG_LEVEL": "VERY_LOUD", "SINK": {"file": {"FILE_PATH": "/x"}}}, "COUNTS": {"A_b": 1}, "RETRY_COUNT": 5}}"#,
    ] {
        assert_eq!(bind::<Outer>(text).unwrap(), everything(), "{text}");
    }
    let little = r#"{"S": {"LISTENPORT": 1, "MaxBytes": "", "KeepAlive": null, "TimeZones": "", "DeepDown": {"Sink": "null"}}}"#;
    let expected = Outer {
        listen_port: 1,
        idle_time: Duration::ZERO,
        inner: Inner {
            deep_down: Deep {
                sink: Some(Sink::Null),
                ..Deep::default()
            },
            ..Inner::default()
        },
    };
    assert_eq!(bind::<Outer>(little).unwrap(), expected);
}

#[test]
fn what_is_wrong_beside_flattened_fields_is_named_with_its_place() {
    assert_eq!(
        problems::<Outer>(
            "{\"S\": {\"ListenPort\": 80,\n\"Colour\": 1,\n\"KeepAlive\": \"maybe\",\n\"DeepDown\": {\"LogLevel\": \"loud\",\n\
             \"Extra\": 1},\n\"PauseTime\": \"5\"}}"
        ),
        [
            "'S:Colour' (JSON text:2): no type reads this setting; if one should, write it with the capitals or underscores of its field",
            "'S:DeepDown:Extra' (JSON text:5): no type reads this setting; if one should, write it with the capitals or underscores of its field",
            "'S:DeepDown:LogLevel' (JSON text:4): wanted one of Quiet, VeryLoud, found 'loud'",
            "'S:KeepAlive' (JSON text:3): wanted true or false, found 'maybe'",
            "'S:PauseTime' (JSON text:6): wanted a time span: write 00:00:05 for 5 seconds, or 5.00:00:00 for 5 days, found '5'",
        ]
    );
    assert_eq!(
        problems::<Outer>(r#"{"S": {"ListenPort": 70000, "HostName": "x"}}"#),
        ["'S:ListenPort' (JSON text:1): wanted an integer from 0 to 65535, found '70000'"]
    );
    assert_eq!(
        problems::<Outer>(r#"{"S": {"HostName": "x"}}"#),
        ["'S:ListenPort': the setting is missing, and it has no default"]
    );
    assert_eq!(
        problems::<Outer>(r#"{"S": {"ListenPort": 1, "HostName": "x", "HOST_NAME": "y"}}"#),
        [
            "'S:HOST_NAME' (JSON text:1): this and 'S:HostName' are the same setting; keep one of them"
        ]
    );
}

#[test]
fn keys_that_are_not_known_are_let_be_where_that_was_asked_for() {
    let mut builder = ConfigurationBuilder::new();
    builder.add_json_text(r#"{"S": {"ListenPort": 1, "Colour": 2, "HostName": "x"}}"#);
    let outer: Outer = builder.build().unwrap().bind_lenient("S").unwrap();
    assert_eq!((outer.listen_port, &*outer.inner.host_name), (1, "x"));
}

#[test]
fn a_flattened_map_takes_the_rest_as_it_is_spelled() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Open {
        listen_port: u16,
        #[serde(flatten)]
        inner: Named,
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Named {
        #[serde(default)]
        host_name: String,
    }
    let open: Open =
        bind(r#"{"S": {"ListenPort": 80, "Any_Key": "x", "HostName": "h", "listen": 5}}"#).unwrap();
    assert_eq!((open.listen_port, &*open.inner.host_name), (80, "h"));
    let rest = [("Any_Key", "x"), ("listen", "5")];
    let rest = rest.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(open.rest, BTreeMap::from(rest));
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
enum Store {
    LocalFile {
        file_path: String,
        #[serde(default)]
        max_size: u32,
        #[serde(default)]
        retries: Option<u8>,
    },
    Nothing,
}

#[test]
fn an_internally_tagged_enumeration_ignores_case_and_underscores() {
    let expected = Store::LocalFile {
        file_path: "7".to_owned(),
        max_size: 7,
        retries: None,
    };
    for text in [
        r#"{"S": {"Kind": "LOCAL_FILE", "FilePath": 7, "MaxSize": "7", "Retries": ""}}"#,
        r#"{"S": {"kind": "localFile", "filePath": "7", "maxSize": 7}}"#,
        r#"{"S": {"KIND": "localfile", "FILEPATH": "7", "MAX_SIZE": "0x7", "RETRIES": null}}"#,
    ] {
        assert_eq!(bind::<Store>(text).unwrap(), expected, "{text}");
    }
    assert_eq!(
        bind::<Store>(r#"{"S": {"KIND": "nothing"}}"#).unwrap(),
        Store::Nothing
    );
}

#[test]
fn what_is_wrong_with_an_internally_tagged_enumeration_is_named() {
    for (text, expected) in [
        (
            "{\"S\": {\n\"Kind\": \"Tape\"}}",
            "'S:Kind' (JSON text:2): wanted one of localFile, nothing, found 'Tape'",
        ),
        (
            "{\"S\": {\"FilePath\": \"x\"}}",
            "'S:Kind': the setting is missing, and it has no default",
        ),
        (
            "{\"S\": {\"Kind\": \"localFile\"}}",
            "'S:filePath': the setting is missing, and it has no default",
        ),
        (
            "{\"S\": {\"Kind\": \"localFile\", \"FilePath\": \"x\",\n\"MaxSize\": -1}}",
            "'S:MaxSize' (JSON text:2): wanted an integer from 0 to 4294967295, found '-1'",
        ),
        (
            "{\"S\": {\"Kind\": \"localFile\", \"FilePath\": \"x\",\n\"MaxSiz\": 1}}",
            "'S:MaxSiz' (JSON text:2): no type reads this setting; if one should, write it with the capitals or underscores of its field",
        ),
    ] {
        assert_eq!(problems::<Store>(text), [expected], "{text}");
    }
}

#[test]
fn types_that_deny_unknown_fields_know_the_nearest_one() {
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(tag = "kind", deny_unknown_fields)]
    enum Exact {
        File {
            #[serde(default)]
            file_path: String,
            #[serde(default)]
            max_size: u32,
        },
    }
    assert_eq!(
        bind::<Exact>(r#"{"S": {"Kind": "file", "FILEPATH": "x", "MaxSize": 1}}"#).unwrap(),
        Exact::File {
            file_path: "x".to_owned(),
            max_size: 1
        }
    );
    assert_eq!(
        problems::<Exact>(r#"{"S": {"Kind": "File", "MaxSiz": 1}}"#),
        ["'S:MaxSiz' (JSON text:1): there is no such setting; did you mean 'MaxSize'?"]
    );
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(untagged)]
enum Target {
    Port(u16),
    Name(String),
    Socket {
        socket_path: String,
        #[serde(default)]
        mode: u32,
    },
    Remote {
        host_name: String,
        port: u16,
    },
}

#[test]
fn an_untagged_enumeration_ignores_case_and_underscores() {
    for (text, expected) in [
        ("80", Target::Port(80)),
        (r#""80""#, Target::Port(80)),
        (r#""x""#, Target::Name("x".to_owned())),
        (r#""0x50""#, Target::Name("0x50".to_owned())),
        ("70000", Target::Name("70000".to_owned())),
        (
            r#"{"SocketPath": 5, "MODE": 384}"#,
            Target::Socket {
                socket_path: "5".to_owned(),
                mode: 384,
            },
        ),
        (
            r#"{"HOSTNAME": "h", "Port": "81"}"#,
            Target::Remote {
                host_name: "h".to_owned(),
                port: 81,
            },
        ),
    ] {
        let targets: Vec<Target> = bind(&format!("{{\"S\": [{text}]}}")).unwrap();
        assert_eq!(targets, [expected], "{text}");
    }
}

#[test]
fn an_untagged_enumeration_says_what_each_of_its_forms_lacks() {
    let found = problems::<Target>("{\"S\": {\"HostName\": \"h\",\n\"Port\": \"x\"}}").join("\n");
    for says in [
        "'S' (JSON text:1): data did not match any variant of untagged enum Target: ",
        "'SocketPath' is missing",
        "'S:Port' (JSON text:2): wanted an integer from 0 to 65535, found 'x'",
    ] {
        assert!(found.contains(says), "{found}");
    }
    assert_eq!(
        problems::<Target>(r#"{"S": {"HostName": "h", "Port": 1, "Colour": 2}}"#),
        [
            "'S:Colour' (JSON text:1): no type reads this setting; if one should, write it with the capitals or underscores of its field"
        ]
    );
}

#[test]
fn a_flattened_enumeration_is_read_as_any_other() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Job {
        job_name: String,
        #[serde(flatten)]
        store: Store,
    }
    let job: Job = bind(
        r#"{"S": {"JobName": "LocalFile", "Kind": "LocalFile", "FilePath": "/x", "MaxSize": 3}}"#,
    )
    .unwrap();
    let store = Store::LocalFile {
        file_path: "/x".to_owned(),
        max_size: 3,
        retries: None,
    };
    assert_eq!((&*job.job_name, job.store), ("LocalFile", store));
    assert_eq!(
        problems::<Job>("{\"S\": {\"JobName\": \"a\",\n\"Kind\": \"tape\"}}"),
        ["'S:Kind' (JSON text:2): wanted one of localFile, nothing, found 'tape'"]
    );

    #[derive(Deserialize, Debug, PartialEq)]
    struct Maybe {
        #[serde(flatten)]
        inner: Option<Required>,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Required {
        user_name: String,
    }
    let maybe: Maybe = bind(r#"{"S": {"UserName": "u"}}"#).unwrap();
    assert_eq!(maybe.inner.unwrap().user_name, "u");
    assert_eq!(bind::<Maybe>("{}").unwrap(), Maybe { inner: None });
}

#[test]
fn values_of_no_type_are_what_they_look_like() {
    let value: serde_json::Value =
        bind(r#"{"S": {"a": [1, null], "B_c": {"0": "x", "2": "true"}, "d": {"e": {"F": 0.5}}}}"#)
            .unwrap();
    assert_eq!(
        value,
        serde_json::json!({"a": [1, null], "B_c": {"0": "x", "2": true}, "d": {"e": {"F": 0.5}}})
    );
}

#[test]
fn equal_values_of_different_types_are_told_apart() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Same {
        #[serde(flatten)]
        all: All,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct All {
        a: u16,
        b: String,
        c: f64,
        d: String,
        e: bool,
        f: String,
    }
    let same: Same =
        bind(r#"{"S": {"A": 5, "B": 5, "C": 5, "D": 5, "E": "true", "F": "true"}}"#).unwrap();
    let expected = All {
        a: 5,
        b: "5".to_owned(),
        c: 5.0,
        d: "5".to_owned(),
        e: true,
        f: "true".to_owned(),
    };
    assert_eq!(same.all, expected);
}

#[test]
fn texts_that_are_the_same_are_variants_where_these_are_wanted() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Loud {
        #[serde(flatten)]
        all: Levels,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Levels {
        a: String,
        b: Level,
        c: Shouted,
        d: Level,
        e: String,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Shouted {
        VeryLoud,
    }
    let text = r#"{"S": {"A": "veryloud", "B": "veryloud", "C": "veryloud", "D": "veryloud", "E": "veryloud"}}"#;
    let expected = Levels {
        a: "veryloud".to_owned(),
        b: Level::VeryLoud,
        c: Shouted::VeryLoud,
        d: Level::VeryLoud,
        e: "veryloud".to_owned(),
    };
    assert_eq!(bind::<Loud>(text).unwrap().all, expected);
}

#[test]
fn of_texts_that_are_the_same_the_one_that_is_wrong_is_named() {
    #[derive(Deserialize, Debug)]
    struct Outer {
        #[serde(flatten)]
        _inner: Inner,
    }
    #[derive(Deserialize, Debug, Default)]
    #[serde(default)]
    struct Inner {
        #[serde(rename = "a")]
        _a: String,
        #[serde(rename = "b")]
        _b: u16,
        #[serde(rename = "c")]
        _c: u8,
        #[serde(rename = "d")]
        _d: Level,
        #[serde(rename = "e")]
        _e: bool,
    }
    assert_eq!(
        problems::<Outer>("{\"S\": {\"A\": \"300\",\n\"B\": \"300\",\n\"C\": \"300\"}}"),
        ["'S:C' (JSON text:3): wanted an integer from 0 to 255, found '300'"]
    );
    assert_eq!(
        problems::<Outer>("{\"S\": {\"A\": \"x\",\n\"D\": \"x\",\n\"E\": \"x\"}}"),
        [
            "'S:D' (JSON text:2): wanted one of Quiet, VeryLoud, found 'x'",
            "'S:E' (JSON text:3): wanted true or false, found 'x'",
        ]
    );
}

#[derive(Debug, PartialEq)]
struct Key(Vec<u8>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Key;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Key, E> {
                Ok(Key(bytes.to_vec()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Key, E> {
                Ok(Key(text.into()))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}

#[test]
fn buffered_types_stand_anywhere() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Farm {
        all_servers: BTreeMap<String, Server>,
        fallback: Vec<Server>,
        adjacent: Adjacent,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Server {
        #[serde(flatten)]
        outer: Middle,
        #[serde(flatten)]
        second: Second,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Middle {
        #[serde(flatten)]
        inner: Innermost,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    struct Innermost {
        #[serde(default)]
        max_size: u8,
    }
    #[derive(Deserialize, Debug, PartialEq, Default)]
    #[serde(default)]
    struct Second {
        secret_key: Option<Key>,
        by_port: BTreeMap<String, Target>,
        user_name: String,
    }
    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(tag = "type", content = "arguments")]
    enum Adjacent {
        Sized {
            #[serde(default)]
            max_size: u8,
        },
    }
    let server = |max_size, user_name: &str| Server {
        outer: Middle {
            inner: Innermost { max_size },
        },
        second: Second {
            user_name: user_name.to_owned(),
            ..Second::default()
        },
    };
    let text = r#"{"S": {
        "AllServers": {"Web_1": {"MaxSize": "1", "UserName": 1}, "web_2": {"USER_NAME": "b", "MAX_SIZE": 2}},
        "Fallback": [{"MaxSize": 3, "ByPort": {"Any_Name": {"SocketPath": "/s", "Mode": 1}}, "SecretKey": "AQID"}, {}],
        "Adjacent": {"Arguments": {"MaxSize": 4}, "Type": "sized"}}}"#;
    let mut third = server(3, "");
    let socket = Target::Socket {
        socket_path: "/s".to_owned(),
        mode: 1,
    };
    third.second.by_port.insert("Any_Name".to_owned(), socket);
    third.second.secret_key = Some(Key(vec![1, 2, 3]));
    let expected = Farm {
        all_servers: BTreeMap::from([
            ("Web_1".to_owned(), server(1, "1")),
            ("web_2".to_owned(), server(2, "b")),
        ]),
        fallback: vec![third, server(0, "")],
        adjacent: Adjacent::Sized { max_size: 4 },
    };
    assert_eq!(bind::<Farm>(text).unwrap(), expected);
}

#[test]
fn a_large_section_of_no_type_is_read() {
    let sections = (0..100).map(|at| format!(r#""Section{at}": {{"Inner": {{"Key": {at}}}}}"#));
    let text = format!(r#"{{"S": {{{}}}}}"#, sections.collect::<Vec<_>>().join(","));
    let value: serde_json::Value = bind(&text).unwrap();
    assert_eq!(value["Section99"]["Inner"]["Key"], 99);
}
