//! [`Host`].

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::environment::HostEnvironment;
use super::erased::HostedService as ErasedHostedService;
use super::error::HostError;
use super::initialization::{Initialized, initialize};
use super::lifecycle::{Lifecycle, Started};
use super::lifetime::ApplicationLifetime;
use super::limit::StartLimit;
use super::options::HostOptions;
use super::reload::Reload;
use super::signals::StopOnSignals;
use super::status;
use crate::configuration::{ChangeRegistration, Configuration, ConfigurationWatch};
use crate::services::ServiceProvider;
use crate::systemd::{Feeding, Watchdog};
use crate::{options, systemd};

/// An application that is ready to run: its services, and what starts and stops them.
///
/// Made by [`HostBuilder::build`](super::HostBuilder::build). Most programs call [`run`](Self::run) and nothing else.
///
/// While a host that was started lives, SIGINT, SIGTERM and SIGQUIT (elsewhere than on Unix: Ctrl+C and Ctrl+Break) ask it to
/// stop; a second SIGINT ends the process at once, with exit code 130. SIGHUP has it read its configuration again, with the
/// levels of the log and what [`ApplicationLifetime::on_reload`] adds, except where standard input is a terminal.
#[doc(alias = "IHost")]
pub struct Host {
    /// Locked for as long as the host is starting or stopping. Before the container, which is to drop the services.
    state: tokio::sync::Mutex<State>,
    services: ServiceProvider,
    configuration: Configuration,
    environment: HostEnvironment,
    lifetime: ApplicationLifetime,
    options: HostOptions,
    listens_to_signals: bool,
    watchdog: Watchdog,
    /// While this is there, changes of the configuration change the levels of the log.
    _log_levels: Option<ChangeRegistration>,
    signals: Mutex<Option<StopOnSignals>>,
}

/// What a host is made of.
pub(crate) struct Parts {
    pub(crate) services: ServiceProvider,
    pub(crate) configuration: Configuration,
    pub(crate) environment: HostEnvironment,
    pub(crate) lifetime: ApplicationLifetime,
    pub(crate) options: HostOptions,
    pub(crate) listens_to_signals: bool,
    pub(crate) watchdog: Watchdog,
    pub(crate) log_levels: Option<ChangeRegistration>,
}

enum State {
    Built,
    /// The files of the configuration are watched until this state is left.
    Started {
        lifecycle: Lifecycle,
        _watch: Option<ConfigurationWatch>,
        _feeding: Option<Feeding>,
    },
    Ended,
}

impl Host {
    pub(crate) fn new(parts: Parts) -> Self {
        Self {
            state: tokio::sync::Mutex::new(State::Built),
            services: parts.services,
            configuration: parts.configuration,
            environment: parts.environment,
            lifetime: parts.lifetime,
            options: parts.options,
            listens_to_signals: parts.listens_to_signals,
            watchdog: parts.watchdog,
            _log_levels: parts.log_levels,
            signals: Mutex::new(None),
        }
    }

    /// The container.
    #[must_use]
    pub fn services(&self) -> &ServiceProvider {
        &self.services
    }

    /// The configuration that the host was built with.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// Where and as what the host runs.
    #[must_use]
    pub fn environment(&self) -> &HostEnvironment {
        &self.environment
    }

    /// What tells when the application has started and stops, and asks it to.
    #[must_use]
    pub fn lifetime(&self) -> &ApplicationLifetime {
        &self.lifetime
    }

    /// Starts the host, waits until it is asked to stop (by a signal, [`ApplicationLifetime::stop_application`], or a
    /// background service that failed), stops it and disposes its services.
    ///
    /// # Errors
    ///
    /// Everything that failed, from [`start`](Self::start) to [`dispose`](Self::dispose). Being asked to stop while
    /// starting is no failure.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the host without stopping its services; use [`run_until`](Self::run_until) to stop it.
    pub async fn run(self) -> Result<(), HostError> {
        let outcome = self.start_and_wait().await;
        let disposal = self.dispose().await;
        let failures = outcome.err().into_iter().chain(disposal.err());
        HostError::all_of(failures.flat_map(HostError::into_parts).collect()).map_or(Ok(()), Err)
    }

