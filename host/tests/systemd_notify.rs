//! What systemd hears from a host, and what its journal gets.

#[cfg(unix)]
mod hosting_support;

#[cfg(unix)]
mod unix {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixDatagram;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use campanile_host::systemd::{PassedSocket, Watchdog, passed_names, take_sockets};
    use campanile_host::{
        BackgroundService, BoxError, CancellationToken, HostBuilder, HostError, HostedService,
        Inject,
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

    /// Says at the level `Debug` that it is there.
    #[derive(Inject)]
    struct Chatty;

    impl BackgroundService for Chatty {
        async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
                tracing::debug!("still here");
            }
            Ok(())
        }
    }

    /// Is watched and gives no sign of life after the first.
    #[derive(Inject)]
    struct Silent {
        watchdog: Watchdog,
    }

    impl BackgroundService for Silent {
        async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
            let _watched = self.watchdog.watch("pump", Duration::from_millis(300));
            stopping.cancelled().await;
            Ok(())
        }
    }

    /// Starts a child that says what it has inherited.
    #[derive(Inject)]
    struct Parent;

    impl HostedService for Parent {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            let script = "echo ${NOTIFY_SOCKET-none} ${LISTEN_FDS-none} ${LISTEN_FDNAMES-none}";
            let output = Command::new("sh").args(["-c", script]).output()?;
            tracing::info!("child: {}", String::from_utf8(output.stdout)?.trim());
            Ok(())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    /// Answers the first who connects to the socket that was passed.
    #[derive(Inject)]
    struct Server;

    impl HostedService for Server {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            tracing::info!("passed: {:?}", passed_names());
            let mut sockets = take_sockets("web")?;
            let Some(PassedSocket::Tcp(listener)) = sockets.pop() else {
                return Err("no socket".into());
            };
            tokio::task::spawn_blocking(move || {
                let (mut stream, _) = listener.accept()?;
                stream.write_all(b"bim")
            });
            Ok(())
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
            "chatty" => builder.add_hosted_service::<Chatty>(),
            "silent" => builder.add_hosted_service::<Silent>(),
            "parent" => builder.add_hosted_service::<Parent>(),
            "server" => builder
                .add_hosted_service::<Parent>()
                .add_hosted_service::<Server>(),
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
            ("sighup_has_the_configuration_read_again", reloaded),
            ("sighup_is_not_lost_while_the_start_ends", reloaded_at_once),
            ("the_watchdog_is_fed", fed),
            (
                "the_watchdog_is_not_fed_while_a_watched_service_is_silent",
                unfed,
            ),
            ("children_inherit_no_socket", orphaned),
            ("sockets_are_passed_by_name", passed),
            ("a_bounded_start_and_a_stop_ask_for_time", extended),
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
            self.start_with(scenario, |command| {
                command.args(arguments);
            })
        }

        fn start_with(&self, scenario: &str, configure: impl FnOnce(&mut Command)) -> Program {
            Program::start(scenario, |command| {
                command
                    .current_dir(self.folder.path())
                    .env("NOTIFY_SOCKET", self.folder.path().join("notify"));
                configure(command);
            })
        }

        /// All that is heard until a message begins with `text`.
        fn hears_until(&self, text: &str) -> String {
            let mut heard = String::new();
            loop {
                let message = self.hears();
                heard.push_str(&message);
                if message.starts_with(text) {
                    return heard;
                }
            }
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
        assert_eq!(manager.hears(), "STATUS=Starting Slow (1 of 1)\n");
        assert_eq!(manager.hears(), "EXTEND_TIMEOUT_USEC=90000000\n");
        assert_eq!(manager.hears(), "READY=1\nSTATUS=Running\n");
        program.signal("TERM");
        assert_eq!(manager.hears(), "STOPPING=1\n");
        assert_eq!(manager.hears(), "STATUS=Stopping Slow (1 of 1)\n");
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
        assert_eq!(manager.hears(), "STATUS=Starting Broken (1 of 1)\n");
        assert_eq!(manager.hears(), "EXTEND_TIMEOUT_USEC=90000000\n");
        assert_eq!(manager.hears(), "STOPPING=1\n");
        assert!(
            ended.stdout.contains(
                "<3>Microsoft.Extensions.Hosting.Internal.Host[11] Hosting failed to start"
            )
        );
    }

    fn reloaded() {
        let manager = Manager::new();
        let settings = manager.folder.path().join("appsettings.json");
        let mut program = manager.start("chatty", &["--hostBuilder:reloadConfigOnChange=false"]);
        manager.hears_until("READY=1\n");
        std::fs::write(&settings, r#"{"Logging":{"LogLevel":{"Default":"Debug"}}}"#).unwrap();
        program.signal("HUP");
        let reloading = manager.hears();
        let since = reloading
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .and_then(|rest| rest.split_once('\n'));
        assert!(since.unwrap().0.parse::<u64>().unwrap() > 0);
        assert_eq!(manager.hears(), "READY=1\nSTATUS=Running\n");
        let before = program.read_until("<7>systemd_notify.unix[0] still here");
        assert!(before.contains("the configuration was read again, and has changed"));

        std::fs::write(&settings, "{").unwrap();
        program.signal("HUP");
        manager.hears_until("READY=1\n");
        assert!(
            program
                .read_until("not all of it can be")
                .contains("<3>Campanile.Hosting.Configuration[0]")
        );
        program.read_until("still here");
        program.signal("TERM");
        assert_eq!(program.wait().code, Some(0));
    }

    fn reloaded_at_once() {
        let manager = Manager::new();
        let program = manager.start("slow", &[]);
        // While it starts, and when it has only just started.
        manager.hears_until("STATUS=Starting Slow");
        program.signal("HUP");
        manager.hears_until("READY=1\n");
        manager.hears_until("RELOADING=1\n");
        manager.hears_until("READY=1\n");
        program.signal("TERM");
        assert_eq!(program.wait().code, Some(0));

        for _ in 0..5 {
            let manager = Manager::new();
            let program = manager.start("chatty", &[]);
            manager.hears_until("READY=1\n");
            program.signal("HUP");
            manager.hears_until("RELOADING=1\n");
            manager.hears_until("READY=1\n");
            program.signal("TERM");
            assert_eq!(program.wait().code, Some(0));
        }
    }

    fn fed() {
        let manager = Manager::new();
        let program = manager.start_with("chatty", |command| {
            command.env("WATCHDOG_USEC", "100000");
        });
        manager.hears_until("READY=1\n");
        for _ in 0..3 {
            manager.hears_until("WATCHDOG=1\n");
        }
        program.signal("TERM");
        assert_eq!(program.wait().code, Some(0));
    }

    fn unfed() {
        let manager = Manager::new();
        let program = manager.start_with("silent", |command| {
            command.env("WATCHDOG_USEC", "100000");
        });
        manager.hears_until("READY=1\n");
        manager.hears_until("WATCHDOG=1\n");
        manager.hears_until("STATUS=No sign of life from pump\n");
        program.signal("TERM");
        // Whatever came in between, it was no food.
        let rest = manager.hears_until("STOPPING=1\n");
        assert!(!rest.contains("WATCHDOG=1"), "{rest}");
        let ended = program.wait();
        assert!(
            ended
                .stdout
                .contains("<2>Campanile.Hosting.Watchdog[0] no sign of life from pump"),
            "{ended:?}"
        );
    }

    fn orphaned() {
        let manager = Manager::new();
        let mut program = manager.start("parent", &[]);
        program.read_until("child: none none none");
        // The host itself still has it.
        manager.hears_until("READY=1\n");
        program.signal("TERM");
        program.wait();
    }

    fn passed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // Nobody accepts yet, and nobody is refused.
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let program = std::env::current_exe().unwrap();
        let script = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec \"$0\" 3<&0 </dev/null";
        let child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .env(SCENARIO, "server")
            .env_remove("NOTIFY_SOCKET")
            .current_dir(folder.path())
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "bim");
        let stop = format!("kill -TERM {}", child.id());
        Command::new("sh").args(["-c", &stop]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("passed: [\"web\"]"), "{text}");
        assert!(text.contains("child: none none none"), "{text}");
    }

    fn extended() {
        let manager = Manager::new();
        let program = manager.start(
            "slow",
            &["--startupTimeoutSeconds=60", "--drainDelaySeconds=1"],
        );
        assert_eq!(manager.hears(), "STATUS=Starting Slow (1 of 1)\n");
        assert_eq!(manager.hears(), "EXTEND_TIMEOUT_USEC=15000000\n");
        manager.hears_until("READY=1\n");
        program.signal("TERM");
        assert_eq!(manager.hears(), "STOPPING=1\n");
        assert_eq!(manager.hears(), "STATUS=Draining for 1s\n");
        assert_eq!(manager.hears(), "EXTEND_TIMEOUT_USEC=15000000\n");
        manager.hears_until("STATUS=Stopping Slow (1 of 1)\n");
        assert_eq!(program.wait().code, Some(0));
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
