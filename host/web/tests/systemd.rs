//! Sockets that systemd passes. The tests start this program again as the service.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() {
    unix::main();
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use campanile_host::{HostBuilder, HostError};
    use campanile_web::WebHostBuilderExt;

    const SERVICE: &str = "CAMPANILE_TEST_SERVICE";

    #[tokio::main]
    async fn service() -> Result<(), HostError> {
        HostBuilder::new()
            .map_get("/", |_| async { "well" })
            .build()?
            .run()
            .await
    }

    pub(super) fn main() {
        if std::env::var_os(SERVICE).is_some() {
            if let Err(error) = service() {
                let _ = writeln!(std::io::stdout(), "failed: {error}");
            }
            return;
        }
        let tests: [(&str, fn()); 6] = [
            ("a_single_socket_takes_the_place_of_urls", single),
            ("an_endpoint_takes_the_socket_of_its_name", named),
            ("an_endpoint_wants_no_url_beside_its_socket", without_url),
            ("a_unix_socket_stays_when_the_service_goes", unix_socket),
            ("a_restart_refuses_nobody", restart),
            ("what_cannot_be_listened_on_is_named", not_a_listener),
        ];
        let wanted: Vec<String> = std::env::args()
            .skip(1)
            .filter(|it| !it.starts_with('-'))
            .collect();
        for (name, test) in tests {
            if wanted.is_empty() || wanted.iter().any(|it| name.contains(it)) {
                eprintln!("test {name} ...");
                test();
            }
        }
    }

    /// A service that was started with one socket; standard output is its log.
    struct Service {
        child: Child,
        log: BufReader<std::process::ChildStdout>,
        read: String,
    }

    impl Service {
        fn start(folder: &Path, socket: OwnedFd, name: &str, arguments: &[&str]) -> Self {
            let mut service = Self::spawn(folder, socket, name, arguments);
            service.log_until("Application started");
            service
        }

        fn spawn(folder: &Path, socket: OwnedFd, name: &str, arguments: &[&str]) -> Self {
            let script = "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0 </dev/null";
            let mut child = Command::new("sh")
                .args(["-c", script])
                .arg(std::env::current_exe().unwrap())
                .args(arguments)
                .env(SERVICE, "1")
                .env("LISTEN_FDNAMES", name)
                .env_remove("NOTIFY_SOCKET")
                .current_dir(folder)
                .stdin(Stdio::from(socket))
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let log = BufReader::new(child.stdout.take().unwrap());
            Self {
                child,
                log,
                read: String::new(),
            }
        }

        fn log_until(&mut self, text: &str) {
            while !self.read.contains(text) {
                let taken = self.log.read_line(&mut self.read).unwrap();
                assert!(taken > 0, "it ended without `{text}`: {}", self.read);
            }
        }

        /// What it has written in all.
        fn stop(mut self) -> String {
            let stop = format!("kill -TERM {}", self.child.id());
            Command::new("sh").args(["-c", &stop]).status().unwrap();
            self.log.read_to_string(&mut self.read).unwrap();
            self.child.wait().unwrap();
            self.read
        }
    }

    fn asked(mut stream: impl Read + Write) -> String {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: bell\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn connected(listener: &TcpListener) -> TcpStream {
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        stream
    }

    fn is_well(answer: &str) {
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nwell"), "{answer}");
    }

    /// A listener, and what is handed over of it.
    fn listener() -> (TcpListener, OwnedFd) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let passed = listener.try_clone().unwrap().into();
        (listener, passed)
    }

    fn single() {
        let folder = tempfile::tempdir().unwrap();
        let (listener, passed) = listener();
        // Before there is anybody to answer.
        let early = connected(&listener);
        let urls = ["--urls", "http://192.0.2.1:80"];
        let service = Service::start(folder.path(), passed, "clock.socket", &urls);
        is_well(&asked(early));
        is_well(&asked(connected(&listener)));
        let log = service.stop();
        let address = listener.local_addr().unwrap();
        let expected = format!("Now listening on: http://{address}\n");
        assert!(log.contains(&expected), "{log}");
        let expected =
            "the sockets clock.socket: they are listened on in place of 'http://192.0.2.1:80'";
        assert!(log.contains(expected), "{log}");
    }

    fn named() {
        let folder = tempfile::tempdir().unwrap();
        let (listener, passed) = listener();
        let endpoints = [
            "--Kestrel:Endpoints:Web:Url",
            "http://192.0.2.1:80",
            "--Kestrel:Endpoints:Other:Url",
            "http://127.0.0.1:0",
        ];
        let service = Service::start(folder.path(), passed, "web", &endpoints);
        is_well(&asked(connected(&listener)));
        let log = service.stop();
        assert_eq!(
            log.matches("Now listening on: http://127.0.0.1:").count(),
            2,
            "{log}"
        );
    }

    fn without_url() {
        let folder = tempfile::tempdir().unwrap();
        let (listener, passed) = listener();
        let endpoints = ["--Kestrel:Endpoints:Web:Protocols", "Http1"];
        let service = Service::start(folder.path(), passed, "web", &endpoints);
        is_well(&asked(connected(&listener)));
        service.stop();
        let (_listener, passed) = self::listener();
        let endpoints = ["--Kestrel:Endpoints:Web:Url", "http://127.0.0.1:0"];
        let service = Service::start(folder.path(), passed, "wbe", &endpoints);
        let log = service.stop();
        assert!(
            log.contains("nobody takes the sockets wbe from systemd"),
            "{log}"
        );
    }

    fn unix_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bell.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let passed = listener.try_clone().unwrap().into();
        let service = Service::start(folder.path(), passed, "clock.socket", &[]);
        is_well(&asked(UnixStream::connect(&path).unwrap()));
        let log = service.stop();
        let expected = format!("Now listening on: http://unix:{}\n", path.display());
        assert!(log.contains(&expected), "{log}");
        assert!(path.exists());
        UnixStream::connect(&path).unwrap();
    }

    fn not_a_listener() {
        let folder = tempfile::tempdir().unwrap();
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let endpoints = ["--Kestrel:Endpoints:Web:Protocols", "Http1"];
        let mut service = Service::spawn(folder.path(), datagrams.into(), "web", &endpoints);
        service.log_until("failed: ");
        service.log.read_to_string(&mut service.read).unwrap();
        service.child.wait().unwrap();
        let log = service.read;
        assert!(
            log.contains("failed to take the socket web from systemd: "),
            "{log}"
        );
        assert!(!log.contains("Application started"), "{log}");
    }

    fn restart() {
        let folder = tempfile::tempdir().unwrap();
        let (listener, passed) = listener();
        let again = passed.try_clone().unwrap();
        let first = Service::start(folder.path(), passed, "clock.socket", &[]);
        is_well(&asked(connected(&listener)));
        first.stop();
        let between = connected(&listener);
        let second = Service::start(folder.path(), again, "clock.socket", &[]);
        is_well(&asked(between));
        second.stop();
    }
}
