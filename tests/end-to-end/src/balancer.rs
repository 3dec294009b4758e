//! Load balancers, with the configurations that the documentation shows.

use std::{
    fs::{self, File},
    io::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{find, free_port, missing, repository};

/// Around the file that the documentation shows, as Debian's `nginx.conf` is.
const NGINX: &str = "daemon off; master_process off; pid nginx.pid; error_log errors;
events { worker_connections 8192; }
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    include campanile.conf;
}
";

/// nginx or HAProxy in front of two servers, on a port of 127.0.0.1; it is killed when dropped.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    process: Child,
    /// Its working directory.
    directory: TempDir,
}

impl Balancer {
    /// Starts nginx. None where there is none and the test is left out.
    ///
    /// # Panics
    ///
    /// Where it does not start, and where it is missing and may not be.
    #[must_use]
    pub fn nginx(test: &str, servers: [SocketAddr; 2]) -> Option<Self> {
        let program = program("nginx");
        if missing(test, &[("nginx", program.is_some())]) {
            return None;
        }
        let program = program?;
        Some(Self::start(|directory, port| {
            let shown = shown(
                "nginx.conf",
                servers,
                ("listen 80;", &format!("listen 127.0.0.1:{port};")),
            );
            write(directory, "campanile.conf", &shown);
            write(directory, "nginx.conf", NGINX);
            let mut command = Command::new(&program);
            command
                .arg("-e")
                .arg("errors")
                .arg("-p")
                .arg(directory)
                .args(["-c", "nginx.conf"]);
            command
        }))
    }

    /// Starts HAProxy. None where there is none and the test is left out.
    ///
    /// # Panics
    ///
    /// Where it does not start, and where it is missing and may not be.
    #[must_use]
    pub fn haproxy(test: &str, servers: [SocketAddr; 2]) -> Option<Self> {
        Self::haproxy_with(test, servers, |shown| shown)
    }

    /// The same, where nothing but the cookie leads a client to its server: who sends none gets the next one.
    ///
    /// # Panics
    ///
    /// Where it does not start, and where it is missing and may not be.
    #[must_use]
    pub fn haproxy_by_cookie_alone(test: &str, servers: [SocketAddr; 2]) -> Option<Self> {
        Self::haproxy_with(test, servers, |shown| {
            let by_address = "balance source\n    hash-type consistent";
            replaced(&shown, by_address, "balance roundrobin")
        })
    }

    fn haproxy_with(
        test: &str,
        servers: [SocketAddr; 2],
        change: impl Fn(String) -> String,
    ) -> Option<Self> {
        let program = program("haproxy");
        if missing(test, &[("haproxy", program.is_some())]) {
            return None;
        }
        let program = program?;
        Some(Self::start(|directory, port| {
            let shown = change(shown(
                "haproxy.cfg",
                servers,
                ("bind :80", &format!("bind 127.0.0.1:{port}")),
            ));
            // As many files may not be open everywhere.
            write(
                directory,
                "haproxy.cfg",
                &replaced(&shown, "maxconn 20000", "maxconn 2000"),
            );
            let mut command = Command::new(&program);
            command.args(["-db", "-f", "haproxy.cfg"]);
            command
        }))
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn start(prepare: impl Fn(&Path, u16) -> Command) -> Self {
        let mut said = String::new();
        // Somebody else may take the port in between; then there is another.
        for _ in 0..5 {
            let directory = tempfile::tempdir().expect("there is room for a directory");
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let errors = directory.path().join("errors");
            let output = File::create(&errors).expect("a file can be written");
            let mut process = prepare(directory.path(), address.port())
                .current_dir(directory.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(output)
                .spawn()
                .expect("the program can be started");
            if listens(&mut process, address) {
                return Self {
                    address,
                    process,
                    directory,
                };
            }
            said = fs::read_to_string(errors).unwrap_or_default();
        }
        panic!("it does not start: {said}");
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        if thread::panicking() {
            let errors = fs::read_to_string(self.directory.path().join("errors"));
            let errors = errors.unwrap_or_default();
            let first: Vec<&str> = errors.lines().take(20).collect();
            let _ = writeln!(
                std::io::stderr(),
                "the balancer says:\n{}",
                first.join("\n")
            );
        }
        // Nothing is to be done about a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where it is; Debian has both where only root looks by itself.
fn program(name: &str) -> Option<PathBuf> {
    let for_root = || Some(Path::new("/usr/sbin").join(name));
    find(name).or_else(|| for_root().filter(|it| it.is_file()))
}

/// Whether the program comes to listen, and does not end.
fn listens(process: &mut Child, address: SocketAddr) -> bool {
    let until = Instant::now() + Duration::from_secs(60);
    while Instant::now() < until {
        if process
            .try_wait()
            .expect("a child can be asked for")
            .is_some()
        {
            return false;
        }
        if TcpStream::connect(address).is_ok() {
            return true;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it neither listens nor ends");
}

/// The file that the documentation shows, with the test's own ports in it.
fn shown(file: &str, servers: [SocketAddr; 2], (port, own): (&str, &str)) -> String {
    let path = repository().join("hub/redis/src/docs").join(file);
    let text = fs::read_to_string(path).expect("the documentation is there");
    let text = replaced(&text, port, own);
    let text = replaced(&text, "127.0.0.1:5000", &servers[0].to_string());
    replaced(&text, "127.0.0.1:5001", &servers[1].to_string())
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "nothing says '{from}': {text}");
    text.replace(from, to)
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).expect("a file can be written");
}
