//! Why configuration could not be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::binding::BindError;

/// Why configuration could not be read. Each message names the file, argument or key that it is about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// A file that has to be there is not.
    #[error("the configuration file '{}' was not found, and it is not optional", path.display())]
    FileNotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file or folder is there but cannot be read.
    #[error("cannot read '{}': {reason}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        reason: io::Error,
    },
    /// A file is not valid JSON.
    #[error("{name}:{line}:{column}: {message}")]
    Json {
        /// The file, or `JSON text`.
        name: String,
        /// The line, from 1.
        line: usize,
        /// The byte in the line, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A file gives one key twice (keys ignore case).
    #[error(
        "{name}:{line}:{column}: the key '{key}' is here a second time; the first is in line {first_line}"
    )]
    DuplicateKey {
        /// The file, or `JSON text`.
        name: String,
        /// The whole key.
        key: String,
        /// The line of the second one, from 1.
        line: usize,
        /// The byte in that line, from 1.
        column: usize,
        /// The line of the first one, from 1.
        first_line: usize,
    },
    /// A folder with a file for each key is not there.
    #[error("the folder '{}' with a file for each key was not found, and it is not optional", path.display())]
    FolderNotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Two files of a folder stand for one key.
    #[error("the files '{first}' and '{second}' in '{}' both stand for the key '{key}'", path.display())]
    DuplicateFile {
        /// The folder.
        path: PathBuf,
        /// The whole key.
        key: String,
        /// The name of one file.
        first: String,
        /// The name of the other.
        second: String,
    },
    /// A short switch on the command line that nothing is mapped to.
    #[error(
        "the argument '{argument}' begins with one dash, but no such short switch is defined; long ones are written '--key=value'"
    )]
    UnknownSwitch {
        /// The argument as given.
        argument: String,
    },
    /// A switch mapping that does not begin with a dash.
    #[error("the switch mapping '{switch}' has to begin with '-' or '--'")]
    SwitchWithoutDash {
        /// The switch as given.
        switch: String,
    },
    /// Two switch mappings that differ in case at most.
    #[error("the switch mapping '{switch}' is there twice (case is ignored)")]
    DuplicateSwitch {
        /// The switch as given the second time.
        switch: String,
    },
    /// The folder that files are looked for in is not there.
    #[error("the content root '{}' is not a folder that exists (it comes from {origin})", path.display())]
    ContentRootNotFound {
        /// The whole path.
        path: PathBuf,
        /// Which setting names it.
        origin: String,
    },
    /// The id of the user secrets cannot be the name of a folder.
    #[error(
        "the user secrets id '{id}' has to be the name of a folder, such as a GUID (it comes from {origin})"
    )]
    UserSecretsId {
        /// The id as given.
        id: String,
        /// Where it is from.
        origin: String,
    },
    /// A setting that says how configuration is read cannot be used.
    #[error(transparent)]
    Host(BindError),
    /// The working directory of the process is gone or may not be seen.
    #[error("the working directory cannot be determined: {0}")]
    WorkingDirectory(io::Error),
    /// A source of the `config` crate failed.
    #[error("a configuration source failed: {0}")]
    Source(config::ConfigError),
}

/// What could not be read when a configuration was read again.
///
/// Displays all errors, in one line.
#[derive(Debug)]
pub struct ReloadError {
    errors: Vec<ConfigurationError>,
    has_changed: bool,
}

impl ReloadError {
    pub(super) fn new(errors: Vec<ConfigurationError>, has_changed: bool) -> Self {
        Self {
            errors,
            has_changed,
        }
    }

    /// Why each source that could not be read could not; at least one.
    #[must_use]
    pub fn errors(&self) -> &[ConfigurationError] {
        &self.errors
    }

    /// Whether another source has changed a value.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ReloadError {}
