//! Services that do what a test says, and a record of what has happened.
#![allow(dead_code, reason = "not every checklist needs all of it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::hosting::{Phase, TestHost};
use campanile_host::{
    ApplicationLifetime, BackgroundService, BoxError, CancellationToken, HostBuilder, HostError,
    HostedService,
};
use futures_util::future::BoxFuture;

/// What has happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// What a service does in a phase.
pub(crate) type Act =
    Box<dyn Fn(Phase, CancellationToken) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync>;

/// Notes each phase, and then does what it is told.
pub(crate) struct Probe {
    pub(crate) name: &'static str,
    pub(crate) trace: Trace,
    pub(crate) act: Act,
}

impl Probe {
    pub(crate) fn new<F>(
        name: &'static str,
        trace: &Trace,
        act: impl Fn(Phase, CancellationToken) -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Arc::new(Self {
            name,
            trace: trace.clone(),
            act: Box::new(move |phase, token| Box::pin(act(phase, token))),
        })
    }

    /// Does nothing but note.
    pub(crate) fn idle(name: &'static str, trace: &Trace) -> Arc<Self> {
        Self::new(name, trace, |_, _| async { Ok(()) })
    }

    /// Fails in these phases.
    pub(crate) fn failing(
        name: &'static str,
        trace: &Trace,
        phases: &'static [Phase],
    ) -> Arc<Self> {
        Self::new(name, trace, move |phase, _| async move {
            // Also after something has been waited for, as some of the failures in practice.
            tokio::task::yield_now().await;
            match phases.contains(&phase) {
                true => Err(format!("{phase} failed").into()),
                false => Ok(()),
            }
        })
    }

    async fn perform(&self, phase: Phase, token: CancellationToken) -> Result<(), BoxError> {
        self.trace.note(format!("{} {phase}", self.name));
        (self.act)(phase, token).await
    }
}

impl HostedService for Probe {
    async fn starting(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.perform(Phase::Starting, token).await
    }

    async fn start(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.perform(Phase::Start, token).await
    }

    async fn started(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.perform(Phase::Started, token).await
    }

    async fn stopping(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.perform(Phase::Stopping, token).await
    }

    async fn stop(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.perform(Phase::Stop, token).await
    }

    async fn stopped(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.perform(Phase::Stopped, token).await
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.trace.note(format!("{} dropped", self.name));
    }
}

/// A background service that is a closure.
pub(crate) struct Body<F>(pub(crate) F);

impl<F, R> BackgroundService for Body<F>
where
    F: Fn(CancellationToken) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        (self.0)(stopping).await
    }
}

/// A host in a test, without settings.
pub(crate) fn host() -> HostBuilder {
    configured([])
}

pub(crate) fn configured<const N: usize>(
    settings: [(&'static str, &'static str); N],
) -> HostBuilder {
    TestHost::builder(settings)
}

/// The failures that an outcome consists of.
pub(crate) fn failures(outcome: Result<(), HostError>) -> Vec<String> {
    match outcome {
        Ok(()) => Vec::new(),
        Err(HostError::Several(all)) => all.iter().map(ToString::to_string).collect(),
        Err(one) => vec![one.to_string()],
    }
}

/// Notes the events of the lifetime.
pub(crate) fn note_lifetime(trace: &Trace, lifetime: &ApplicationLifetime) {
    let noting = |line: &'static str| {
        let trace = trace.clone();
        move || {
            trace.note(line);
            Ok(())
        }
    };
    lifetime.on_started(noting("ApplicationStarted"));
    lifetime.on_stopping(noting("ApplicationStopping"));
    lifetime.on_stopped(noting("ApplicationStopped"));
}

pub(crate) const HOUR: Duration = Duration::from_secs(3600);
