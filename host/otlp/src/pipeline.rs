//! [`Pipeline`]: all that exports, from its start to its end.

use std::sync::Arc;
use std::time::Duration;

use campanile_host::logging::LogProvider;
use campanile_host::metrics::Metrics;
use futures_util::future::join3;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::task::spawn_blocking;

use super::error::OtlpError;
use super::sender::Sender;
use super::settings::Settings;
use super::{logs, metrics, spans};

/// How long what is left may take where the host was dropped rather than run to its end.
const WHEN_DROPPED: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Pipeline {
    sender: Sender,
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
    metrics: Option<metrics::Exporter>,
}

impl Pipeline {
    /// Starts exporting; what is to be exported comes through the providers.
    pub(crate) fn start(
        settings: Settings,
        instruments: &Arc<Metrics>,
    ) -> Result<(Self, Vec<LogProvider>), OtlpError> {
        let sender = Sender::start()?;
        let resource = settings.resource;
        let traces = settings
            .traces
            .map(|it| spans::start(it, &resource, &sender));
        let logs = settings.logs.map(|it| logs::start(it, &resource, &sender));
        let metrics = settings.metrics.map(|it| {
            let interval = it.interval;
            let exporter = metrics::Exporter::new(instruments.clone(), it, &resource);
            exporter.clone().every(interval, &sender);
            exporter
        });
        let (traces, spans) = traces.unzip();
        let (logs, log) = logs.unzip();
        let pipeline = Self {
            sender,
            traces,
            logs,
            metrics,
        };
        Ok((pipeline, spans.into_iter().chain(log).collect()))
    }

    /// Exports what is left, all signals at once.
    pub(crate) async fn end(mut self, limit: Duration) {
        self.sender.hurry();
        let (traces, logs) = (self.traces.take(), self.logs.take());
        let (metrics, sender) = (self.metrics.take(), self.sender.clone());
        // What fails has been told; a provider that is ended twice has nothing left.
        let traces = spawn_blocking(move || traces.map(|it| it.shutdown_with_timeout(limit)));
        let logs = spawn_blocking(move || logs.map(|it| it.shutdown_with_timeout(limit)));
        let metrics = async {
            if let Some(metrics) = metrics {
                metrics.export(&sender).await;
            }
        };
        let _ = join3(traces, logs, metrics).await;
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        // `end` leaves nothing here.
        self.sender.hurry();
        if let Some(traces) = self.traces.take() {
            let _ = traces.shutdown_with_timeout(WHEN_DROPPED);
        }
        if let Some(logs) = self.logs.take() {
            let _ = logs.shutdown_with_timeout(WHEN_DROPPED);
        }
    }
}
