//! The handle that everybody reads configuration through.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::binding::{self, BindError};
use super::error::ReloadError;
use super::files::ConfigurationFile;
use super::listeners::ChangeRegistration;
use super::live::{Change, Live};
use super::section::ConfigurationSection;
use super::tree::{ROOT, Tree};

/// The merged configuration of a program: text values under keys such as `Clock:Interval`, which ignore case.
///
/// A cheap handle: clones read the same configuration. Values are given out as they are at the time of the call; they change
/// when sources are read again, by [`watch`](Self::watch) or [`reload`](Self::reload), which
/// [`changes`](Self::changes) and [`on_change`](Self::on_change) tell of.
///
/// ```
/// use std::time::Duration;
/// use campanile_host::configuration::ConfigurationBuilder;
///
/// #[derive(serde::Deserialize)]
/// struct ClockOptions {
///     interval: Duration,
///     #[serde(default)]
///     zones: Vec<String>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = ConfigurationBuilder::new()
///     .add_json_text(r#"{ "Clock": { "Interval": "00:00:00.250", "Zones": ["UTC"] } }"#)
///     .build()?;
/// let options: ClockOptions = configuration.bind("Clock")?;
/// assert_eq!(options.interval, Duration::from_millis(250));
/// assert_eq!(options.zones, ["UTC"]);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "IConfiguration")]
#[doc(alias = "IConfigurationRoot")]
#[derive(Clone)]
pub struct Configuration {
    live: Arc<Live>,
}

impl Configuration {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live: Arc::new(live),
        }
    }

    /// The configuration as it is now; it never changes. For those who read several values that belong together.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self::new(self.live.frozen())
    }

    /// Reads all sources again, as a host does when it is told to reload. Says whether any value is another one now.
    ///
    /// # Errors
    ///
    /// What cannot be read. Such a source keeps the values that it had; those of the others are in force.
    #[doc(alias = "Reload")]
    pub fn reload(&self) -> Result<bool, ReloadError> {
        self.live.reload(true)
    }

    /// The value of a key; nothing where there is none, or a null.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        let tree = self.tree();
        let node = tree.find(Some(key))?;
        tree.node(node).text().map(ToOwned::to_owned)
    }

    /// Where the value of a key comes from, for people: `appsettings.json:12`, `environment variable Clock__Interval`.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<String> {
        let tree = self.tree();
        let node = tree.find(Some(key))?;
        tree.node(node).origin().map(ToOwned::to_owned)
    }

    /// What is below a key, whether or not there is anything.
    #[doc(alias = "GetSection")]
    #[must_use]
    pub fn section(&self, key: &str) -> ConfigurationSection {
        ConfigurationSection::new(self.clone(), Some(key.to_owned()))
    }

    /// Everything, as a section.
    #[must_use]
    pub fn root(&self) -> ConfigurationSection {
        ConfigurationSection::new(self.clone(), None)
    }

    /// The keys at the top, in order.
    #[doc(alias = "GetChildren")]
    #[must_use]
    pub fn children(&self) -> Vec<ConfigurationSection> {
        self.root().children()
    }

    /// Whether a key has a value or anything below it. A null is no value.
    #[doc(alias = "Exists")]
    #[must_use]
    pub fn exists(&self, key: &str) -> bool {
        self.section(key).exists()
    }

    /// The value of `ConnectionStrings:{name}`.
    #[doc(alias = "GetConnectionString")]
    #[must_use]
    pub fn connection_string(&self, name: &str) -> Option<String> {
        self.get(&format!("ConnectionStrings:{name}"))
    }

    /// Every key with its value, a section before what is in it. Mere sections and nulls have none.
    #[doc(alias = "AsEnumerable")]
    #[must_use]
    pub fn entries(&self) -> Vec<(String, Option<String>)> {
        self.tree()
            .descend(ROOT)
            .into_iter()
            .map(|node| (node.path.clone(), node.text().map(ToOwned::to_owned)))
            .collect()
    }

    /// The section as a `T`, strictly: a key in it that `T` does not have is an error.
    ///
    /// See [the module](super) for how types are read. A section that is not there gives what `T` makes of nothing: its
    /// serde defaults.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in the section, in one report, each with its key, and its file and line where it has one.
    #[doc(alias = "Get")]
    pub fn bind<T: DeserializeOwned>(&self, section: &str) -> Result<T, BindError> {
        self.section(section).bind()
    }

    /// The section as a `T`; keys that `T` does not have are left out.
    ///
    /// # Errors
    ///
    /// Everything else that is wrong in the section, as [`bind`](Self::bind) reports it.
    pub fn bind_lenient<T: DeserializeOwned>(&self, section: &str) -> Result<T, BindError> {
        self.section(section).bind_lenient()
    }

    /// The value of one key as a `T`; nothing where there is none, or a null.
    ///
    /// # Errors
    ///
    /// Where the text is no `T`.
    #[doc(alias = "GetValue")]
    pub fn value<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, BindError> {
        if self.exists(key) {
            self.bind(key).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The files that configuration was looked for in, those added last at the end.
    #[must_use]
    pub fn files(&self) -> Vec<ConfigurationFile> {
        self.live.state().files.to_vec()
    }

    /// What is below several sections, laid over each other, as a `T`; later ones win.
    pub(crate) fn bind_all<T: DeserializeOwned>(
        &self,
        sections: &[Option<&str>],
        strict: bool,
    ) -> Result<T, BindError> {
        binding::bind(&self.tree().view(sections), strict)
    }

    /// The one place that decides which state of the configuration is read.
    pub(super) fn tree(&self) -> Arc<Tree> {
        Arc::clone(&self.live.state().tree)
    }

    pub(super) fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// What tells whether the configuration is still the same.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.tree())
    }

    /// Has `callback` called with what has changed.
    pub(crate) fn on_change_of(
        &self,
        callback: impl Fn(&Change) + Send + Sync + 'static,
    ) -> ChangeRegistration {
        self.live.listeners.add(callback)
    }
}

/// The configuration at one time.
pub(crate) struct Moment(Arc<Tree>);

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Configuration {
    /// Values may be secrets, so there are none here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration")
            .field("keys", &self.tree().descend(ROOT).len())
            .field("files", &self.files())
            .finish()
    }
}
