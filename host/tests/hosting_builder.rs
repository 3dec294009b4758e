//! What a program says to the builder, and what its services then find.

use std::sync::{Arc, Mutex};

use campanile_host::configuration::Configuration;
use campanile_host::{
    ApplicationLifetime, BoxError, CancellationToken, HostBuilder, HostEnvironment, HostError,
    HostedService, Inject,
};

fn quiet() -> HostBuilder {
    let folder = std::env::temp_dir();
    HostBuilder::new().with_args([
        "--Logging:LogLevel:Default=None".to_owned(),
        format!("--contentRoot={}", folder.display()),
    ])
}

#[derive(Inject)]
struct Curious {
    environment: HostEnvironment,
    configuration: Configuration,
    lifetime: ApplicationLifetime,
}

#[test]
fn a_service_gets_the_environment_the_configuration_and_the_lifetime() {
    let host = HostBuilder::new()
        .with_args([
            "--environment",
            "Staging",
            "--Color",
            "red",
            "--applicationName",
            "clock",
        ])
        .configure_services(|services| {
            services.add_singleton::<Curious>();
        })
        .build()
        .unwrap();
    let curious = host.services().required::<Curious>().unwrap();
    assert!(curious.environment.is_staging());
    assert_eq!(curious.environment.application_name(), "clock");
    assert_eq!(
        curious.environment.content_root(),
        std::env::current_dir().unwrap()
    );
    assert_eq!(curious.configuration.get("color").as_deref(), Some("red"));
    curious.lifetime.stop_application();
    assert!(host.lifetime().stopping().is_cancelled());
}

#[test]
fn sources_of_the_program_win_over_the_command_line() {
    let mut builder = HostBuilder::new().with_args(["--Color", "red"]);
    assert_eq!(builder.configuration().get("Color").as_deref(), Some("red"));
    builder = builder.configure_configuration(|configuration| {
        configuration.add_in_memory([("Color", "green")]);
    });
    assert_eq!(
        builder.configuration().get("Color").as_deref(),
        Some("green")
    );
}

#[test]
fn hooks_run_in_order_before_the_container_is_built_and_see_what_extensions_keep() {
    #[derive(Default)]
    struct Routes(Vec<&'static str>);

    #[derive(Debug)]
    struct Mounted(usize);

    let order = Arc::new(Mutex::new(Vec::new()));
    let (first, second, third) = (order.clone(), order.clone(), order.clone());
    let mut builder = quiet()
        .before_build(move |builder| {
            first.lock().unwrap().push("first");
            let routes = builder.extension::<Routes>().0.len();
            builder.services().add_instance(Arc::new(Mounted(routes)));
            builder.add_before_build(move |_| {
                third.lock().unwrap().push("third");
                Ok(())
            });
            Ok(())
        })
        .before_build(move |_| {
            second.lock().unwrap().push("second");
            Ok(())
        });
    builder.extension::<Routes>().0.push("/");
    builder.extension::<Routes>().0.push("/healthz");
    let host = builder.build().unwrap();
    assert_eq!(*order.lock().unwrap(), ["first", "second", "third"]);
    assert_eq!(host.services().required::<Mounted>().unwrap().0, 2);
}

#[test]
fn what_cannot_be_built_is_one_message_that_names_the_place() {
    #[derive(Inject)]
    struct Needy {
        _missing: Arc<Mutex<u8>>,
    }

    let failing: [(HostBuilder, &[&str]); 5] = [
        (
            HostBuilder::new().with_args(["--contentRoot", "/no-such-folder"]),
            &["no-such-folder"],
        ),
        (
            HostBuilder::new().with_args(["--shutdownTimeoutSeconds", "soon"]),
            &["shutdownTimeoutSeconds", "soon"],
        ),
        (
            HostBuilder::new().with_args(["--Logging:LogLevel:Default", "Loud"]),
            &["Logging:LogLevel:Default", "Loud"],
        ),
        (
            quiet().configure_services(|services| {
                services.add_singleton::<Needy>();
            }),
            &["Needy", "Mutex"],
        ),
        (
            quiet().before_build(|_| Err("the hub has no path".into())),
            &["the hub has no path"],
        ),
    ];
    for (builder, named) in failing {
        let error = builder.build().unwrap_err();
        for word in named {
            assert!(error.to_string().contains(word), "{word} in {error}");
        }
        assert_eq!(error.to_string(), format!("{error:?}"));
    }
}

#[tokio::test]
async fn a_hosted_service_that_cannot_be_constructed_is_an_error_before_any_is_started() {
    struct Started(Arc<Mutex<bool>>);

    impl HostedService for Started {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            *self.0.lock().unwrap() = true;
            Ok(())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    let started = Arc::new(Mutex::new(false));
    let seen = started.clone();
    let host = quiet()
        .add_hosted_service_factory::<Started, _>(move || Started(seen.clone()))
        .add_hosted_service_factory::<Started, _>(|| -> Result<Started, BoxError> {
            Err("no such printer".into())
        })
        .build()
        .unwrap();
    let error = host.start().await.unwrap_err();
    assert!(matches!(error, HostError::Construction(_)));
    assert!(error.to_string().contains("no such printer"), "{error}");
    assert!(!*started.lock().unwrap());
}

#[tokio::test]
async fn options_that_are_not_valid_are_all_reported_before_a_service_is_constructed() {
    #[derive(Debug, serde::Deserialize)]
    struct Printer {
        #[expect(dead_code, reason = "only bound")]
        pages: u8,
    }

    #[derive(Debug, Default)]
    struct Paper;

    let constructed = Arc::new(Mutex::new(false));
    let seen = constructed.clone();
    let host = quiet()
        .configure_configuration(|configuration| {
            configuration.add_in_memory([("Printer:Pages", "many")]);
        })
        .configure::<Printer>("Printer")
        .configure_services(|services| {
            services
                .add_options::<Paper>()
                .validate::<Paper>(|_| Err("there is none".to_owned()));
        })
        .add_hosted_service_factory::<Idle, _>(move || {
            *seen.lock().unwrap() = true;
            Idle
        })
        .build()
        .unwrap();
    let error = host.start().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("Printer:Pages"), "{text}");
    assert!(text.contains("there is none"), "{text}");
    assert!(!*constructed.lock().unwrap());
    assert!(!host.lifetime().stopping().is_cancelled());
}

struct Idle;

impl HostedService for Idle {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn host_options_come_from_the_configuration_and_the_program_wins() {
    let seen = Arc::new(Mutex::new(None));
    let saved = seen.clone();
    quiet()
        .configure_configuration(|configuration| {
            configuration.add_in_memory([
                ("SHUTDOWNTIMEOUTSECONDS", "5"),
                ("startupTimeoutSeconds", "60"),
                ("servicesStopConcurrently", "true"),
            ]);
        })
        .configure_host_options(|options| options.services_start_concurrently = true)
        .configure_host_options(move |options| *saved.lock().unwrap() = Some(options.clone()))
        .build()
        .unwrap();
    let options = seen.lock().unwrap().take().unwrap();
    assert_eq!(options.shutdown_timeout.as_secs(), 5);
    assert_eq!(options.startup_timeout.unwrap().as_secs(), 60);
    assert!(options.services_start_concurrently && options.services_stop_concurrently);
}
