//! Calling hub methods.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use campanile_host::{BoxError, Inject};
use campanile_hub::{HubCaller, HubError, HubOptions, HubResult, hub};
use serde_json::json;
use support::Server;

#[derive(Default)]
struct Counter(AtomicU32);

#[derive(Inject)]
struct TestHub {
    counter: Arc<Counter>,
}

#[hub]
impl TestHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }

    pub async fn later(&self, text: String) -> String {
        tokio::time::sleep(Duration::from_millis(20)).await;
        text
    }

    pub fn nothing(&self) {}

    pub fn refuse(&self) -> HubResult<()> {
        Err(HubError::message("no more seats"))
    }

    pub fn fail(&self) -> Result<u8, BoxError> {
        Err("the disk is full".into())
    }

    pub fn panic(&self) -> u8 {
        panic!("out of the blue")
    }

    pub async fn panic_later(&self) -> u8 {
        tokio::task::yield_now().await;
        panic!("out of the blue")
    }

    pub fn count(&self) -> u32 {
        self.counter.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn service_between(
        &self,
        before: String,
        #[inject] counter: Arc<Counter>,
        after: String,
    ) -> String {
        format!("{before} {} {after}", counter.0.load(Ordering::Relaxed))
    }

    #[hub_method(name = "spelled-otherwise")]
    pub fn renamed(&self) -> u8 {
        7
    }

    pub async fn greet(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        let greeting = (caller.connection_id().len(),);
        caller.clients().caller().send("Greeted", greeting).await
    }

    pub fn remember(&self, caller: &HubCaller<Self>, text: String) -> Option<String> {
        caller.items().set(text).map(|old| String::clone(&old))
    }

    fn private(&self) -> u8 {
        1
    }

    pub fn not_a_method() -> u8 {
        Self::private(&Self {
            counter: Arc::default(),
        })
    }
}

async fn server(options: HubOptions) -> Server {
    Server::start_with::<TestHub>(options, |services| {
        services.add_instance(Arc::new(Counter::default()));
    })
    .await
}

#[tokio::test]
async fn results_come_back_whenever_they_are_ready() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    assert_eq!(client.invoke("Add", json!([1, 2])).await["result"], 3);
    assert_eq!(client.invoke("aDD", json!([1, 2])).await["result"], 3);
    assert_eq!(client.invoke("Later", json!(["x"])).await["result"], "x");
    assert_eq!(
        client.invoke("spelled-otherwise", json!([])).await["result"],
        7
    );
    let nothing = client.invoke("Nothing", json!([])).await;
    assert_eq!(
        nothing,
        json!({"type": 3, "invocationId": "invoke", "result": null})
    );
}

#[tokio::test]
async fn only_public_methods_with_self_can_be_called() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    for name in ["Private", "NotAMethod", "Renamed", "OnConnected", "Add "] {
        let answer = client.invoke(name, json!([])).await;
        let text = format!(
            "Failed to invoke '{name}' due to an error on the server. HubException: Method does not exist."
        );
        assert_eq!(answer["error"], text);
    }
    assert_eq!(TestHub::not_a_method(), 1);
}

#[tokio::test]
async fn clients_are_told_of_errors_only_what_is_meant_for_them() {
    for detailed in [false, true] {
        let mut options = HubOptions::default();
        options.enable_detailed_errors = detailed;
        let server = server(options).await;
        let mut client = server.connect().await;
        let refused = client.invoke("Refuse", json!([])).await;
        let text = "An unexpected error occurred invoking 'Refuse' on the server. HubException: no more seats";
        assert_eq!(refused["error"], text);
        let failed = client.invoke("Fail", json!([])).await;
        let text = "An unexpected error occurred invoking 'Fail' on the server.";
        let more = if detailed {
            " Error: the disk is full"
        } else {
            ""
        };
        assert_eq!(failed["error"], format!("{text}{more}"));
    }
}

#[tokio::test]
async fn a_panic_is_an_error_and_the_connection_goes_on() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    for name in ["Panic", "PanicLater"] {
        let answer = client.invoke(name, json!([])).await;
        assert_eq!(
            answer["error"],
            format!("An unexpected error occurred invoking '{name}' on the server.")
        );
    }
    assert_eq!(client.invoke("Add", json!([1, 1])).await["result"], 2);
}

#[tokio::test]
async fn hub_instances_are_new_and_their_services_are_not() {
    let server = server(HubOptions::default()).await;
    let (mut one, mut two) = (server.connect().await, server.connect().await);
    assert_eq!(one.invoke("Count", json!([])).await["result"], 1);
    assert_eq!(two.invoke("Count", json!([])).await["result"], 2);
    let answer = one
        .invoke("ServiceBetween", json!(["before", "after"]))
        .await;
    assert_eq!(answer["result"], "before 2 after");
}

#[tokio::test]
async fn what_is_sent_to_the_caller_comes_before_the_result() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    client.call("1", "Greet", json!([])).await;
    assert_eq!(
        client.next().await,
        Some(json!({"type": 1, "target": "Greeted", "arguments": [22]}))
    );
    assert_eq!(
        client.next().await,
        Some(json!({"type": 3, "invocationId": "1", "result": null}))
    );
}

#[tokio::test]
async fn items_live_as_long_as_the_connection() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    assert_eq!(
        client.invoke("Remember", json!(["a"])).await["result"],
        json!(null)
    );
    assert_eq!(client.invoke("Remember", json!(["b"])).await["result"], "a");
    let mut other = server.connect().await;
    assert_eq!(
        other.invoke("Remember", json!(["c"])).await["result"],
        json!(null)
    );
}

#[tokio::test]
async fn invocations_of_one_client_keep_their_order_and_pings_pass_them() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    client.call("slow", "Later", json!(["x"])).await;
    client.call("fast", "Add", json!([1, 1])).await;
    client.send(json!({"type": 6})).await;
    assert_eq!(client.next().await.unwrap()["invocationId"], "slow");
    assert_eq!(client.next().await.unwrap()["invocationId"], "fast");
}

#[tokio::test]
async fn with_more_slots_a_fast_call_overtakes_a_slow_one() {
    let mut options = HubOptions::default();
    options.maximum_parallel_invocations_per_client = 2;
    let server = server(options).await;
    let mut client = server.connect().await;
    // In one piece, so that no time passes between them.
    let call = |id: &str, target: &str, arguments| {
        let call = json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments});
        format!("{call}\u{1e}")
    };
    let both = call("slow", "Later", json!(["x"])) + &call("fast", "Add", json!([1, 1]));
    client.send_text(&both).await;
    assert_eq!(client.next().await.unwrap()["invocationId"], "fast");
    assert_eq!(client.next().await.unwrap()["invocationId"], "slow");
}

#[tokio::test]
async fn who_wants_no_answer_gets_none() {
    let server = server(HubOptions::default()).await;
    let mut client = server.connect().await;
    for target in ["Add", "Fail", "Panic", "NoSuchMethod"] {
        client
            .send(json!({"type": 1, "target": target, "arguments": []}))
            .await;
    }
    client.call("last", "Add", json!([1, 1])).await;
    assert_eq!(client.next().await.unwrap()["invocationId"], "last");
}
