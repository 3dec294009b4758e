//! The hosts that are processes of their own here, and how they are started.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use campanile_host::metrics::Metrics;
use campanile_host::trace_context::{TraceContext, Traced};
use campanile_host::{
    ApplicationLifetime, BackgroundService, BoxError, CancellationToken, HostBuilder, HostError,
    Inject,
};
use campanile_otlp::OtlpHostBuilderExt;

use super::hosting_support::{Ended, Program};

/// Who causes the span of the scenario `bell`.
pub(crate) const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
pub(crate) const CANNOT_BE_SENT: &str = "telemetry cannot be sent to";

/// Strikes once, under a span that another process has caused, and ends the application.
#[derive(Inject)]
struct Bell {
    metrics: Arc<Metrics>,
    lifetime: ApplicationLifetime,
}

impl BackgroundService for Bell {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        let strikes = self
            .metrics
            .counter("bell.strikes", "{strike}", "Strikes of all bells.");
        strikes.add(12, &[("bell", "Emma")]);
        let open = self
            .metrics
            .up_down_counter("signalr.server.active_connections", "", "");
        open.add(-3, &[]);
        let swing = self.metrics.histogram("bell.swing", "s", "", &[0.5, 1.0]);
        swing.record(0.75, &[]);
        swing.record(7.0, &[]);

        let error = std::io::Error::other("the rope is torn");
        let strike = async {
            tracing::error!(
                critical = true,
                event_id = 7,
                error = &error as &(dyn std::error::Error + 'static),
                bell = "Emma",
                tons = 9,
                "no sound"
            );
            tracing::info!(
                sent_on = TraceContext::current().map(|it| it.traceparent()),
                "in it"
            );
        };
        let parent = TraceContext::parse(PARENT)?;
        let span = tracing::info_span!(
            "strike",
            otel.name = "Tower/Strike",
            otel.kind = "server",
            hour = 12
        );
        strike.traced(span, Some(parent)).await;
        self.lifetime.stop_application();
        stopping.cancelled().await;
        Ok(())
    }
}

/// Runs until it is asked to stop.
#[derive(Inject)]
struct Patient {
    metrics: Arc<Metrics>,
}

impl BackgroundService for Patient {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        self.metrics.counter("bell.strikes", "", "").add(1, &[]);
        tracing::info!("patient");
        stopping.cancelled().await;
        Ok(())
    }
}

/// Strikes again and again until it is asked to stop, and says how often.
#[derive(Inject)]
struct Ringing {
    metrics: Arc<Metrics>,
}

impl BackgroundService for Ringing {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        let strikes = self.metrics.counter("bell.strikes", "", "");
        let open = self.metrics.up_down_counter("tower.visitors", "", "");
        let swing = self.metrics.histogram("bell.swing", "s", "", &[1.0]);
        let mut struck = 0;
        // Several strikes between two exports; how many, it says in the end.
        let pause = || tokio::time::sleep(Duration::from_millis(2));
        while stopping.run_until_cancelled(pause()).await.is_some() {
            strikes.add(1, &[]);
            open.add(1, &[]);
            swing.record(0.5, &[]);
            struck += 1;
        }
        tracing::info!("struck {struck} times");
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn host(scenario: &str) -> Result<(), HostError> {
    let builder = HostBuilder::new().add_otlp().add_otlp();
    match scenario {
        "bell" => builder.add_hosted_service::<Bell>(),
        "ringing" => builder.add_hosted_service::<Ringing>(),
        _ => builder.add_hosted_service::<Patient>(),
    }
    .build()?
    .run()
    .await
}

pub(crate) fn run(scenario: &str, endpoint: &str, variables: &[(&str, &str)]) -> Ended {
    start(scenario, endpoint, variables).wait()
}

/// The same of one that ends well, and has nothing to complain of.
pub(crate) fn run_well(scenario: &str, endpoint: &str, variables: &[(&str, &str)]) -> Ended {
    let ended = run(scenario, endpoint, variables);
    let outcome = (ended.code, &*ended.stderr);
    assert_eq!(outcome, (Some(0), ""), "{}", ended.stdout);
    ended
}

/// Waits until another process has come so far. Its time is none that could be paused here; the limit is reached by a failure only.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < patience, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub(crate) fn start(scenario: &str, endpoint: &str, variables: &[(&str, &str)]) -> Program {
    Program::start(scenario, |command: &mut Command| {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OTEL_") {
                command.env_remove(name);
            }
        }
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
            .envs(variables.iter().copied());
    })
}
