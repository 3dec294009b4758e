//! Puts sources together.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::{Map, Source, Value, ValueKind};

use super::Configuration;
use super::command_line::CommandLine;
use super::environment_variables::{EnvironmentVariables, Variables};
use super::error::ConfigurationError;
use super::in_memory::InMemory;
use super::json::{JsonFile, JsonText};
use super::key_per_file::{Content, KeyPerFile};
use super::layer::{Layer, Provider};
use super::live::Live;

/// Collects the sources of a [`Configuration`]. What is added later wins, key by key.
///
/// Arrays are keys too (`Zones:0`, `Zones:1`), so they merge by index. This and all else about how keys merge is that of
/// .NET's `ConfigurationBuilder`, but for one addition: what stands below the segment `$replace` takes the place of all that
/// weaker sources say there. It works for arrays and sections, in every source that can spell it:
///
/// ```
/// # use campanile_host::configuration::ConfigurationBuilder;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = ConfigurationBuilder::new()
///     .add_json_text(r#"{ "Zones": ["UTC", "Europe/Vienna"], "Bells": { "A": 1, "B": 2 } }"#)
///     .add_json_text(r#"{ "Zones": { "$replace": ["Europe/Paris"] } }"#)
///     .add_command_line(["--Bells:$replace:C", "3"])
///     .build()?;
/// assert_eq!(configuration.bind::<Vec<String>>("Zones")?, ["Europe/Paris"]);
/// assert_eq!(configuration.section("Bells").children().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// An ordinary builder:
///
/// ```
/// use campanile_host::configuration::ConfigurationBuilder;
///
/// # fn main() -> Result<(), campanile_host::configuration::ConfigurationError> {
/// let configuration = ConfigurationBuilder::new()
///     .add_json_text(r#"{ "Clock": { "Interval": "00:00:01", "Zones": ["UTC", "Europe/Vienna"] } }"#)
///     .add_command_line(["--Clock:Zones:1", "Europe/Paris"])
///     .build()?;
/// assert_eq!(configuration.get("clock:interval").as_deref(), Some("00:00:01"));
/// assert_eq!(configuration.get("Clock:Zones:1").as_deref(), Some("Europe/Paris"));
/// # Ok(())
/// # }
/// ```
#[doc(alias = "IConfigurationBuilder")]
#[doc(alias = "ConfigurationManager")]
#[derive(Clone, Default)]
pub struct ConfigurationBuilder {
    base: PathBuf,
    watched: bool,
    variables: Variables,
    sources: Vec<Arc<dyn Provider>>,
}

impl ConfigurationBuilder {
    /// A builder without sources, for files relative to the working directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The folder that the relative paths of files added from now on start from.
    #[doc(alias = "SetBasePath")]
    pub fn base_path(&mut self, path: impl Into<PathBuf>) -> &mut Self {
        self.base = path.into();
        self
    }

    /// Whether files and folders added from now on are watched, where anybody
    /// [watches](Configuration::watch): a host does. At first they are not, in the builder that a host gives to the program
    /// they are.
    #[doc(alias = "reloadOnChange")]
    pub fn reload_on_change(&mut self, watched: bool) -> &mut Self {
        self.watched = watched;
        self
    }

    /// Adds a file of JSON. A file that is not `optional` has to be there.
    ///
    /// Comments (`//`, `/* */`) and trailing commas are allowed. A number is the text that stands in the file, a boolean
    /// is `True` or `False`, a null is a null and takes the key's value away, an empty object is a key with a null, an empty
    /// array an empty text. A key that is there twice, whatever its case, is an error.
    #[doc(alias = "AddJsonFile")]
    pub fn add_json_file(&mut self, path: impl AsRef<Path>, optional: bool) -> &mut Self {
        let path = path.as_ref();
        self.add(JsonFile {
            name: path.to_string_lossy().into_owned(),
            path: self.base.join(path),
            optional,
            watched: self.watched,
        })
    }

    /// Adds an optional file whose values have the origin `name` and a line.
    pub(super) fn add_json_file_named(&mut self, name: &str, path: &Path) -> &mut Self {
        self.add(JsonFile {
            name: name.to_owned(),
            path: self.base.join(path),
            optional: true,
            watched: self.watched,
        })
    }

    /// Adds JSON that the program itself has. It is read like a file of JSON.
    #[doc(alias = "AddJsonStream")]
    pub fn add_json_text(&mut self, text: impl Into<String>) -> &mut Self {
        self.add(JsonText { text: text.into() })
    }

