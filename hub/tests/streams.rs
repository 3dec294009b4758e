//! Methods that stream to the client.

mod support;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use campanile_host::services::ServiceDescriptor;
use campanile_host::{BoxError, CancellationToken, Inject};
use campanile_hub::{HubCaller, HubError, HubOptions, HubResult, HubStream, hub};
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use support::{Client, Server};

/// How many streams are there right now, and how many items they have made.
#[derive(Debug, Default)]
struct Watch {
    open: AtomicUsize,
    made: AtomicUsize,
}

struct Open(Arc<Watch>);

impl Open {
    fn new(watch: Arc<Watch>) -> Self {
        watch.open.fetch_add(1, Ordering::SeqCst);
        Self(watch)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

type Numbers = HubStream<u32>;

#[derive(Inject)]
struct TestHub {
    offset: Arc<u32>,
}

#[hub]
impl TestHub {
    pub fn count(&self, to: u32) -> impl Stream<Item = u32> {
        // Borrows the hub, which lives as long as its stream.
        stream::iter(0..to).map(|number| number + *self.offset)
    }

    pub async fn count_later(&self, to: u32) -> HubResult<impl Stream<Item = u32> + use<>> {
        tokio::task::yield_now().await;
        if to > 9 {
            return Err(HubError::message("too far"));
        }
        Ok(stream::iter(0..to))
    }

    pub fn under_another_name(&self) -> Numbers {
        HubStream::new(stream::iter([7]))
    }

    pub fn any_type_that_is_a_stream(&self) -> Pin<Box<dyn Stream<Item = &'static str> + Send>> {
        stream::iter(["a", "b"]).boxed()
    }

    pub fn from_a_channel(&self) -> HubStream<u32> {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            for number in 0..3 {
                sender.send(number).await.unwrap();
            }
        });
        HubStream::from_receiver(receiver)
    }

    pub fn fail(&self) -> impl Stream<Item = Result<u32, BoxError>> {
        stream::iter([Ok(1), Err("the disk is full".into()), Ok(2)])
    }

    pub fn refuse(&self) -> impl Stream<Item = HubResult<u32>> {
        stream::iter([Ok(1), Err(HubError::message("no more"))])
    }

    pub fn panic(&self) -> impl Stream<Item = u32> {
        stream::iter([1, 0]).map(|number| 7 / number)
    }

    pub fn endless(&self, #[inject] watch: Arc<Watch>) -> impl Stream<Item = usize> {
        let open = Open::new(watch);
        stream::repeat(()).map(move |()| open.0.made.fetch_add(1, Ordering::SeqCst))
    }

    pub fn silent(
        &self,
        #[inject] watch: Arc<Watch>,
        given_up: CancellationToken,
    ) -> HubStream<u32> {
        let open = Open::new(watch);
        tokio::spawn(async move {
            given_up.cancelled().await;
            drop(open);
        });
        HubStream::new(stream::pending::<u32>())
    }

    pub fn add(&self, a: u32, b: u32) -> u32 {
        a + b
    }

    pub fn abort_while_streaming(&self, caller: &HubCaller<Self>) -> impl Stream<Item = u32> {
        let caller = caller.clone();
        stream::repeat(1).inspect(move |_| caller.abort())
    }
}

async fn serve() -> (Server, Arc<Watch>) {
    serve_with(HubOptions::default()).await
}

async fn serve_with(options: HubOptions) -> (Server, Arc<Watch>) {
    let watch = Arc::new(Watch::default());
    let services = watch.clone();
    let server = Server::start_with::<TestHub>(options, |collection| {
        collection.add(ServiceDescriptor::instance(Arc::new(100u32)));
        collection.add(ServiceDescriptor::instance(services));
    })
    .await;
    (server, watch)
}

async fn stream(client: &mut Client, id: &str, target: &str, arguments: Value) {
    client
        .send(json!({"type": 4, "invocationId": id, "target": target, "arguments": arguments}))
        .await;
}

/// The items of a stream, and the error that ended it.
async fn collect(client: &mut Client, target: &str, arguments: Value) -> (Vec<Value>, Value) {
    stream(client, "collect", target, arguments).await;
    let mut items = Vec::new();
    loop {
        let message = client.next().await.expect("a message");
        assert_eq!(message["invocationId"], "collect");
        if message["type"] == 3 {
            assert!(message.get("result").is_none(), "{message}");
            return (items, message["error"].clone());
        }
        items.push(message["item"].clone());
    }
}

async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it never came true");
}

#[tokio::test]
async fn every_kind_of_stream_is_one() {
    let (server, _) = serve().await;
    let mut client = server.connect().await;
    for (target, arguments, items) in [
        ("Count", json!([3]), json!([100, 101, 102])),
        ("Count", json!([0]), json!([])),
        ("CountLater", json!([2]), json!([0, 1])),
        ("UnderAnotherName", json!([]), json!([7])),
        ("AnyTypeThatIsAStream", json!([]), json!(["a", "b"])),
        ("FromAChannel", json!([]), json!([0, 1, 2])),
    ] {
        let (got, error) = collect(&mut client, target, arguments).await;
        assert_eq!((Value::from(got), error), (items, Value::Null), "{target}");
    }
}

#[tokio::test]
async fn failures_follow_what_was_sent() {
    let (server, _) = serve().await;
    let mut client = server.connect().await;
    let text = "An error occurred on the server while streaming results.";
    for (target, arguments, count, expected) in [
        ("Fail", json!([]), 1, text.to_owned()),
        ("Refuse", json!([]), 1, format!("{text} HubException: no more")),
        ("Panic", json!([]), 1, text.to_owned()),
        (
            "CountLater",
            json!([10]),
            0,
            "An unexpected error occurred invoking 'CountLater' on the server. HubException: too far"
                .to_owned(),
        ),
    ] {
        let (items, error) = collect(&mut client, target, arguments).await;
        assert_eq!((items.len(), error), (count, json!(expected)), "{target}");
    }
}

