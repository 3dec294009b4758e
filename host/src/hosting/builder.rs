//! [`HostBuilder`].

use std::any::{Any, TypeId};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::command::Command;
use super::environment::HostEnvironment;
use super::error::HostError;
use super::host::{Host, Parts};
use super::hosted_service::HostedService;
use super::lifetime::ApplicationLifetime;
use super::options::HostOptions;
use crate::configuration::{
    Configuration, ConfigurationBuilder, ConfigurationError, HostConfiguration,
    HostConfigurationBuilder,
};
use crate::metrics::Metrics;
use crate::services::{Factory, Inject, ServiceCollection};
use crate::systemd::Watchdog;
use crate::{BoxError, logging, systemd};

type AddSources = Arc<dyn Fn(&mut ConfigurationBuilder) + Send + Sync>;
type ConfigureOptions = Box<dyn FnOnce(&mut HostOptions) + Send>;
type BeforeBuild = Box<dyn FnOnce(&mut HostBuilder) -> Result<(), BoxError> + Send>;

/// Puts a [`Host`] together: configuration, logging, services.
///
/// ```no_run
/// use campanile_host::{BoxError, CancellationToken, Inject};
/// use campanile_host::hosting::{BackgroundService, HostBuilder, HostError};
///
/// #[derive(Inject)]
/// struct Worker;
///
/// impl BackgroundService for Worker {
///     async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
///         stopping.cancelled().await;
///         Ok(())
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<(), HostError> {
///     HostBuilder::new()
///         .add_hosted_service::<Worker>()
///         .build()?
///         .run()
///         .await
/// }
/// ```
#[doc(alias = "HostApplicationBuilder")]
#[doc(alias = "CreateDefaultBuilder")]
#[doc(alias = "CreateApplicationBuilder")]
pub struct HostBuilder {
    defaults: bool,
    arguments: Option<Vec<String>>,
    sources: Vec<AddSources>,
    /// What was read with the sources as they are; `Err` is reported by `build`.
    loaded: Option<Result<HostConfiguration, ConfigurationError>>,
    /// Given out in place of a configuration that cannot be read.
    nothing: Option<Configuration>,
    services: ServiceCollection,
    options: Vec<ConfigureOptions>,
    /// What the arguments ask for in place of a run; known once they are read.
    command: Option<Command>,
    extensions: HashMap<TypeId, Box<dyn Any + Send>>,
    before_build: VecDeque<BeforeBuild>,
    signals: bool,
}

impl HostBuilder {
    /// A host with .NET's defaults: the command line, environment variables and `appsettings.json` files that
    /// [`HostConfigurationBuilder`] reads, and the console as the log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            defaults: true,
            ..Self::empty()
        }
    }

    /// A host without any defaults: no configuration but what
    /// [`configure_configuration`](Self::configure_configuration) adds, no log but what the program installs, the
    /// environment `Production`, the working directory as content root.
    #[must_use]
    #[doc(alias = "CreateEmptyApplicationBuilder")]
    #[doc(alias = "DisableDefaults")]
    pub fn empty() -> Self {
        Self {
            defaults: false,
            arguments: None,
            sources: Vec::new(),
            loaded: None,
            nothing: None,
            services: ServiceCollection::new(),
            options: Vec::new(),
            command: None,
            extensions: HashMap::new(),
            before_build: VecDeque::new(),
            signals: true,
        }
    }

    /// The host does not listen to signals: for hosts inside of another program, and for tests.
    #[must_use]
    pub fn without_signals(mut self) -> Self {
        self.signals = false;
        self
    }

    /// A command line in place of that of the process, without the program's name.
    #[must_use]
    pub fn with_args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments = Some(arguments.into_iter().map(Into::into).collect());
        self.loaded = None;
        self
    }

    /// Adds sources of configuration on top of all others. May be called several times.
    #[must_use]
    #[doc(alias = "ConfigureAppConfiguration")]
    pub fn configure_configuration(
        mut self,
        add: impl Fn(&mut ConfigurationBuilder) + Send + Sync + 'static,
    ) -> Self {
        self.sources.push(Arc::new(add));
        self.loaded = None;
        self
    }

    /// Binds the options `T` to a section of the configuration; services get them as
    /// [`Options<T>`](crate::options::Options). They are checked when the host starts, before anything is started.
    #[must_use]
    pub fn configure<T: DeserializeOwned + Send + Sync + 'static>(
        mut self,
        section: impl Into<String>,
    ) -> Self {
        self.services.configure::<T>(section);
        self
    }

    /// Adds a hosted service that the container constructs. Adding a type a second time does nothing.
    ///
    /// Takes whatever is a [`HostedService`], and so every [`BackgroundService`](super::BackgroundService).
    #[must_use]
    #[doc(alias = "AddHostedService")]
    pub fn add_hosted_service<T: HostedService + Inject>(mut self) -> Self {
        self.services.add_hosted_service::<T>();
        self
    }

    /// Adds this hosted service, whatever has been added before.
    #[must_use]
    pub fn add_hosted_service_instance<T: HostedService>(mut self, service: Arc<T>) -> Self {
        self.services.add_hosted_service_instance(service);
        self
    }

    /// Adds the hosted service that this [`Factory`] makes, whatever has been added before.
    #[must_use]
    pub fn add_hosted_service_factory<T: HostedService, Args: 'static>(
        mut self,
        factory: impl Factory<T, Args>,
    ) -> Self {
        self.services.add_hosted_service_factory::<T, Args>(factory);
        self
    }

    /// Registers services.
    #[must_use]
    pub fn configure_services(mut self, configure: impl FnOnce(&mut ServiceCollection)) -> Self {
        configure(&mut self.services);
        self
    }

    /// Changes how the host starts and stops; wins over the configuration.
    #[must_use]
    pub fn configure_host_options(
        mut self,
        configure: impl FnOnce(&mut HostOptions) + Send + 'static,
    ) -> Self {
        self.options.push(Box::new(configure));
        self
    }

    /// The services registered so far.
    pub fn services(&mut self) -> &mut ServiceCollection {
        &mut self.services
    }

    /// The configuration, read when it is first asked for. One that cannot be read is empty here;
    /// [`build`](Self::build) returns the error.
    pub fn configuration(&mut self) -> &Configuration {
        self.load();
        match &self.loaded {
            Some(Ok(loaded)) => &loaded.configuration,
            _ => self.nothing.get_or_insert_with(|| {
                ConfigurationBuilder::new()
                    .build()
                    .expect("without sources there is nothing to fail")
            }),
        }
    }

    /// The environment, read with the configuration. Where that cannot be read it is `Production`.
    pub fn environment(&mut self) -> HostEnvironment {
        self.load();
        match &self.loaded {
            Some(Ok(loaded)) => environment(loaded),
            _ => HostEnvironment::new("Production", "", ""),
        }
    }

    /// What an extension keeps between calls on this builder: one value of each type.
    #[doc(alias = "Properties")]
    pub fn extension<E: Default + Send + 'static>(&mut self) -> &mut E {
        self.extensions
            .entry(TypeId::of::<E>())
            .or_insert_with(|| Box::new(E::default()))
            .downcast_mut()
            .expect("the value was put in under the id of its type")
    }

    /// Has `hook` called by [`build`](Self::build), before the container is built: in order of registration, those that
    /// hooks register at the end.
    #[must_use]
    pub fn before_build(
        mut self,
        hook: impl FnOnce(&mut Self) -> Result<(), BoxError> + Send + 'static,
    ) -> Self {
        self.add_before_build(hook);
        self
    }

    /// [`before_build`](Self::before_build) for those who have the builder only borrowed.
    pub fn add_before_build(
        &mut self,
        hook: impl FnOnce(&mut Self) -> Result<(), BoxError> + Send + 'static,
    ) {
        self.before_build.push_back(Box::new(hook));
    }

    /// Reads the configuration, sets the log up and checks the whole graph of services. Constructs none of them.
    ///
    /// A host with defaults takes these arguments from its command line, prints, and ends the process:
    ///
    /// | argument | what is printed |
    /// | --- | --- |
    /// | `--print-config-schema` | the [JSON schema](crate::options::schema) of all settings, for editors |
    /// | `--services` | all services, the hosted ones in their order, what each needs and [what is wrong](crate::services::ServiceGraph); exit code 1 where something is |
    /// | `--services=dot` | the same for Graphviz |
    ///
    /// `--services` with any other value, in either form, is a setting like others.
    ///
    /// # Errors
    ///
    /// A configuration that cannot be read or used, a hook that fails, a graph that cannot be built.
    pub fn build(mut self) -> Result<Host, HostError> {
        let configuration = self.loaded()?.configuration.clone();
        let mut log_levels = None;
        if self.defaults {
            systemd::take_from_environment();
            log_levels =
                logging::install(&configuration)?.map(|levels| levels.follow(&configuration));
        }
        while let Some(hook) = self.before_build.pop_front() {
            hook(&mut self).map_err(HostError::Extension)?;
        }
        let loaded = self.loaded()?;
        let environment = environment(loaded);
        let configuration = loaded.configuration.clone();
        let mut options = HostOptions::from_configuration(&configuration)?;
        for configure in self.options.drain(..) {
            configure(&mut options);
        }
        let lifetime = ApplicationLifetime::new();
        let watchdog = Watchdog::new();
        self.services
            .add_instance(Arc::new(configuration.clone()))
            .add_instance(Arc::new(environment.clone()))
            .add_instance(Arc::new(lifetime.clone()))
            .add_instance(Arc::new(Metrics::new()))
            .add_instance(Arc::new(watchdog.clone()));
        if let Some(command) = self.command {
            command.run(&self.services);
        }
        let services = self.services.build()?;
        Ok(Host::new(Parts {
            services,
            configuration,
            environment,
            lifetime,
            options,
            listens_to_signals: self.signals,
            watchdog,
            log_levels,
        }))
    }

    fn loaded(&mut self) -> Result<&HostConfiguration, HostError> {
        self.load();
        if let Some(Err(error)) = self.loaded.take_if(|it| it.is_err()) {
            return Err(HostError::Configuration(error));
        }
        let loaded = self.loaded.as_ref().and_then(|it| it.as_ref().ok());
        Ok(loaded.expect("`load` leaves a configuration or an error, and errors have returned"))
    }

    fn load(&mut self) {
        if self.loaded.is_some() {
            return;
        }
        self.loaded = Some(if self.defaults {
            self.load_defaults()
        } else {
            self.load_additions()
        });
    }

    fn load_defaults(&mut self) -> Result<HostConfiguration, ConfigurationError> {
        let mut arguments = self.arguments.clone().unwrap_or_else(|| {
            std::env::args_os()
                .skip(1)
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect()
        });
        self.command = Command::take(&mut arguments);
        let mut builder = HostConfigurationBuilder::new().arguments(arguments);
        for add in &self.sources {
            let add = add.clone();
            builder = builder.sources(move |builder| add(builder));
        }
        builder.load()
    }

    fn load_additions(&self) -> Result<HostConfiguration, ConfigurationError> {
        let mut builder = ConfigurationBuilder::new();
        if let Some(arguments) = &self.arguments {
            builder.add_command_line(arguments.iter().cloned());
        }
        for add in &self.sources {
            add(&mut builder);
        }
        Ok(HostConfiguration {
            configuration: builder.build()?,
            environment_name: "Production".to_owned(),
            application_name: String::new(),
            content_root: std::env::current_dir().map_err(ConfigurationError::WorkingDirectory)?,
        })
    }
}

fn environment(loaded: &HostConfiguration) -> HostEnvironment {
    HostEnvironment::new(
        &*loaded.environment_name,
        &*loaded.application_name,
        &*loaded.content_root,
    )
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HostBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HostBuilder")
            .field("defaults", &self.defaults)
            .field("loaded", &self.loaded)
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}
