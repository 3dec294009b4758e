//! Background services that are started again when they fail, and the time between *no longer ready* and the stop.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::hosting::{BackgroundServiceExceptionBehavior, RestartPolicy, TestHost};
use campanile_host::{
    BackgroundService, BoxError, CancellationToken, HostBuilder, HostError, HostedService,
};
use tokio::time::{Instant, sleep};

/// Does one thing after the other, noting when each began; when nothing is left it runs until it is told to stop.
struct Script {
    begun: Instant,
    acts: Mutex<VecDeque<Act>>,
    starts: Mutex<Vec<u64>>,
    behavior: Option<BackgroundServiceExceptionBehavior>,
}

#[derive(Clone, Copy)]
enum Act {
    Fail,
    Panic,
    FailAfter(Duration),
    End,
}

impl Script {
    fn new(acts: impl IntoIterator<Item = Act>) -> Arc<Self> {
        Self::with(None, acts)
    }

    fn with(
        behavior: Option<BackgroundServiceExceptionBehavior>,
        acts: impl IntoIterator<Item = Act>,
    ) -> Arc<Self> {
        Arc::new(Self {
            begun: Instant::now(),
            acts: Mutex::new(acts.into_iter().collect()),
            starts: Mutex::default(),
            behavior,
        })
    }

    /// The seconds at which it was started.
    fn starts(&self) -> Vec<u64> {
        self.starts.lock().unwrap().clone()
    }
}

impl BackgroundService for Script {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        let now = self.begun.elapsed().as_secs();
        self.starts.lock().unwrap().push(now);
        let act = self.acts.lock().unwrap().pop_front();
        match act {
            Some(Act::Fail) => Err("out of ink".into()),
            Some(Act::Panic) => panic!("out of paper"),
            Some(Act::FailAfter(time)) => {
                sleep(time).await;
                Err("worn out".into())
            }
            Some(Act::End) => Ok(()),
            None => {
                stopping.cancelled().await;
                Ok(())
            }
        }
    }

    fn exception_behavior(&self) -> Option<BackgroundServiceExceptionBehavior> {
        self.behavior
    }
}

fn restarting(limit: u32) -> HostBuilder {
    TestHost::builder([("backgroundServiceExceptionBehavior", "restart")]).configure_host_options(
        move |options| {
            let mut policy = RestartPolicy::default();
            policy.longest_delay = Duration::from_secs(5);
            policy.limit = limit;
            policy.healthy_after = Duration::from_secs(60);
            options.background_service_restart = policy;
        },
    )
}

#[tokio::test(start_paused = true)]
async fn a_failing_service_is_started_again_with_growing_delays_panics_included() {
    let script = Script::new([Act::Fail, Act::Panic, Act::Fail, Act::Panic]);
    let host = TestHost::start(restarting(10).add_hosted_service_instance(script.clone()))
        .await
        .unwrap();
    sleep(Duration::from_secs(100)).await;
    assert_eq!(script.starts(), [0, 1, 3, 7, 12]);
    host.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_too_often_in_a_row_ends_the_host() {
    let script = Script::new([Act::Fail; 9]);
    let host = restarting(2)
        .add_hosted_service_instance(script.clone())
        .build()
        .unwrap();
    let error = host.run().await.unwrap_err();
    assert_eq!(script.starts(), [0, 1, 3]);
    assert_eq!(
        error.to_string(),
        "the background service `hosting_restart::Script` failed: out of ink"
    );
}

#[tokio::test(start_paused = true)]
async fn a_healthy_time_makes_earlier_failures_forgotten() {
    let healthy = Act::FailAfter(Duration::from_secs(60));
    let script = Script::new([Act::Fail, Act::Fail, healthy, Act::Fail, healthy]);
    let host = TestHost::start(restarting(2).add_hosted_service_instance(script.clone()))
        .await
        .unwrap();
    sleep(Duration::from_secs(1000)).await;
    assert_eq!(script.starts(), [0, 1, 3, 64, 66, 127]);
    host.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_service_that_ends_by_itself_is_not_started_again() {
    let script = Script::new([Act::End]);
    let host = TestHost::start(restarting(10).add_hosted_service_instance(script.clone()))
        .await
        .unwrap();
    sleep(Duration::from_secs(100)).await;
    assert_eq!(script.starts(), [0]);
    host.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_the_next_restart() {
    let script = Script::new([Act::Fail; 9]);
    let host = TestHost::start(restarting(10).add_hosted_service_instance(script.clone()))
        .await
        .unwrap();
    sleep(Duration::from_millis(3500)).await;
    let begun = Instant::now();
    host.stop().await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(100));
    assert_eq!(script.starts(), [0, 1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_service_can_say_itself_what_its_failure_means() {
    let script = Script::with(
        Some(BackgroundServiceExceptionBehavior::Restart),
        [Act::Fail],
    );
    let ignored = Script::with(
        Some(BackgroundServiceExceptionBehavior::Ignore),
        [Act::Fail],
    );
    let builder = TestHost::builder([
        ("BackgroundServiceRestart:FirstDelay", "00:00:07"),
        ("BackgroundServiceRestart:Limit", "1"),
    ]);
    let builder = builder
        .add_hosted_service_instance(script.clone())
        .add_hosted_service_instance(ignored.clone());
    let host = TestHost::start(builder).await.unwrap();
    sleep(Duration::from_secs(100)).await;
    assert_eq!(script.starts(), [0, 7]);
    assert_eq!(ignored.starts(), [0]);
    host.stop().await.unwrap();
}

#[test]
fn settings_that_cannot_be_read_name_their_key() {
    for (key, value, says) in [
        ("drainDelaySeconds", "soon", "drainDelaySeconds"),
        (
            "backgroundServiceExceptionBehavior",
            "Retry",
            "backgroundServiceExceptionBehavior",
        ),
        (
            "BackgroundServiceRestart:FirstDelay",
            "5",
            "BackgroundServiceRestart:FirstDelay",
        ),
        ("BackgroundServiceRestart:Limits", "5", "Limit"),
    ] {
        let error = TestHost::builder([(key, value)]).build().unwrap_err();
        assert!(matches!(error, HostError::Settings(_)));
        assert!(error.to_string().contains(says), "{error}");
    }
}

struct Stopped {
    begun: Instant,
    at: Mutex<Option<Duration>>,
}

impl HostedService for Stopped {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        *self.at.lock().unwrap() = Some(self.begun.elapsed());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn services_go_on_for_the_drain_delay_after_stopping_has_fired() {
    for by_signal in [true, false] {
        let service = Arc::new(Stopped {
            begun: Instant::now(),
            at: Mutex::default(),
        });
        let host =
            TestHost::builder([("drainDelaySeconds", "20"), ("shutdownTimeoutSeconds", "5")])
                .add_hosted_service_instance(service.clone())
                .build()
                .unwrap();
        host.start().await.unwrap();
        let lifetime = host.lifetime().clone();
        let fired = tokio::spawn(async move {
            lifetime.stopping().cancelled().await;
            Instant::now()
        });
        if by_signal {
            host.lifetime().stop_application();
            host.wait_for_shutdown().await.unwrap();
        } else {
            host.stop().await.unwrap();
        }
        assert_eq!(fired.await.unwrap(), service.begun);
        assert_eq!(service.at.lock().unwrap().unwrap().as_secs(), 20);
    }
}
