//! The background service that ticks.

use std::time::Duration;

use campanile_host::hosting::BackgroundService;
use campanile_host::options::OptionsMonitor;
use campanile_host::{BoxError, CancellationToken, Inject};
use campanile_hub::IHubContext;
use chrono::Local;
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clock::ClockHub;

/// The section `Clock` of the configuration.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct ClockOptions {
    /// How often the time is sent: hours, minutes, seconds, as in `00:00:01`.
    pub(crate) interval: Duration,
    /// Whether this process ticks. Of several that share a Redis, one should.
    pub(crate) worker: bool,
}

impl Default for ClockOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            worker: true,
        }
    }
}

impl ClockOptions {
    /// A clock that never waits would do nothing else.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.interval.is_zero() {
            return Err("'Interval' has to be longer than zero".to_owned());
        }
        Ok(())
    }
}

/// Sends the time to all clients of the [`ClockHub`], again and again. A change of its options counts at once.
#[derive(Inject)]
pub(crate) struct Worker {
    clock: IHubContext<ClockHub>,
    options: OptionsMonitor<ClockOptions>,
}

impl BackgroundService for Worker {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        let mut changes = self.options.changes();
        let mut ticks = self.ticks();
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                _ = changes.changed() => ticks = self.ticks(),
                () = next(&mut ticks) => self.show_time().await,
            }
        }
    }
}

impl Worker {
    /// Begins now; none where others tick.
    fn ticks(&self) -> Option<Interval> {
        let options = self.options.current();
        options.worker.then(|| {
            let mut ticks = interval(options.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks
        })
    }

    async fn show_time(&self) {
        let now = Local::now();
        tracing::info!("Worker running at: {now}");
        // A tick that cannot reach the clients is lost; the next one may.
        if let Err(error) = self.clock.clients().all().show_time(now).await {
            tracing::warn!(%error, "the time could not be sent");
        }
    }
}

async fn next(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}