    /// Adds the environment variables whose name begins with `prefix` (all for an empty one), without that prefix.
    ///
    /// `__` separates segments: `Clock__Interval` is `Clock:Interval`. Case is ignored, in the prefix as well. Variables
    /// such as `SQLCONNSTR_Main`, which cloud platforms set, are `ConnectionStrings:Main`.
    #[doc(alias = "AddEnvironmentVariables")]
    pub fn add_environment_variables(&mut self, prefix: impl Into<String>) -> &mut Self {
        self.add(EnvironmentVariables {
            prefix: prefix.into(),
            variables: self.variables.clone(),
        })
    }

    /// Adds arguments: `--key value`, `--key=value`, `/key value`, `/key=value`, `key=value`.
    ///
    /// There are no flags: what follows `--key` is its value, whatever it looks like. Bare words are left out.
    #[doc(alias = "AddCommandLine")]
    pub fn add_command_line<A: Into<String>>(
        &mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> &mut Self {
        self.add_command_line_with(arguments, std::iter::empty::<(String, String)>())
    }

    /// Adds arguments of which some have names of their own: a mapping from `-i` to `Clock:Interval` makes `-i 5` a value.
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails where a switch of `mappings` does not begin with a dash or is there twice, and where
    /// an argument such as `-x=5` is not mapped.
    pub fn add_command_line_with<A: Into<String>, S: Into<String>, K: Into<String>>(
        &mut self,
        arguments: impl IntoIterator<Item = A>,
        mappings: impl IntoIterator<Item = (S, K)>,
    ) -> &mut Self {
        self.add(CommandLine {
            arguments: arguments.into_iter().map(Into::into).collect(),
            mappings: mappings
                .into_iter()
                .map(|(switch, key)| (switch.into(), key.into()))
                .collect(),
        })
    }

    /// Adds pairs of key and value from the program itself.
    #[doc(alias = "AddInMemoryCollection")]
    pub fn add_in_memory<K: Into<String>, V: Into<String>>(
        &mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> &mut Self {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (key.into(), Some(value.into())));
        self.add(InMemory {
            origin: "the program",
            pairs: pairs.collect(),
        })
    }

    /// Adds a folder with a file for each key, as Docker and Kubernetes mount secrets: `Clock__Name` is `Clock:Name`.
    ///
    /// A line break at the end of a file is not part of the value. Folders, and files whose name begins with `ignore.`, are left out.
    #[doc(alias = "AddKeyPerFile")]
    pub fn add_key_per_file(&mut self, folder: impl AsRef<Path>, optional: bool) -> &mut Self {
        self.add(KeyPerFile {
            path: self.base.join(folder),
            optional,
            watched: self.watched,
            content: Content::Texts,
        })
    }

    /// Adds any source of the [`config`] crate; its tables and arrays become sections.
    #[doc(alias = "Add")]
    pub fn add_source(&mut self, source: impl Source + Send + Sync + 'static) -> &mut Self {
        self.add(Foreign(Box::new(source)))
    }

    /// Reads all sources and merges them.
    ///
    /// # Errors
    ///
    /// Where a source cannot be read; the message names the file, line and column, or the argument.
    pub fn build(&self) -> Result<Configuration, ConfigurationError> {
        Live::load(&self.sources).map(Configuration::new)
    }

    /// What the environment variables that are added from now on are read from.
    pub(super) fn variables(&mut self, variables: Variables) -> &mut Self {
        self.variables = variables;
        self
    }

    pub(super) fn add(&mut self, source: impl Provider + 'static) -> &mut Self {
        self.sources.push(Arc::new(source));
        self
    }
}

impl fmt::Debug for ConfigurationBuilder {
    /// Sources may hold secrets, so they are only counted here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigurationBuilder")
            .field("base", &self.base)
            .field("sources", &self.sources.len())
            .finish()
    }
}

/// A source of the `config` crate.
struct Foreign(Box<dyn Source + Send + Sync>);

impl Provider for Foreign {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        // Not `collect`: sources give paths (`clock.interval`), which `collect_to` resolves.
        let mut collected = Value::from(Map::<String, Value>::new());
        self.0
            .collect_to(&mut collected)
            .map_err(ConfigurationError::Source)?;
        match collected.kind {
            ValueKind::Table(table) => Ok(Layer::flatten(table)),
            _ => Ok(Layer::default()),
        }
    }
}
