//! The checks of .NET's `Internal/HostTests`, `HostTests`, `HostOptionsTests` and of the builders, by their names.

mod checklist_support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::configuration::Configuration;
use campanile_host::hosting::{
    BackgroundServiceExceptionBehavior, HostOptions, OperationCancelled, Phase,
};
use campanile_host::{
    ApplicationLifetime, BoxError, CancellationToken, HostBuilder, HostEnvironment, HostedService,
    Inject,
};
use tokio::time::{Instant, sleep};

use checklist_support::{Body, HOUR, Probe, Trace, configured, failures, host, note_lifetime};

/// A service that notes when it is dropped.
#[derive(Inject)]
struct Noticed {
    trace: Arc<Trace>,
}

impl Drop for Noticed {
    fn drop(&mut self) {
        self.trace.note("singleton dropped");
    }
}

mod internal_host_tests {
    use super::*;

    #[tokio::test]
    async fn host_injects_hosting_environment() {
        let host = HostBuilder::new()
            .with_args([
                "--environment",
                "Staging",
                "--Logging:LogLevel:Default=None",
            ])
            .without_signals()
            .build()
            .unwrap();
        let injected = host.services().required::<HostEnvironment>().unwrap();
        assert_eq!(injected.environment_name(), "Staging");
        assert!(injected.is_environment("STAGING"));
    }

    #[test]
    fn env_defaults_to_production_if_no_config() {
        let host = host().build().unwrap();
        assert_eq!(host.environment().environment_name(), "Production");
        assert!(host.environment().is_production());
    }

