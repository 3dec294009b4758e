//! The conformance server as a process: every feature of a hub, for clients to prove.

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs},
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::process::Signal;

use crate::signals::{freeze, signal};
use crate::{Lines, Response, conformance_server, http};

/// A running conformance server, on a free port of 127.0.0.1; it is killed when dropped.
///
/// With the variable `END_TO_END_SERVER` (host and port), it is that server instead, whoever started it: so can the
/// checks themselves be held against another server of the same contract.
#[derive(Debug)]
pub struct ConformanceServer {
    process: Option<Child>,
    address: SocketAddr,
}

impl ConformanceServer {
    /// Starts it, built by cargo where necessary, and returns when it listens.
    ///
    /// # Panics
    ///
    /// Where it cannot be built or started.
    #[must_use]
    pub fn start() -> Self {
        if let Some(address) = other_server() {
            return Self {
                process: None,
                address,
            };
        }
        Self::run(Command::new(conformance_server()).args(["--urls", "http://127.0.0.1:0"]))
    }

    /// Starts one of a farm, on the Redis of this host and port, and returns when it listens on that port of 127.0.0.1.
    ///
    /// # Panics
    ///
    /// Where it cannot be built or started.
    #[must_use]
    pub fn start_in_farm(redis: &str, port: u16) -> Self {
        let urls = format!("http://127.0.0.1:{port}");
        Self::run(Command::new(conformance_server()).args(["--urls", &urls, "--redis", redis]))
    }

    /// Starts another program that offers the same hub, or a part of it, and says in the same words where it listens. Its
    /// standard input ends with this process.
    ///
    /// # Panics
    ///
    /// Where it cannot be started.
    #[must_use]
    pub fn run(command: &mut Command) -> Self {
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server's program can be started");
        let mut output = Lines::of(process.stdout.take().expect("stdout is piped"));
        let address = output.find("`Now listening on`", |line| {
            let (_, address) = line.split_once("Now listening on: http://")?;
            Some(address.trim_end().parse().expect("an address and a port"))
        });
        Self {
            process: Some(process),
            address,
        }
    }

    /// Asks it to end, as systemd does, and waits until it has.
    ///
    /// # Panics
    ///
    /// Where it is none of ours, or does not end well.
    pub fn terminate(mut self) {
        let mut process = self.process.take().expect("the server is one of ours");
        signal(&process, Signal::TERM);
        let status = process.wait().expect("a child can be waited for");
        assert!(status.success(), "it ended with {status}");
    }

    /// Stops it where it stands: it keeps its connections and does nothing. It can be killed then.
    ///
    /// # Panics
    ///
    /// Where it is none of ours.
    pub fn freeze(&self) {
        freeze(self.process.as_ref().expect("the server is one of ours"));
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

    /// What it answers to a request without a body.
    #[must_use]
    pub fn ask(&self, verb: &str, path: &str) -> Response {
        http::request(self.address, verb, path)
    }

    /// How it ended, if it has, which no check asks it for.
    ///
    /// # Panics
    ///
    /// Where the system does not tell.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let process = self.process.as_mut()?;
        process.try_wait().expect("a child can be asked for")
    }

    /// The number of its process, where it is one of ours.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }
}

impl Drop for ConformanceServer {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // Nothing is to be done about a process that has ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn other_server() -> Option<SocketAddr> {
    let address = env::var("END_TO_END_SERVER").ok()?;
    address
        .to_socket_addrs()
        .expect("END_TO_END_SERVER is a host and a port")
        .next()
}
