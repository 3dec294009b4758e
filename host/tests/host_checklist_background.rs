//! The checks of .NET's `BackgroundServiceTests` and `BackgroundServiceExceptionTests`, by their names.

mod checklist_support;

use std::sync::Arc;
use std::time::Duration;

use campanile_host::{BackgroundService, CancellationToken};
use tokio::time::sleep;

use checklist_support::{Body, HOUR, Trace, configured, failures, host};

mod background_service_tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn start_returns_completed_task() {
        let body = Body(|_| async {
            sleep(HOUR).await;
            Ok(())
        });
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        let begun = tokio::time::Instant::now();
        host.start().await.unwrap();
        assert!(begun.elapsed().is_zero());
    }

    #[tokio::test(start_paused = true)]
    async fn stop_async_without_start_async_noops() {
        let trace = Trace::default();
        let ran = trace.clone();
        let body = Body(move |_| {
            ran.note("ran");
            async { Ok(()) }
        });
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.stop().await.unwrap();
        host.dispose().await.unwrap();
        assert!(trace.lines().is_empty());
    }

    /// Runs until it is told to stop; the token fires when it has ended.
    fn until_stopped() -> (impl BackgroundService, CancellationToken) {
        let done = CancellationToken::new();
        let ended = done.clone();
        let body = Body(move |stopping: CancellationToken| {
            let ended = ended.clone();
            async move {
                stopping.cancelled().await;
                ended.cancel();
                Ok(())
            }
        });
        (body, done)
    }

    #[tokio::test(start_paused = true)]
    async fn stop_async_stops_background_service() {
        let (body, done) = until_stopped();
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.stop().await.unwrap();
        assert!(done.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn stop_async_stops_even_if_task_never_ends() {
        let body = Body(|_| std::future::pending());
        let host = configured([("shutdownTimeoutSeconds", "3")])
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.start().await.unwrap();
        let begun = tokio::time::Instant::now();
        host.stop().await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn start_async_then_dispose_triggers_cancelled_token() {
        let (body, done) = until_stopped();
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.dispose().await.unwrap();
        done.cancelled().await;
    }

    #[tokio::test]
    async fn create_and_dispose_should_not_throw() {
        let body = Body(|_| async { Ok(()) });
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.dispose().await.unwrap();
    }

    /// Blocks its thread until it is told to stop.
    fn blocking(stopping: &CancellationToken) {
        while !stopping.is_cancelled() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn start_synchronous_and_stop() {
        let body = Body(|stopping: CancellationToken| async move {
            blocking(&stopping);
            Ok(())
        });
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.stop().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn start_synchronous_execute_should_be_cancelable() {
        let body = Body(|stopping: CancellationToken| async move {
            let blocked = stopping.clone();
            Ok(tokio::task::spawn_blocking(move || blocking(&blocked)).await?)
        });
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.stop().await.unwrap();
    }
}

mod background_service_exception_tests {
    use super::*;

    use campanile_host::BoxError;
    use campanile_host::hosting::Phase;

    use checklist_support::Probe;

    /// Fails at once, or after so long.
    fn failing(text: &'static str, after: Duration) -> Arc<impl campanile_host::HostedService> {
        Arc::new(Body(move |_| async move {
            if !after.is_zero() {
                sleep(after).await;
            }
            Err(BoxError::from(text))
        }))
    }

    const AT_ONCE: Duration = Duration::ZERO;
    const SOON: Duration = Duration::from_secs(1);

    fn says(failures: &[String], texts: &[&str]) {
        assert_eq!(failures.len(), texts.len(), "{failures:?}");
        for (failure, text) in failures.iter().zip(texts) {
            assert!(failure.ends_with(text), "{failure}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn synchronous_exception_throws() {
        let host = host().add_hosted_service_instance(failing("one", AT_ONCE));
        says(&failures(host.build().unwrap().run().await), &["one"]);
    }

    #[tokio::test(start_paused = true)]
    async fn asynchronous_exception_throws() {
        let host = host().add_hosted_service_instance(failing("one", SOON));
        says(&failures(host.build().unwrap().run().await), &["one"]);
    }

    #[tokio::test(start_paused = true)]
    async fn asynchronous_exception_stop_async_throws_exception() {
        let host = host()
            .add_hosted_service_instance(failing("one", SOON))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.lifetime().stopping().cancelled().await;
        says(&failures(host.stop().await), &["one"]);
        // .NET returns it again; here a failure is returned once.
        host.stop().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn multiple_exceptions_throws_aggregate_exception() {
        let host = host()
            .add_hosted_service_instance(failing("one", AT_ONCE))
            .add_hosted_service_instance(failing("two", AT_ONCE))
            .add_hosted_service_instance(failing("three", AT_ONCE))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.lifetime().stopping().cancelled().await;
        says(&failures(host.stop().await), &["one", "two", "three"]);
    }

    #[tokio::test(start_paused = true)]
    async fn background_service_exception_and_stop_exception_throws_aggregate_exception() {
        let trace = Trace::default();
        let host = host()
            .add_hosted_service_instance(failing("one", SOON))
            .add_hosted_service_instance(Probe::failing("a", &trace, &[Phase::Stop]));
        let outcome = host.build().unwrap().run().await;
        says(&failures(outcome), &["one", "stop failed"]);
    }

    #[tokio::test(start_paused = true)]
    async fn delayed_monitoring_exception_throws() {
        let late = Body(|stopping: CancellationToken| async move {
            stopping.cancelled().await;
            sleep(SOON).await;
            Err(BoxError::from("late"))
        });
        let host = host()
            .add_hosted_service_instance(failing("early", SOON))
            .add_hosted_service_instance(Arc::new(late));
        let outcome = host.build().unwrap().run().await;
        says(&failures(outcome), &["early", "late"]);
    }

    #[tokio::test(start_paused = true)]
    async fn ignore_exception_does_not_throw() {
        let host = configured([("backgroundServiceExceptionBehavior", "Ignore")])
            .add_hosted_service_instance(failing("one", AT_ONCE))
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let later = stop.clone();
        tokio::spawn(async move {
            sleep(HOUR).await;
            later.cancel();
        });
        host.run_until(stop).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn ignore_exception_stop_async_does_not_throw() {
        let host = configured([("backgroundServiceExceptionBehavior", "Ignore")])
            .add_hosted_service_instance(failing("one", AT_ONCE))
            .build()
            .unwrap();
        host.start().await.unwrap();
        sleep(SOON).await;
        assert!(!host.lifetime().stopping().is_cancelled());
        host.stop().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn successful_completion_does_not_throw() {
        let host = host()
            .add_hosted_service_instance(Arc::new(Body(|_| async { Ok(()) })))
            .build()
            .unwrap();
        host.start().await.unwrap();
        sleep(HOUR).await;
        assert!(!host.lifetime().stopping().is_cancelled());
        host.stop().await.unwrap();
    }
}
