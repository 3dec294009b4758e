//! Starts the hosted services in order and stops them in reverse.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::erased::HostedService as ErasedHostedService;
use super::error::{HostError, OperationCancelled, ServicePanicked};
use super::lifetime::ApplicationLifetime;
use super::limit::{Limit, StartEnded, StartLimit, after};
use super::monitor::{Failures, Monitor, Running};
use super::options::HostOptions;
use super::phase::Phase;
use crate::{BoxError, systemd};

/// The hosted services of a host and how far each has come.
pub(crate) struct Lifecycle {
    services: Vec<Hosted>,
    options: HostOptions,
    lifetime: ApplicationLifetime,
    monitor: Arc<Monitor>,
}

struct Hosted {
    service: Arc<dyn ErasedHostedService>,
    /// Whether `start` succeeded, so that the service is to be stopped.
    started: AtomicBool,
    running: Mutex<Option<Running>>,
}

/// How a start that did not fail has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// All services run.
    Running,
    /// A stop was asked for meanwhile; what had started has been stopped again.
    Stopped,
}

/// How a service's phase has ended.
enum Outcome {
    Done(Result<(), BoxError>),
    LetGo,
}

impl Lifecycle {
    pub(crate) fn new(
        services: Vec<Arc<dyn ErasedHostedService>>,
        options: HostOptions,
        lifetime: ApplicationLifetime,
    ) -> Self {
        Self {
            services: services
                .into_iter()
                .map(|service| Hosted {
                    service,
                    started: AtomicBool::new(false),
                    running: Mutex::new(None),
                })
                .collect(),
            monitor: Arc::new(Monitor {
                failures: Failures::default(),
                lifetime: lifetime.clone(),
                behavior: options.background_service_exception_behavior,
                restart: options.background_service_restart.clone(),
            }),
            options,
            lifetime,
        }
    }

    /// Starts all services; where that fails or a stop is asked for, stops those that were started.
    pub(crate) async fn start(&self, start: &mut StartLimit) -> Result<Started, HostError> {
        if self.options.startup_timeout.is_some() {
            systemd::extending(self.start_all(start)).await
        } else {
            self.start_all(start).await
        }
    }

    async fn start_all(&self, start: &mut StartLimit) -> Result<Started, HostError> {
        for phase in [Phase::Starting, Phase::Start, Phase::Started] {
            if self.start_phase(phase, start).await.is_break() {
                return self.abandon(start.watch().ended()).await;
            }
        }
        if self.lifetime.is_stop_requested() {
            return self.abandon(start.watch().ended()).await;
        }
        Ok(Started::Running)
    }

    /// Stops all services that were started, each phase in reverse order, whatever fails.
    pub(crate) async fn stop(&self) -> Result<(), HostError> {
        systemd::extending(async {
            self.drain().await;
            self.stop_until(Limit::at(after(self.options.shutdown_timeout)))
                .await;
        })
        .await;
        HostError::all_of(self.monitor.failures.take()).map_or(Ok(()), Err)
    }

    /// Leaves time between *no longer ready* and the stop.
    async fn drain(&self) {
        let delay = self.options.drain_delay;
        if delay.is_zero() || !self.lifetime.started().is_cancelled() {
            return;
        }
        self.lifetime.stop_application();
        self.lifetime.stop_requested().await;
        tracing::info!(
            target: "Microsoft.Hosting.Lifetime",
            "No longer ready; the services go on for {delay:?} before they are stopped."
        );
        systemd::report(|| format!("Draining for {delay:?}"));
        sleep(delay).await;
    }

