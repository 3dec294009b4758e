//! What a host reads when nobody says otherwise: the sources and the precedence of .NET's web host.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Configuration;
use super::builder::ConfigurationBuilder;
use super::environment_variables::Variables;
use super::error::ConfigurationError;
use super::in_memory::InMemory;
use super::{credentials, key, user_secrets};

/// The environment that has user secrets.
const DEVELOPMENT: &str = "Development";

/// The environment of a host that is not told of one.
const DEFAULT_ENVIRONMENT: &str = "Production";

/// The keys that make a host what it is.
const ENVIRONMENT: &str = "environment";
const APPLICATION_NAME: &str = "applicationName";
const CONTENT_ROOT: &str = "contentRoot";
const USER_SECRETS_ID: &str = "userSecretsId";
const RELOAD: &str = "hostBuilder:reloadConfigOnChange";

/// The folder in the content root that appsettings files may be in as well.
const FOLDER: &str = "config";

/// Adds sources to a builder once it is there.
type Addition = Box<dyn FnOnce(&mut ConfigurationBuilder) + Send>;

/// The configuration of a host, and what it says about the host itself.
#[derive(Debug, Clone)]
pub struct HostConfiguration {
    /// Everything, merged.
    pub configuration: Configuration,
    /// `Production`, `Development`, or any other name.
    pub environment_name: String,
    /// The name of the application.
    pub application_name: String,
    /// The folder that files are looked for in, absolute.
    pub content_root: PathBuf,
}

impl HostConfiguration {
    /// Reads the default sources with these arguments (without the program's name), the variables of the process and its
    /// working directory.
    ///
    /// # Errors
    ///
    /// As [`HostConfigurationBuilder::load`].
    pub fn load<A: Into<String>>(
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Self, ConfigurationError> {
        HostConfigurationBuilder::new().arguments(arguments).load()
    }
}

/// Reads the default sources of a host.
///
/// From the weakest to the strongest:
///
/// 1. the working directory, as the content root
/// 2. environment variables that begin with `ASPNETCORE_`, without that prefix
/// 3. environment variables that begin with `DOTNET_`, without that prefix
/// 4. the command line
/// 5. `config/appsettings.json`, then `appsettings.json`, in the content root
/// 6. `config/appsettings.{Environment}.json`, then `appsettings.{Environment}.json`
/// 7. in Development, user secrets: the file that `dotnet user-secrets` keeps for the id that the key `userSecretsId` gives,
///    in any of the sources above (`~/.microsoft/usersecrets/{id}/secrets.json`)
/// 8. the credentials of a systemd service, files in `$CREDENTIALS_DIRECTORY` that are named as keys: `LoadCredential=
///    Mail__Password:/etc/..`; what is not UTF-8 is left out
/// 9. all environment variables
/// 10. the command line again
/// 11. what [`sources`](Self::sources) adds
///
/// Files are watched while the host runs, unless `hostBuilder:reloadConfigOnChange` is `false`: see
/// [`Configuration::watch`].
///
/// All files are optional. Where a file is both in the content root and in its `config` folder, both are read, and the one
/// in the content root wins; a file for the environment wins over any that is for all of them.
///
/// The first four alone decide the host's own keys: `environment` (Production, if missing or empty), `contentRoot`
/// (relative to the working directory), `applicationName` (the name of the executable) and
/// `hostBuilder:reloadConfigOnChange`. Files can give these keys other
/// values, but by then they are settled.
#[derive(Default)]
pub struct HostConfigurationBuilder {
    arguments: Vec<String>,
    variables: Variables,
    directory: Option<PathBuf>,
    additions: Vec<Addition>,
}

impl HostConfigurationBuilder {
    /// No arguments, the variables of the process, and its working directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The command line, without the program's name.
    #[must_use]
    pub fn arguments<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Environment variables in place of those of the process.
    #[must_use]
    pub fn variables<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        self.variables = Variables::Given(variables.collect());
        self
    }

