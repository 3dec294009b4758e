//! Every feature over every transport and in every protocol, against our own server: straight, and over a slow line.

mod support;

use std::time::Duration;

use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionState, RetryDelays, UploadExt,
};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt, stream};

use crate::support::proxy::Proxy;
use crate::support::{Server, WAYS, soon, told};

type Feature = fn(HubConnection) -> BoxFuture<'static, ()>;

/// What a connection can do, each for itself.
const FEATURES: [(&str, Feature); 12] = [
    ("an id", |it| {
        async move { assert!(it.connection_id().is_some()) }.boxed()
    }),
    ("results", |it| results(it).boxed()),
    ("errors", |it| errors(it).boxed()),
    ("the order of sends", |it| order(it).boxed()),
    ("streams", |it| streams(it).boxed()),
    ("streams that are dropped", |it| dropped_streams(it).boxed()),
    ("streams that fail", |it| failing_streams(it).boxed()),
    ("uploads", |it| uploads(it).boxed()),
    ("uploads that fail", |it| failing_uploads(it).boxed()),
    ("results for the server", |it| answers(it).boxed()),
    ("long and foreign texts", |it| texts(it).boxed()),
    ("many calls at once", |it| many(it).boxed()),
];

async fn results(connection: HubConnection) {
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);
    soon(connection.invoke::<()>("Nothing", ())).await.unwrap();
    soon(connection.invoke::<()>("Add", (1, 2))).await.unwrap();
}

async fn errors(connection: HubConnection) {
    let error = soon(connection.invoke::<i32>("Fail", ("not today",))).await;
    let error = error.unwrap_err();
    assert!(matches!(error, ClientError::Hub(_)), "{error}");
    assert!(error.to_string().contains("not today"), "{error}");
    let error = soon(connection.invoke::<String>("Add", (1, 2))).await;
    assert!(matches!(error, Err(ClientError::Result(_))), "{error:?}");
}

async fn order(connection: HubConnection) {
    let mut numbers = told(&connection, "Ordered");
    for number in 0..20 {
        let sent = connection.send("TellMe", ("Ordered", number));
        soon(sent).await.unwrap();
    }
    for number in 0..20 {
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
    connection.off("Ordered");
}

async fn streams(connection: HubConnection) {
    let items = soon(connection.stream::<i32>("Count", (100,)))
        .await
        .unwrap();
    let items: Vec<i32> = soon(items.try_collect()).await.unwrap();
    assert_eq!(items, (0..100).collect::<Vec<_>>());
}

async fn dropped_streams(connection: HubConnection) {
    drop(soon(connection.stream::<i32>("ForEver", ())).await.unwrap());
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3, "the connection goes on");
}

async fn failing_streams(connection: HubConnection) {
    let mut items = soon(connection.stream::<i32>("Broken", ())).await.unwrap();
    assert_eq!(soon(items.next()).await.unwrap().unwrap(), 1);
    let error = soon(items.next()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("it broke"), "{error}");
    assert!(soon(items.next()).await.is_none());

    let mut items = soon(connection.stream::<i32>("Texts", ())).await.unwrap();
    let error = soon(items.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Result(_)), "{error}");
    assert!(soon(items.next()).await.is_none());
}

async fn uploads(connection: HubConnection) {
    let upload = ("sum",).upload(stream::iter(1..=40));
    let sum: String = soon(connection.invoke("Sum", upload)).await.unwrap();
    assert_eq!(sum, "sum: 820");
}

async fn failing_uploads(connection: HubConnection) {
    let upload = ("sum",).try_upload(stream::iter([Ok(1), Err("no more")]));
    let error = soon(connection.invoke::<String>("Sum", upload)).await;
    assert!(matches!(error, Err(ClientError::Hub(_))), "{error:?}");
}

async fn answers(connection: HubConnection) {
    let double = connection.on_with_result("Double", |number: i32| async move {
        number.checked_mul(2).ok_or("too large")
    });
    let result: i32 = soon(connection.invoke("AskMe", ("Double", 21)))
        .await
        .unwrap();
    assert_eq!(result, 42);
    let error = soon(connection.invoke::<i32>("AskMe", ("Double", i32::MAX))).await;
    let error = error.unwrap_err();
    assert!(error.to_string().contains("too large"), "{error}");
    double.remove();
    let error = soon(connection.invoke::<i32>("AskMe", ("Double", 1))).await;
    assert!(matches!(error, Err(ClientError::Hub(_))), "{error:?}");
}

