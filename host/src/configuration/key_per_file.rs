//! A folder with a file for each key, as Docker and Kubernetes mount secrets.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::credentials;
use super::error::ConfigurationError;
use super::fingerprint::Fingerprint;
use super::key;
use super::layer::{Layer, Provider};

/// Files whose name begins so are left out.
const IGNORED: &str = "ignore.";

/// The files of a folder: the name is the key (`__` separates segments), the content is the value.
pub(super) struct KeyPerFile {
    pub(super) path: PathBuf,
    pub(super) optional: bool,
    pub(super) watched: bool,
    pub(super) content: Content,
}

/// What the files of a folder are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Texts, all of them.
    Texts,
    /// Credentials of systemd: those that are texts. Keys and certificates are among them as well.
    Credentials,
}

impl Provider for KeyPerFile {
    fn load(&self) -> Result<Layer, ConfigurationError> {
        let mut layer = Layer::default();
        let is_credentials = self.content == Content::Credentials;
        let mut seen = HashMap::new();
        for (name, path) in self.files()? {
            let key = key::from_name(&name);
            if let Some(first) = seen.insert(key::fold(&key), name.clone()) {
                return Err(ConfigurationError::DuplicateFile {
                    path: self.path.clone(),
                    key,
                    first,
                    second: name,
                });
            }
            let text = match read_text(&path) {
                Err(error) if error.kind() == io::ErrorKind::InvalidData && is_credentials => {
                    continue;
                }
                text => text.map_err(unreadable(&path))?,
            };
            let origin = if is_credentials {
                format!("{}{name}", credentials::ORIGIN)
            } else {
                format!("{}{}", credentials::FOLDER_ORIGIN, path.display())
            };
            layer.insert(key, &origin, Some(text));
        }
        Ok(layer)
    }

    /// Of a folder that cannot be read it is that of one without files.
    fn fingerprint(&self) -> Option<Fingerprint> {
        self.watched.then(|| {
            let files = self.files().unwrap_or_default();
            Fingerprint::of(files.into_iter().map(|(_, path)| path))
        })
    }
}

impl KeyPerFile {
    /// Name and path of each file, by name. Links are followed: Kubernetes mounts nothing else.
    fn files(&self) -> Result<Vec<(String, PathBuf)>, ConfigurationError> {
        let entries = match std::fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.optional => {
                return Ok(Vec::new());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ConfigurationError::FolderNotFound {
                    path: self.path.clone(),
                });
            }
            Err(error) => return Err(unreadable(&self.path)(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(unreadable(&self.path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            if !path.is_dir() && !name.starts_with(IGNORED) {
                files.push((name, path));
            }
        }
        files.sort();
        Ok(files)
    }
}

/// The content without the one line break that editors put at the end.
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = std::fs::read_to_string(path)?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> ConfigurationError {
    let path = path.to_owned();
    move |reason| ConfigurationError::Unreadable {
        path: path.clone(),
        reason,
    }
}
