//! Secrets: systemd's credentials, user secrets, and what a debug view shows of them.

use std::path::{Path, PathBuf};

use campanile_host::configuration::{
    Configuration, ConfigurationError, HostConfigurationBuilder, hide_secrets,
};
use serde::Deserialize;
use tempfile::TempDir;

/// A home and a content root.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn try_load(
        &self,
        variables: &[(&str, &Path)],
        arguments: &[&str],
    ) -> Result<Configuration, ConfigurationError> {
        let variables = variables
            .iter()
            .map(|(name, path)| (*name, path.to_str().unwrap()));
        HostConfigurationBuilder::new()
            .directory(self.0.path())
            .variables(variables.chain([("Mail__User", "variable")]))
            .arguments(arguments.iter().copied())
            .load()
            .map(|host| host.configuration)
    }

    fn load(&self, variables: &[(&str, &Path)], arguments: &[&str]) -> Configuration {
        self.try_load(variables, arguments).unwrap()
    }
}

const SECRETS: &str = ".microsoft/usersecrets/bells/secrets.json";

#[test]
fn credentials_of_systemd_are_stronger_than_files_and_weaker_than_variables() {
    let place = Place::new();
    place
        .write(
            "appsettings.json",
            r#"{"Mail": {"Password": "file", "Port": 25}}"#,
        )
        .write("credentials/Mail__Password", "credential\n")
        .write("credentials/Mail__User", "credential");
    let configuration = place.load(
        &[("CREDENTIALS_DIRECTORY", &place.path("credentials"))],
        &[],
    );
    let get = |key| configuration.get(key).unwrap();
    assert_eq!(get("Mail:Password"), "credential");
    assert_eq!(get("Mail:User"), "variable");
    assert_eq!(get("Mail:Port"), "25");
    let origin = configuration.origin("Mail:Password").unwrap();
    assert_eq!(origin, "credential Mail__Password");
}

#[derive(Deserialize, Debug)]
struct Tls {
    port: u16,
}

#[test]
fn credentials_that_are_no_text_or_no_setting_are_in_nobodys_way() {
    let place = Place::new();
    place
        .write("appsettings.json", r#"{"Tls": {"Port": 443}}"#)
        .write("credentials/key.der", [0xff, 0xfe])
        .write("credentials/tls", "-----BEGIN PRIVATE KEY-----");
    let configuration = place.load(
        &[("CREDENTIALS_DIRECTORY", &place.path("credentials"))],
        &[],
    );
    assert!(!configuration.exists("key.der"));
    assert_eq!(configuration.bind::<Tls>("Tls").unwrap().port, 443);
    // A folder that is not there is one without credentials.
    place.load(&[("CREDENTIALS_DIRECTORY", &place.path("nowhere"))], &[]);
}

#[test]
fn user_secrets_are_read_in_development_for_the_id_that_the_settings_give() {
    let place = Place::new();
    place
        .write("appsettings.json", r#"{"Mail": {"Password": "file"}}"#)
        .write(
            "appsettings.Development.json",
            r#"{"UserSecretsId": "bells"}"#,
        )
        .write(
            SECRETS,
            r#"{"Mail:Password": "secret", "Mail": {"User": "secret"}}"#,
        );
    let home = [("HOME", place.0.path())];
    let development = place.load(&home, &["--environment", "Development"]);
    assert_eq!(development.get("Mail:Password").as_deref(), Some("secret"));
    assert_eq!(development.get("Mail:User").as_deref(), Some("variable"));
    let origin = development.origin("Mail:Password").unwrap();
    assert_eq!(origin, "user secrets:1");
    let production = place.load(&home, &["--UserSecretsId=bells"]);
    assert_eq!(production.get("Mail:Password").as_deref(), Some("file"));
}

#[test]
fn user_secrets_are_where_dotnet_keeps_them() {
    let place = Place::new();
    let text = r#"{"Found": "yes"}"#;
    place
        .write("data/Microsoft/UserSecrets/bells/secrets.json", text)
        .write("fallback/.microsoft/usersecrets/bells/secrets.json", text);
    let arguments = ["--environment=development", "--userSecretsId=bells"];
    let nowhere = place.path("nowhere");
    for (variables, is_found) in [
        (
            vec![("APPDATA", place.path("data")), ("HOME", nowhere.clone())],
            true,
        ),
        (
            vec![("DOTNET_USER_SECRETS_FALLBACK_DIR", place.path("fallback"))],
            true,
        ),
        (vec![("HOME", nowhere)], false),
        (vec![], false),
    ] {
        let variables: Vec<(&str, &Path)> = variables
            .iter()
            .map(|(name, path)| (*name, path.as_path()))
            .collect();
        assert_eq!(place.load(&variables, &arguments).exists("Found"), is_found);
    }
}

#[test]
fn an_id_that_is_a_path_is_refused() {
    let place = Place::new();
    for id in ["../x", "a/b", "..", ""] {
        let argument = format!("--userSecretsId={id}");
        let error = place
            .try_load(&[], &["--environment=Development", &argument])
            .unwrap_err()
            .to_string();
        let says = format!("the user secrets id '{id}' has to be the name of a folder");
        assert!(error.contains(&says), "{error}");
        assert!(
            error.contains("(it comes from the command line)"),
            "{error}"
        );
    }
}

#[test]
fn the_debug_view_shows_the_winning_source_of_every_key() {
    let place = Place::new();
    place.write(
        "appsettings.json",
        r#"{"Clock": {"Zones": ["UTC"], "None": null, "Interval": "00:00:01"}}"#,
    );
    let configuration = place.load(&[], &["--Clock:Interval=00:00:02"]);
    let view = configuration.debug_view(|_, value| value.to_owned());
    let clock = "Clock:\n  Interval=00:00:02 (the command line)\n  None= (appsettings.json:1)\n  Zones:\n    0=UTC (appsettings.json:1)\n";
    assert!(view.contains(clock), "{view}");
    assert!(
        view.contains("Mail:\n  User=variable (environment variable Mail__User)\n"),
        "{view}"
    );
}

#[test]
fn the_debug_view_hides_what_it_is_told_to_and_what_comes_from_secrets() {
    let place = Place::new();
    place
        .write("credentials/Mail__Pin", "1234")
        .write(SECRETS, r#"{"Mail": {"Nick": "5678"}}"#);
    let variables = [
        ("CREDENTIALS_DIRECTORY", &*place.path("credentials")),
        ("HOME", place.0.path()),
    ];
    let arguments = [
        "--environment=Development",
        "--userSecretsId=bells",
        "--Mail:ApiKey=abc",
        "--Mail:Name=two\nlines",
    ];
    let configuration = place.load(&variables, &arguments);
    let view = configuration.debug_view(hide_secrets);
    assert!(view.contains("Pin=1234 (credential Mail__Pin)"), "{view}");
    assert!(view.contains("ApiKey=*** (the command line)"), "{view}");
    assert!(
        view.contains(r"Name=two\nlines (the command line)"),
        "{view}"
    );
    let view = configuration.debug_view_without_secrets();
    assert!(view.contains("Pin=*** (credential Mail__Pin)"), "{view}");
    assert!(view.contains("Nick=*** (user secrets:1)"), "{view}");
    assert!(view.contains("User=variable"), "{view}");
}