#[tokio::test]
async fn streams_are_streamed_and_values_are_invoked() {
    let (server, _) = serve().await;
    let mut client = server.connect().await;
    let (_, error) = collect(&mut client, "add", json!([1, 2])).await;
    assert_eq!(
        error,
        "The client attempted to invoke the non-streaming 'Add' method with a streaming invocation."
    );
    let completion = client.invoke("count", json!([1])).await;
    assert_eq!(
        completion["error"],
        "The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_the_stream() {
    let options = {
        let mut options = HubOptions::default();
        options.maximum_queued_bytes = 4096;
        options
    };
    let (server, watch) = serve_with(options).await;
    let mut client = server.connect().await;
    stream(&mut client, "e", "Endless", json!([])).await;
    // The sockets take what they take; then it stands still.
    let mut before = 0;
    until(|| watch.made.load(Ordering::SeqCst) > 100).await;
    loop {
        tokio::time::sleep(support::SILENCE).await;
        let now = watch.made.load(Ordering::SeqCst);
        if now == before {
            break;
        }
        before = now;
    }
    for expected in 0..1000 {
        assert_eq!(client.next().await.unwrap()["item"], expected);
    }
    client.send(json!({"type": 5, "invocationId": "e"})).await;
    loop {
        let message = client.next().await.unwrap();
        if message["type"] == 3 {
            assert_eq!(message, json!({"type": 3, "invocationId": "e"}));
            break;
        }
    }
    until(|| watch.open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn cancelling_reaches_the_method_and_ends_without_an_error() {
    let (server, watch) = serve().await;
    let mut client = server.connect().await;
    stream(&mut client, "s", "Silent", json!([])).await;
    until(|| watch.open.load(Ordering::SeqCst) == 1).await;
    client
        .send(json!({"type": 5, "invocationId": "unknown"}))
        .await;
    client.send(json!({"type": 5, "invocationId": "s"})).await;
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 3, "invocationId": "s"})
    );
    until(|| watch.open.load(Ordering::SeqCst) == 0).await;
    client.send(json!({"type": 5, "invocationId": "s"})).await;
    assert_eq!(client.invoke("Add", json!([1, 1])).await["result"], 2);
}

#[tokio::test]
async fn an_id_in_use_is_refused_and_its_stream_can_still_be_cancelled() {
    let (server, watch) = serve().await;
    let mut client = server.connect().await;
    stream(&mut client, "7", "Silent", json!([])).await;
    stream(&mut client, "7", "Count", json!([1])).await;
    assert_eq!(
        client.next().await.unwrap()["error"],
        "Invocation ID '7' is already in use."
    );
    client.send(json!({"type": 5, "invocationId": "7"})).await;
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 3, "invocationId": "7"})
    );
    until(|| watch.open.load(Ordering::SeqCst) == 0).await;
    let (items, _) = collect(&mut client, "Count", json!([1])).await;
    assert_eq!(items.len(), 1, "the id is free again");
}

#[tokio::test]
async fn streams_leave_the_slot_to_calls() {
    let (server, _) = serve().await;
    let mut client = server.connect().await;
    for id in ["a", "b", "c"] {
        stream(&mut client, id, "Silent", json!([])).await;
    }
    assert_eq!(client.invoke("Add", json!([1, 1])).await["result"], 2);
}

#[tokio::test]
async fn streams_end_with_their_connection() {
    let (server, watch) = serve().await;
    let mut client = server.connect().await;
    stream(&mut client, "s", "Silent", json!([])).await;
    stream(&mut client, "e", "Endless", json!([])).await;
    until(|| watch.open.load(Ordering::SeqCst) == 2).await;
    drop(client);
    until(|| watch.open.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_stream_of_an_aborted_connection_keeps_no_thread_busy() {
    // One thread: a stream that spins would leave none to end the connection.
    let (server, _) = serve().await;
    let mut client = server.connect().await;
    stream(&mut client, "a", "AbortWhileStreaming", json!([])).await;
    let rest = client.rest().await;
    assert_eq!(rest.last(), Some(&json!({"type": 7})));
}

#[derive(Inject)]
struct ResultsHub;

#[hub]
impl ResultsHub {
    /// An error that is serialisable itself.
    pub fn texts(&self) -> impl Stream<Item = Result<u32, String>> + use<> {
        stream::iter(texts())
    }

    pub fn boxed_texts(&self) -> HubStream<u32> {
        HubStream::new(stream::iter(texts()))
    }

    pub async fn received_texts(&self) -> HubResult<HubStream<u32>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(2);
        for text in texts() {
            sender.send(text).await.map_err(HubError::from_error)?;
        }
        Ok(HubStream::from_receiver(receiver))
    }
}

fn texts() -> [Result<u32, String>; 2] {
    [Ok(1), Err("the disk is full".to_owned())]
}

#[tokio::test]
async fn items_that_are_results_end_the_stream_whatever_their_error_is() {
    let server = Server::start::<ResultsHub>(HubOptions::default()).await;
    let mut client = server.connect().await;
    for target in ["Texts", "BoxedTexts", "ReceivedTexts"] {
        let (items, error) = collect(&mut client, target, json!([])).await;
        assert_eq!(items, [1], "{target}");
        assert_eq!(
            error, "An error occurred on the server while streaming results.",
            "{target}"
        );
    }
}
