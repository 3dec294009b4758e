//! Environment variables: `Clock__Interval` is the key `Clock:Interval`.

use super::error::ConfigurationError;
use super::key;
use super::layer::{Layer, Provider};

/// What cloud platforms put before the names of connection strings, and the provider that each stands for.
const CONNECTION_STRINGS: [(&str, Option<&str>); 11] = [
    ("CUSTOMCONNSTR_", None),
    ("MYSQLCONNSTR_", Some("MySql.Data.MySqlClient")),
    ("SQLAZURECONNSTR_", Some("System.Data.SqlClient")),
    ("SQLCONNSTR_", Some("System.Data.SqlClient")),
    ("POSTGRESQLCONNSTR_", Some("Npgsql")),
    ("APIHUBCONNSTR_", None),
    ("DOCDBCONNSTR_", None),
    ("EVENTHUBCONNSTR_", None),
    ("NOTIFICATIONHUBCONNSTR_", None),
    ("REDISCACHECONNSTR_", None),
    ("SERVICEBUSCONNSTR_", None),
];

/// How the origin of a value that was a variable begins.
pub(super) const ORIGIN: &str = "environment variable ";

/// The variables whose key begins with a prefix, which is taken off.
pub(super) struct EnvironmentVariables {
    pub(super) prefix: String,
    pub(super) variables: Variables,
}

/// Which variables.
#[derive(Clone, Default)]
pub(super) enum Variables {
    /// Those of the process, at the time of reading.
    #[default]
    Process,
    /// These.
    Given(Vec<(String, String)>),
}

impl Variables {
    /// One of them; its name is taken as it is.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Given(variables) => variables
                .iter()
                .rev()
                .find(|(given, _)| given == name)
                .map(|(_, value)| value.clone()),
            Self::Process => {
                std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
            }
        }
    }

    /// Variables that are not Unicode keep what can be shown of them.
    fn read(&self) -> Vec<(String, String)> {
        match self {
            Self::Given(variables) => variables.clone(),
            Self::Process => std::env::vars_os()
                .map(|(name, value)| {
                    (
                        name.to_string_lossy().into_owned(),
                        value.to_string_lossy().into_owned(),
                    )
                })
                .collect(),
        }
    }
}

impl Provider for EnvironmentVariables {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        let prefix = key::from_name(&self.prefix);
        let mut layer = Layer::default();
        for (name, value) in self.variables.read() {
            let origin = format!("{ORIGIN}{name}");
            for (key, value) in expand(&name, value) {
                if let Some(key) = key::strip_prefix(&key, &prefix) {
                    layer.insert(key, &origin, Some(value));
                }
            }
        }
        Ok(layer)
    }
}

/// The keys that a variable stands for: one, or two for a connection string with a known provider.
fn expand(name: &str, value: String) -> Vec<(String, String)> {
    let connection = CONNECTION_STRINGS
        .iter()
        .find_map(|(prefix, provider)| Some((key::strip_prefix(name, prefix)?, provider)));
    let Some((name, provider)) = connection else {
        return vec![(key::from_name(name), value)];
    };
    let key = format!("ConnectionStrings:{}", key::from_name(name));
    let provider = provider.map(|provider| (format!("{key}_ProviderName"), provider.to_owned()));
    std::iter::once((key, value)).chain(provider).collect()
}
