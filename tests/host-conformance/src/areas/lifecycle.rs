//! The area `lifecycle`: a host whose services do what the case says and write down when they are called.

use std::error::Error;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::hosting::{
    ApplicationLifetime, BackgroundService, BackgroundServiceExceptionBehavior, HostBuilder,
    HostError, HostOptions, HostedService, OperationCancelled,
};
use campanile_host::services::{ServiceCollection, ServiceErrorKind};
use campanile_host::{BoxError, CancellationToken};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::configuration::{pairs, texts};

type Outcome = Result<(), BoxError>;

pub(crate) fn answer(case: &Value) -> super::Answer {
    let trace = Trace::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let run = match runtime.block_on(run(case, &trace)) {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("error: {}", describe(&error)),
    };
    let trace = trace.0.lock().map_err(|error| error.to_string())?.clone();
    Ok(json!({ "trace": trace, "run": run }))
}

async fn run(case: &Value, trace: &Trace) -> Result<(), HostError> {
    let mut arguments = texts(&case["args"]);
    arguments.push("--Logging:LogLevel:Default=None".to_owned());
    let options = pairs(&case["options"]);
    let services = case["services"].as_array().cloned().unwrap_or_default();
    let host = HostBuilder::new()
        .with_args(arguments)
        .configure_host_options(move |host| configure(host, &options))
        .configure_services(|collection| {
            for service in services {
                add(collection, service, trace);
            }
        })
        .build()?;
    note_events(host.lifetime(), trace, &texts(&case["throwing_callbacks"]));

    let token = CancellationToken::new();
    let stop = case["stop"].clone();
    if stop["by"] == "host" {
        let outcome = async {
            host.start().await?;
            sleep(milliseconds(&stop["after"])).await;
            host.stop().await
        }
        .await;
        host.dispose().await?;
        return outcome;
    }
    if !stop.is_null() {
        tokio::spawn(ask_to_stop(stop, host.lifetime().clone(), token.clone()));
    }
    host.run_until(token).await
}

fn configure(host: &mut HostOptions, options: &[(String, String)]) {
    for (name, value) in options {
        match name.as_str() {
            "StartupTimeout" => host.startup_timeout = Some(time_span(value)),
            "ShutdownTimeout" => host.shutdown_timeout = time_span(value),
            "ServicesStartConcurrently" => host.services_start_concurrently = value == "true",
            "ServicesStopConcurrently" => host.services_stop_concurrently = value == "true",
            "BackgroundServiceExceptionBehavior" => {
                host.background_service_exception_behavior = match value.as_str() {
                    "Ignore" => BackgroundServiceExceptionBehavior::Ignore,
                    _ => BackgroundServiceExceptionBehavior::StopHost,
                };
            }
            other => eprintln!("there is no option '{other}'"),
        }
    }
}

/// The cases use `00:00:SS.fff`.
fn time_span(text: &str) -> Duration {
    let seconds = text.trim_start_matches("00:00:");
    Duration::from_secs_f64(seconds.parse().unwrap_or_default())
}

fn milliseconds(value: &Value) -> Duration {
    Duration::from_millis(value.as_u64().unwrap_or_default())
}

fn describe(error: &HostError) -> String {
    match error {
        HostError::Several(failures) => {
            let texts: Vec<String> = failures.iter().map(describe).collect();
            texts.join(" + ")
        }
        HostError::StartupTimedOut { .. } => "timed out".to_owned(),
        HostError::Construction(error) => match error.kind() {
            ServiceErrorKind::Failed(error) => error.to_string(),
            kind => kind.to_string(),
        },
        error if OperationCancelled::is_cause_of(error) => "cancelled".to_owned(),
        error => {
            let mut cause: &dyn Error = error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            cause.to_string()
        }
    }
}

fn note_events(lifetime: &ApplicationLifetime, trace: &Trace, throwing: &[String]) {
    let callback = |name: &'static str| {
        let trace = trace.clone();
        let throws = throwing.iter().any(|it| it == name);
        move || {
            trace.note(name);
            if throws { Err(name.into()) } else { Ok(()) }
        }
    };
    lifetime.on_started(callback("ApplicationStarted"));
    lifetime.on_stopping(callback("ApplicationStopping"));
    lifetime.on_stopped(callback("ApplicationStopped"));
}

async fn ask_to_stop(stop: Value, lifetime: ApplicationLifetime, token: CancellationToken) {
    if stop["during_start"] != true {
        lifetime.started().cancelled().await;
    }
    sleep(milliseconds(&stop["after"])).await;
    for _ in 0..stop["times"].as_u64().unwrap_or(1) {
        match stop["by"].as_str().unwrap_or_default() {
            "application" => lifetime.stop_application(),
            "token" => token.cancel(),
            signal => {
                let kill = format!("kill -{signal} {}", std::process::id());
                let sent = Command::new("sh").args(["-c", &kill]).status();
                if let Err(error) = sent {
                    eprintln!("kill: {error}");
                }
            }
        }
        sleep(Duration::from_millis(150)).await;
    }
}