    /// As [`run`](Self::run); `stop` firing asks the host to stop as well.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub async fn run_until(self, stop: CancellationToken) -> Result<(), HostError> {
        let lifetime = self.lifetime.clone();
        let asked = async {
            stop.cancelled().await;
            lifetime.stop_application();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = asked => Ok(()),
            outcome = self.run() => outcome,
        }
    }

    /// Validates the options, awaits the [async factories](crate::services::AsyncFactory), constructs the hosted services
    /// and starts them.
    ///
    /// Where that fails, what was started is stopped again before this returns. Where the host is asked to stop meanwhile,
    /// what was started is stopped as well, and this returns `Ok`: [`ApplicationLifetime::stopped`] has fired then, and
    /// [`wait_for_shutdown`](Self::wait_for_shutdown) returns at once.
    ///
    /// # Errors
    ///
    /// Invalid options; an async factory that fails or is not done in time; a hosted service that cannot be constructed,
    /// fails to start or does not start in time; a host that was started before.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, so is that of an async factory that is being awaited; the services that have been started
    /// run on, and [`stop`](Self::stop) stops them.
    pub async fn start(&self) -> Result<(), HostError> {
        let mut state = self.state.lock().await;
        if !matches!(*state, State::Built) {
            return Err(HostError::AlreadyStarted);
        }
        if self.lifetime.is_stop_requested() {
            self.lifetime.notify_stopped();
            *state = State::Ended;
            return Ok(());
        }
        tracing::debug!(
            target: "Microsoft.Extensions.Hosting.Internal.Host",
            event_id = 1,
            "Hosting starting"
        );
        status::configuration_files(&self.configuration, &self.environment);
        options::validate(&self.services)?;
        if self.listens_to_signals {
            let reload = Reload::new(self.configuration.clone(), self.lifetime.clone());
            let signals =
                StopOnSignals::register(&self.lifetime, reload).map_err(HostError::Signals)?;
            *self.signals.lock().unwrap_or_else(PoisonError::into_inner) = Some(signals);
        }
        self.lifetime.announce_stopping();
        let mut limit = StartLimit::new(&self.lifetime, &self.options);
        match initialize(&self.services, &self.options, &mut limit).await {
            Ok(Initialized::Ready) => {}
            ended => {
                self.lifetime.stop_application();
                self.lifetime.notify_stopped();
                *state = State::Ended;
                return ended.map(|_| ());
            }
        }
        let services = self
            .services
            .all::<dyn ErasedHostedService>()
            .map_err(HostError::Construction)?;
        let lifecycle = Lifecycle::new(services, self.options.clone(), self.lifetime.clone());
        // In its place before it begins, so that what it starts can be stopped if this future is dropped.
        *state = State::Started {
            lifecycle,
            _watch: self.configuration.watch(),
            _feeding: systemd::feed(&self.watchdog),
        };
        let State::Started { lifecycle, .. } = &*state else {
            return Ok(());
        };
        match lifecycle.start(&mut limit).await {
            Ok(Started::Running) => {
                status::started(&self.environment);
                self.lifetime.notify_started();
                tracing::debug!(
                    target: "Microsoft.Extensions.Hosting.Internal.Host",
                    event_id = 2,
                    "Hosting started"
                );
                Ok(())
            }
            Ok(Started::Stopped) => {
                *state = State::Ended;
                Ok(())
            }
            Err(error) => {
                *state = State::Ended;
                Err(error)
            }
        }
    }

    /// Stops the services that were started, in reverse order, within
    /// [`HostOptions::shutdown_timeout`]. Does nothing if the host has stopped already; one that is starting is asked to
    /// give that up.
    ///
    /// # Errors
    ///
    /// All failures of services while stopping, and of background services since the start, in the order in which they
    /// came about. All services are stopped whatever fails.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the phase that it was in is not finished; stopping again begins anew.
    pub async fn stop(&self) -> Result<(), HostError> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(_) => {
                // A start that is under way ends only if asked to; a stop has been asked for before.
                self.lifetime.stop_application();
                self.state.lock().await
            }
        };
        tracing::debug!(
            target: "Microsoft.Extensions.Hosting.Internal.Host",
            event_id = 3,
            "Hosting stopping"
        );
        let outcome = match &*state {
            State::Ended => return Ok(()),
            State::Built => {
                self.lifetime.stop_application();
                self.lifetime.notify_stopped();
                Ok(())
            }
            State::Started { lifecycle, .. } => lifecycle.stop().await,
        };
        *state = State::Ended;
        tracing::debug!(
            target: "Microsoft.Extensions.Hosting.Internal.Host",
            event_id = 4,
            "Hosting stopped"
        );
        outcome
    }

    /// Waits until the host is asked to stop, and stops it.
    ///
    /// # Errors
    ///
    /// As [`stop`](Self::stop).
    ///
    /// # Cancel safety
    ///
    /// As [`stop`](Self::stop), once it has been asked to stop; nothing is lost before.
    #[doc(alias = "WaitForShutdownAsync")]
    pub async fn wait_for_shutdown(&self) -> Result<(), HostError> {
        self.lifetime.stop_requested().await;
        self.stop().await
    }

    /// Disposes the services, in reverse order of their creation. Does not stop them: see [`stop`](Self::stop).
    ///
    /// # Errors
    ///
    /// Everything that failed while disposing.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, what is left is disposed synchronously.
    pub async fn dispose(self) -> Result<(), HostError> {
        // The hosted services are let go first, so that the container is the one who drops them.
        *self.state.lock().await = State::Ended;
        self.services.dispose().await.map_err(HostError::Disposal)
    }

    async fn start_and_wait(&self) -> Result<(), HostError> {
        self.start().await?;
        self.wait_for_shutdown().await
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Host")
            .field("environment", &self.environment)
            .field("lifetime", &self.lifetime)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
