//! The checks of .NET's `LifecycleTests`, by their names.

mod checklist_support;

use std::time::Duration;

use campanile_host::hosting::{OperationCancelled, Phase};
use campanile_host::{Host, HostBuilder, HostError};
use tokio::time::{Instant, sleep};

use checklist_support::{HOUR, Probe, Trace, configured, failures, host, note_lifetime};

const CONCURRENTLY: [(&str, &str); 2] = [
    ("servicesStartConcurrently", "true"),
    ("servicesStopConcurrently", "true"),
];

/// All six phases, as the host goes through them.
const PHASES: [Phase; 6] = [
    Phase::Starting,
    Phase::Start,
    Phase::Started,
    Phase::Stopping,
    Phase::Stop,
    Phase::Stopped,
];

/// Two services that in each phase note their beginning, wait, and note their end.
fn two_that_wait(builder: HostBuilder, trace: &Trace) -> Host {
    let waiting = |name: &'static str| {
        let ends = trace.clone();
        Probe::new(name, trace, move |phase, _| {
            let ends = ends.clone();
            async move {
                sleep(Duration::from_secs(1)).await;
                ends.note(format!("{name} {phase} done"));
                Ok(())
            }
        })
    };
    builder
        .add_hosted_service_instance(waiting("a"))
        .add_hosted_service_instance(waiting("b"))
        .build()
        .unwrap()
}

async fn run_through(host: &Host) {
    host.start().await.unwrap();
    host.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn callback_order() {
    for builder in [host(), configured(CONCURRENTLY)] {
        let trace = Trace::default();
        let host = builder
            .add_hosted_service_instance(Probe::idle("a", &trace))
            .build()
            .unwrap();
        note_lifetime(&trace, host.lifetime());
        run_through(&host).await;
        assert_eq!(
            trace.lines(),
            [
                "a starting",
                "a start",
                "a started",
                "ApplicationStarted",
                "a stopping",
                "ApplicationStopping",
                "a stop",
                "a stopped",
                "ApplicationStopped",
            ]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn starting_start_and_started_concurrently_stopping_stop_and_stopped_concurrently() {
    let trace = Trace::default();
    let host = two_that_wait(configured(CONCURRENTLY), &trace);
    let begun = Instant::now();
    run_through(&host).await;
    assert_eq!(begun.elapsed().as_secs(), 6);
    let expected = PHASES.iter().enumerate().flat_map(|(at, phase)| {
        let (first, second) = if at < 3 { ("a", "b") } else { ("b", "a") };
        [
            format!("{first} {phase}"),
            format!("{second} {phase}"),
            format!("{first} {phase} done"),
            format!("{second} {phase} done"),
        ]
    });
    assert_eq!(trace.lines(), expected.collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn start_nonconcurrently_stop_nonconcurrently() {
    let trace = Trace::default();
    let host = two_that_wait(host(), &trace);
    let begun = Instant::now();
    run_through(&host).await;
    assert_eq!(begun.elapsed().as_secs(), 12);
    let expected = PHASES.iter().enumerate().flat_map(|(at, phase)| {
        let (first, second) = if at < 3 { ("a", "b") } else { ("b", "a") };
        [
            format!("{first} {phase}"),
            format!("{first} {phase} done"),
            format!("{second} {phase}"),
            format!("{second} {phase} done"),
        ]
    });
    assert_eq!(trace.lines(), expected.collect::<Vec<_>>());
}

/// The phases of `a` that are reached when it fails in these.
async fn reached(failing: &'static [Phase]) -> (Vec<String>, Vec<String>) {
    let trace = Trace::default();
    let host = host()
        .add_hosted_service_instance(Probe::failing("a", &trace, failing))
        .build()
        .unwrap();
    let outcome = match host.start().await {
        Ok(()) => host.stop().await,
        failed => failed,
    };
    (trace.lines(), failures(outcome))
}

#[tokio::test(start_paused = true)]
async fn start_phases_exception_starting() {
    let (reached, failures) = reached(&[Phase::Starting]).await;
    assert_eq!(reached, ["a starting"]);
    assert_eq!(failures.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn start_phases_exception_start() {
    let (reached, failures) = reached(&[Phase::Start]).await;
    assert_eq!(reached, ["a starting", "a start"]);
    assert_eq!(failures.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn start_phases_exception_started() {
    let (reached, failures) = reached(&[Phase::Started]).await;
    // In .NET the service would not be stopped.
    let expected = [
        "a starting",
        "a start",
        "a started",
        "a stopping",
        "a stop",
        "a stopped",
    ];
    assert_eq!(reached, expected);
    assert_eq!(failures.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn start_phases_exception_of_several_concurrently() {
    let trace = Trace::default();
    let host = configured(CONCURRENTLY)
        .add_hosted_service_instance(Probe::failing("a", &trace, &[Phase::Start]))
        .add_hosted_service_instance(Probe::failing("b", &trace, &[Phase::Start]))
        .build()
        .unwrap();
    assert_eq!(failures(host.start().await).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn stop_phases_exception() {
    let (reached, failures) = reached(&[Phase::Stopping, Phase::Stop, Phase::Stopped]).await;
    assert_eq!(reached[3..], ["a stopping", "a stop", "a stopped"]);
    let ends = ["stopping failed", "stop failed", "stopped failed"];
    assert_eq!(failures.len(), ends.len());
    for (failure, end) in failures.iter().zip(ends) {
        assert!(failure.ends_with(end), "{failure}");
    }
}

/// A service that in one phase waits for an hour, or until its token fires.
fn slow(builder: HostBuilder, slow_phase: Phase, listens: bool) -> Host {
    let service = Probe::new("a", &Trace::default(), move |phase, token| async move {
        if phase != slow_phase {
            return Ok(());
        }
        if listens {
            token.cancelled().await;
            return Err(OperationCancelled.into());
        }
        sleep(HOUR).await;
        Ok(())
    });
    builder
        .add_hosted_service_instance(service)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn start_timeout_class_with_value_and_concurrently() {
    for concurrently in ["false", "true"] {
        for phase in &PHASES[..3] {
            for listens in [true, false] {
                let builder = configured([
                    ("startupTimeoutSeconds", "5"),
                    ("servicesStartConcurrently", concurrently),
                ]);
                let host = slow(builder, *phase, listens);
                let begun = Instant::now();
                let error = host.start().await.unwrap_err();
                assert!(
                    matches!(error, HostError::StartupTimedOut { .. }),
                    "{error}"
                );
                assert_eq!(begun.elapsed().as_secs(), 5);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn stop_timeout_class_with_value_and_concurrently() {
    for concurrently in ["false", "true"] {
        for phase in &PHASES[3..] {
            for listens in [true, false] {
                let builder = configured([
                    ("shutdownTimeoutSeconds", "5"),
                    ("servicesStopConcurrently", concurrently),
                ]);
                let host = slow(builder, *phase, listens);
                host.start().await.unwrap();
                let begun = Instant::now();
                // Who says that it gave up is reported; who says nothing is let go, and named in the log.
                assert_eq!(host.stop().await.is_err(), listens);
                assert_eq!(begun.elapsed().as_secs(), 5);
            }
        }
    }
}
