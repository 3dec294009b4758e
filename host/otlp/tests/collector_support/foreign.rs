//! [`Foreign`].

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Mutex;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use end_to_end::Lines;
use end_to_end::toolchains::python;
use serde_json::Value;

use super::{Received, Taken};

/// A collector of other people for gRPC: a process of `otlp_collector.py`, which says what may be asked of it.
pub(crate) struct Foreign {
    address: SocketAddr,
    process: Child,
    /// Its input, and what it prints.
    talk: Mutex<(ChildStdin, Lines)>,
}

impl Foreign {
    pub(crate) fn start(asked: &Value) -> Self {
        let mut process = python("otlp_collector.py")
            .arg(asked.to_string())
            // Refused handshakes are expected.
            .env("GRPC_VERBOSITY", "NONE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let mut lines = Lines::of(process.stdout.take().unwrap());
        let port: u16 = lines.find("its port", |line| line.parse().ok());
        Self {
            address: ([127, 0, 0, 1], port).into(),
            process,
            talk: Mutex::new((input, lines)),
        }
    }
}

impl Received for Foreign {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn requests(&self) -> Vec<Taken> {
        let (input, lines) = &mut *self.talk.lock().unwrap();
        input.write_all(b"\n").unwrap();
        let taken = lines.find("what it has taken", |line| serde_json::from_str(line).ok());
        let Value::Array(taken) = taken else {
            panic!("{taken}");
        };
        let request = |taken: Value| Taken {
            path: taken["path"].as_str().unwrap().to_owned(),
            headers: serde_json::from_value(taken["headers"].clone()).unwrap(),
            body: BASE64_STANDARD
                .decode(taken["body"].as_str().unwrap())
                .unwrap(),
        };
        taken.into_iter().map(request).collect()
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
