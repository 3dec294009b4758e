//! Sources other than JSON files, what wins, and how sections are walked.

use std::path::MAIN_SEPARATOR;
use std::time::Duration;

use campanile_host::configuration::{
    Configuration, ConfigurationBuilder, ConfigurationError, HostConfigurationBuilder,
};
use config::{Map, Source, Value};

/// The variables that a source with this prefix reads of these.
fn variables(prefix: &str, variables: &[(&str, &str)]) -> Configuration {
    let prefix = prefix.to_owned();
    HostConfigurationBuilder::new()
        .variables(variables.iter().copied())
        .sources(move |builder| {
            builder.add_environment_variables(prefix);
        })
        .load()
        .unwrap()
        .configuration
}

fn arguments(arguments: &[&str]) -> Result<Configuration, ConfigurationError> {
    ConfigurationBuilder::new()
        .add_command_line(arguments.iter().copied())
        .build()
}

fn entries(configuration: &Configuration) -> Vec<(String, String)> {
    let entries = configuration.entries();
    entries
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
}

#[test]
fn variables_lose_their_prefix_and_gain_segments() {
    let configuration = variables("Bell__", &[("BELL__Clock__Name", "a"), ("bell_other", "b")]);
    assert_eq!(configuration.get("clock:name").as_deref(), Some("a"));
    assert_eq!(configuration.get("other"), None);
    assert_eq!(
        configuration.origin("clock:name").as_deref(),
        Some("environment variable BELL__Clock__Name")
    );
}

#[test]
fn variables_of_platforms_are_connection_strings() {
    let configuration = variables("", &[("sqlconnstr_Main", "s"), ("CUSTOMCONNSTR_A__B", "c")]);
    assert_eq!(
        configuration.connection_string("main").as_deref(),
        Some("s")
    );
    assert_eq!(
        configuration
            .connection_string("Main_ProviderName")
            .as_deref(),
        Some("System.Data.SqlClient")
    );
    assert_eq!(
        configuration.get("ConnectionStrings:A:B").as_deref(),
        Some("c")
    );
    assert_eq!(configuration.get("sqlconnstr_main"), None);
}

#[test]
fn arguments_come_in_every_form() {
    let configuration = arguments(&[
        "run", "--a", "1", "--b=2=3", "/c", "4", "/d=5", "e=", "--A", "6", "--f", "--g", "--end",
    ])
    .unwrap();
    let expected = [
        ("A", "6"),
        ("b", "2=3"),
        ("c", "4"),
        ("d", "5"),
        ("e", ""),
        ("f", "--g"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(entries(&configuration), expected);
}

#[test]
fn short_switches_have_to_be_mapped() {
    let message = arguments(&["-b=2"]).unwrap_err().to_string();
    assert!(message.contains("'-b=2'"), "{message}");
    assert_eq!(entries(&arguments(&["-b", "2"]).unwrap()), []);

    let map = |mappings: &[(&str, &str)]| {
        ConfigurationBuilder::new()
            .add_command_line_with(["-I", "5", "/long=x"], mappings.iter().copied())
            .build()
    };
    let configuration = map(&[("-i", "Clock:Interval"), ("--long", "Clock:Name")]).unwrap();
    assert_eq!(configuration.get("Clock:Interval").as_deref(), Some("5"));
    assert_eq!(configuration.get("Clock:Name").as_deref(), Some("x"));
    for (mappings, names) in [
        (&[("i", "A")][..], "'i'"),
        (&[("-i", "A"), ("-I", "B")][..], "'-I'"),
    ] {
        let message = map(mappings).unwrap_err().to_string();
        assert!(message.contains(names), "{message}");
    }
}

#[test]
fn a_folder_of_secrets_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("Clock__Name", "secret\n");
    write("Two", "a\n\n");
    write("ignore.me", "x");
    std::fs::create_dir(folder.path().join("..data")).unwrap();
    write("..data/Linked", "linked");
    #[cfg(unix)]
    std::os::unix::fs::symlink("..data/Linked", folder.path().join("Linked")).unwrap();

    let build = |path: &str, optional| {
        ConfigurationBuilder::new()
            .base_path(folder.path())
            .add_key_per_file(path, optional)
            .build()
    };
    let configuration = build("", false).unwrap();
    assert_eq!(configuration.get("Clock:Name").as_deref(), Some("secret"));
    assert_eq!(configuration.get("Two").as_deref(), Some("a\n"));
    assert_eq!(configuration.exists("Linked"), cfg!(unix));
    assert!(!configuration.exists("ignore.me"));
    let origin = configuration.origin("Two").unwrap();
    assert!(
        origin.ends_with(&format!("{MAIN_SEPARATOR}Two")),
        "{origin}"
    );

    assert_eq!(build("nowhere", true).unwrap().entries(), []);
    let message = build("nowhere", false).unwrap_err().to_string();
    assert!(message.contains("nowhere"), "{message}");
    write("clock:name", "again");
    let message = build("", false).unwrap_err().to_string();
    assert!(
        message.contains("'Clock__Name' and 'clock:name'"),
        "{message}"
    );
}

#[derive(Debug, Clone)]
struct Foreign;

impl Source for Foreign {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let origin = "vault".to_owned();
        let zones = Value::new(Some(&origin), vec!["UTC", "CET"]);
        let clock = Map::from([
            ("Zones".to_owned(), zones),
            ("Port".to_owned(), Value::new(Some(&origin), 80)),
            ("On".to_owned(), Value::new(None, true)),
            ("None".to_owned(), Value::new(None, None::<String>)),
            ("Empty".to_owned(), Value::new(None, Vec::<Value>::new())),
        ]);
        Ok(Map::from([("Clock".to_owned(), Value::new(None, clock))]))
    }
}

