//! A Redis of the test's own, and servers that share it.

#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part of this"
)]

use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use campanile_host::Inject;
use campanile_host::hosting::{Host, HostBuilder};
use campanile_hub::{
    HubCaller, HubContext, HubHostBuilderExt, HubResult, RequestHead, UserIdProvider, hub,
};
use campanile_hub_client::{HubConnection, HubConnectionBuilder, HubProtocol};
use campanile_hub_redis::{RedisBackplane, RedisHostBuilderExt, RedisOptions};
use campanile_web::ServerAddresses;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future.into_future())
        .await
        .expect("it has not come to be")
}

/// Waits until something is so.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub(crate) struct Redis {
    pub(crate) port: u16,
    process: Child,
    /// Its working directory; nothing is kept there.
    directory: tempfile::TempDir,
}

impl Redis {
    /// Starts one on a free port. None where there is no redis-server, unless `CI` is set: then the test fails.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = program() else {
            assert!(
                std::env::var("CI").is_err(),
                "redis-server is missing, and CI needs it"
            );
            eprintln!("skipped: there is no redis-server");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        // Somebody else may take the port in between; then there is another.
        for _ in 0..20 {
            let port = free_port();
            let mut process = launch(&program, port, &directory);
            if is_there(port, &mut process).await {
                return Some(Self {
                    port,
                    process,
                    directory,
                });
            }
        }
        panic!("redis-server does not start");
    }

    /// As a crash ends it.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on its port.
    pub(crate) async fn restart(&mut self) {
        self.process = launch(&program().unwrap(), self.port, &self.directory);
        assert!(is_there(self.port, &mut self.process).await);
    }

    /// Publishes what no server would.
    pub(crate) async fn publish(&self, channel: &str, payload: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let head = format!(
            "*3\r\n$7\r\nPUBLISH\r\n${}\r\n{channel}\r\n${}\r\n",
            channel.len(),
            payload.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(payload).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
        let mut answer = [0; 16];
        assert!(soon(stream.read(&mut answer)).await.unwrap() > 0);
    }
}

/// A subscription to one channel.
pub(crate) struct Subscriber(TcpStream);

impl Subscriber {
    /// Waits until something is published.
    pub(crate) async fn hears(&mut self) {
        let mut piece = [0; 512];
        assert!(soon(self.0.read(&mut piece)).await.unwrap() > 0);
    }
}

impl Redis {
    pub(crate) async fn subscriber(&self, channel: &str) -> Subscriber {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let command = format!("SUBSCRIBE {channel}\r\n");
        stream.write_all(command.as_bytes()).await.unwrap();
        let mut subscriber = Subscriber(stream);
        // The confirmation.
        subscriber.hears().await;
        subscriber
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|it| it.join("redis-server"))
        .find(|it| it.is_file())
}

/// A port that nobody listens at. It lies below those that systems hand out by themselves, and each is given out once, so that
/// it stays free for a Redis that is away for a while.
pub(crate) fn free_port() -> u16 {
    const PORTS: RangeInclusive<u32> = 10_000..=31_999;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end() - PORTS.start();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start() + (std::process::id() % 100_000 * 97 + step) % count;
        let port = u16::try_from(port).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn launch(program: &PathBuf, port: u16, directory: &tempfile::TempDir) -> Child {
    Command::new(program)
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string()])
        .current_dir(directory.path())
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

