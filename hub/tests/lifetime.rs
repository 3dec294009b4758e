//! From the first byte of a connection to its last.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubContext, HubError, HubOptions, HubResult, hub};
use futures_util::SinkExt;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use support::Server;
use tokio_tungstenite::tungstenite::Message;

#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Diary {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    async fn reads(&self, expected: &[&str]) {
        for _ in 0..6000 {
            if *self.0.lock().unwrap() == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(*self.0.lock().unwrap(), expected);
    }
}

/// Nothing can be read into it.
struct Trap;

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("it snapped")
    }
}

#[derive(Inject)]
struct DoorHub {
    diary: Arc<Diary>,
    context: HubContext<Self>,
}

#[hub(name = "Door")]
impl DoorHub {
    pub fn leave(&self, caller: &HubCaller<Self>) {
        caller.abort();
    }

    pub async fn linger(&self, caller: &HubCaller<Self>) -> &'static str {
        caller.aborted().cancelled().await;
        self.diary.note("aborted".to_owned());
        "too late"
    }

    pub fn step_into(&self, _trap: Trap) {}

    pub fn knock(&self) -> &'static str {
        "come in"
    }

    async fn on_connected(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        match caller.request().query("as").as_deref() {
            Some("stranger") => Err(HubError::from_error("we do not know you")),
            Some("panic") => panic!("at the door"),
            _ => {
                self.diary.note("connected".to_owned());
                self.context
                    .clients()
                    .client(caller.connection_id())
                    .send("Welcome", ())
                    .await
            }
        }
    }

    async fn on_disconnected(
        &self,
        caller: &HubCaller<Self>,
        error: Option<&HubError>,
    ) -> HubResult<()> {
        let error = error.map_or_else(|| "cleanly".to_owned(), ToString::to_string);
        self.diary.note(format!("disconnected {error}"));
        caller
            .clients()
            .caller()
            .send("Nobody hears this", ())
            .await
    }
}

async fn start(change: impl FnOnce(&mut HubOptions)) -> (Server, Arc<Diary>) {
    let mut options = HubOptions::default();
    change(&mut options);
    let diary = Arc::new(Diary::default());
    let server = Server::start_with::<DoorHub>(options, |services| {
        services.add_instance(diary.clone());
    })
    .await;
    (server, diary)
}

#[tokio::test]
async fn the_welcome_comes_right_behind_the_handshake() {
    let (server, diary) = start(|_| {}).await;
    let mut client = server.connect().await;
    assert_eq!(
        client.next().await,
        Some(json!({"type": 1, "target": "Welcome", "arguments": []}))
    );
    client.socket.close(None).await.unwrap();
    diary.reads(&["connected", "disconnected cleanly"]).await;
}

#[tokio::test]
async fn a_client_that_vanishes_is_noticed() {
    let (server, diary) = start(|_| {}).await;
    drop(server.connect().await);
    diary.reads(&["connected", "disconnected cleanly"]).await;
}

#[tokio::test]
async fn a_refused_client_is_told_to_stay_away() {
    let (server, diary) = start(|_| {}).await;
    for stranger in ["/?as=stranger", "/?as=panic"] {
        let mut client = server.connect_to(stranger).await;
        assert_eq!(
            client.rest().await,
            [json!({"type": 7, "error": "Connection closed with an error."})]
        );
    }
    diary.reads(&[]).await;
}

#[tokio::test]
async fn abort_closes_without_a_result() {
    let (server, diary) = start(|_| {}).await;
    let mut client = server.connect().await;
    client.call("1", "Leave", json!([])).await;
    let rest = client.rest().await;
    assert_eq!(rest[1..], [json!({"type": 7})]);
    diary.reads(&["connected", "disconnected cleanly"]).await;
}

#[tokio::test]
async fn running_methods_learn_that_the_client_is_gone() {
    let (server, diary) = start(|_| {}).await;
    let mut client = server.connect().await;
    client.call("1", "Linger", json!([])).await;
    client.send(json!({"type": 7, "error": "bored"})).await;
    assert_eq!(client.rest().await[1..], [json!({"type": 7})]);
    diary
        .reads(&["connected", "disconnected bored", "aborted"])
        .await;
}