    #[test]
    fn disable_defaults_leaves_the_arguments_and_nothing_else() {
        let host = HostBuilder::empty()
            .with_args(["--environment", "Staging", "--Color", "red"])
            .without_signals()
            .build()
            .unwrap();
        assert_eq!(host.environment().environment_name(), "Production");
        let configuration = host.services().required::<Configuration>().unwrap();
        assert_eq!(configuration.get("Color").as_deref(), Some("red"));
        // A variable that every process of a test has.
        assert!(std::env::var_os("PATH").is_some());
        assert_eq!(configuration.get("PATH"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn host_can_be_started() {
        let trace = Trace::default();
        let host = host().add_hosted_service_factory::<Probe, _>({
            let trace = trace.clone();
            move || Probe {
                name: "a",
                trace: trace.clone(),
                act: Box::new(|_, _| Box::pin(async { Ok(()) })),
            }
        });
        let host = host.build().unwrap();
        host.start().await.unwrap();
        host.dispose().await.unwrap();
        // Started, not stopped, and let go.
        assert_eq!(
            trace.lines(),
            ["a starting", "a start", "a started", "a dropped"]
        );
    }

    struct Dependent {
        dependency: Arc<Trace>,
    }

    impl HostedService for Dependent {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            self.dependency.note("used");
            Ok(())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn hosted_service_can_accept_singleton_dependencies_and_be_registered_with_factory() {
        let host = host()
            .configure_services(|services| {
                services.add_instance(Arc::new(Trace::default()));
            })
            .add_hosted_service_factory::<Dependent, _>(|dependency: Arc<Trace>| Dependent {
                dependency,
            })
            .build()
            .unwrap();
        host.start().await.unwrap();
        let trace = host.services().required::<Trace>().unwrap();
        assert_eq!(trace.lines(), ["used"]);
    }

    #[tokio::test]
    async fn host_can_be_stopped_when_not_started() {
        let trace = Trace::default();
        let host = host()
            .add_hosted_service_instance(Probe::idle("a", &trace))
            .build()
            .unwrap();
        host.stop().await.unwrap();
        host.dispose().await.unwrap();
        assert_eq!(trace.lines(), ["a dropped"]);
    }

    #[tokio::test]
    async fn app_crashes_on_start_when_first_hosted_service_throws() {
        let trace = Trace::default();
        let host = host()
            .add_hosted_service_instance(Probe::failing("a", &trace, &[Phase::Start]))
            .add_hosted_service_instance(Probe::idle("b", &trace))
            .build()
            .unwrap();
        note_lifetime(&trace, host.lifetime());
        host.start().await.unwrap_err();
        assert_eq!(
            trace.lines(),
            [
                "a starting",
                "b starting",
                "a start",
                "ApplicationStopping",
                "ApplicationStopped"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn cancellable_start_cancelled_by_application_lifetime() {
        let trace = Trace::default();
        let patient = Probe::new("a", &trace, |phase, token| async move {
            if phase == Phase::Start {
                token.cancelled().await;
                return Err(OperationCancelled.into());
            }
            Ok(())
        });
        let host = host().add_hosted_service_instance(patient).build().unwrap();
        let lifetime = host.lifetime().clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            lifetime.stop_application();
        });
        host.start().await.unwrap();
        assert!(host.lifetime().stopped().is_cancelled());
        assert_eq!(trace.lines(), ["a starting", "a start"]);
    }

    #[tokio::test(start_paused = true)]
    async fn host_shuts_down_when_token_triggers() {
        let trace = Trace::default();
        let host = host()
            .add_hosted_service_instance(Probe::idle("a", &trace))
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let later = stop.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            later.cancel();
        });
        host.run_until(stop).await.unwrap();
        assert_eq!(
            trace.lines()[3..],
            ["a stopping", "a stop", "a stopped", "a dropped"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn host_stop_async_uses_default_timeout() {
        let deaf = Body(|_| std::future::pending());
        let host = host()
            .add_hosted_service_instance(Arc::new(deaf))
            .build()
            .unwrap();
        host.start().await.unwrap();
        let begun = Instant::now();
        host.stop().await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn host_stops_application_with_one_background_service_error_and_others_without_error() {
        let stopped = Trace::default();
        let noting = stopped.clone();
        let healthy = Body(move |stopping: CancellationToken| {
            let noting = noting.clone();
            async move {
                stopping.cancelled().await;
                noting.note("the other stopped");
                Ok(())
            }
        });
        let failing = Body(|_| async { Err(BoxError::from("broken")) });
        let host = host()
            .add_hosted_service_instance(Arc::new(healthy))
            .add_hosted_service_instance(Arc::new(failing));
        let failures = failures(host.build().unwrap().run().await);
        assert_eq!(failures.len(), 1);
        assert!(failures[0].ends_with("broken"));
        assert_eq!(stopped.lines(), ["the other stopped"]);
    }

    #[tokio::test(start_paused = true)]
    async fn host_application_lifetime_events_ordered_correctly_during_shutdown() {
        let trace = Trace::default();
        let host = host().build().unwrap();
        let slow = trace.clone();
        host.lifetime().on_stopping(move || {
            std::thread::sleep(Duration::from_millis(20));
            slow.note("stopping is over");
            Ok(())
        });
        let stopped = trace.clone();
        host.lifetime().on_stopped(move || {
            stopped.note("stopped");
            Ok(())
        });
        host.start().await.unwrap();
        let lifetime = host.lifetime().clone();
        let asking = tokio::task::spawn_blocking(move || lifetime.stop_application());
        host.wait_for_shutdown().await.unwrap();
        trace.note("run is over");
        asking.await.unwrap();
        assert_eq!(
            trace.lines(),
            ["stopping is over", "stopped", "run is over"]
        );
    }

    #[tokio::test]
    async fn host_disposes_service_provider() {
        let trace = Arc::new(Trace::default());
        let registered = trace.clone();
        let host = host()
            .configure_services(move |services| {
                services.add_instance(registered).add_singleton::<Noticed>();
            })
            .build()
            .unwrap();
        drop(host.services().required::<Noticed>().unwrap());
        host.start().await.unwrap();
        host.stop().await.unwrap();
        assert!(trace.lines().is_empty());
        host.dispose().await.unwrap();
        assert_eq!(trace.lines(), ["singleton dropped"]);
    }

    #[tokio::test]
    async fn host_notifies_all_application_lifetime_callbacks_even_if_they_throw() {
        let trace = Trace::default();
        let host = host().build().unwrap();
        let lifetime = host.lifetime();
        lifetime.on_started(|| Err("no".into()));
        lifetime.on_stopping(|| panic!("no"));
        lifetime.on_stopped(|| Err("no".into()));
        note_lifetime(&trace, lifetime);
        lifetime.on_started(|| Err("no".into()));
        lifetime.on_stopping(|| panic!("no"));
        lifetime.on_stopped(|| Err("no".into()));
        host.start().await.unwrap();
        host.stop().await.unwrap();
        assert_eq!(
            trace.lines(),
            [
                "ApplicationStarted",
                "ApplicationStopping",
                "ApplicationStopped"
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn host_stop_application_does_not_fire_stop_on_hosted_service_unless_waited_for() {
        let trace = Trace::default();
        let host = host()
            .add_hosted_service_instance(Probe::idle("a", &trace))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.lifetime().stop_application();
        sleep(HOUR).await;
        assert_eq!(trace.lines().last().unwrap(), "a started");
        host.wait_for_shutdown().await.unwrap();
        assert_eq!(trace.lines().last().unwrap(), "a stopped");
    }

    #[tokio::test]
    async fn hosted_service_can_inject_application_lifetime() {
        struct Once(ApplicationLifetime);

        impl campanile_host::BackgroundService for Once {
            async fn execute(&self, _: CancellationToken) -> Result<(), BoxError> {
                self.0.stop_application();
                Ok(())
            }
        }

        let host = host().add_hosted_service_factory::<Once, _>(Once);
        host.build().unwrap().run().await.unwrap();
    }

    #[test]
    fn host_invokes_configure_services_methods_only_once() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let builder = host().configure_services(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        builder.build().unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn host_no_error_when_service_is_canceled_as_part_of_stop() {
        let body = Body(|stopping: CancellationToken| async move {
            stopping.cancelled().await;
            Err(BoxError::from(OperationCancelled))
        });
        let host = host()
            .add_hosted_service_instance(Arc::new(body))
            .build()
            .unwrap();
        host.start().await.unwrap();
        host.stop().await.unwrap();
    }
}

mod host_tests {
    use super::*;

    #[tokio::test]
    async fn start_async_stop_async_concurrency() {
        // Services that wait for nothing keep their order, concurrently or not.
        for start in ["true", "false"] {
            for stop in ["true", "false"] {
                let trace = Trace::default();
                let mut builder = configured([
                    ("servicesStartConcurrently", start),
                    ("servicesStopConcurrently", stop),
                ]);
                for name in ["a", "b", "c"] {
                    builder = builder.add_hosted_service_instance(Probe::idle(name, &trace));
                }
                let host = builder.build().unwrap();
                host.start().await.unwrap();
                host.stop().await.unwrap();
                let of = |phase: &str| -> Vec<String> {
                    let lines = trace.lines();
                    lines
                        .into_iter()
                        .filter(|line| line.ends_with(phase))
                        .collect()
                };
                assert_eq!(of(" start"), ["a start", "b start", "c start"]);
                assert_eq!(of(" stop"), ["c stop", "b stop", "a stop"]);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn create_default_builder_respects_shutdown_timeout() {
        for key in [
            "shutdownTimeoutSeconds",
            "SHUTDOWNTIMEOUTSECONDS",
            "shutdowntimeoutseconds",
        ] {
            let deaf = Body(|_| std::future::pending());
            let host = HostBuilder::new()
                .with_args([
                    format!("--{key}=7"),
                    "--Logging:LogLevel:Default=None".to_owned(),
                ])
                .without_signals()
                .add_hosted_service_instance(Arc::new(deaf))
                .build()
                .unwrap();
            host.start().await.unwrap();
            let begun = Instant::now();
            host.stop().await.unwrap();
            assert_eq!(begun.elapsed().as_secs(), 7, "{key}");
        }
    }

    #[test]
    fn create_default_builder_enables_scope_validation_and_validate_on_build() {
        struct Unknown;
        #[derive(Inject)]
        struct Needy {
            _unknown: Arc<Unknown>,
        }
        // In every environment, not only in Development.
        let builder = host().configure_services(|services| {
            services.add_singleton::<Needy>();
        });
        let error = builder.build().unwrap_err().to_string();
        assert!(
            error.contains("Unknown") && error.contains("Needy"),
            "{error}"
        );
    }
}

mod builder_tests {
    use super::*;

    #[test]
    fn can_configure_app_configuration_and_retrieve_from_di() {
        let host = configured([("Key", "value")]).build().unwrap();
        let configuration = host.services().required::<Configuration>().unwrap();
        assert_eq!(configuration.get("key").as_deref(), Some("value"));
    }

    #[test]
    fn hosting_context_contains_app_configuration_during_configure_services() {
        let mut builder = configured([("Key", "value")]);
        let seen = builder.configuration().get("Key");
        assert_eq!(seen.as_deref(), Some("value"));
    }

    #[test]
    fn configure_services_can_be_called_multiple_times() {
        let builder = host()
            .configure_services(|services| {
                services.add_instance(Arc::new(1_u8));
            })
            .configure_services(|services| {
                services.add_instance(Arc::new(2_u8));
            });
        let host = builder.build().unwrap();
        assert_eq!(*host.services().required::<u8>().unwrap(), 2);
        assert_eq!(host.services().all::<u8>().unwrap().len(), 2);
    }

    #[test]
    fn can_configure_host_options() {
        let seen = Arc::new(Mutex::new(None));
        let shown = seen.clone();
        let builder =
            configured([("shutdownTimeoutSeconds", "7")]).configure_host_options(move |options| {
                *shown.lock().unwrap() = Some(options.clone());
            });
        builder.build().unwrap();
        let options: HostOptions = seen.lock().unwrap().take().unwrap();
        assert_eq!(options.shutdown_timeout, Duration::from_secs(7));
    }
}

mod host_options_tests {
    use super::*;

    #[test]
    fn defaults() {
        let options = HostOptions::default();
        assert_eq!(options.shutdown_timeout, Duration::from_secs(30));
        assert_eq!(options.startup_timeout, None);
        assert!(!options.services_start_concurrently);
        assert!(!options.services_stop_concurrently);
        assert_eq!(
            options.background_service_exception_behavior,
            BackgroundServiceExceptionBehavior::StopHost
        );
    }

    #[tokio::test(start_paused = true)]
    async fn setters_accept_zero_and_max() {
        for timeout in [Duration::ZERO, Duration::MAX] {
            let trace = Trace::default();
            let host = host()
                .configure_host_options(move |options| {
                    options.shutdown_timeout = timeout;
                    options.startup_timeout = Some(Duration::MAX);
                })
                .add_hosted_service_instance(Probe::idle("a", &trace))
                .build()
                .unwrap();
            host.start().await.unwrap();
            host.stop().await.unwrap();
            assert_eq!(trace.lines().last().unwrap(), "a stopped");
        }
    }
}
