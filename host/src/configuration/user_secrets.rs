//! Secrets of a developer, where `dotnet user-secrets` keeps them: out of the sources of the program.

use std::path::PathBuf;

use super::environment_variables::Variables;
use super::error::ConfigurationError;

/// How the origin of a value that was a user secret begins.
pub(super) const ORIGIN: &str = "user secrets";

/// The file of the secrets with this id; nothing where the user has no home.
///
/// `~/.microsoft/usersecrets/{id}/secrets.json`, on Windows `%APPDATA%\Microsoft\UserSecrets\{id}\secrets.json`.
pub(super) fn file(
    variables: &Variables,
    id: &str,
    origin: Option<String>,
) -> Result<Option<PathBuf>, ConfigurationError> {
    let is_name = !id.is_empty() && id != "." && id != "..";
    if !is_name || id.contains(['/', '\\', ':', '\0']) {
        return Err(ConfigurationError::UserSecretsId {
            id: id.to_owned(),
            origin: origin.unwrap_or_default(),
        });
    }
    let given = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let folder = match given("APPDATA") {
        Some(data) => Some(PathBuf::from(data).join("Microsoft").join("UserSecrets")),
        None => given("HOME")
            .or_else(|| given("DOTNET_USER_SECRETS_FALLBACK_DIR"))
            .map(|home| PathBuf::from(home).join(".microsoft").join("usersecrets")),
    };
    Ok(folder.map(|folder| folder.join(id).join("secrets.json")))
}
