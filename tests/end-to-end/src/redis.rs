//! A Redis of a test's own.

use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::signals::{freeze, signal};
use crate::{find, free_port, missing, soon};

const PID_FILE: &str = "redis.pid";

/// A redis-server on a port of 127.0.0.1 that keeps nothing; it is killed when dropped.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Child,
    program: PathBuf,
    arguments: Vec<String>,
    /// Its working directory.
    directory: TempDir,
}

impl Redis {
    /// Starts one. None where there is no redis-server and the test is left out.
    ///
    /// # Panics
    ///
    /// Where it does not start, and where it is missing and may not be.
    pub async fn start(test: &str) -> Option<Self> {
        Self::start_with(test, |port| vec!["--port".to_owned(), port.to_string()]).await
    }

    /// The same with arguments of the caller's, which have to name the port.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    pub async fn start_with(test: &str, arguments: impl Fn(u16) -> Vec<String>) -> Option<Self> {
        let program = find("redis-server");
        if missing(test, &[("redis-server", program.is_some())]) {
            return None;
        }
        let program = program?;
        // Somebody else may take the port in between; then there is another.
        for _ in 0..20 {
            let port = free_port();
            let directory = tempfile::tempdir().expect("there is room for a directory");
            let arguments = arguments(port);
            let process = launch(&program, &arguments, &directory);
            let mut redis = Self {
                port,
                process,
                program: program.clone(),
                arguments,
                directory,
            };
            if redis.is_there().await {
                return Some(redis);
            }
        }
        panic!("redis-server does not start");
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host and the port, as a connection string.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash does.
    ///
    /// # Panics
    ///
    /// Where the system does not let it be ended.
    pub fn kill(&mut self) {
        self.process.kill().expect("a child can be killed");
        self.process.wait().expect("a child can be waited for");
    }

    /// Starts it again on its port.
    ///
    /// # Panics
    ///
    /// Where it does not start.
    pub async fn restart(&mut self) {
        self.process = launch(&self.program, &self.arguments, &self.directory);
        assert!(self.is_there().await, "redis-server does not start again");
    }

    /// Stops it where it stands: it keeps its connections and does not answer.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn freeze(&self) {
        freeze(&self.process);
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// Where it is not there.
    pub fn thaw(&self) {
        signal(&self.process, Signal::CONT);
    }

    /// The answer to a command in one line; of an answer of many lines, all of them.
    ///
    /// # Panics
    ///
    /// Where there is no answer.
    pub async fn ask(&self, command: &str) -> String {
        let mut stream = self.connect().await;
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .await
            .expect("Redis takes commands");
        // It closes once it has answered whoever has nothing more to say.
        stream.shutdown().await.expect("Redis takes commands");
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer))
            .await
            .expect("Redis answers with text");
        answer
    }

    /// Publishes what no server would; gives how many have heard it from this Redis.
    ///
    /// # Panics
    ///
    /// Where Redis does not take it.
    pub async fn publish(&self, channel: &str, payload: &[u8]) -> u64 {
        let mut stream = BufReader::new(self.connect().await);
        let head = format!(
            "*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n${}\r\n",
            channel.len(),
            payload.len()
        );
        let whole = [head.as_bytes(), payload, b"\r\n"].concat();
        stream.write_all(&whole).await.expect("Redis takes it");
        let mut answer = String::new();
        soon(stream.read_line(&mut answer))
            .await
            .expect("Redis answers");
        let count = answer.trim().strip_prefix(':');
        count
            .and_then(|it| it.parse().ok())
            .unwrap_or_else(|| panic!("instead of a number: {answer}"))
    }

    /// Subscribes to a channel.
    ///
    /// # Panics
    ///
    /// Where Redis does not take it.
    pub async fn subscriber(&self, channel: &str) -> Subscriber {
        let mut stream = self.connect().await;
        stream
            .write_all(format!("SUBSCRIBE {channel}\r\n").as_bytes())
            .await
            .expect("Redis takes commands");
        let mut subscriber = Subscriber(stream);
        // The confirmation.
        subscriber.hears().await;
        subscriber
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port))
            .await
            .expect("Redis is there")
    }

    /// Waits until it answers; whether it did not end instead.
    async fn is_there(&mut self) -> bool {
        let until = Instant::now() + Duration::from_secs(60);
        while Instant::now() < until {
            let ended = self.process.try_wait().expect("a child can be asked for");
            if ended.is_some() {
                return false;
            }
            // It writes the file once it has its port, or is about to take it.
            let begun = self.directory.path().join(PID_FILE).exists();
            if begun && TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("redis-server neither answers nor ends");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Nothing is to be done about a process that has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A subscription to one channel.
#[derive(Debug)]
pub struct Subscriber(TcpStream);

impl Subscriber {
    /// Waits until something is published: as Redis says it, and no more than 512 bytes of it.
    ///
    /// # Panics
    ///
    /// When the connection ends instead.
    pub async fn hears(&mut self) -> Vec<u8> {
        let mut piece = vec![0; 512];
        let count = soon(self.0.read(&mut piece)).await.unwrap_or(0);
        assert!(count > 0, "the subscription has ended");
        piece.truncate(count);
        piece
    }
}

fn launch(program: &PathBuf, arguments: &[String], directory: &TempDir) -> Child {
    let pid_file = directory.path().join(PID_FILE);
    // One that was killed leaves it.
    let _ = std::fs::remove_file(&pid_file);
    Command::new(program)
        .args(arguments)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .arg("--pidfile")
        .arg(pid_file)
        .current_dir(directory.path())
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .expect("redis-server can be started")
}
