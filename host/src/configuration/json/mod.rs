//! JSON as .NET's configuration reads it: with comments and trailing commas, into flat keys.

mod lenient;
mod position;
mod reader;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::error::ConfigurationError;
use super::files::ConfigurationFile;
use super::fingerprint::Fingerprint;
use super::layer::{Layer, Provider};

/// A file of JSON.
pub(super) struct JsonFile {
    /// How the file is named in origins.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) optional: bool,
    pub(super) watched: bool,
}

impl Provider for JsonFile {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(error) if is_missing(&error) && self.optional => None,
            Err(error) if is_missing(&error) => {
                return Err(ConfigurationError::FileNotFound {
                    path: self.path.clone(),
                });
            }
            Err(reason) => {
                return Err(ConfigurationError::Unreadable {
                    path: self.path.clone(),
                    reason,
                });
            }
        };
        let mut layer = match &bytes {
            Some(bytes) => reader::read(&Names::of_file(&self.name, &self.path), bytes)?,
            None => Layer::default(),
        };
        layer.file = Some(ConfigurationFile {
            path: self.path.clone(),
            optional: self.optional,
            read: bytes.is_some(),
        });
        Ok(layer)
    }

    fn fingerprint(&self) -> Option<Fingerprint> {
        self.watched.then(|| Fingerprint::of([self.path.clone()]))
    }
}

/// JSON that the program itself has.
pub(super) struct JsonText {
    pub(super) text: String,
}

impl Provider for JsonText {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        reader::read(&Names::TEXT, self.text.as_bytes())
    }
}

/// How a document is named: short in the origin of a value, whole in an error.
struct Names<'n> {
    origin: &'n str,
    error: Cow<'n, str>,
}

impl<'n> Names<'n> {
    const TEXT: Self = Self {
        origin: "JSON text",
        error: Cow::Borrowed("JSON text"),
    };

    fn of_file(name: &'n str, path: &'n Path) -> Self {
        Self {
            origin: name,
            error: path.to_string_lossy(),
        }
    }
}

/// A folder on the way that is a file is as good as missing.
fn is_missing(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
    )
}
