//! A host as a process: signals, exit codes, what it says on standard output and standard error.

#[cfg(unix)]
mod hosting_support;

#[cfg(unix)]
mod unix {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use campanile_host::{
        BackgroundService, BoxError, CancellationToken, HostBuilder, HostError, Inject,
    };

    use super::hosting_support::{Program, SCENARIO, run};

    const STARTED: &str = "Content root path:";

    #[derive(Inject)]
    struct Patient;

    impl BackgroundService for Patient {
        async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
            stopping.cancelled().await;
            tracing::info!("going");
            Ok(())
        }
    }

    #[derive(Inject)]
    struct Stubborn;

    impl BackgroundService for Stubborn {
        async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
            stopping.cancelled().await;
            tracing::info!("staying");
            // A service that blocks its thread must not keep a second Ctrl+C from being heard.
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    }

    #[derive(Inject)]
    struct Doomed;

    impl BackgroundService for Doomed {
        async fn execute(&self, _stopping: CancellationToken) -> Result<(), BoxError> {
            Err("the mainspring is broken".into())
        }
    }

    #[tokio::main(flavor = "current_thread")]
    async fn host(scenario: &str) -> Result<(), HostError> {
        let builder = HostBuilder::new();
        match scenario {
            "stubborn" => builder.add_hosted_service::<Stubborn>(),
            "doomed" => builder.add_hosted_service::<Doomed>(),
            "incomplete" => builder.add_hosted_service_factory(|_: std::sync::Arc<String>| Patient),
            _ => builder.add_hosted_service::<Patient>(),
        }
        .build()?
        .run()
        .await
    }

    fn at_the_root() {
        let mut program = Program::start("patient", |command| {
            command.current_dir("/");
        });
        let said = program.read_until(STARTED);
        assert!(
            said.contains("the content root is `/`, where no configuration is expected to be"),
            "{said}"
        );
        program.signal("TERM");
        assert_eq!(program.wait().code, Some(0));
    }

    pub(crate) fn main() -> Result<(), HostError> {
        if let Ok(scenario) = std::env::var(SCENARIO) {
            return host(&scenario);
        }
        run(&[
            ("a_content_root_of_slash_is_warned_of", at_the_root),
            ("signals_end_it_gracefully", signals_end_it_gracefully),
            (
                "a_second_sigint_ends_it_at_once",
                a_second_sigint_ends_it_at_once,
            ),
            ("it_says_what_dotnet_says", it_says_what_dotnet_says),
            (
                "a_failure_is_one_message_and_exit_code_1",
                a_failure_is_one_message_and_exit_code_1,
            ),
            ("bad_settings_are_one_message", bad_settings_are_one_message),
            ("nobody_reading_is_no_failure", nobody_reading_is_no_failure),
            (
                "the_schema_of_its_settings_is_printed",
                the_schema_is_printed,
            ),
            ("its_services_are_printed", its_services_are_printed),
        ]);
        Ok(())
    }

    fn the_schema_is_printed() {
        let ended = Program::start("patient", |command| {
            command.arg("--print-config-schema");
        })
        .wait();
        assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
        let schema: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let levels = "/properties/Logging/properties/LogLevel/properties/Default/anyOf/0/enum/0";
        assert_eq!(schema.pointer(levels).unwrap(), "Trace");
        let settings = &schema["properties"];
        let options = &settings["Logging"]["properties"]["Console"]["properties"]["FormatterOptions"]
            ["properties"];
        assert_eq!(options["SingleLine"]["type"][0], "boolean");
        assert_eq!(options["ColorBehavior"]["anyOf"][0]["enum"][1], "Enabled");
        assert_eq!(
            options["JsonWriterOptions"]["properties"]["Indented"]["type"][0],
            "boolean"
        );
        assert_eq!(
            settings["ConnectionStrings"]["additionalProperties"]["type"][0],
            "string"
        );
        assert_eq!(settings["shutdownTimeoutSeconds"]["minimum"], 0);
        let restart = &settings["BackgroundServiceRestart"]["properties"];
        assert_eq!(restart["Limit"]["minimum"], 0);
        assert_eq!(
            settings["backgroundServiceExceptionBehavior"]["anyOf"][0]["enum"][2],
            "Restart"
        );
    }

    fn its_services_are_printed() {
        let print = |argument: &str| {
            let program = Program::start("patient", |command| {
                command.args([argument, "--environment=Development"]);
            });
            let ended = program.wait();
            assert_eq!((ended.code, &*ended.stderr), (Some(0), ""));
            ended.stdout
        };
        let text = print("--services");
        let hosted = "hosted services, in the order in which they start:\n  1. Patient";
        assert!(text.starts_with(hosted), "{text}");
        assert!(
            text.contains("  singleton  HostEnvironment, an instance\n"),
            "{text}"
        );
        assert_eq!(text, print("--services=text"), "it is the same each time");
        assert!(print("--services=dot").starts_with("digraph services {"));

        let program = Program::start("incomplete", |command| {
            command.arg("--services");
        });
        let ended = program.wait();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stdout.contains("needs String: NOT REGISTERED\n"));
        assert!(
            ended.stdout.ends_with(
                "what is wrong:\n  1. `String` is not registered: dyn HostedService (Patient) -> String\n"
            ),
            "{ended:?}"
        );
    }

    fn signals_end_it_gracefully() {
        for signal in ["TERM", "INT", "QUIT"] {
            let mut program = Program::start("patient", |_| {});
            program.read_until(STARTED);
            program.signal(signal);
            let ended = program.wait();
            assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
            assert!(ended.stdout.contains("Application is shutting down..."));
            assert!(ended.stdout.contains("going"), "{ended:?}");
            assert_eq!(ended.stderr, "");
        }
    }

    fn a_second_sigint_ends_it_at_once() {
        let mut program = Program::start("stubborn", |_| {});
        program.read_until(STARTED);
        program.signal("INT");
        program.read_until("staying");
        let asked = Instant::now();
        program.signal("INT");
        assert_eq!(program.wait().code, Some(130));
        assert!(asked.elapsed() < Duration::from_secs(5));
    }

    fn it_says_what_dotnet_says() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::fs::write(folder.join("appsettings.json"), "{}").unwrap();
        let mut program = Program::start("patient", |command| {
            command
                .current_dir(&folder)
                .env("DOTNET_ENVIRONMENT", "Development");
        });
        let text = program.read_until(STARTED);
        program.signal("TERM");
        let rest = program.wait().stdout;
        let root = folder.display();
        assert_eq!(
            text,
            format!(
                "info: Campanile.Hosting.Configuration[0]\n      configuration was read from {root}/appsettings.json\n\
                 info: Microsoft.Hosting.Lifetime[0]\n      Application started. Press Ctrl+C to shut down.\n\
                 info: Microsoft.Hosting.Lifetime[0]\n      Hosting environment: Development\n\
                 info: Microsoft.Hosting.Lifetime[0]\n      Content root path: {root}\n"
            )
        );
        assert_eq!(
            rest,
            "info: Microsoft.Hosting.Lifetime[0]\n      Application is shutting down...\n\
             info: hosting_process.unix[0]\n      going\n"
        );
    }

    fn a_failure_is_one_message_and_exit_code_1() {
        let ended = Program::start("doomed", |_| {}).wait();
        assert_eq!(ended.code, Some(1));
        assert_eq!(
            ended.stderr,
            "Error: the background service `hosting_process::unix::Doomed` failed: the mainspring is broken\n"
        );
    }

    fn bad_settings_are_one_message() {
        for (arguments, named) in [
            (
                ["--shutdownTimeoutSeconds", "soon"],
                "shutdownTimeoutSeconds",
            ),
            (["--contentRoot", "/no/such/folder"], "/no/such/folder"),
            (
                ["--Logging:LogLevel:Default", "Loud"],
                "Logging:LogLevel:Default",
            ),
        ] {
            let ended = Program::start("patient", |command| {
                command.args(arguments);
            })
            .wait();
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert!(ended.stderr.starts_with("Error: "), "{ended:?}");
            assert!(ended.stderr.contains(named), "{ended:?}");
            assert!(!ended.stdout.contains("Application started"), "{ended:?}");
        }
    }

    fn nobody_reading_is_no_failure() {
        let mut program = Program::start("patient", |command| {
            command.stderr(Stdio::piped());
        });
        program.read_until(STARTED);
        program.close_output();
        program.signal("TERM");
        let ended = program.wait();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.stderr, "");
    }
}

#[cfg(unix)]
fn main() -> Result<(), campanile_host::HostError> {
    unix::main()
}

#[cfg(not(unix))]
fn main() {}
