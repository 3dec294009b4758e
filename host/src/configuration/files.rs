//! The files that configuration was looked for in.

use std::path::PathBuf;

/// A configuration file that was looked for, so that a host can say at its start what it runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigurationFile {
    /// Where it was looked for.
    pub path: PathBuf,
    /// Whether it may be missing.
    pub optional: bool,
    /// Whether it was there, and read.
    pub read: bool,
}
