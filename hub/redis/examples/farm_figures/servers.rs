//! Servers as processes, whoever has written them.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{Member, Usage, free_port};

use crate::Failure;

/// The path of the hub that is asked.
pub(crate) const HUB: &str = "/hubs/bench";

/// A server of a command; it is killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it, and returns when clients can join its hub.
    pub(crate) async fn start(command: &str, redis: &str) -> Result<Self, Failure> {
        let port = free_port();
        let mut words = command.split_whitespace().map(|word| {
            let word = word.replace("{port}", &port.to_string());
            word.replace("{redis}", redis)
        });
        let process = Command::new(words.next().ok_or("a command without a word")?)
            .args(words)
            // Lines of the log are no part of what is measured.
            .env("Logging__LogLevel__Default", "Warning")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("'{command}' cannot be started: {error}"))?;
        let mut server = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
        };
        let until = Instant::now() + Duration::from_secs(60);
        while let Err(error) = Member::join(server.address, HUB).await {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("'{command}' ended: {status}").into());
            }
            if Instant::now() > until {
                return Err(format!("'{command}' takes no clients: {error}").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(server)
    }

    /// The processor time that it has used by now.
    pub(crate) fn processor(&self) -> Duration {
        Usage::of(self.process.id()).processor
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing is to be done about a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
