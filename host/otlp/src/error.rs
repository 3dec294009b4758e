//! [`OtlpError`].

use std::io;

/// Why telemetry cannot be exported: what `build` of the host says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// A setting cannot be used.
    #[error("{variable}: `{found}` is not {wanted}{}", place(.origin))]
    Setting {
        /// Its name.
        variable: String,
        /// Its value.
        found: String,
        /// What it should have been.
        wanted: &'static str,
        /// Where it was read, if that is known: a file and a line.
        origin: Option<String>,
    },
    /// A list of `name=value` cannot be used. Values may be secrets, and are not told.
    #[error("{variable}: {reason}; wanted is name=value,name=value, with % escapes in the values{}", place(.origin))]
    Pairs {
        /// Its name.
        variable: String,
        /// Which entry is wrong in which way.
        reason: String,
        /// Where it was read, if that is known.
        origin: Option<String>,
    },
    /// A file of certificates or of a key cannot be used.
    #[error("{variable}: `{path}` {reason}{}", place(.origin))]
    File {
        /// The name of the setting.
        variable: String,
        /// The file's path.
        path: String,
        /// What is wrong with it.
        reason: String,
        /// Where the setting was read, if that is known.
        origin: Option<String>,
    },
    /// The thread that exports cannot be had.
    #[error("the thread that exports telemetry cannot be started: {0}")]
    Thread(#[from] io::Error),
}

fn place(origin: &Option<String>) -> String {
    origin
        .as_ref()
        .map_or_else(String::new, |origin| format!(" ({origin})"))
}
