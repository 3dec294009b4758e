//! Whom the server reaches.

mod support;

use std::time::Duration;

use campanile_host::Inject;
use campanile_hub::{
    HubCaller, HubError, HubOptions, HubResult, SlowClientPolicy, hub, hub_client,
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use support::{Client, Server};

#[hub_client]
trait Chat {
    /// `Receive` on the wire.
    async fn receive(&self, from: String, text: String);

    #[hub_method(name = "blob")]
    async fn receive_blob(&self, blob: Vec<u8>);
}

#[derive(Inject)]
struct ChatHub;

#[hub(client = Chat)]
impl ChatHub {
    pub fn who(&self, caller: &HubCaller<Self>) -> String {
        caller.connection_id().to_owned()
    }

    pub async fn to_others(&self, caller: &HubCaller<Self>, text: String) -> HubResult<()> {
        caller
            .clients()
            .others()
            .receive("others".into(), text)
            .await
    }

    pub async fn to_others_in_group(
        &self,
        caller: &HubCaller<Self>,
        group: String,
    ) -> HubResult<()> {
        caller
            .clients()
            .others_in_group(&group)
            .receive("group".into(), group.clone())
            .await
    }

    pub async fn join(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
        caller.groups().add(caller.connection_id(), &group).await
    }
}

struct Room {
    server: Server,
    clients: Vec<Client>,
    ids: Vec<String>,
}

impl Room {
    async fn of(count: usize, options: HubOptions) -> Self {
        let server = Server::start::<ChatHub>(options).await;
        let (mut clients, mut ids) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let mut client = server.connect().await;
            ids.push(
                client.invoke("Who", json!([])).await["result"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
            clients.push(client);
        }
        Self {
            server,
            clients,
            ids,
        }
    }

    /// Whether each client hears exactly this next.
    async fn hear(&mut self, expected: &[Option<&str>]) {
        for (client, expected) in self.clients.iter_mut().zip(expected) {
            match expected {
                Some(text) => assert_eq!(client.next().await.unwrap()["arguments"][1], *text),
                None => client.hears_nothing().await,
            }
        }
    }
}

#[tokio::test]
async fn the_context_reaches_whom_it_names() {
    let mut room = Room::of(3, HubOptions::default()).await;
    let context = room.server.context::<ChatHub>();
    let clients = context.clients();
    let from = || "context".to_owned();

    clients.all().receive(from(), "all".into()).await.unwrap();
    room.hear(&[Some("all"), Some("all"), Some("all")]).await;

    clients
        .all_except([&room.ids[1]])
        .receive(from(), "except".into())
        .await
        .unwrap();
    room.hear(&[Some("except"), None, Some("except")]).await;

    clients
        .client(&room.ids[2])
        .receive(from(), "one".into())
        .await
        .unwrap();
    room.hear(&[None, None, Some("one")]).await;

    let two = [room.ids[0].as_str(), &room.ids[1], &room.ids[0], "unknown"];
    clients
        .clients(two)
        .receive(from(), "some".into())
        .await
        .unwrap();
    room.hear(&[Some("some"), Some("some"), None]).await;
    room.hear(&[None, None, None]).await;
}

#[tokio::test]
async fn groups_are_joined_left_and_gone_with_the_connection() {
    let mut room = Room::of(3, HubOptions::default()).await;
    let context = room.server.context::<ChatHub>();
    let (clients, groups) = (context.clients(), context.groups());
    let from = || "context".to_owned();
    for id in &room.ids[..2] {
        groups.add(id, "g").await.unwrap();
        groups.add(id, "g").await.unwrap();
    }
    groups.add("unknown", "g").await.unwrap();

    clients
        .group("g")
        .receive(from(), "in".into())
        .await
        .unwrap();
    room.hear(&[Some("in"), Some("in"), None]).await;
    clients
        .group("G")
        .receive(from(), "case".into())
        .await
        .unwrap();
    room.hear(&[None, None, None]).await;
    clients
        .group_except("g", [&room.ids[0]])
        .receive(from(), "but".into())
        .await
        .unwrap();
    room.hear(&[None, Some("but"), None]).await;

    groups.add(&room.ids[0], "h").await.unwrap();
    clients
        .groups(["g", "h"])
        .receive(from(), "both".into())
        .await
        .unwrap();
    room.hear(&[Some("both"), Some("both"), None]).await;
    room.hear(&[Some("both"), None, None]).await;

    groups.remove(&room.ids[0], "g").await.unwrap();
    groups.remove(&room.ids[2], "g").await.unwrap();
    clients
        .group("g")
        .receive(from(), "left".into())
        .await
        .unwrap();
    room.hear(&[None, Some("left"), None]).await;

    assert!(
        clients
            .groups(["g", ""])
            .receive(from(), "x".into())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_caller_is_not_among_the_others() {
    let mut room = Room::of(2, HubOptions::default()).await;
    room.clients[0].invoke("ToOthers", json!(["hi"])).await;
    room.hear(&[None, Some("hi")]).await;
    for client in &mut room.clients {
        client.invoke("Join", json!(["g"])).await;
    }
    room.clients[1]
        .invoke("ToOthersInGroup", json!(["g"]))
        .await;
    room.hear(&[Some("g"), None]).await;
}

#[tokio::test]
async fn methods_go_by_their_wire_names_typed_or_not() {
    let mut room = Room::of(1, HubOptions::default()).await;
    let context = room.server.context::<ChatHub>();
    context
        .clients()
        .all()
        .receive_blob(vec![1, 2])
        .await
        .unwrap();
    context
        .clients()
        .untyped()
        .all()
        .send("anything", ())
        .await
        .unwrap();
    let client = &mut room.clients[0];
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 1, "target": "blob", "arguments": [[1, 2]]})
    );
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 1, "target": "anything", "arguments": []})
    );
}

