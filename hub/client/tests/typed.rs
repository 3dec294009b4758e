//! Contracts that server and client share: both directions, in both protocols.

mod support;

use std::sync::Arc;

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubError, HubResult, HubStream, UploadStream, hub};
use campanile_hub_client::{ClientError, HubConnection, HubProtocol};
use campanile_hub_contract::{hub_client, hub_server};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::support::{Server, soon};

/// What the server may call on a client: a crate of its own in an application.
#[hub_client]
pub(crate) trait Bell {
    async fn ring(&self, hour: u32, place: String);

    async fn may_ring(&self, hour: u32) -> Result<bool, String>;

    #[hub_method(name = "whereAreYou")]
    async fn place(&self) -> String;
}

/// What clients may call on the server.
#[hub_server]
pub(crate) trait Tower {
    /// Calls everything that a bell has.
    async fn ask_me(&self, hour: u32) -> Asked;

    fn strokes(&self, hour: u32) -> impl Stream<Item = u32>;

    #[hub_method(name = "playTwo")]
    async fn chime(
        &self,
        first: impl Stream<Item = u32>,
        label: String,
        second: impl Stream<Item = String>,
    ) -> String;

    async fn refuse(&self, text: String);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    allowed: Result<bool, String>,
    place: String,
}

#[derive(Inject)]
pub(crate) struct TowerHub;

#[hub(client = Bell, server = Tower)]
impl TowerHub {
    pub async fn ask_me(&self, caller: &HubCaller<Self>, hour: u32) -> HubResult<Asked> {
        let bell = caller.clients().caller();
        let allowed = bell.may_ring(hour).await;
        let place = bell.place().await?;
        bell.ring(hour, place.clone()).await?;
        Ok(Asked {
            allowed: allowed.map_err(|error| error.to_string()),
            place,
        })
    }

    pub fn strokes(&self, hour: u32) -> HubResult<HubStream<u32>> {
        if hour == 0 {
            return Err(HubError::message("there is no such hour"));
        }
        Ok(HubStream::new(stream::iter(1..=hour)))
    }

    #[hub_method(name = "playTwo")]
    pub async fn chime(
        &self,
        label: String,
        mut first: UploadStream<u32>,
        second: UploadStream<String>,
    ) -> HubResult<String> {
        let mut sum = 0;
        while let Some(note) = first.next().await {
            sum += note?;
        }
        let words: Vec<_> = second.try_collect().await?;
        Ok(format!("{label}: {sum} {}", words.join(" ")))
    }

    pub async fn refuse(&self, text: String) -> HubResult<()> {
        Err(HubError::message(text))
    }
}

/// A hub without a contract, whose own type is what its clients call.
#[derive(Inject)]
pub(crate) struct PlainHub;

#[hub]
impl PlainHub {
    pub fn twice(&self, number: i32) -> i32 {
        number.wrapping_mul(2)
    }

    pub fn up_to(&self, end: u32) -> impl Stream<Item = HubResult<u32>> + Send + use<> {
        stream::iter(0..end).map(Ok)
    }

    /// Neither its argument nor its result can be handled by a client in Rust, which is nobody's concern until one calls it.
    pub fn one_way(&self, _read: OnlyRead) -> OnlyWritten {
        OnlyWritten
    }
}

#[derive(Deserialize)]
pub(crate) struct OnlyRead;

#[derive(Serialize)]
pub(crate) struct OnlyWritten;

struct MyBell {
    place: String,
    rung: UnboundedSender<(u32, String)>,
}

impl Bell for MyBell {
    async fn ring(&self, hour: u32, place: String) {
        let _ = self.rung.send((hour, place));
    }

    async fn may_ring(&self, hour: u32) -> Result<bool, String> {
        match hour {
            13.. => Err("a day has two times twelve hours".to_owned()),
            hour => Ok(hour > 6),
        }
    }

    async fn place(&self) -> String {
        self.place.clone()
    }
}

fn my_bell(place: &str) -> (MyBell, UnboundedReceiver<(u32, String)>) {
    let (rung, told) = unbounded_channel();
    let place = place.to_owned();
    (MyBell { place, rung }, told)
}