#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn note(&self, line: impl Into<String>) {
        if let Ok(mut lines) = self.0.lock() {
            lines.push(line.into());
        }
    }
}

/// A service of the case.
struct Service {
    name: String,
    case: Value,
    trace: Trace,
}

impl Service {
    fn new(case: &Value, trace: &Trace) -> Result<Self, BoxError> {
        let name = case["name"].as_str().unwrap_or_default().to_owned();
        if !case["construct"]["fail"].is_null() {
            return Err(format!("{name}.construct").into());
        }
        Ok(Self {
            name,
            case: case.clone(),
            trace: trace.clone(),
        })
    }

    async fn phase(&self, phase: &str, token: CancellationToken) -> Outcome {
        let line = format!("{}.{phase}", self.name);
        let cancelled = if token.is_cancelled() {
            " (cancelled)"
        } else {
            ""
        };
        self.trace.note(format!("{line}{cancelled}"));
        let plan = &self.case[phase];
        if !plan["delay"].is_null() {
            let token = if plan["deaf"].is_null() {
                token
            } else {
                CancellationToken::new()
            };
            let delay = sleep(milliseconds(&plan["delay"]));
            if token.run_until_cancelled(delay).await.is_some() {
                self.trace.note(format!("{line} done"));
            } else {
                self.trace.note(format!("{line} gave up"));
                if plan["swallow"].is_null() {
                    return Err(OperationCancelled.into());
                }
            }
        }
        if plan["fail"].is_null() {
            Ok(())
        } else {
            Err(line.into())
        }
    }

    async fn execute(&self, stopping: CancellationToken) -> Outcome {
        let plan = &self.case["execute"];
        let line = format!("{}.execute", self.name);
        let fails = !plan["fail"].is_null();
        let token = if plan["deaf"].is_null() {
            stopping
        } else {
            CancellationToken::new()
        };
        sleep(Duration::from_millis(plan["wait"].as_u64().unwrap_or(50))).await;
        self.trace.note(&*line);
        if !plan["for"].is_null() {
            let work = sleep(milliseconds(&plan["for"]));
            token
                .run_until_cancelled(work)
                .await
                .ok_or(OperationCancelled)?;
            if fails {
                return Err(line.into());
            }
            self.trace.note(format!("{line} done"));
            return Ok(());
        }
        token.cancelled().await;
        self.trace.note(format!("{line} cancelled"));
        if !plan["linger"].is_null() {
            sleep(milliseconds(&plan["linger"])).await;
            self.trace.note(format!("{line} done"));
        }
        if fails {
            return Err(line.into());
        }
        if !plan["rethrow"].is_null() {
            return Err(OperationCancelled.into());
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.trace.note(format!("{}.dispose", self.name));
    }
}

fn add(collection: &mut ServiceCollection, case: Value, trace: &Trace) {
    let trace = trace.clone();
    let kind = case["kind"].as_str().unwrap_or_default().to_owned();
    let make = move || Service::new(&case, &trace);
    match kind.as_str() {
        "background" => {
            collection.add_hosted_service_factory::<Background, _>(move || make().map(Background));
        }
        "lifecycle" => {
            collection.add_hosted_service_factory::<Lifecycle, _>(move || make().map(Lifecycle));
        }
        _ => {
            collection.add_hosted_service_factory::<Hosted, _>(move || make().map(Hosted));
        }
    }
}

struct Hosted(Service);

impl HostedService for Hosted {
    async fn start(&self, token: CancellationToken) -> Outcome {
        self.0.phase("start", token).await
    }

    async fn stop(&self, token: CancellationToken) -> Outcome {
        self.0.phase("stop", token).await
    }
}

struct Lifecycle(Service);

impl HostedService for Lifecycle {
    async fn starting(&self, token: CancellationToken) -> Outcome {
        self.0.phase("starting", token).await
    }

    async fn start(&self, token: CancellationToken) -> Outcome {
        self.0.phase("start", token).await
    }

    async fn started(&self, token: CancellationToken) -> Outcome {
        self.0.phase("started", token).await
    }

    async fn stopping(&self, token: CancellationToken) -> Outcome {
        self.0.phase("stopping", token).await
    }

    async fn stop(&self, token: CancellationToken) -> Outcome {
        self.0.phase("stop", token).await
    }

    async fn stopped(&self, token: CancellationToken) -> Outcome {
        self.0.phase("stopped", token).await
    }
}

struct Background(Service);

impl BackgroundService for Background {
    async fn execute(&self, stopping: CancellationToken) -> Outcome {
        self.0.execute(stopping).await
    }
}
