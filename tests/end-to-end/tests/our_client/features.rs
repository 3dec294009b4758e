//! What a client can do with the conformance hub, each for itself.

use std::fmt::Debug;
use std::time::Duration;

use campanile_hub_client::{ClientError, HubConnection, UploadExt};
use futures_util::future::{BoxFuture, join_all};
use futures_util::{FutureExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

/// How long is waited for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type Feature = fn(HubConnection) -> BoxFuture<'static, ()>;

pub(crate) const FEATURES: [(&str, Feature); 15] = [
    ("ids", |it| ids(it).boxed()),
    ("transports", |it| transports(it).boxed()),
    ("headers", |it| headers(it).boxed()),
    ("results", |it| results(it).boxed()),
    ("errors", |it| errors(it).boxed()),
    ("order", |it| order(it).boxed()),
    ("groups", |it| groups(it).boxed()),
    ("streams", |it| streams(it).boxed()),
    ("failing streams", |it| failing_streams(it).boxed()),
    ("dropped streams", |it| dropped_streams(it).boxed()),
    ("uploads", |it| uploads(it).boxed()),
    ("failing uploads", |it| failing_uploads(it).boxed()),
    ("client results", |it| client_results(it).boxed()),
    ("texts", |it| texts(it).boxed()),
    ("many calls", |it| many_calls(it).boxed()),
];

pub(crate) async fn soon<F: IntoFuture>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future.into_future())
        .await
        .expect("it takes too long")
}

/// What a handler of the method is told.
pub(crate) fn told<T>(connection: &HubConnection, method: &str) -> mpsc::UnboundedReceiver<T>
where
    T: DeserializeOwned + Debug + Send + 'static,
{
    let (sender, receiver) = mpsc::unbounded_channel();
    connection.on(method, move |value: T| {
        let sender = sender.clone();
        async move { sender.send(value).map_err(|error| error.to_string()) }
    });
    receiver
}

async fn ids(connection: HubConnection) {
    let id: String = soon(connection.invoke("CallerId", ())).await.unwrap();
    assert_eq!(connection.connection_id(), Some(id));
}

async fn transports(connection: HubConnection) {
    let name: String = soon(connection.invoke("TransportName", ())).await.unwrap();
    let wanted: Option<String> = soon(connection.invoke("Header", ("x-transport",)))
        .await
        .unwrap();
    assert_eq!(Some(name), wanted);
}

async fn headers(connection: HubConnection) {
    let header: Option<String> = soon(connection.invoke("Header", ("x-name",)))
        .await
        .unwrap();
    assert_eq!(header.as_deref(), Some("value"));
}

async fn results(connection: HubConnection) {
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);
    soon(connection.invoke::<()>("Nothing", ())).await.unwrap();
    soon(connection.invoke::<()>("Add", (1, 2))).await.unwrap();
    let nothing: Option<String> = soon(connection.invoke("EchoString", (None::<String>,)))
        .await
        .unwrap();
    assert_eq!(nothing, None);
}

async fn errors(connection: HubConnection) {
    for (method, text) in [("FailHub", "not today"), ("NoSuchMethod", "NoSuchMethod")] {
        let failed = soon(connection.invoke::<()>(method, ("not today",))).await;
        let error = failed.unwrap_err();
        assert!(matches!(error, ClientError::Hub(_)), "{error}");
        assert!(
            method != "FailHub" || error.to_string().contains(text),
            "{error}"
        );
    }
    let error = soon(connection.invoke::<String>("Add", (1, 2))).await;
    assert!(matches!(error, Err(ClientError::Result(_))), "{error:?}");
}

