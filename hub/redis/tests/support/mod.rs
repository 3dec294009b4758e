//! A Redis of the test's own, and servers that share it.

#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part of this"
)]

pub(crate) mod talk;
pub(crate) mod wire;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use campanile_host::Inject;
use campanile_host::hosting::{Host, HostBuilder};
use campanile_hub::{
    Hub, HubCaller, HubContext, HubHostBuilderExt, HubOptions, HubResult, HubServiceCollectionExt,
    RequestHead, UserIdProvider, hub,
};
use campanile_hub_client::{HubConnection, HubConnectionBuilder, HubProtocol};
use campanile_hub_redis::{RedisBackplane, RedisHostBuilderExt, RedisOptions};
use campanile_web::{Request, ServerAddresses, WebHostBuilderExt, WebService};
use end_to_end::{free_port, soon};
use tokio::sync::mpsc;

/// The limit for what must not be waited for, but has to be limited.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where there is no Redis.
pub(crate) fn nowhere() -> String {
    format!("127.0.0.1:{}", free_port())
}

#[derive(Inject)]
pub(crate) struct FarmHub;

#[hub]
impl FarmHub {
    pub fn here(&self, #[inject] addresses: Arc<ServerAddresses>) -> String {
        addresses.first().unwrap()
    }

    pub async fn tell_all(&self, caller: &HubCaller<Self>, number: i32) -> HubResult<()> {
        let all = caller.clients().untyped().all();
        all.send("Number", (number,)).await
    }

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

/// Another hub on the same Redis.
#[derive(Inject)]
pub(crate) struct OtherHub;

#[hub]
impl OtherHub {
    pub fn here(&self) -> String {
        String::new()
    }
}

/// A client is the user that it says in its address.
struct ByName;

impl UserIdProvider for ByName {
    fn user_identifier(&self, request: &RequestHead) -> Option<String> {
        request.query("user")
    }
}

/// A host that serves nobody, and reaches all clients of the farm.
pub(crate) async fn worker(redis: &str) -> Host {
    let worker = HostBuilder::new()
        .without_signals()
        .with_args([
            "--ConnectionStrings:Redis",
            redis,
            "--Logging:LogLevel:Default",
            "None",
        ])
        .configure_services(|services| {
            services.add_hub_context::<FarmHub>();
        })
        .add_redis_backplane()
        .build()
        .unwrap();
    soon(worker.start()).await.unwrap();
    worker
}

pub(crate) struct Server {
    pub(crate) host: Host,
    url: String,
}

impl Server {
    pub(crate) async fn start(redis: &str) -> Self {
        Self::start_with(redis, |_| {}, |_| {}).await
    }

    pub(crate) async fn start_with(
        redis: &str,
        configure: impl FnOnce(&mut RedisOptions) + Send + 'static,
        configure_hub: impl FnOnce(&mut HubOptions) + Send + 'static,
    ) -> Self {
        Self::start_as(redis, configure, configure_hub, |host| host).await
    }

    /// The same, and what is added to the host.
    pub(crate) async fn start_as(
        redis: &str,
        configure: impl FnOnce(&mut RedisOptions) + Send + 'static,
        configure_hub: impl FnOnce(&mut HubOptions) + Send + 'static,
        add: impl FnOnce(HostBuilder) -> HostBuilder,
    ) -> Self {
        let host = HostBuilder::new()
            .without_signals()
            .with_args([
                "--urls",
                "http://127.0.0.1:0",
                "--ConnectionStrings:Redis",
                redis,
                "--Logging:LogLevel:Default",
                "None",
            ])
            .add_redis_backplane_with(move |options| {
                options.reconnect_delay = Duration::from_millis(200);
                configure(options);
            })
            .configure_services(|services| {
                services.add_instance::<dyn UserIdProvider>(Arc::new(ByName));
            })
            .add_hub_with::<FarmHub>("/hub", configure_hub)
            .add_hub::<OtherHub>("/other")
            .map_health_checks("/healthz")
            .map_with("/where", |services| {
                let addresses = services.required::<ServerAddresses>()?;
                Ok(WebService::from_handler(move |_: Request| {
                    let here = addresses.first();
                    async { here.unwrap_or_default() }
                }))
            });
        let host = add(host).build().unwrap();
        soon(host.start()).await.unwrap();
        let addresses = host.services().required::<ServerAddresses>().unwrap();
        let url = addresses.first().unwrap();
        Self { host, url }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.url.trim_start_matches("http://").parse().unwrap()
    }

    pub(crate) fn context(&self) -> HubContext<FarmHub> {
        self.context_of()
    }

    pub(crate) fn context_of<H: Hub>(&self) -> HubContext<H> {
        let context = self.host.services().required::<HubContext<H>>();
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
        Client::connect(&self.url("/hub"), |it| it.protocol(protocol)).await
    }

    pub(crate) async fn client_of(&self, user: &str) -> Client {
        Client::connect(&self.url(&format!("/hub?user={user}")), |it| it).await
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
    pub(crate) async fn connect(
        url: &str,
        configure: impl FnOnce(HubConnectionBuilder) -> HubConnectionBuilder,
    ) -> Self {
        let connection = configure(HubConnectionBuilder::new(url)).build().unwrap();
        let (sender, told) = mpsc::unbounded_channel();
        let asked = sender.clone();
        connection.on("Number", {
            let sender = sender.clone();
            move |number: i32| {
                let _ = sender.send(number);
                async {}
            }
        });
        // A text is told as its length.
        connection.on("Text", {
            move |text: String| {
                let _ = sender.send(i32::try_from(text.len()).unwrap());
                async {}
            }
        });
        connection.on_with_result("Double", |number: i32| async move {
            Ok::<_, String>(number * 2)
        });
        connection.on_with_result("Fail", |_: i32| async move {
            Err::<i32, _>("no idea".to_owned())
        });
        connection.on_with_result("Spell", |number: i32| async move {
            Ok::<_, String>(number.to_string())
        });
        connection.on_with_result("Ponder", move |number: i32| {
            let _ = asked.send(number);
            std::future::pending::<Result<i32, String>>()
        });
        soon(connection.start()).await.unwrap();
        let client = Self { connection, told };
        client.here().await;
        client
    }

    /// The address of its server. The handshake is answered before the farm knows the client; a call is after that.
    pub(crate) async fn here(&self) -> String {
        soon(self.connection.invoke("Here", ())).await.unwrap()
    }

    /// Sends a number to all, and waits until Redis has it.
    pub(crate) async fn tell_all(&self, number: i32) {
        let telling = self.connection.invoke::<()>("TellAll", (number,));
        soon(telling).await.unwrap();
    }

    pub(crate) fn id(&self) -> String {
        self.connection.connection_id().unwrap()
    }

    /// The next number that it is told.
    pub(crate) async fn told(&mut self) -> i32 {
        soon(self.told.recv()).await.unwrap()
    }

    /// All that it has been told by now, and not been asked for.
    pub(crate) fn told_by_now(&mut self) -> Vec<i32> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
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
