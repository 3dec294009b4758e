//! What one connection may have and do.

mod support;

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubOptions, HubResult, UploadStream, hub};
use futures_util::{Stream, TryStreamExt, stream};
use serde_json::{Value, json};
use support::{Client, Server};

#[derive(Inject)]
struct TestHub;

#[hub]
impl TestHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }

    pub fn forever(&self) -> impl Stream<Item = u32> + use<> {
        stream::pending()
    }

    pub async fn sum(&self, numbers: UploadStream<u32>) -> HubResult<u32> {
        numbers.try_fold(0, async |sum, it| Ok(sum + it)).await
    }

    pub async fn join(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
        caller.groups().add(caller.connection_id(), &group).await
    }

    pub async fn leave(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
        caller.groups().remove(caller.connection_id(), &group).await
    }
}

async fn start(configure: impl FnOnce(&mut HubOptions)) -> (Server, Client) {
    let mut options = HubOptions::default();
    configure(&mut options);
    let server = Server::start::<TestHub>(options).await;
    let client = server.connect().await;
    (server, client)
}

#[tokio::test]
async fn calls_that_come_too_fast_are_refused_and_the_connection_goes_on() {
    let (_server, mut client) =
        start(|options| options.maximum_invocations_per_second = Some(3)).await;
    let call = |id: usize| {
        format!(
            "{{\"type\":1,\"invocationId\":\"{id}\",\"target\":\"add\",\"arguments\":[1,{id}]}}\u{1e}"
        )
    };
    let burst: String = (0..200).map(call).collect();
    client.send_text(&burst).await;
    let mut answers = Vec::new();
    for id in 0..200 {
        let answer = client.next().await.unwrap();
        assert_eq!(answer["invocationId"], id.to_string());
        answers.push(answer);
    }
    assert!(answers[..3].iter().all(|it| it["result"].is_number()));
    let refused: Vec<&Value> = answers
        .iter()
        .filter(|it| it["error"].is_string())
        .collect();
    assert!(refused.len() > 100, "{} were refused", refused.len());
    assert_eq!(
        refused[0]["error"],
        "Failed to invoke 'add' due to an error on the server. HubException: there were more than 3 calls within a second"
    );
    // Time makes good.
    let waiting = async {
        while !client.invoke("Add", json!([1, 1])).await["result"].is_number() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting)
        .await
        .unwrap();
}

#[tokio::test]
async fn so_many_streams_and_no_more() {
    let (_server, mut client) =
        start(|options| options.maximum_streams_per_connection = Some(2)).await;
    let open =
        |id: &str| json!({"type": 4, "invocationId": id, "target": "Forever", "arguments": []});
    let upload = |id: &str| json!({"type": 1, "invocationId": id, "target": "Sum", "arguments": [], "streamIds": [format!("up {id}")]});
    client.send(open("a")).await;
    client.send(upload("b")).await;
    for message in [open("c"), upload("c")] {
        let target = message["target"].as_str().unwrap().to_owned();
        client.send(message).await;
        assert_eq!(
            client.next().await.unwrap(),
            json!({
                "type": 3,
                "invocationId": "c",
                "error": format!(
                    "An unexpected error occurred invoking '{target}' on the server. HubException: a connection has 2 streams at most, both ways together"
                ),
            })
        );
    }
    assert_eq!(client.invoke("Add", json!([1, 1])).await["result"], 2);
    // The end of one makes room for another.
    client.send(json!({"type": 5, "invocationId": "a"})).await;
    assert_eq!(
        client.next().await.unwrap(),
        json!({"type": 3, "invocationId": "a"})
    );
    // Its end is told before it is over.
    loop {
        client.send(upload("d")).await;
        client
            .send(json!({"type": 2, "invocationId": "up d", "item": 7}))
            .await;
        client
            .send(json!({"type": 3, "invocationId": "up d"}))
            .await;
        let answer = client.next().await.unwrap();
        assert_eq!(answer["invocationId"], "d");
        if answer["error"].is_null() {
            assert_eq!(answer["result"], 7);
            break;
        }
    }
}

#[tokio::test]
async fn so_many_groups_and_no_more() {
    let (server, mut client) =
        start(|options| options.maximum_groups_per_connection = Some(2)).await;
    for group in ["a", "b", "a"] {
        assert!(client.invoke("Join", json!([group])).await["error"].is_null());
    }
    assert_eq!(
        client.invoke("Join", json!(["c"])).await["error"],
        "An unexpected error occurred invoking 'Join' on the server. HubException: a connection is in 2 groups at most"
    );
    client.invoke("Leave", json!(["a"])).await;
    assert!(client.invoke("Join", json!(["c"])).await["error"].is_null());
    // Each connection counts for itself.
    let mut other = server.connect().await;
    assert!(other.invoke("Join", json!(["a"])).await["error"].is_null());
}
