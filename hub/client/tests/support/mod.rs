//! A server of our own with a hub for the tests, on a port that it can be started on again.

#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part of this"
)]

pub(crate) mod fake;
pub(crate) mod proxy;
pub(crate) mod script;

use std::time::Duration;

use campanile_host::hosting::{Host, HostBuilder};
use campanile_host::{CancellationToken, Inject};
use campanile_hub::{
    HubCaller, HubContext, HubError, HubHostBuilderExt, HubResult, HubStream, UploadStream, hub,
};
use campanile_hub_client::{HubConnection, HubConnectionBuilder, HubProtocol, Transport};
use campanile_web::{ServerAddresses, WebHostBuilderExt};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

/// How long a test waits for what has to come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Every transport with every protocol that it carries.
pub(crate) const WAYS: [(Transport, HubProtocol); 5] = [
    (Transport::WebSockets, HubProtocol::Json),
    (Transport::WebSockets, HubProtocol::MessagePack),
    (Transport::ServerSentEvents, HubProtocol::Json),
    (Transport::LongPolling, HubProtocol::Json),
    (Transport::LongPolling, HubProtocol::MessagePack),
];

#[derive(Inject)]
pub(crate) struct TestHub;

#[hub]
impl TestHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }

    pub fn nothing(&self) {}

    pub fn fail(&self, text: String) -> HubResult<()> {
        Err(HubError::message(text))
    }

    pub fn header(&self, caller: &HubCaller<Self>, name: String) -> Option<String> {
        caller.request().header(&name).map(str::to_owned)
    }

    pub async fn tell_me(
        &self,
        caller: &HubCaller<Self>,
        method: String,
        number: i32,
    ) -> HubResult<()> {
        caller.clients().caller().send(&method, (number,)).await
    }

    /// Asks the caller.
    pub async fn ask_me(
        &self,
        caller: &HubCaller<Self>,
        method: String,
        number: i32,
    ) -> HubResult<i32> {
        caller.clients().caller().invoke(&method, (number,)).await
    }

    pub fn echo(&self, text: String) -> String {
        text
    }

    /// Sends numbers to the caller, as many as it wants.
    pub async fn flood(&self, caller: &HubCaller<Self>, count: i32) -> HubResult<()> {
        let caller = caller.clients().caller();
        for number in 0..count {
            caller.send("Number", (number,)).await?;
        }
        Ok(())
    }

    pub fn texts(&self) -> impl Stream<Item = String> + Send + use<> {
        stream::iter(["one".to_owned()])
    }

    pub fn broken(&self) -> impl Stream<Item = HubResult<i32>> + Send + use<> {
        stream::iter([Ok(1), Err(HubError::message("it broke"))])
    }

    pub fn count(&self, to: i32) -> impl Stream<Item = i32> + Send + use<> {
        stream::iter(0..to)
    }

    pub fn for_ever(&self) -> HubStream<i32> {
        HubStream::new(stream::pending::<i32>())
    }

    pub async fn sum(&self, label: String, numbers: UploadStream<i32>) -> HubResult<String> {
        let mut numbers = numbers;
        let mut sum = 0;
        while let Some(number) = numbers.next().await {
            sum += number?;
        }
        Ok(format!("{label}: {sum}"))
    }

    /// Waits until its caller gives it up, and tells everybody.
    pub async fn wait(
        &self,
        caller: &HubCaller<Self>,
        cancelled: CancellationToken,
    ) -> HubResult<()> {
        cancelled.cancelled().await;
        caller.clients().all().send("GivenUp", ()).await
    }
}

pub(crate) struct Server {
    host: Host,
    pub(crate) url: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_at("http://127.0.0.1:0").await
    }

    /// Serves the hub at `/hub`, at `/stateful` with stateful reconnects, and at `/html` and `/refused` what is none.
    pub(crate) async fn start_at(url: &str) -> Self {
        Self::launch(url, |host| host).await
    }

    /// The same, and what is added to the host.
    pub(crate) async fn start_with(add: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        Self::launch("http://127.0.0.1:0", add).await
    }

    async fn launch(url: &str, add: impl FnOnce(HostBuilder) -> HostBuilder) -> Self {
        let host = HostBuilder::new()
            .with_args(["--urls", url, "--Logging:LogLevel:Default", "None"])
            .add_hub::<TestHub>("/hub")
            .add_hub_with::<TestHub>("/stateful", |options| {
                options.allow_stateful_reconnects = true;
            })
            .map_post("/html/negotiate", |_| async {
                "<html><body>Welcome</body></html>"
            })
            .map_post("/refused/negotiate", |_| async {
                (http::StatusCode::FORBIDDEN, "no")
            });
        let host = add(host).build().unwrap();
        host.start().await.unwrap();
        let addresses = host.services().required::<ServerAddresses>().unwrap();
        let url = addresses.first().unwrap();
        Self { host, url }
    }

    pub(crate) async fn stop(self) {
        self.host.stop().await.unwrap();
    }

    /// Reaches the clients of the hub.
    pub(crate) fn context(&self) -> HubContext<TestHub> {
        let context = self.host.services().required::<HubContext<TestHub>>();
        HubContext::clone(&context.unwrap())
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(crate) fn builder(&self) -> HubConnectionBuilder {
        self.builder_at("/hub")
    }

    pub(crate) fn builder_at(&self, path: &str) -> HubConnectionBuilder {
        HubConnectionBuilder::new(format!("{}{path}", self.url))
    }

    /// A connection that is started.
    pub(crate) async fn connect(&self) -> HubConnection {
        let connection = self.builder().build().unwrap();
        connection.start().await.unwrap();
        connection
    }
}

/// What a handler of the method is told.
pub(crate) fn told(connection: &HubConnection, method: &str) -> mpsc::UnboundedReceiver<i32> {
    let (sender, receiver) = mpsc::unbounded_channel();
    connection.on(method, move |number: i32| {
        let sender = sender.clone();
        async move { sender.send(number).map_err(|error| error.to_string()) }
    });
    receiver
}

pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future.into_future())
        .await
        .expect("it takes too long")
}