#[tokio::test]
async fn an_argument_whose_reading_panics_ends_its_connection_and_leaves_nothing() {
    let (server, diary) = start(|_| {}).await;
    let mut bystander = server.connect().await;
    bystander.next().await;
    let mut client = server.connect().await;
    client.call("1", "StepInto", json!([1])).await;
    let goodbye =
        json!({"type": 7, "error": "Connection closed with an error.", "allowReconnect": true});
    assert_eq!(client.rest().await[1..], [goodbye]);
    diary
        .reads(&[
            "connected",
            "connected",
            "disconnected panicked: it snapped",
        ])
        .await;
    let context: HubContext<DoorHub> = server.services.inject().unwrap();
    support::eventually(|| context.presence().count() == 1).await;
    assert_eq!(
        bystander.invoke("Knock", json!([])).await["result"],
        "come in"
    );
}

#[tokio::test]
async fn garbage_ends_its_own_connection_and_no_other() {
    let (server, _) = start(|options| options.maximum_receive_message_size = Some(1000)).await;
    let mut bystander = server.connect().await;
    bystander.next().await;
    for garbage in [
        "{\u{1e}",
        "[]\u{1e}",
        "{}\u{1e}",
        "\u{1e}",
        &"x".repeat(2000),
    ] {
        let mut client = server.connect().await;
        client.send_text(garbage).await;
        let rest = client.rest().await;
        let goodbye =
            json!({"type": 7, "error": "Connection closed with an error.", "allowReconnect": true});
        assert_eq!(rest.last(), Some(&goodbye), "{garbage}");
    }
    let mut raw = server.connect().await;
    // A frame of the reserved kind 3, not even masked.
    tokio::io::AsyncWriteExt::write_all(raw.socket.get_mut(), &[0x83, 0x01, 0x00])
        .await
        .unwrap();
    raw.rest().await;
    assert_eq!(
        bystander.invoke("Knock", json!([])).await["result"],
        "come in"
    );
}

#[tokio::test]
async fn bytes_may_be_cut_anywhere() {
    let (server, _) = start(|_| {}).await;
    let mut client = server.open("/").await;
    let text = "{\"protocol\":\"json\",\"version\":1}\u{1e}{\"type\":1,\"invocationId\":\"a\",\"target\":\"Knock\",\"arguments\":[]}\u{1e}";
    for letter in text.bytes() {
        client
            .socket
            .send(Message::binary(vec![letter]))
            .await
            .unwrap();
    }
    assert_eq!(client.next().await, Some(json!({})));
    assert_eq!(client.next().await.unwrap()["target"], "Welcome");
    assert_eq!(client.next().await.unwrap()["result"], "come in");
}

#[tokio::test]
async fn sockets_are_pinged_and_answered_while_messages_flow() {
    let (server, _) = start(|_| {}).await;
    let mut client = server.connect().await;
    for number in 0..2000 {
        client
            .socket
            .feed(Message::Ping(vec![0; 100].into()))
            .await
            .unwrap();
        if number % 100 == 0 {
            assert_eq!(client.invoke("Knock", json!([])).await["result"], "come in");
        }
    }
    assert_eq!(client.invoke("Knock", json!([])).await["result"], "come in");
}

#[tokio::test]
async fn a_handshake_has_its_time() {
    let (server, diary) =
        start(|options| options.handshake_timeout = Duration::from_millis(50)).await;
    let mut client = server.open("/").await;
    assert_eq!(
        client.rest().await,
        [json!({"error": "Handshake was canceled."})]
    );
    diary.reads(&[]).await;
}

#[tokio::test]
async fn a_client_that_pinged_once_has_to_go_on() {
    let (server, diary) = start(|options| {
        options.client_timeout_interval = Duration::from_secs(1);
        options.keep_alive_interval = Duration::from_secs(1);
    })
    .await;
    let mut silent = server.connect().await;
    let mut pinged = server.connect().await;
    pinged.send(json!({"type": 6})).await;
    let rest = pinged.rest().await;
    assert_eq!(rest.last().unwrap()["allowReconnect"], true);
    assert_eq!(silent.invoke("Knock", json!([])).await["result"], "come in");
    let text = "disconnected Client hasn't sent a message/ping within the configured ClientTimeoutInterval.";
    diary.reads(&["connected", "connected", text]).await;
}
