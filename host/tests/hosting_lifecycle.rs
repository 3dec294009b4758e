//! What happens to hosted services: order, failures, time limits. (The host conformance probe has many more cases.)

mod log_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::hosting::{
    BackgroundServiceExceptionBehavior, HostOptions, OperationCancelled, Phase, ServicePanicked,
};
use campanile_host::logging::ConsoleLayer;
use campanile_host::{
    ApplicationLifetime, BackgroundService, BoxError, CancellationToken, Host, HostBuilder,
    HostError, HostedService, Inject,
};
use tokio::time::{Instant, sleep};
use tracing_subscriber::layer::SubscriberExt;

#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A service that notes its phases and does in `start` and `stop` what it is told.
struct Noted {
    name: &'static str,
    trace: Trace,
    start: Act,
    stop: Act,
}

#[derive(Clone, Copy)]
enum Act {
    Nothing,
    Fail,
    Panic,
    /// Does not listen to its token.
    Sleep(Duration),
    GiveUpWhenCancelled,
}

impl Act {
    async fn perform(self, token: CancellationToken) -> Result<(), BoxError> {
        match self {
            Self::Nothing => Ok(()),
            Self::Fail => Err("no luck".into()),
            Self::Panic => panic!("at the disco"),
            Self::Sleep(time) => {
                sleep(time).await;
                Ok(())
            }
            Self::GiveUpWhenCancelled => {
                token.cancelled().await;
                Err(OperationCancelled.into())
            }
        }
    }
}

impl HostedService for Noted {
    async fn start(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.trace.note(format!("{} start", self.name));
        self.start.perform(token).await
    }

    async fn stop(&self, token: CancellationToken) -> Result<(), BoxError> {
        self.trace.note(format!("{} stop", self.name));
        self.stop.perform(token).await
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        self.trace.note(format!("{} dropped", self.name));
    }
}