#[test]
fn sources_of_the_config_crate_are_flattened() {
    let configuration = ConfigurationBuilder::new()
        .add_source(Foreign)
        .add_source(config::Environment::with_prefix("NOBODY_SETS_THIS"))
        .add_in_memory([("clock:zones:1", "EET")])
        .build()
        .unwrap();
    let zones: Vec<String> = configuration.bind("Clock:Zones").unwrap();
    assert_eq!(zones, ["UTC", "EET"]);
    assert_eq!(
        configuration.origin("Clock:Zones:0").as_deref(),
        Some("vault")
    );
    assert_eq!(configuration.value::<u16>("clock:port").unwrap(), Some(80));
    assert_eq!(configuration.get("clock:on").as_deref(), Some("True"));
    assert_eq!(configuration.get("clock:empty").as_deref(), Some(""));
    assert!(!configuration.exists("clock:none"));
}

#[test]
fn a_failing_source_is_an_error() {
    #[derive(Debug, Clone)]
    struct Failing;
    impl Source for Failing {
        fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
            Box::new(self.clone())
        }
        fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
            Err(config::ConfigError::Message("the vault is shut".to_owned()))
        }
    }
    let error = ConfigurationBuilder::new().add_source(Failing).build();
    assert!(error.unwrap_err().to_string().contains("the vault is shut"));
}

#[test]
fn what_is_added_later_wins_and_spells() {
    let configuration = ConfigurationBuilder::new()
        .add_json_text(r#"{"Clock": {"Name": "a", "Zones": ["x", "y"], "Gone": 1}, "A": "flat"}"#)
        .add_json_text(
            r#"{"CLOCK": {"name": "b", "Zones": {"1": "z"}, "Gone": null}, "A": {"b": 1}}"#,
        )
        .build()
        .unwrap();
    let names: Vec<String> = configuration
        .section("clock")
        .children()
        .iter()
        .map(|section| format!("{} {}", section.key(), section.path()))
        .collect();
    assert_eq!(
        names,
        ["Gone clock:Gone", "name clock:name", "Zones clock:Zones"]
    );
    assert_eq!(configuration.get("Clock:Zones:0").as_deref(), Some("x"));
    assert_eq!(configuration.get("Clock:Zones:1").as_deref(), Some("z"));
    assert!(!configuration.exists("Clock:Gone"));
    // A key has both, a value and keys below.
    assert_eq!(configuration.get("A").as_deref(), Some("flat"));
    assert_eq!(configuration.get("A:b").as_deref(), Some("1"));
    assert_eq!(configuration.children().len(), 2);
}

#[test]
fn sections_can_be_asked_for_what_is_not_there() {
    let configuration = arguments(&["--A:B:C=00:00:02"]).unwrap();
    let section = configuration.section("a:b");
    assert_eq!((section.key(), section.path()), ("b", "a:b"));
    assert_eq!(section.text(), None);
    assert_eq!(section.get("c").as_deref(), Some("00:00:02"));
    assert_eq!(
        section.value::<Duration>("c").unwrap(),
        Some(Duration::from_secs(2))
    );
    assert_eq!(section.value::<Duration>("d").unwrap(), None);
    assert_eq!(section.section("C").text().as_deref(), Some("00:00:02"));
    let missing = configuration.section("x:y");
    assert!(!missing.exists());
    assert_eq!(missing.children().len(), 0);
    assert!(configuration.root().exists());
    assert_eq!(configuration.root().path(), "");
}

#[test]
fn nothing_that_is_printed_for_debugging_holds_a_value() {
    let mut builder = ConfigurationBuilder::new();
    builder
        .add_in_memory([("Password", "hush")])
        .add_command_line(["--Key", "hush"])
        .add_json_text(r#"{"Token": "hush"}"#);
    let configuration = builder.build().unwrap();
    let host = HostConfigurationBuilder::new()
        .arguments(["--Key", "hush"])
        .variables([("TOKEN", "hush")]);
    let section = configuration.section("Password");
    let printed = format!("{builder:?} {configuration:?} {section:?} {host:?}");
    assert!(!printed.contains("hush"), "{printed}");
    assert!(printed.contains("keys: 3"), "{printed}");
}
