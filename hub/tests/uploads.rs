//! Streams that clients upload.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use campanile_host::services::ServiceDescriptor;
use campanile_host::{CancellationToken, Inject};
use campanile_hub::{HubCaller, HubError, HubOptions, HubResult, UploadStream, hub};
use futures_util::{Stream, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use support::{Client, Server};
use tokio::sync::{Notify, mpsc};

#[derive(Debug)]
struct Bench {
    taken: AtomicUsize,
    go_on: Notify,
    ended: mpsc::UnboundedSender<String>,
}

#[derive(Inject)]
struct TestHub {
    bench: Arc<Bench>,
}

fn told(result: Result<(), HubError>) -> String {
    match result {
        Ok(()) => "end".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[hub]
impl TestHub {
    pub async fn join(&self, texts: UploadStream<String>) -> HubResult<String> {
        texts.try_collect().await
    }

    pub async fn weave(
        &self,
        left: UploadStream<u32>,
        between: String,
        caller: &HubCaller<Self>,
        right: UploadStream<u32>,
    ) -> HubResult<Vec<String>> {
        assert!(!caller.connection_id().is_empty());
        left.zip(right)
            .map(|(left, right)| Ok(format!("{}{between}{}", left?, right?)))
            .try_collect()
            .await
    }

    pub fn double(&self, numbers: UploadStream<u32>) -> impl Stream<Item = HubResult<u32>> {
        numbers.map_ok(|number| 2 * number)
    }

    pub async fn how_it_ends(&self, mut numbers: UploadStream<u32>) -> String {
        let mut count = 0;
        loop {
            match numbers.next().await {
                Some(Ok(_)) => count += 1,
                Some(Err(error)) => {
                    assert!(numbers.next().await.is_none());
                    let ending = format!("{count}: {error}");
                    let _ = self.bench.ended.send(ending.clone());
                    return ending;
                }
                None => return format!("{count}: end"),
            }
        }
    }

    pub async fn take_on_demand(&self, mut numbers: UploadStream<u32>) -> usize {
        let mut count = 0;
        loop {
            self.bench.go_on.notified().await;
            if numbers.next().await.is_none() {
                return count;
            }
            count += 1;
            self.bench.taken.store(count, Ordering::SeqCst);
        }
    }

    pub fn ignore(&self, numbers: UploadStream<u32>) -> &'static str {
        let ended = self.bench.ended.clone();
        tokio::spawn(async move {
            let _ = ended.send(told(numbers.try_for_each(|_| async { Ok(()) }).await));
        });
        "done"
    }

    pub fn add(&self, a: u32, b: u32) -> u32 {
        a + b
    }

    pub async fn wait_for_the_end(&self, given_up: CancellationToken) -> &'static str {
        given_up.cancelled().await;
        let _ = self.bench.ended.send("given up".to_owned());
        "given up"
    }
}

async fn serve() -> (Server, Arc<Bench>, mpsc::UnboundedReceiver<String>) {
    let (ended, endings) = mpsc::unbounded_channel();
    let bench = Arc::new(Bench {
        taken: AtomicUsize::new(0),
        go_on: Notify::new(),
        ended,
    });
    let shared = bench.clone();
    let mut options = HubOptions::default();
    options.stream_buffer_capacity = 2;
    let server = Server::start_with::<TestHub>(options, |services| {
        services.add(ServiceDescriptor::instance(shared));
    })
    .await;
    (server, bench, endings)
}

async fn call(client: &mut Client, target: &str, arguments: Value, streams: Value) {
    client
        .send(json!({"type": 1, "invocationId": "call", "target": target, "arguments": arguments, "streamIds": streams}))
        .await;
}

async fn item(client: &mut Client, id: &str, item: impl Into<Value>) {
    let item: Value = item.into();
    client
        .send(json!({"type": 2, "invocationId": id, "item": item}))
        .await;
}

async fn end(client: &mut Client, id: &str) {
    client.send(json!({"type": 3, "invocationId": id})).await;
}

#[tokio::test]
async fn a_method_reads_what_is_uploaded() {
    let (server, ..) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "Join", json!([]), json!(["u"])).await;
    for text in ["a", "b", "c", "d"] {
        item(&mut client, "u", text).await;
    }
    end(&mut client, "u").await;
    assert_eq!(client.next().await.unwrap()["result"], "abcd");
}

#[tokio::test]
async fn several_streams_go_by_their_position() {
    let (server, ..) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "Weave", json!(["-"]), json!(["l", "r"])).await;
    for number in 0..3 {
        item(&mut client, "r", 10 + number).await;
        item(&mut client, "l", number).await;
    }
    end(&mut client, "l").await;
    assert_eq!(
        client.next().await.unwrap()["result"],
        json!(["0-10", "1-11", "2-12"])
    );
}