    /// A working directory in place of that of the process.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Adds sources on top of the default ones; relative paths start from the content root. May be called several times.
    #[must_use]
    pub fn sources(mut self, add: impl FnOnce(&mut ConfigurationBuilder) + Send + 'static) -> Self {
        self.additions.push(Box::new(add));
        self
    }

    /// Reads everything.
    ///
    /// # Errors
    ///
    /// Where a source cannot be read, or the content root is no folder; the message names it.
    pub fn load(self) -> Result<HostConfiguration, ConfigurationError> {
        let directory = match &self.directory {
            Some(directory) => directory.clone(),
            None => std::env::current_dir().map_err(ConfigurationError::WorkingDirectory)?,
        };
        let mut builder = ConfigurationBuilder::new();
        builder.variables(self.variables.clone());
        self.add_host_sources(&mut builder, &directory);
        let host = builder.build()?;

        let environment_name = host
            .get(ENVIRONMENT)
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| DEFAULT_ENVIRONMENT.to_owned());
        let application_name = host
            .get(APPLICATION_NAME)
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(executable_name);
        let content_root = content_root(&host, &directory)?;

        builder.base_path(&content_root);
        builder.reload_on_change(
            host.value(RELOAD)
                .map_err(ConfigurationError::Host)?
                .unwrap_or(true),
        );
        Self::add_files(&mut builder, &environment_name);
        if key::same(&environment_name, DEVELOPMENT) {
            self.add_user_secrets(&mut builder)?;
        }
        if let Some(credentials) = credentials::source(&self.variables) {
            builder.add(credentials);
        }
        builder.add_environment_variables("");
        builder.add_command_line(self.arguments.iter().cloned());
        for add in self.additions {
            add(&mut builder);
        }
        Ok(HostConfiguration {
            configuration: builder.build()?,
            environment_name,
            application_name,
            content_root,
        })
    }

    fn add_host_sources(&self, builder: &mut ConfigurationBuilder, directory: &Path) {
        builder.add(InMemory {
            origin: "the working directory",
            pairs: vec![(
                CONTENT_ROOT.to_owned(),
                Some(directory.to_string_lossy().into_owned()),
            )],
        });
        builder.add_environment_variables("ASPNETCORE_");
        builder.add_environment_variables("DOTNET_");
        builder.add_command_line(self.arguments.iter().cloned());
    }

    fn add_user_secrets(
        &self,
        builder: &mut ConfigurationBuilder,
    ) -> Result<(), ConfigurationError> {
        let known = builder.build()?;
        let Some(id) = known.get(USER_SECRETS_ID) else {
            return Ok(());
        };
        let origin = known.origin(USER_SECRETS_ID);
        if let Some(path) = user_secrets::file(&self.variables, &id, origin)? {
            builder.add_json_file_named(user_secrets::ORIGIN, &path);
        }
        Ok(())
    }

    fn add_files(builder: &mut ConfigurationBuilder, environment: &str) {
        for file in [
            "appsettings.json".to_owned(),
            format!("appsettings.{environment}.json"),
        ] {
            builder.add_json_file(Path::new(FOLDER).join(&file), true);
            builder.add_json_file(file, true);
        }
    }
}

impl fmt::Debug for HostConfigurationBuilder {
    /// Arguments and variables may hold secrets, so there are none here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfigurationBuilder")
            .field("directory", &self.directory)
            .field("additions", &self.additions.len())
            .finish_non_exhaustive()
    }
}

fn content_root(host: &Configuration, directory: &Path) -> Result<PathBuf, ConfigurationError> {
    let named = host.get(CONTENT_ROOT).unwrap_or_default();
    let path =
        std::path::absolute(directory.join(named)).map_err(ConfigurationError::WorkingDirectory)?;
    if path.is_dir() {
        return Ok(path);
    }
    Err(ConfigurationError::ContentRootNotFound {
        path,
        origin: host.origin(CONTENT_ROOT).unwrap_or_default(),
    })
}

/// The executable's name without its extension.
fn executable_name() -> String {
    let started_as = || std::env::args_os().next().map(PathBuf::from);
    std::env::current_exe()
        .ok()
        .or_else(started_as)
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_default()
}
