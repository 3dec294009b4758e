//! What systemd hears from a host, and what its journal gets.

#[cfg(unix)]
mod hosting_support;

#[cfg(unix)]
mod unix {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use campanile_host::{
        BoxError, CancellationToken, HostBuilder, HostError, HostedService, Inject,
    };

    use super::hosting_support::{Program, SCENARIO, run};

    #[derive(Inject)]
    struct Slow;

    impl HostedService for Slow {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            tracing::warn!("starting\nslowly");
            tokio::time::sleep(Duration::from_millis(50)).await;
            tracing::info!("there");
            Ok(())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    #[derive(Inject)]
    struct Broken;

    impl HostedService for Broken {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            Err("broken".into())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    #[tokio::main]
    async fn host(scenario: &str) -> Result<(), HostError> {
        let builder = HostBuilder::new();
        match scenario {
            "broken" => builder.add_hosted_service::<Broken>(),
            _ => builder.add_hosted_service::<Slow>(),
        }
        .build()?
        .run()
        .await
    }

    pub(crate) fn main() -> Result<(), HostError> {
        if let Ok(scenario) = std::env::var(SCENARIO) {
            return host(&scenario);
        }
        run(&[
            (
                "it_is_told_when_all_have_started_and_when_stopping_begins",
                told,
            ),
            ("a_host_that_does_not_start_is_never_ready", never_ready),
            ("the_formatter_can_still_be_chosen", chosen),
        ]);
        Ok(())
    }

    struct Manager {
        folder: tempfile::TempDir,
        socket: UnixDatagram,
    }

    impl Manager {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("appsettings.json"), "{}").unwrap();
            let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
            socket
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            Self { folder, socket }
        }

        fn start(&self, scenario: &str, arguments: &[&str]) -> Program {
            Program::start(scenario, |command| {
                command
                    .args(arguments)
                    .current_dir(self.folder.path())
                    .env("NOTIFY_SOCKET", self.folder.path().join("notify"));
            })
        }

        fn hears(&self) -> String {
            let mut buffer = [0; 256];
            let length = self.socket.recv(&mut buffer).unwrap();
            String::from_utf8(buffer[..length].to_vec()).unwrap()
        }
    }

    fn told() {
        let manager = Manager::new();
        let program = manager.start("slow", &[]);
        assert_eq!(manager.hears(), "READY=1\n");
        program.signal("TERM");
        assert_eq!(manager.hears(), "STOPPING=1\n");
        let ended = program.wait();
        assert_eq!(ended.code, Some(0));
        let root = manager.folder.path().canonicalize().unwrap();
        let root = root.display();
        assert_eq!(
            ended.stdout,
            format!(
                "<6>Campanile.Hosting.Configuration[0] configuration was read from {root}/appsettings.json\n\
                 <4>systemd_notify.unix[0] starting slowly\n\
                 <6>systemd_notify.unix[0] there\n\
                 <6>Microsoft.Hosting.Lifetime[0] Application started. Hosting environment: Production; Content root path: {root}\n\
                 <6>Microsoft.Hosting.Lifetime[0] Application is shutting down...\n"
            )
        );
    }

    fn never_ready() {
        let manager = Manager::new();
        let ended = manager.start("broken", &[]).wait();
        assert_eq!(ended.code, Some(1));
        assert!(
            ended.stderr.ends_with("failed to start: broken\n"),
            "{ended:?}"
        );
        assert_eq!(manager.hears(), "STOPPING=1\n");
        assert!(
            ended.stdout.contains(
                "<3>Microsoft.Extensions.Hosting.Internal.Host[11] Hosting failed to start"
            )
        );
    }

    fn chosen() {
        let manager = Manager::new();
        let mut program = manager.start("slow", &["--Logging:Console:FormatterName=simple"]);
        assert!(
            program
                .read_until("slowly")
                .contains("warn: systemd_notify.unix[0]\n")
        );
        program.signal("TERM");
        program.wait();
    }
}

#[cfg(unix)]
fn main() -> Result<(), campanile_host::HostError> {
    unix::main()
}

#[cfg(not(unix))]
fn main() {}