async fn is_there(port: u16, process: &mut Child) -> bool {
    soon(async {
        loop {
            if process.try_wait().unwrap().is_some() {
                return false;
            }
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
                let mut answer = [0; 7];
                if stream.write_all(b"PING\r\n").await.is_ok()
                    && stream.read_exact(&mut answer).await.is_ok()
                    && &answer == b"+PONG\r\n"
                {
                    return true;
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

#[derive(Inject)]
pub(crate) struct FarmHub;

#[hub]
impl FarmHub {
    pub fn here(&self) {}

    pub async fn join(&self, caller: &HubCaller<Self>, id: String, group: String) -> HubResult<()> {
        caller.groups().add(&id, &group).await
    }

    pub async fn leave(
        &self,
        caller: &HubCaller<Self>,
        id: String,
        group: String,
    ) -> HubResult<()> {
        caller.groups().remove(&id, &group).await
    }
}

/// Users are who they say they are.
struct UserInQuery;

impl UserIdProvider for UserInQuery {
    fn user_identifier(&self, request: &RequestHead) -> Option<String> {
        request.query("user")
    }
}

pub(crate) struct Server {
    pub(crate) host: Host,
    url: String,
}

impl Server {
    pub(crate) async fn start(port: u16) -> Self {
        Self::start_with(port, |_| {}).await
    }

    pub(crate) async fn start_with(
        port: u16,
        configure: impl FnOnce(&mut RedisOptions) + Send + 'static,
    ) -> Self {
        let redis = format!("127.0.0.1:{port}");
        let host = HostBuilder::new()
            .without_signals()
            .with_args([
                "--urls",
                "http://127.0.0.1:0",
                "--ConnectionStrings:Redis",
                &redis,
                "--Logging:LogLevel:Default",
                "None",
            ])
            .add_redis_backplane_with(move |options| {
                options.reconnect_delay = Duration::from_millis(200);
                configure(options);
            })
            .configure_services(|services| {
                services.add_instance::<dyn UserIdProvider>(Arc::new(UserInQuery));
            })
            .add_hub::<FarmHub>("/hub")
            .build()
            .unwrap();
        host.start().await.unwrap();
        let addresses = host.services().required::<ServerAddresses>().unwrap();
        let url = addresses.first().unwrap();
        Self { host, url }
    }

    pub(crate) fn context(&self) -> HubContext<FarmHub> {
        let context = self.host.services().required::<HubContext<FarmHub>>();
        HubContext::clone(&context.unwrap())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn backplane(&self) -> RedisBackplane {
        let backplane = self.host.services().required::<RedisBackplane>();
        RedisBackplane::clone(&backplane.unwrap())
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_in(HubProtocol::Json).await
    }

    pub(crate) async fn client_in(&self, protocol: HubProtocol) -> Client {
        self.connect("/hub", protocol).await
    }

    pub(crate) async fn client_of(&self, user: &str) -> Client {
        self.connect(&format!("/hub?user={user}"), HubProtocol::Json)
            .await
    }

    async fn connect(&self, path: &str, protocol: HubProtocol) -> Client {
        let connection = HubConnectionBuilder::new(self.url(path))
            .protocol(protocol)
            .build()
            .unwrap();
        let (sender, told) = mpsc::unbounded_channel();
        connection.on("Number", move |number: i32| {
            let _ = sender.send(number);
            async {}
        });
        connection.on_with_result("Double", |number: i32| async move {
            Ok::<_, String>(number * 2)
        });
        soon(connection.start()).await.unwrap();
        // The handshake is answered before the farm knows the client; the first call is after that.
        soon(connection.invoke::<()>("Here", ())).await.unwrap();
        Client { connection, told }
    }

    pub(crate) async fn stop(self) {
        soon(self.host.stop()).await.unwrap();
    }
}

pub(crate) struct Client {
    pub(crate) connection: HubConnection,
    told: mpsc::UnboundedReceiver<i32>,
}

impl Client {
    pub(crate) fn id(&self) -> String {
        self.connection.connection_id().unwrap()
    }

    /// The next number that it is told.
    pub(crate) async fn told(&mut self) -> i32 {
        soon(self.told.recv()).await.unwrap()
    }

    pub(crate) async fn join(&self, id: &str, group: &str) {
        let joining = self.connection.invoke::<()>("Join", (id, group));
        soon(joining).await.unwrap();
    }

    pub(crate) async fn leave(&self, id: &str, group: &str) {
        let leaving = self.connection.invoke::<()>("Leave", (id, group));
        soon(leaving).await.unwrap();
    }
}