#[tokio::test]
async fn an_upload_can_be_streamed_back() {
    let (server, ..) = serve().await;
    let mut client = server.connect().await;
    client
        .send(json!({"type": 4, "invocationId": "s", "target": "Double", "arguments": [], "streamIds": ["u"]}))
        .await;
    for number in 1..4 {
        item(&mut client, "u", number).await;
        assert_eq!(client.next().await.unwrap()["item"], 2 * number);
    }
    end(&mut client, "u").await;
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 3, "invocationId": "s"})
    );
}

#[tokio::test]
async fn uploads_end_with_what_the_client_says() {
    let (server, ..) = serve().await;
    let mut client = server.connect().await;
    for (last, ending) in [
        (json!({"type": 3, "invocationId": "u"}), "2: end"),
        (
            json!({"type": 3, "invocationId": "u", "result": 7}),
            "2: end",
        ),
        (
            json!({"type": 3, "invocationId": "u", "error": "no more ink"}),
            "2: no more ink",
        ),
        (
            json!({"type": 2, "invocationId": "u", "item": "three"}),
            "2: Failed to bind Stream message.",
        ),
    ] {
        call(&mut client, "HowItEnds", json!([]), json!(["u"])).await;
        item(&mut client, "u", 1).await;
        item(&mut client, "u", 2).await;
        client.send(last).await;
        assert_eq!(client.next().await.unwrap()["result"], ending);
        // What comes late is ignored.
        item(&mut client, "u", 3).await;
        end(&mut client, "u").await;
    }
    assert_eq!(client.invoke("Add", json!([1, 1])).await["result"], 2);
}

#[tokio::test]
async fn the_number_of_streams_has_to_fit() {
    let (server, ..) = serve().await;
    let mut client = server.connect().await;
    for (target, arguments, streams, expected) in [
        (
            "Join",
            json!([]),
            json!(["a", "b"]),
            "Client sent 2 stream(s), Hub method expects 1.",
        ),
        (
            "Join",
            json!([]),
            json!([]),
            "Client sent 0 stream(s), Hub method expects 1.",
        ),
        (
            "Add",
            json!([1, 2]),
            json!(["a"]),
            "Client sent 1 stream(s), Hub method expects 0.",
        ),
    ] {
        call(&mut client, target, arguments, streams).await;
        let error = client.next().await.unwrap()["error"].clone();
        let expected = format!(
            "An unexpected error occurred invoking '{target}' on the server. HubException: {expected}"
        );
        assert_eq!(error, json!(expected));
    }
}

#[tokio::test]
async fn a_full_buffer_stops_the_reading_until_the_method_takes() {
    let (server, bench, _) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "TakeOnDemand", json!([]), json!(["u"])).await;
    for number in 0..3 {
        item(&mut client, "u", number).await;
    }
    client.call("add", "Add", json!([1, 1])).await;
    client.hears_nothing().await;
    bench.go_on.notify_one();
    assert_eq!(client.next().await.unwrap()["invocationId"], "add");
    assert_eq!(bench.taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_client_that_goes_while_it_is_not_read_is_let_go() {
    let (server, _, mut endings) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "TakeOnDemand", json!([]), json!(["u"])).await;
    let mut waiting = server.connect().await;
    call(&mut waiting, "WaitForTheEnd", json!([]), json!([])).await;
    for number in 0..3 {
        item(&mut client, "u", number).await;
    }
    drop(client);
    drop(waiting);
    assert_eq!(endings.recv().await.as_deref(), Some("given up"));
}

#[tokio::test]
async fn uploads_end_with_their_connection() {
    let (server, _, mut endings) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "HowItEnds", json!([]), json!(["u"])).await;
    item(&mut client, "u", 1).await;
    drop(client);
    assert_eq!(
        endings.recv().await.as_deref(),
        Some("1: The underlying connection was closed.")
    );
}

#[tokio::test]
async fn uploads_end_with_their_method() {
    let (server, _, mut endings) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "Ignore", json!([]), json!(["u"])).await;
    assert_eq!(client.next().await.unwrap()["result"], "done");
    assert_eq!(endings.recv().await.as_deref(), Some("end"));
}

#[tokio::test]
async fn an_ordinary_call_can_be_given_up() {
    let (server, _, mut endings) = serve().await;
    let mut client = server.connect().await;
    call(&mut client, "WaitForTheEnd", json!([]), json!([])).await;
    client
        .send(json!({"type": 5, "invocationId": "call"}))
        .await;
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 3, "invocationId": "call", "result": "given up"})
    );
    assert_eq!(endings.recv().await.as_deref(), Some("given up"));
    // And without an id, by leaving.
    client
        .send(json!({"type": 1, "target": "WaitForTheEnd", "arguments": []}))
        .await;
    drop(client);
    assert_eq!(endings.recv().await.as_deref(), Some("given up"));
}