    async fn start_phase(&self, phase: Phase, start: &mut StartLimit) -> ControlFlow<()> {
        let watch = start.watch();
        let mut busy = Vec::new();
        let mut failed = false;
        let note = |hosted: &Hosted, outcome: Outcome| {
            match outcome {
                Outcome::Done(Ok(())) => {}
                Outcome::LetGo => {
                    let_go(hosted, phase);
                    busy.push(hosted.service.name().to_owned());
                }
                Outcome::Done(Err(error))
                    if watch.has_ended() && OperationCancelled::is_cause_of(&*error) =>
                {
                    busy.push(hosted.service.name().to_owned());
                }
                Outcome::Done(Err(error)) => {
                    failed = true;
                    self.fail(hosted, phase, error, 11, "Hosting failed to start");
                }
            }
            if failed || watch.has_ended() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let services = self.services.iter();
        if self.options.services_start_concurrently {
            self.together(services, phase, &mut start.limit, note).await;
        } else {
            self.in_turn(services, phase, &mut start.limit, note).await;
        }
        if let Some(StartEnded::TimedOut { limit }) = watch.ended() {
            let failure = HostError::StartupTimedOut { limit, busy };
            log_failed_start(&failure);
            self.monitor.failures.push(failure);
        }
        if failed || watch.has_ended() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Ends a start that cannot go on.
    async fn abandon(&self, ended: Option<StartEnded>) -> Result<Started, HostError> {
        let deadline = match ended {
            Some(StartEnded::StopRequested { deadline }) => deadline,
            _ => after(self.options.shutdown_timeout),
        };
        self.lifetime.stop_application();
        systemd::extending(self.stop_until(Limit::at(deadline))).await;
        HostError::all_of(self.monitor.failures.take()).map_or(Ok(Started::Stopped), Err)
    }

    async fn stop_until(&self, mut limit: Limit) {
        self.stop_phase(Phase::Stopping, &mut limit).await;
        self.lifetime.stop_application();
        // Another thread may be running the callbacks.
        let _ = limit.within(self.lifetime.stop_requested()).await;
        self.stop_phase(Phase::Stop, &mut limit).await;
        self.stop_phase(Phase::Stopped, &mut limit).await;
        self.lifetime.notify_stopped();
    }

    async fn stop_phase(&self, phase: Phase, limit: &mut Limit) {
        let note = |hosted: &Hosted, outcome: Outcome| {
            match outcome {
                Outcome::Done(Ok(())) => {}
                Outcome::Done(Err(error)) => {
                    self.fail(hosted, phase, error, 5, "Hosting shutdown exception");
                }
                Outcome::LetGo => let_go(hosted, phase),
            }
            ControlFlow::Continue(())
        };
        let services = self
            .services
            .iter()
            .rev()
            .filter(|hosted| hosted.started.load(Ordering::Acquire));
        if self.options.services_stop_concurrently {
            self.together(services, phase, limit, note).await;
        } else {
            self.in_turn(services, phase, limit, note).await;
        }
    }

    async fn in_turn<'a>(
        &self,
        services: impl Iterator<Item = &'a Hosted>,
        phase: Phase,
        limit: &mut Limit,
        mut note: impl FnMut(&Hosted, Outcome) -> ControlFlow<()>,
    ) {
        let services: Vec<&Hosted> = services.collect();
        for (at, hosted) in services.iter().enumerate() {
            self.report(hosted, phase, at, services.len());
            let call = hosted.call(phase, limit.token(), &self.monitor);
            let outcome = limit.within(call).await;
            if note(hosted, outcome.map_or(Outcome::LetGo, Outcome::Done)).is_break() {
                break;
            }
        }
    }

    async fn together<'a>(
        &self,
        services: impl Iterator<Item = &'a Hosted>,
        phase: Phase,
        limit: &mut Limit,
        mut note: impl FnMut(&Hosted, Outcome) -> ControlFlow<()>,
    ) {
        systemd::report(|| format!("All services at once: {phase}"));
        // Polled first in the order of `services`, so that what a service does before it first waits keeps that order.
        let mut busy: Vec<&Hosted> = services.collect();
        // Closures over the services would make this future one that cannot be `Send`.
        let mut calls = FuturesUnordered::new();
        for &hosted in &busy {
            let call = hosted.call(phase, limit.token(), &self.monitor);
            calls.push(async move { (hosted, call.await) });
        }
        loop {
            match limit.within(calls.next()).await {
                Some(Some((hosted, outcome))) => {
                    busy.retain(|other| !std::ptr::eq(*other, hosted));
                    let _ = note(hosted, Outcome::Done(outcome));
                }
                Some(None) => return,
                None => break,
            }
        }
        drop(calls);
        for hosted in busy {
            let _ = note(hosted, Outcome::LetGo);
        }
    }

    /// Tells systemd whose turn it is, so that a start or a stop that hangs says where.
    fn report(&self, hosted: &Hosted, phase: Phase, at: usize, all: usize) {
        let doing = match phase {
            Phase::Start => "Starting",
            Phase::Stop => "Stopping",
            _ => return,
        };
        systemd::report(|| systemd::one_of(doing, hosted.service.name(), at + 1, all));
        if phase == Phase::Start && self.options.startup_timeout.is_none() {
            systemd::extend_for_one_service();
        }
    }

    fn fail(
        &self,
        hosted: &Hosted,
        phase: Phase,
        error: BoxError,
        event_id: u32,
        message: &'static str,
    ) {
        let failure = HostError::Service {
            service: hosted.service.name(),
            phase,
            source: error,
        };
        tracing::error!(
            target: "Microsoft.Extensions.Hosting.Internal.Host",
            event_id,
            error = &failure as &(dyn std::error::Error + 'static),
            "{message}"
        );
        self.monitor.failures.push(failure);
    }
}

/// The host cannot start, for a reason that is none of its services' own.
pub(crate) fn log_failed_start(failure: &HostError) {
    tracing::error!(
        target: "Microsoft.Extensions.Hosting.Internal.Host",
        event_id = 11,
        error = failure as &(dyn std::error::Error + 'static),
        "Hosting failed to start"
    );
}

fn let_go(hosted: &Hosted, phase: Phase) {
    tracing::warn!(
        target: "Microsoft.Extensions.Hosting.Internal.Host",
        "The time was up while the hosted service {} was busy in its phase `{phase}`; it is let go.",
        hosted.service.name()
    );
}

impl Hosted {
    async fn call(
        &self,
        phase: Phase,
        cancellation: CancellationToken,
        monitor: &Arc<Monitor>,
    ) -> Result<(), BoxError> {
        if phase == Phase::Stop {
            let running = self.running().take();
            if let Some(running) = running {
                running.stop(&cancellation).await;
            }
        }
        // The call itself is inside, so that a panic before its first await is caught as well.
        let call = async { self.service.call(phase, cancellation).await };
        AssertUnwindSafe(call)
            .catch_unwind()
            .await
            .unwrap_or_else(|panic| Err(ServicePanicked::from_payload(&*panic).into()))?;
        if phase == Phase::Start {
            *self.running() = monitor.run(&self.service);
            self.started.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
