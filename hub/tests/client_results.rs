//! Asking a client.

mod support;

use std::time::Duration;

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubError, HubOptions, HubResult, hub, hub_client};
use serde_json::json;
use support::{Client, Server};

#[hub_client]
trait Pupil {
    async fn told(&self, text: String);

    /// Asks.
    async fn double(&self, number: i32) -> i32;
}

#[derive(Inject)]
struct SchoolHub;

#[hub(client = Pupil)]
impl SchoolHub {
    pub fn id(&self, caller: &HubCaller<Self>) -> String {
        caller.connection_id().to_owned()
    }

    pub async fn examine(&self, caller: &HubCaller<Self>, number: i32) -> HubResult<i32> {
        caller.clients().caller().double(number).await
    }

    pub async fn examine_other(
        &self,
        caller: &HubCaller<Self>,
        id: String,
        number: i32,
    ) -> HubResult<i32> {
        caller.clients().client(&id).double(number).await
    }

    async fn on_connected(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        if caller.request().query("ask").is_some() {
            let error = caller.clients().caller().double(1).await.unwrap_err();
            caller.clients().caller().told(error.to_string()).await?;
        }
        Ok(())
    }
}

async fn question(client: &mut Client) -> String {
    let message = client.next().await.unwrap();
    assert_eq!(
        (&message["type"], &message["target"]),
        (&json!(1), &json!("Double"))
    );
    message["invocationId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_caller_answers_while_its_call_waits() {
    let server = Server::start::<SchoolHub>(HubOptions::default()).await;
    let mut client = server.connect().await;
    client.call("1", "Examine", json!([21])).await;
    let id = question(&mut client).await;
    // Its place among the caller's invocations is free meanwhile.
    client.call("2", "Id", json!([])).await;
    assert_eq!(client.next().await.unwrap()["invocationId"], "2");
    client
        .send(json!({"type": 3, "invocationId": id, "result": 42}))
        .await;
    assert_eq!(
        client.next().await,
        Some(json!({"type": 3, "invocationId": "1", "result": 42}))
    );
}

#[tokio::test]
async fn errors_and_wrong_answers_are_told_to_who_asked() {
    let server = Server::start::<SchoolHub>(HubOptions::default()).await;
    let mut client = server.connect().await;
    for (answer, text) in [
        (
            json!({"error": "I do not know"}),
            "HubException: I do not know",
        ),
        (
            json!({"result": "many"}),
            "HubException: Error trying to deserialize result to Int32.",
        ),
        (json!({}), "HubException: "),
    ] {
        client.call("1", "Examine", json!([1])).await;
        let id = question(&mut client).await;
        let mut message = json!({"type": 3, "invocationId": id});
        message
            .as_object_mut()
            .unwrap()
            .extend(answer.as_object().unwrap().clone());
        client.send(message).await;
        let error = client.next().await.unwrap()["error"]
            .as_str()
            .unwrap()
            .to_owned();
        let start = "An unexpected error occurred invoking 'Examine' on the server. ";
        assert!(error.starts_with(&format!("{start}{text}")), "{error}");
    }
}

#[tokio::test]
async fn from_outside_a_client_can_be_asked_leave_be_unknown_or_keep_silent() {
    let mut options = HubOptions::default();
    options.client_result_timeout = Some(Duration::from_millis(200));
    let server = Server::start::<SchoolHub>(options).await;
    let context = server.context::<SchoolHub>();
    let mut client = server.connect().await;
    let id = client.invoke("Id", json!([])).await["result"]
        .as_str()
        .unwrap()
        .to_owned();
    let pupil = context.clients().client(&id);

    let (answer, ()) = tokio::join!(pupil.double(4), async {
        let id = question(&mut client).await;
        client
            .send(json!({"type": 3, "invocationId": id, "result": 8}))
            .await;
    });
    assert_eq!(answer.unwrap(), 8);

    let unknown = context
        .clients()
        .client("unknown")
        .double(1)
        .await
        .unwrap_err();
    assert_eq!(unknown.to_string(), "Connection 'unknown' does not exist.");

    let silent = pupil.double(1).await.unwrap_err();
    assert!(
        matches!(silent, HubError::ClientResultTimeout { .. }),
        "{silent}"
    );
    question(&mut client).await;

    let (gone, ()) = tokio::join!(pupil.double(1), async {
        question(&mut client).await;
        client.socket.close(None).await.unwrap();
    });
    assert_eq!(
        gone.unwrap_err().to_string(),
        format!("Connection '{id}' disconnected.")
    );
}

#[tokio::test]
async fn who_answers_for_another_is_closed() {
    let server = Server::start::<SchoolHub>(HubOptions::default()).await;
    let (mut asked, mut cheat, mut teacher) = (
        server.connect().await,
        server.connect().await,
        server.connect().await,
    );
    let id = asked.invoke("Id", json!([])).await["result"].clone();
    teacher.call("1", "ExamineOther", json!([id, 3])).await;
    let question = question(&mut asked).await;
    cheat
        .send(json!({"type": 3, "invocationId": question, "result": 7}))
        .await;
    assert_eq!(cheat.rest().await.last().unwrap()["allowReconnect"], true);
    asked
        .send(json!({"type": 3, "invocationId": question, "result": 6}))
        .await;
    assert_eq!(teacher.next().await.unwrap()["result"], 6);
}

#[tokio::test]
async fn nobody_is_asked_before_it_can_answer() {
    let server = Server::start::<SchoolHub>(HubOptions::default()).await;
    let mut client = server.connect_to("/?ask=1").await;
    let told = client.next().await.unwrap();
    assert_eq!(
        told["arguments"][0],
        "Client results inside OnConnectedAsync Hub methods are not allowed."
    );
}

#[tokio::test]
async fn who_asks_may_give_up_and_the_answer_that_comes_then_harms_nobody() {
    let server = Server::start::<SchoolHub>(HubOptions::default()).await;
    let context = server.context::<SchoolHub>();
    let mut client = server.connect().await;
    let id = client.invoke("Id", json!([])).await["result"].clone();
    let pupil = context.clients().client(id.as_str().unwrap());
    let late = tokio::select! {
        answer = pupil.double(1) => panic!("{answer:?}"),
        id = question(&mut client) => id,
    };
    client
        .send(json!({"type": 3, "invocationId": late, "result": 2}))
        .await;
    let (answer, ()) = tokio::join!(pupil.double(4), async {
        let id = question(&mut client).await;
        client
            .send(json!({"type": 3, "invocationId": id, "result": 8}))
            .await;
    });
    assert_eq!(answer.unwrap(), 8);
}