async fn order(connection: HubConnection) {
    let mut numbers = told::<i32>(&connection, "Ordered");
    for number in 0..50 {
        soon(connection.send("SendToCaller", ("Ordered", number)))
            .await
            .unwrap();
    }
    for number in 0..50 {
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
    connection.off("Ordered");
}

async fn groups(connection: HubConnection) {
    let mut texts = told::<String>(&connection, "InTheGroup");
    soon(connection.invoke::<()>("Join", ("group",)))
        .await
        .unwrap();
    for (group, text) in [("other", "not for us"), ("group", "for us")] {
        soon(connection.invoke::<()>("SendToGroup", (group, "InTheGroup", text)))
            .await
            .unwrap();
    }
    assert_eq!(soon(texts.recv()).await.as_deref(), Some("for us"));
    connection.off("InTheGroup");
}

async fn streams(connection: HubConnection) {
    let items = soon(connection.stream::<i32>("Counter", (200, 0)))
        .await
        .unwrap();
    let items: Vec<i32> = soon(items.try_collect()).await.unwrap();
    assert_eq!(items, (0..200).collect::<Vec<_>>());
}

async fn failing_streams(connection: HubConnection) {
    let mut items = soon(connection.stream::<i32>("FailingHubStream", (2, "it broke")))
        .await
        .unwrap();
    for number in 0..2 {
        assert_eq!(soon(items.next()).await.unwrap().unwrap(), number);
    }
    let error = soon(items.next()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("it broke"), "{error}");
    assert!(soon(items.next()).await.is_none());

    // An item of another type ends the stream, and nothing else.
    let mut items = soon(connection.stream::<String>("Counter", (3, 0)))
        .await
        .unwrap();
    let error = soon(items.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Result(_)), "{error}");
    assert!(soon(items.next()).await.is_none());
}

async fn dropped_streams(connection: HubConnection) {
    let (sender, mut cancelled) = mpsc::unbounded_channel();
    connection.on("StreamCanceled", move || {
        let sender = sender.clone();
        async move { sender.send(()).map_err(|error| error.to_string()) }
    });
    let stream = soon(connection.stream::<String>("InfiniteStream", ())).await;
    // The method is there when a call behind it is answered.
    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    drop(stream);
    assert_eq!(soon(cancelled.recv()).await, Some(()));
    connection.off("StreamCanceled");
}

async fn uploads(connection: HubConnection) {
    let parts = stream::iter((0..30).map(|number| number.to_string()));
    let text: String = soon(connection.invoke("ConcatWithPrefix", ("all: ",).upload(parts)))
        .await
        .unwrap();
    let expected: String = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(text, format!("all: {expected}"));

    let numbers = ().upload(stream::iter(0..30));
    let doubled = soon(connection.stream::<i32>("Doubled", numbers))
        .await
        .unwrap();
    let doubled: Vec<i32> = soon(doubled.try_collect()).await.unwrap();
    assert_eq!(doubled, (0..30).map(|it| 2 * it).collect::<Vec<_>>());
}

async fn failing_uploads(connection: HubConnection) {
    let numbers = ().try_upload(stream::iter([Ok(1), Err("no more")]));
    let caught: String = soon(connection.invoke("CatchUploadError", numbers))
        .await
        .unwrap();
    assert!(caught.contains("no more"), "{caught}");
}

async fn client_results(connection: HubConnection) {
    let double = connection.on_with_result("Double", |number: i32| async move {
        number.checked_mul(2).ok_or("too large")
    });
    let answer: i32 = soon(connection.invoke("AskCaller", (21,))).await.unwrap();
    assert_eq!(answer, 42);
    let refused = soon(connection.invoke::<i32>("AskCaller", (i32::MAX,))).await;
    assert!(matches!(refused, Err(ClientError::Hub(_))), "{refused:?}");
    double.remove();
    let refused = soon(connection.invoke::<i32>("AskCaller", (1,))).await;
    assert!(matches!(refused, Err(ClientError::Hub(_))), "{refused:?}");
}

async fn texts(connection: HubConnection) {
    for text in ["", "schließen \u{1f514} \u{1e} \n\"\\", &"x".repeat(20_000)] {
        let echo: String = soon(connection.invoke("EchoString", (text,)))
            .await
            .unwrap();
        assert_eq!(echo, text);
    }
}

async fn many_calls(connection: HubConnection) {
    let calls = (0..100).map(|number| {
        let connection = connection.clone();
        async move { connection.invoke::<i32>("Add", (number, 1)).await.unwrap() }
    });
    let sums = soon(join_all(calls)).await;
    assert_eq!(sums, (1..=100).collect::<Vec<_>>());
}