#[tokio::test]
async fn nobody_there_is_no_error() {
    let room = Room::of(0, HubOptions::default()).await;
    room.server
        .context::<ChatHub>()
        .clients()
        .all()
        .receive("a".into(), "b".into())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_cannot_be_written_is_the_senders_error_and_harms_nobody() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("broken"))
        }
    }
    let mut room = Room::of(1, HubOptions::default()).await;
    let all = room.server.context::<ChatHub>().clients().untyped().all();
    let error = all.send("Break", (1, Broken)).await.unwrap_err();
    assert!(
        matches!(error, HubError::Serialization { ref target, .. } if target == "Break"),
        "{error}"
    );
    room.clients[0].hears_nothing().await;
    assert_eq!(
        room.clients[0].invoke("Who", json!([])).await["result"],
        Value::from(room.ids[0].as_str())
    );
}

/// Messages of 64 KiB to a client that does not read, until the kernel takes no more.
async fn flood(room: &Room, count: usize) -> usize {
    let context = room.server.context::<ChatHub>();
    let text = "x".repeat(64 * 1024);
    let mut sent = 0;
    for number in 0..count {
        let all = context.clients().all();
        let send = all.receive(number.to_string(), text.clone());
        if tokio::time::timeout(Duration::from_millis(300), send)
            .await
            .is_err()
        {
            break;
        }
        sent += 1;
    }
    sent
}

fn policy(policy: SlowClientPolicy) -> HubOptions {
    let mut options = HubOptions::default();
    options.slow_client = policy;
    options
}

#[tokio::test]
async fn a_slow_client_makes_the_sender_wait_and_gets_everything() {
    let mut room = Room::of(1, policy(SlowClientPolicy::Wait)).await;
    let sent = flood(&room, 1000).await;
    assert!(sent < 1000, "nobody waited");
    for number in 0..=sent {
        assert_eq!(
            room.clients[0].next().await.unwrap()["arguments"][0],
            number.to_string()
        );
    }
}

#[tokio::test]
async fn a_slow_client_is_left_the_newest_where_only_that_counts() {
    let mut room = Room::of(1, policy(SlowClientPolicy::KeepNewest)).await;
    assert_eq!(flood(&room, 400).await, 400, "nobody waits");
    let mut last = None;
    let mut count = 0;
    while last.as_ref() != Some(&json!("399")) {
        last = Some(room.clients[0].next().await.unwrap()["arguments"][0].clone());
        count += 1;
    }
    assert!(count < 400, "nothing was dropped");
}

#[tokio::test]
async fn a_message_may_be_dropped_where_the_hub_would_wait() {
    let mut room = Room::of(1, policy(SlowClientPolicy::Wait)).await;
    let clients = room.server.context::<ChatHub>().clients();
    let newest = clients.slow_client(SlowClientPolicy::KeepNewest).all();
    let text = "x".repeat(64 * 1024);
    for number in 0..400 {
        // Whoever waits here waits for ever: nobody reads.
        let send = newest.receive(number.to_string(), text.clone());
        tokio::time::timeout(Duration::from_secs(30), send)
            .await
            .expect("nobody waits")
            .unwrap();
    }
    let mut count = 0;
    loop {
        count += 1;
        if room.clients[0].next().await.unwrap()["arguments"][0] == "399" {
            break;
        }
    }
    assert!(count < 400, "nothing was dropped");
}

#[tokio::test]
async fn a_slow_client_is_cut_off_where_that_is_the_policy() {
    let mut room = Room::of(1, policy(SlowClientPolicy::Disconnect)).await;
    assert_eq!(flood(&room, 400).await, 400, "nobody waits");
    let rest = room.clients[0].rest().await;
    let goodbye = rest.last().unwrap();
    assert_eq!(goodbye["type"], 7, "{goodbye}");
    assert_eq!(goodbye["allowReconnect"], true);
}
