//! The default sources of a host: what beats what, and what they say about the host itself.

use std::fs;
use std::path::{MAIN_SEPARATOR_STR, Path};

use campanile_host::configuration::{HostConfiguration, HostConfigurationBuilder};

struct Case {
    folder: tempfile::TempDir,
    arguments: Vec<&'static str>,
    variables: Vec<(&'static str, &'static str)>,
}

impl Case {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self {
            folder,
            arguments: Vec::new(),
            variables: Vec::new(),
        }
    }

    fn builder(&self) -> HostConfigurationBuilder {
        HostConfigurationBuilder::new()
            .directory(self.folder.path())
            .arguments(self.arguments.iter().copied())
            .variables(self.variables.iter().copied())
    }

    fn load(&self) -> HostConfiguration {
        self.builder().load().unwrap()
    }
}

/// A path as the system has it.
fn native(path: &str) -> String {
    path.replace('/', MAIN_SEPARATOR_STR)
}

/// One key, given by everything; taking the winner away each time shows who is next.
#[test]
fn precedence_from_the_strongest_down() {
    let file = |text: &str| format!(r#"{{"Key": "{text}"}}"#);
    let mut files = vec![
        ("appsettings.Blue.json", file("root, Blue")),
        ("config/appsettings.Blue.json", file("config, Blue")),
        ("appsettings.json", file("root")),
        ("config/appsettings.json", file("config")),
    ];
    let load = |files: &[(&str, String)],
                arguments: &[&'static str],
                variables: &[(&'static str, &'static str)]| {
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let mut case = Case::new(&files);
        case.arguments = [&["--environment=Blue"], arguments].concat();
        case.variables = variables.to_vec();
        let configuration = case.load().configuration;
        let origin = configuration.origin("key").unwrap_or_default();
        (configuration.get("key").unwrap_or_default(), origin)
    };
    let variables = [
        ("KEY", "variable"),
        ("DOTNET_KEY", "dotnet"),
        ("ASPNETCORE_KEY", "aspnetcore"),
    ];
    assert_eq!(load(&files, &["--key=argument"], &variables).0, "argument");
    assert_eq!(load(&files, &[], &variables).0, "variable");
    for (value, origin) in [
        ("root, Blue", "appsettings.Blue.json:1"),
        ("config, Blue", "config/appsettings.Blue.json:1"),
        ("root", "appsettings.json:1"),
        ("config", "config/appsettings.json:1"),
    ] {
        let loaded = load(&files, &[], &variables[1..]);
        assert_eq!(loaded, (value.to_owned(), native(origin)));
        files.remove(0);
    }
    assert_eq!(load(&files, &[], &variables[1..]).0, "dotnet");
    assert_eq!(load(&files, &[], &variables[2..]).0, "aspnetcore");
    assert_eq!(load(&files, &[], &[]).0, "");
}

#[test]
fn what_is_added_stands_above_the_defaults() {
    let mut case = Case::new(&[("extra.json", r#"{"Key": "extra"}"#)]);
    case.arguments = vec!["--key=argument"];
    let host = case
        .builder()
        .sources(|builder| {
            builder.add_json_file("extra.json", false);
        })
        .sources(|builder| {
            builder.add_in_memory([("Other", "x")]);
        })
        .load()
        .unwrap();
    assert_eq!(host.configuration.get("Key").as_deref(), Some("extra"));
    assert_eq!(host.configuration.get("Other").as_deref(), Some("x"));
}

#[test]
fn the_environment_is_production_unless_something_is_named() {
    for (variables, name) in [
        (vec![], "Production"),
        (vec![("DOTNET_ENVIRONMENT", "")], "Production"),
        (vec![("DOTNET_ENVIRONMENT", " ")], "Production"),
        (vec![("aspnetcore_environment", "Staging")], "Staging"),
        (
            vec![
                ("ASPNETCORE_ENVIRONMENT", "Staging"),
                ("DOTNET_ENVIRONMENT", "Development"),
            ],
            "Development",
        ),
        (vec![("ENVIRONMENT", "Staging")], "Production"),
    ] {
        let mut case = Case::new(&[("appsettings.json", r#"{"environment": "Staging"}"#)]);
        case.variables = variables;
        assert_eq!(case.load().environment_name, name, "{:?}", case.variables);
    }
}

#[test]
fn the_content_root_starts_from_the_working_directory() {
    let mut case = Case::new(&[
        ("etc/appsettings.json", r#"{"A": "etc"}"#),
        ("appsettings.json", r#"{"A": "here"}"#),
    ]);
    let folder = case.folder.path().to_owned();
    let check = |case: &Case, root: &Path, value: &str| {
        let host = case.load();
        assert_eq!(host.content_root, root);
        assert_eq!(host.configuration.get("a").as_deref(), Some(value));
    };
    check(&case, &folder, "here");
    case.variables = vec![("DOTNET_CONTENTROOT", "etc")];
    check(&case, &folder.join("etc"), "etc");
    case.arguments = vec!["--contentRoot", ""];
    check(&case, &folder, "here");

    for (root, origin) in [
        ("nowhere", "the command line"),
        ("appsettings.json", "the command line"),
    ] {
        case.arguments = vec!["--contentRoot", root];
        let message = case.builder().load().unwrap_err().to_string();
        let path = folder.join(root);
        assert!(
            message.contains(&path.to_string_lossy().into_owned()),
            "{message}"
        );
        assert!(message.contains(origin), "{message}");
    }
}

#[test]
fn the_application_is_named_after_its_executable() {
    let mut case = Case::new(&[]);
    let name = case.load().application_name;
    assert!(name.starts_with("configuration_host"), "{name}");
    case.arguments = vec!["--applicationName", "Bell"];
    assert_eq!(case.load().application_name, "Bell");
}

#[test]
fn the_files_that_were_looked_for_are_known() {
    let case = Case::new(&[("config/appsettings.json", "{}")]);
    let files = case.load().configuration.files();
    let files: Vec<(String, bool)> = files
        .iter()
        .map(|file| {
            let path = file.path.strip_prefix(case.folder.path()).unwrap();
            (path.to_string_lossy().into_owned(), file.read)
        })
        .collect();
    let expected = [
        ("config/appsettings.json", true),
        ("appsettings.json", false),
        ("config/appsettings.Production.json", false),
        ("appsettings.Production.json", false),
    ];
    assert_eq!(files, expected.map(|(path, read)| (native(path), read)));
}

#[test]
fn a_broken_file_is_named_with_its_place() {
    let case = Case::new(&[("config/appsettings.Production.json", "{\n \"A\" 1}")]);
    let message = case.builder().load().unwrap_err().to_string();
    let place = native("config/appsettings.Production.json");
    let place = format!("{}:2:6:", case.folder.path().join(place).display());
    assert!(message.starts_with(&place), "{message}");
}

#[test]
fn the_process_itself_is_the_default() {
    let host = HostConfiguration::load(["--A", "b"]).unwrap();
    assert_eq!(host.configuration.get("a").as_deref(), Some("b"));
    assert!(host.configuration.exists("PATH"));
    assert_eq!(host.content_root, std::env::current_dir().unwrap());
}
