//! A part of the configuration.

use std::fmt;

use serde::de::DeserializeOwned;

use super::Configuration;
use super::binding::BindError;
use super::key;

/// What is below a key of the configuration, and the value of the key itself if it has one.
///
/// A section can always be asked for; [`exists`](Self::exists) says whether there is anything.
#[doc(alias = "IConfigurationSection")]
#[derive(Clone)]
pub struct ConfigurationSection {
    configuration: Configuration,
    path: Option<String>,
}

impl ConfigurationSection {
    pub(super) fn new(configuration: Configuration, path: Option<String>) -> Self {
        Self {
            configuration,
            path,
        }
    }

    /// The last segment of the key: `Interval` of `Clock:Interval`.
    #[must_use]
    pub fn key(&self) -> &str {
        let path = self.path();
        path.rsplit_once(key::SEPARATOR)
            .map_or(path, |(_, last)| last)
    }

    /// The whole key; empty for everything.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    /// The value of the key itself; nothing where there is none, or a null.
    #[doc(alias = "Value")]
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.configuration.get(self.path.as_deref()?)
    }

    /// The value of a key below.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<String> {
        self.configuration.get(&self.below(key))
    }

    /// What is below a key below.
    #[doc(alias = "GetSection")]
    #[must_use]
    pub fn section(&self, key: &str) -> Self {
        self.configuration.section(&self.below(key))
    }

    /// The keys right below, in order: indices by number, then names.
    #[doc(alias = "GetChildren")]
    #[must_use]
    pub fn children(&self) -> Vec<Self> {
        let tree = self.configuration.tree();
        let Some(node) = tree.find(self.path.as_deref()) else {
            return Vec::new();
        };
        tree.children(node)
            .map(|(_, child)| self.section(&child.name))
            .collect()
    }

    /// Whether the key has a value or anything below it. A null is no value.
    #[doc(alias = "Exists")]
    #[must_use]
    pub fn exists(&self) -> bool {
        let tree = self.configuration.tree();
        tree.find(self.path.as_deref())
            .is_some_and(|node| tree.node(node).exists())
    }

    /// The section as a `T`, strictly: a key in it that `T` does not have is an error.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in the section, in one report: see [`Configuration::bind`].
    #[doc(alias = "Get")]
    pub fn bind<T: DeserializeOwned>(&self) -> Result<T, BindError> {
        self.configuration.bind_all(&[self.path.as_deref()], true)
    }

    /// The section as a `T`; keys that `T` does not have are left out.
    ///
    /// # Errors
    ///
    /// Everything else that is wrong in the section: see [`Configuration::bind`].
    pub fn bind_lenient<T: DeserializeOwned>(&self) -> Result<T, BindError> {
        self.configuration.bind_all(&[self.path.as_deref()], false)
    }

    /// The value of one key below as a `T`; nothing where there is none, or a null.
    ///
    /// # Errors
    ///
    /// Where the text is no `T`.
    #[doc(alias = "GetValue")]
    pub fn value<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, BindError> {
        self.configuration.value(&self.below(key))
    }

    fn below(&self, key: &str) -> String {
        key::join(self.path.as_deref(), key)
    }
}

impl fmt::Debug for ConfigurationSection {
    /// Values may be secrets, so there are none here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigurationSection")
            .field(&self.path())
            .finish()
    }
}