async fn towers(server: &Server) -> Vec<HubConnection> {
    let mut all = Vec::new();
    for protocol in HubProtocol::BUILT_IN {
        let connection = server.builder_at("/tower").protocol(protocol).build();
        all.push(connection.unwrap());
        soon(all[all.len() - 1].start()).await.unwrap();
    }
    all
}

async fn server() -> Server {
    Server::start_with(|host| {
        use campanile_hub::HubHostBuilderExt;
        host.add_hub::<TowerHub>("/tower")
            .add_hub::<PlainHub>("/plain")
    })
    .await
}

#[tokio::test]
async fn a_registered_contract_is_called_and_answers() {
    let server = server().await;
    for connection in towers(&server).await {
        let (bell, mut rung) = my_bell("Tower Street");
        let registered = connection.register::<dyn Bell>(bell);
        let tower = connection.hub::<dyn Tower>();

        let asked = soon(tower.ask_me(9)).await.unwrap();
        assert_eq!(asked.allowed, Ok(true));
        assert_eq!(asked.place, "Tower Street");
        assert_eq!(soon(rung.recv()).await.unwrap(), (9, asked.place));

        let asked = soon(tower.ask_me(13)).await.unwrap();
        let refused = asked.allowed.unwrap_err();
        assert!(refused.contains("two times twelve hours"), "{refused}");

        registered.remove();
        soon(rung.recv()).await.unwrap();
        assert_eq!(rung.recv().await, None, "nothing holds the bell any more");
        let error = soon(tower.ask_me(9)).await.unwrap_err();
        assert!(matches!(error, ClientError::Hub(_)), "{error}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_guard_removes_what_was_registered() {
    let server = server().await;
    let connection = towers(&server).await.remove(0);
    let (bell, mut rung) = my_bell("here");
    let bell = Arc::new(bell);
    {
        let _guard = connection
            .register::<dyn Bell>(Shared(bell.clone()))
            .until_dropped();
        soon(connection.hub::<dyn Tower>().ask_me(9)).await.unwrap();
        assert_eq!(soon(rung.recv()).await.unwrap().0, 9);
    }
    assert_eq!(Arc::strong_count(&bell), 1);
    server.stop().await;
}

/// Whoever wants to keep a handle registers one that calls it.
struct Shared(Arc<MyBell>);

impl Bell for Shared {
    async fn ring(&self, hour: u32, place: String) {
        self.0.ring(hour, place).await;
    }

    async fn may_ring(&self, hour: u32) -> Result<bool, String> {
        self.0.may_ring(hour).await
    }

    async fn place(&self) -> String {
        self.0.place().await
    }
}

#[tokio::test]
async fn calls_of_a_contract_carry_values_streams_and_uploads() {
    let server = server().await;
    for connection in towers(&server).await {
        let tower = connection.hub::<dyn Tower>();
        let strokes = soon(tower.strokes(4)).await.unwrap();
        let strokes: Vec<u32> = soon(strokes.try_collect()).await.unwrap();
        assert_eq!(strokes, [1, 2, 3, 4]);

        let mut none = soon(tower.strokes(0)).await.unwrap();
        let error = soon(none.next()).await.unwrap().unwrap_err();
        assert!(error.to_string().contains("no such hour"), "{error}");

        let words = ["a".to_owned(), "b".to_owned()];
        let chime = tower.chime(stream::iter(1..=3), "both".into(), stream::iter(words));
        assert_eq!(soon(chime).await.unwrap(), "both: 6 a b");

        let error = soon(tower.refuse("not now".into())).await.unwrap_err();
        assert!(error.to_string().contains("not now"), "{error}");
        soon(tower.refuse("not now".into()).send())
            .await
            .expect("nobody waits for what becomes of it");
        let strokes = soon(connection.hub::<TowerHub>().strokes(1)).await.unwrap();
        assert_eq!(soon(strokes.try_collect::<Vec<_>>()).await.unwrap(), [1]);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_hub_without_a_contract_is_called_by_its_own_type() {
    let server = server().await;
    let connection = server.builder_at("/plain").build().unwrap();
    soon(connection.start()).await.unwrap();
    let hub = connection.hub::<PlainHub>();
    assert_eq!(soon(hub.twice(21)).await.unwrap(), 42);
    let all = soon(hub.up_to(3)).await.unwrap();
    assert_eq!(soon(all.try_collect::<Vec<_>>()).await.unwrap(), [0, 1, 2]);
    server.stop().await;
}
