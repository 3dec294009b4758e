//! Connections that outlive their sockets.

mod support;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::Inject;
use campanile_hub::{HubOptions, hub};
use serde_json::{Value, json};
use support::{Client, Server};

#[derive(Default)]
struct Notes(Mutex<Vec<u64>>);

#[derive(Inject)]
struct NoteHub {
    notes: Arc<Notes>,
}

#[hub]
impl NoteHub {
    pub async fn note(&self, number: u64) -> u64 {
        if number.is_multiple_of(7) {
            tokio::task::yield_now().await;
        }
        self.notes.0.lock().unwrap().push(number);
        number
    }
}

/// A client as the official ones are: it numbers what it sends and what it gets.
struct Resuming {
    client: Client,
    url: String,
    sent: VecDeque<(u64, Value)>,
    next: u64,
    /// How many counted messages have been processed, and which number comes next on this socket.
    processed: u64,
    expected: u64,
    heard: Vec<u64>,
}

impl Resuming {
    async fn connect(server: &Server) -> Self {
        let reply = server
            .post(
                "/negotiate?negotiateVersion=1&useStatefulReconnect=true",
                "",
            )
            .await;
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(answer["useStatefulReconnect"], true);
        let url = format!("/?id={}", answer["connectionToken"].as_str().unwrap());
        let mut client = server.open(&url).await;
        client
            .send_text("{\"protocol\":\"json\",\"version\":2}\u{1e}")
            .await;
        assert_eq!(client.next().await, Some(json!({})));
        Self {
            client,
            url,
            sent: VecDeque::new(),
            next: 1,
            processed: 0,
            expected: 1,
            heard: Vec::new(),
        }
    }

    /// The socket is cut without a goodbye, and another one takes over.
    async fn cut(&mut self, server: &Server) {
        let url = self.url.clone();
        self.client = server.open(&url).await;
        let first = self.sent.front().map_or(self.next, |(number, _)| *number);
        self.client
            .send(json!({"type": 9, "sequenceId": first}))
            .await;
        for (_, message) in self.sent.clone() {
            self.client.send(message).await;
        }
    }

    async fn send(&mut self, message: Value) {
        self.sent.push_back((self.next, message.clone()));
        self.next += 1;
        self.client.send(message).await;
    }

    /// Takes the next message; `false` if there is none for a while.
    async fn take(&mut self, patience: Duration) -> bool {
        let Ok(message) = tokio::time::timeout(patience, self.client.next()).await else {
            return false;
        };
        let message = message.expect("the connection goes on");
        match message["type"].as_u64().unwrap() {
            8 => {
                let acknowledged = message["sequenceId"].as_u64().unwrap();
                self.sent.retain(|(number, _)| *number > acknowledged);
            }
            9 => self.expected = message["sequenceId"].as_u64().unwrap(),
            _ => {
                if self.expected > self.processed {
                    self.processed = self.expected;
                    self.heard.push(if message["type"] == 1 {
                        message["arguments"][0].as_u64().unwrap()
                    } else {
                        u64::MAX
                    });
                }
                self.expected += 1;
            }
        }
        true
    }
}

async fn start(change: impl FnOnce(&mut HubOptions)) -> (Server, Arc<Notes>) {
    let mut options = HubOptions::default();
    options.allow_stateful_reconnects = true;
    change(&mut options);
    let notes = Arc::new(Notes::default());
    let server = Server::start_with::<NoteHub>(options, |services| {
        services.add_instance(notes.clone());
    })
    .await;
    (server, notes)
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_over_a_hundred_cuts() {
    let (server, notes) = start(|_| {}).await;
    let context = server.context::<NoteHub>();
    let mut client = Resuming::connect(&server).await;
    let mut told = 0;
    for round in 0..100_u64 {
        for number in round * 5..round * 5 + 5 {
            let message =
                json!({"type": 1, "invocationId": "n", "target": "Note", "arguments": [number]});
            client.send(message).await;
            context.clients().all().send("Tell", (told,)).await.unwrap();
            told += 1;
        }
        for _ in 0..round % 11 {
            client.take(Duration::from_millis(1)).await;
        }
        if round % 13 == 0 {
            let acknowledged = client.processed;
            client
                .client
                .send(json!({"type": 8, "sequenceId": acknowledged}))
                .await;
        }
        client.cut(&server).await;
    }
    while client.take(Duration::from_secs(2)).await {
        let heard = client
            .heard
            .iter()
            .filter(|number| **number != u64::MAX)
            .count() as u64;
        if heard == told && client.heard.len() as u64 == told + 500 {
            break;
        }
    }
    let told_in_order: Vec<u64> = (0..told).collect();
    let heard: Vec<u64> = client
        .heard
        .iter()
        .copied()
        .filter(|number| *number != u64::MAX)
        .collect();
    assert_eq!(heard, told_in_order);
    assert_eq!(
        client.heard.len() as u64,
        told + 500,
        "every call is answered once"
    );
    assert_eq!(*notes.0.lock().unwrap(), (0..500).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_client_that_stays_away_is_given_up() {
    let (server, _) =
        start(|options| options.disconnect_timeout = Duration::from_millis(200)).await;
    let client = Resuming::connect(&server).await;
    let url = client.url.clone();
    drop(client);
    assert_eq!(server.post(&url, "").await.status, 405, "it is waited for");
    assert_eq!(server.post_until_gone(&url).await, 404);
}

#[tokio::test]
async fn sends_wait_while_too_much_is_not_acknowledged() {
    let (server, _) = start(|options| {
        options.stateful_reconnect_buffer_size = 1000;
        options.maximum_queued_bytes = 1000;
    })
    .await;
    let mut client = Resuming::connect(&server).await;
    let all = server.context::<NoteHub>().clients().all();
    let mut sends = 0;
    while tokio::time::timeout(
        Duration::from_millis(100),
        all.send("Tell", (sends, "x".repeat(100))),
    )
    .await
    .is_ok()
    {
        sends += 1;
        assert!(sends < 1000, "nobody waits");
    }
    while client.take(Duration::from_millis(50)).await {}
    let processed = client.processed;
    assert!(
        processed < sends,
        "what is not acknowledged holds back the rest"
    );
    client
        .client
        .send(json!({"type": 8, "sequenceId": processed}))
        .await;
    assert!(
        client.take(Duration::from_secs(5)).await,
        "an acknowledgement lets more through"
    );
}

#[tokio::test]
async fn a_client_that_says_goodbye_does_not_come_back() {
    let (server, _) = start(|_| {}).await;
    let mut client = Resuming::connect(&server).await;
    client.client.send(json!({"type": 7})).await;
    assert_eq!(client.client.rest().await, [json!({"type": 7})]);
    assert_eq!(server.post_until_gone(&client.url).await, 404);
}
