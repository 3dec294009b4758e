//! What systemd hands a service in `$CREDENTIALS_DIRECTORY`, as configuration.

use std::path::PathBuf;

use super::environment_variables::Variables;
use super::key_per_file::{Content, KeyPerFile};

/// How the origin of a value that was a credential begins.
pub(super) const ORIGIN: &str = "credential ";

/// How the origin of a value that was a file of a folder begins.
pub(super) const FOLDER_ORIGIN: &str = "the file ";

/// The credentials of the service, if it has any: files named as keys.
///
/// They do not change while it runs, so they are not watched; a reload reads them again.
pub(super) fn source(variables: &Variables) -> Option<KeyPerFile> {
    let path = variables.get("CREDENTIALS_DIRECTORY")?;
    Some(KeyPerFile {
        path: PathBuf::from(path),
        optional: true,
        watched: false,
        content: Content::Credentials,
    })
}