fn host(trace: &Trace, services: &[(&'static str, Act, Act)]) -> Host {
    host_with(trace, services, |_| {})
}

fn host_with(
    trace: &Trace,
    services: &[(&'static str, Act, Act)],
    configure: impl FnOnce(&mut HostOptions) + Send + 'static,
) -> Host {
    let mut builder = HostBuilder::empty().configure_host_options(configure);
    for &(name, start, stop) in services {
        let trace = trace.clone();
        builder = builder.add_hosted_service_factory::<Noted, _>(move || Noted {
            name,
            trace: trace.clone(),
            start,
            stop,
        });
    }
    builder.build().unwrap()
}

/// Runs what a test does on this thread and returns what was logged meanwhile.
fn logged(test: impl Future<Output = ()>) -> String {
    let screen = Screen::default();
    let configuration = ConfigurationBuilder::new()
        .add_in_memory([
            ("Logging:Console:FormatterName", "simple"),
            ("Logging:Console:FormatterOptions:SingleLine", "true"),
        ])
        .build()
        .unwrap();
    let layer = ConsoleLayer::from_configuration(&configuration)
        .unwrap()
        .with_writer(screen.clone());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    log_support::on_this_thread(tracing_subscriber::registry().with(layer), || {
        runtime.block_on(test);
    });
    let bytes = screen.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn services_start_in_order_stop_in_reverse_and_are_dropped_in_reverse() {
    let trace = Trace::default();
    let host = host(
        &trace,
        &[
            ("a", Act::Nothing, Act::Nothing),
            ("b", Act::Nothing, Act::Nothing),
        ],
    );
    let lifetime = host.lifetime().clone();
    lifetime.clone().on_started(move || {
        lifetime.stop_application();
        Ok(())
    });
    host.run().await.unwrap();
    assert_eq!(
        trace.lines(),
        [
            "a start",
            "b start",
            "b stop",
            "a stop",
            "b dropped",
            "a dropped"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_start_stops_what_was_started_and_names_the_service() {
    let trace = Trace::default();
    let host = host(
        &trace,
        &[
            ("a", Act::Nothing, Act::Nothing),
            ("b", Act::Fail, Act::Nothing),
            ("c", Act::Nothing, Act::Nothing),
        ],
    );
    let error = host.start().await.unwrap_err();
    assert_eq!(trace.lines(), ["a start", "b start", "a stop"]);
    assert_eq!(
        error.to_string(),
        "the hosted service `hosting_lifecycle::Noted` failed to start: no luck"
    );
    assert!(host.lifetime().stopped().is_cancelled());
    host.wait_for_shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panicking_service_is_a_failure() {
    for (start, stop, phase) in [
        (Act::Panic, Act::Nothing, Phase::Start),
        (Act::Nothing, Act::Panic, Phase::Stop),
    ] {
        let trace = Trace::default();
        let host = host(&trace, &[("a", start, stop)]);
        let outcome = async {
            host.start().await?;
            host.stop().await
        };
        let Err(HostError::Service {
            phase: failed_in,
            source,
            ..
        }) = outcome.await
        else {
            panic!("the host did not report the panic");
        };
        assert_eq!(failed_in, phase);
        let panicked: &ServicePanicked = source.downcast_ref().unwrap();
        assert_eq!(panicked.message(), "at the disco");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_that_takes_too_long_names_the_service_whether_or_not_it_listens() {
    for act in [
        Act::GiveUpWhenCancelled,
        Act::Sleep(Duration::from_secs(3600)),
    ] {
        let trace = Trace::default();
        let services = [("a", Act::Nothing, Act::Nothing), ("b", act, Act::Nothing)];
        let host = host_with(&trace, &services, |options| {
            options.startup_timeout = Some(Duration::from_secs(5));
        });
        let begun = Instant::now();
        let error = host.start().await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(6));
        assert_eq!(
            error.to_string(),
            "the services did not start within 5s: `hosting_lifecycle::Noted` was not done"
        );
        assert_eq!(trace.lines(), ["a start", "b start", "a stop"]);
    }
}

#[test]
fn a_stop_that_takes_too_long_lets_the_service_go_and_names_it() {
    let log = logged(async {
        let trace = Trace::default();
        let deaf = Act::Sleep(Duration::from_secs(3600));
        let services = [("a", Act::Nothing, Act::Nothing), ("b", Act::Nothing, deaf)];
        let host = host_with(&trace, &services, |options| {
            options.shutdown_timeout = Duration::from_secs(5);
        });
        host.start().await.unwrap();
        let begun = Instant::now();
        host.stop().await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(6));
        assert_eq!(trace.lines(), ["a start", "b start", "b stop", "a stop"]);
    });
    assert!(
        log.contains("warn: Microsoft.Extensions.Hosting.Internal.Host[0] The time was up while the hosted service hosting_lifecycle::Noted was busy in its phase `stop`"),
        "{log}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_start_is_no_failure_and_ends_it() {
    let trace = Trace::default();
    let host = host(
        &trace,
        &[
            ("a", Act::Nothing, Act::Nothing),
            ("b", Act::GiveUpWhenCancelled, Act::Nothing),
            ("c", Act::Nothing, Act::Nothing),
        ],
    );
    let (started, stopped) = tokio::join!(host.start(), async {
        sleep(Duration::from_secs(1)).await;
        host.stop().await
    });
    started.unwrap();
    stopped.unwrap();
    assert_eq!(trace.lines(), ["a start", "b start", "a stop"]);
    assert!(!host.lifetime().started().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_service_that_stops_the_application_is_not_started() {
    struct Stopper(ApplicationLifetime);

    impl HostedService for Stopper {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            self.0.stop_application();
            Ok(())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    let trace = Trace::default();
    let next = Noted {
        name: "next",
        trace: trace.clone(),
        start: Act::Nothing,
        stop: Act::Nothing,
    };
    let host = HostBuilder::empty()
        .add_hosted_service_factory::<Stopper, _>(Stopper)
        .add_hosted_service_instance(Arc::new(next))
        .build()
        .unwrap();
    host.run().await.unwrap();
    assert_eq!(trace.lines(), ["next dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_asked_to_stop_before_it_runs_starts_nothing() {
    let trace = Trace::default();
    let host = host(&trace, &[("a", Act::Nothing, Act::Nothing)]);
    let stop = CancellationToken::new();
    stop.cancel();
    host.run_until(stop).await.unwrap();
    assert!(trace.lines().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_was_not_started_can_be_stopped_and_none_is_started_twice() {
    let trace = Trace::default();
    let host = host(&trace, &[("a", Act::Nothing, Act::Nothing)]);
    host.stop().await.unwrap();
    host.stop().await.unwrap();
    assert!(trace.lines().is_empty());
    assert!(matches!(host.start().await, Err(HostError::AlreadyStarted)));
}

#[tokio::test(start_paused = true)]
async fn dropping_a_start_leaves_what_was_started_to_be_stopped() {
    let trace = Trace::default();
    let slow = Act::Sleep(Duration::from_secs(3600));
    let services = [("a", Act::Nothing, Act::Nothing), ("b", slow, Act::Nothing)];
    let host = host(&trace, &services);
    let start = tokio::time::timeout(Duration::from_secs(1), host.start());
    assert!(start.await.is_err());
    host.stop().await.unwrap();
    assert_eq!(trace.lines(), ["a start", "b start", "a stop"]);
}

static COUNTED: AtomicUsize = AtomicUsize::new(0);

#[derive(Inject)]
struct Counter {
    lifetime: ApplicationLifetime,
}

impl BackgroundService for Counter {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        COUNTED.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_secs(1)).await;
        self.lifetime.stop_application();
        stopping.cancelled().await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_type_is_added_once_but_instances_and_factories_always() {
    let trace = Trace::default();
    let noted = |name| {
        Arc::new(Noted {
            name,
            trace: trace.clone(),
            start: Act::Nothing,
            stop: Act::Nothing,
        })
    };
    let host = HostBuilder::empty()
        .add_hosted_service::<Counter>()
        .add_hosted_service::<Counter>()
        .add_hosted_service_instance(noted("a"))
        .add_hosted_service_instance(noted("b"))
        .build()
        .unwrap();
    host.run().await.unwrap();
    assert_eq!(COUNTED.load(Ordering::Relaxed), 1);
    assert_eq!(
        trace.lines()[..4],
        ["a start", "b start", "b stop", "a stop"]
    );
}

struct Failing {
    panics: bool,
}

impl BackgroundService for Failing {
    async fn execute(&self, _stopping: CancellationToken) -> Result<(), BoxError> {
        sleep(Duration::from_secs(1)).await;
        assert!(!self.panics, "out of paper");
        Err("out of ink".into())
    }
}

#[test]
fn a_failing_background_service_ends_the_host_and_is_what_run_returns() {
    for (panics, text) in [(false, "out of ink"), (true, "panicked: out of paper")] {
        let log = logged(async move {
            let host = HostBuilder::empty()
                .add_hosted_service_instance(Arc::new(Failing { panics }))
                .build()
                .unwrap();
            let error = host.run().await.unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the background service `hosting_lifecycle::Failing` failed: {text}")
            );
        });
        assert!(log.contains("Host[9] BackgroundService failed"), "{log}");
        assert!(
            log.contains("crit: Microsoft.Extensions.Hosting.Internal.Host[10]"),
            "{log}"
        );
    }
}

#[test]
fn an_ignored_failure_is_logged_and_the_host_goes_on() {
    let log = logged(async {
        let host = HostBuilder::empty()
            .add_hosted_service_instance(Arc::new(Failing { panics: false }))
            .configure_host_options(|options| {
                options.background_service_exception_behavior =
                    BackgroundServiceExceptionBehavior::Ignore;
            })
            .build()
            .unwrap();
        host.start().await.unwrap();
        sleep(Duration::from_secs(60)).await;
        assert!(!host.lifetime().stopping().is_cancelled());
        host.stop().await.unwrap();
    });
    assert!(log.contains("out of ink"), "{log}");
    assert!(!log.contains("crit:"), "{log}");
}

struct Deaf;

impl BackgroundService for Deaf {
    async fn execute(&self, _stopping: CancellationToken) -> Result<(), BoxError> {
        std::future::pending().await
    }
}

#[test]
fn a_background_service_that_never_ends_is_aborted_and_named() {
    let log = logged(async {
        let deaf = Arc::new(Deaf);
        let host = HostBuilder::empty()
            .add_hosted_service_instance(deaf.clone())
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.stop().await.unwrap();
        host.dispose().await.unwrap();
        assert_eq!(Arc::strong_count(&deaf), 1, "its task is gone");
    });
    assert!(
        log.contains("The background service hosting_lifecycle::Deaf did not stop in time"),
        "{log}"
    );
}

struct Guarded(CancellationToken);

impl BackgroundService for Guarded {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        stopping.cancelled().await;
        self.0.cancel();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_dropped_without_a_stop_ends_its_background_services() {
    let ended = CancellationToken::new();
    let host = HostBuilder::empty()
        .add_hosted_service_instance(Arc::new(Guarded(ended.clone())))
        .build()
        .unwrap();
    host.start().await.unwrap();
    drop(host);
    ended.cancelled().await;
}

#[tokio::test(start_paused = true)]
async fn several_failures_are_returned_together_in_the_order_in_which_they_came_about() {
    let trace = Trace::default();
    let host = host(
        &trace,
        &[
            ("a", Act::Nothing, Act::Fail),
            ("b", Act::Nothing, Act::Panic),
        ],
    );
    host.start().await.unwrap();
    let error = host.stop().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the hosted service `hosting_lifecycle::Noted` failed to stop: panicked: at the disco + \
         the hosted service `hosting_lifecycle::Noted` failed to stop: no luck"
    );
    host.stop().await.unwrap();
}
