//! [`HostEnvironment`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where and as what the application runs. Settled when the host is built; injectable.
///
/// The environment's name comes from `--environment`, `DOTNET_ENVIRONMENT` or `ASPNETCORE_ENVIRONMENT`, and is
/// `Production` otherwise. Any name may be used; names are compared without regard to case.
///
/// ```
/// use campanile_host::hosting::HostEnvironment;
///
/// let environment = HostEnvironment::new("development", "clock", "/srv/clock");
/// assert!(environment.is_development());
/// assert_eq!(environment.content_root(), std::path::Path::new("/srv/clock"));
/// ```
#[derive(Clone, Debug)]
#[doc(alias = "IHostEnvironment")]
pub struct HostEnvironment {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    environment_name: String,
    application_name: String,
    content_root: PathBuf,
}

impl HostEnvironment {
    /// An environment, for tests of services that ask for one; the host makes its own.
    pub fn new(
        environment_name: impl Into<String>,
        application_name: impl Into<String>,
        content_root: impl Into<PathBuf>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                environment_name: environment_name.into(),
                application_name: application_name.into(),
                content_root: content_root.into(),
            }),
        }
    }

    /// The environment's name as it was given: `Development`, `Staging`, `Production`, or any other.
    #[must_use]
    pub fn environment_name(&self) -> &str {
        &self.shared.environment_name
    }

    /// The application's name: the configuration key `applicationName`, else the program's.
    #[must_use]
    pub fn application_name(&self) -> &str {
        &self.shared.application_name
    }

    /// The folder that relative paths of the configuration start at: absolute, the working directory unless
    /// `--contentRoot` says otherwise.
    #[must_use]
    #[doc(alias = "ContentRootPath")]
    pub fn content_root(&self) -> &Path {
        &self.shared.content_root
    }

    /// Whether the environment has this name, ignoring case.
    #[must_use]
    pub fn is_environment(&self, name: &str) -> bool {
        self.shared.environment_name.eq_ignore_ascii_case(name)
    }

    /// Whether this is `Development`.
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.is_environment("Development")
    }

    /// Whether this is `Staging`.
    #[must_use]
    pub fn is_staging(&self) -> bool {
        self.is_environment("Staging")
    }

    /// Whether this is `Production`, the default.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.is_environment("Production")
    }
}