async fn texts(connection: HubConnection) {
    for text in ["", "schließen \u{1f514} \u{1e} \n\"\\", &"x".repeat(30_000)] {
        let echo: String = soon(connection.invoke("Echo", (text,))).await.unwrap();
        assert_eq!(echo, text);
    }
}

async fn many(connection: HubConnection) {
    let calls = (0..50).map(|number| {
        let connection = connection.clone();
        async move { connection.invoke::<i32>("Add", (number, 1)).await.unwrap() }
    });
    let sums = soon(futures_util::future::join_all(calls)).await;
    assert_eq!(sums, (1..=50).collect::<Vec<_>>());
}

async fn all_of_it(url: &str) {
    for (transport, protocol) in WAYS {
        let connection = HubConnectionBuilder::new(format!("{url}/hub"))
            .transports([transport])
            .protocol(protocol)
            .build()
            .unwrap();
        soon(connection.start()).await.unwrap();
        for (name, feature) in FEATURES {
            let run = tokio::spawn(feature(connection.clone()));
            let way = format!("{name}, {} in {}", transport.name(), protocol.name());
            run.await.unwrap_or_else(|error| panic!("{way}: {error}"));
        }
        soon(connection.stop()).await;
        assert_eq!(connection.state(), HubConnectionState::Disconnected);
    }
}

#[tokio::test]
async fn every_way_has_every_feature() {
    let server = Server::start().await;
    all_of_it(&server.url).await;
    server.stop().await;
}

#[tokio::test]
async fn a_slow_line_changes_nothing() {
    let server = Server::start().await;
    let proxy = Proxy::with_delay(Duration::from_millis(3));
    let url = proxy.start(server.address().to_owned()).await;
    all_of_it(&url).await;
    server.stop().await;
}

#[tokio::test]
async fn every_way_comes_back_after_a_cut() {
    let server = Server::start().await;
    for (transport, protocol) in WAYS {
        let proxy = Proxy::default();
        let url = proxy.start(server.address().to_owned()).await;
        let connection = HubConnectionBuilder::new(format!("{url}/hub"))
            .transports([transport])
            .protocol(protocol)
            .automatic_reconnect_with(RetryDelays::new([Duration::from_millis(10)]).for_ever())
            .build()
            .unwrap();
        let mut numbers = told(&connection, "Number");
        let mut states = connection.state_changes();
        soon(connection.start()).await.unwrap();
        let id = connection.connection_id();
        let pending = soon(connection.stream::<i32>("ForEver", ())).await.unwrap();

        soon(proxy.cut()).await;
        let way = format!("{} in {}", transport.name(), protocol.name());
        let error = soon(pending.try_collect::<Vec<_>>()).await.unwrap_err();
        assert!(
            matches!(error, ClientError::ConnectionLost(_)),
            "{way}: {error}"
        );
        assert!(soon(states.wait_for(HubConnectionState::Connected)).await);
        soon(async {
            while connection.connection_id().is_none_or(|it| Some(it) == id) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        soon(connection.send("TellMe", ("Number", 5)))
            .await
            .unwrap();
        assert_eq!(soon(numbers.recv()).await, Some(5), "{way}: handlers stay");
        soon(connection.stop()).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_line_that_stalls_only_delays() {
    let server = Server::start().await;
    for (transport, protocol) in WAYS {
        let proxy = Proxy::default();
        let url = proxy.start(server.address().to_owned()).await;
        let connection = HubConnectionBuilder::new(format!("{url}/hub"))
            .transports([transport])
            .protocol(protocol)
            .build()
            .unwrap();
        soon(connection.start()).await.unwrap();
        proxy.stall(true);
        let call = connection.invoke::<i32>("Add", (1, 2));
        let mut call = std::pin::pin!(call);
        for _ in 0..100 {
            assert!(futures_util::poll!(&mut call).is_pending());
            tokio::task::yield_now().await;
        }
        proxy.stall(false);
        assert_eq!(soon(call).await.unwrap(), 3, "{}", transport.name());
        soon(connection.stop()).await;
    }
    server.stop().await;
}
