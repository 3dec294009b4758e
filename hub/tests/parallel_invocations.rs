//! How many calls of one client run at once, and what waits for them: `maximum_parallel_invocations_per_client`.
//!
//! Time stands still here, and goes on by itself once nobody has anything to do: what has not come by then is held back.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use campanile_host::services::{ServiceCollection, ServiceProvider};
use campanile_host::{BoxError, CancellationToken, Inject};
use campanile_hub::{
    HubCaller, HubContext, HubInvocationContext, HubOptions, HubResult, HubService,
    HubServiceCollectionExt, HubStream, UploadStream, hub,
};
use campanile_web::{
    AuthenticationTicket, AuthorizationHandler, AuthorizationPolicies, Policy, Principal,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use support::requests::{Caller, Events};
use tokio::sync::Semaphore;

/// What is under way, and what lets it end.
#[derive(Debug)]
struct Work {
    running: AtomicUsize,
    most: AtomicUsize,
    ends: Semaphore,
    decisions: Semaphore,
}

impl Work {
    fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    /// Lets so many calls end.
    fn end(&self, count: usize) {
        self.ends.add_permits(count);
    }
}

/// Has to be waited for.
#[derive(Inject)]
struct Deliberate {
    work: Arc<Work>,
}

impl AuthorizationHandler for Deliberate {
    type Requirement = ();
    type Resource = HubInvocationContext;

    async fn permits(
        &self,
        _: &Principal,
        (): &(),
        _: &HubInvocationContext,
    ) -> Result<bool, BoxError> {
        self.work.decisions.acquire().await?.forget();
        Ok(true)
    }
}

#[derive(Inject)]
struct WorkHub {
    work: Arc<Work>,
}

#[hub]
impl WorkHub {
    /// Runs until it is let end.
    pub async fn work(&self) -> HubResult<()> {
        let work = &self.work;
        let running = work.running.fetch_add(1, Ordering::SeqCst) + 1;
        work.most.fetch_max(running, Ordering::SeqCst);
        if let Ok(permit) = work.ends.acquire().await {
            permit.forget();
        }
        work.running.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }

    /// Asks its caller first.
    pub async fn ask_and_work(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        let sure: bool = caller.clients().caller().invoke("Sure", ()).await?;
        assert!(sure);
        self.work().await
    }

    pub fn quick(&self, number: u32) -> u32 {
        number
    }

    pub fn fail(&self) -> Result<(), BoxError> {
        Err("it did not work".into())
    }

    pub async fn panic(&self) {
        tokio::task::yield_now().await;
        panic!("it snapped");
    }

    pub fn one_item_and_no_end(&self, given_up: CancellationToken) -> HubStream<u32> {
        let _ = given_up;
        HubStream::new(stream::iter([1]).chain(stream::pending()))
    }

    pub async fn sum(&self, numbers: UploadStream<u32>) -> HubResult<u32> {
        numbers.try_fold(0, async |sum, it| Ok(sum + it)).await
    }

    #[authorize(Policy::authenticated().require_handler::<Deliberate>(()))]
    pub async fn sum_if_permitted(&self, numbers: UploadStream<u32>) -> HubResult<u32> {
        self.sum(numbers).await
    }
}

/// A client, and the hub that it is connected to.
struct Desk {
    client: Events,
    work: Arc<Work>,
    services: ServiceProvider,
}

impl Desk {
    async fn open(configure: impl FnOnce(&mut HubOptions)) -> Self {
        let work = Arc::new(Work {
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            ends: Semaphore::new(0),
            decisions: Semaphore::new(0),
        });
        let mut services = ServiceCollection::new();
        services.add_hub::<WorkHub>();
        services
            .add_instance(work.clone())
            .add_instance(Arc::new(AuthorizationPolicies::default()));
        let services = services.build().unwrap();
        let mut options = HubOptions::default();
        configure(&mut options);
        let hub = HubService::new::<WorkHub>(&services, options).unwrap();
        let ticket = AuthenticationTicket::new(Principal::new([("sub", "ann")]));
        let client = Events::connect(&Caller::known(&hub, ticket)).await;
        Self {
            client,
            work,
            services,
        }
    }

    /// With one place, as it is by default.
    async fn with_one_place() -> Self {
        let one = HubOptions::default().maximum_parallel_invocations_per_client;
        assert_eq!(one, 1);
        Self::open(|_| {}).await
    }

    async fn call(&self, id: &str, target: &str) {
        self.client
            .post(&json!({"type": 1, "invocationId": id, "target": target, "arguments": []}))
            .await;
    }

    async fn quick(&self, id: &str) {
        self.client
            .post(&json!({"type": 1, "invocationId": id, "target": "Quick", "arguments": [7]}))
            .await;
    }

    async fn stream(&self, id: &str) {
        self.client
            .post(&json!({"type": 4, "invocationId": id, "target": "OneItemAndNoEnd", "arguments": []}))
            .await;
    }

    async fn cancel(&self, id: &str) {
        self.client
            .post(&json!({"type": 5, "invocationId": id}))
            .await;
    }

    /// Calls a method with an upload named as the call is.
    async fn upload(&self, id: &str, target: &str) {
        self.client
            .post(&json!({"type": 1, "invocationId": id, "target": target, "arguments": [], "streamIds": [format!("up {id}")]}))
            .await;
    }

    async fn item(&self, id: &str, item: u32) {
        self.client
            .post(&json!({"type": 2, "invocationId": format!("up {id}"), "item": item}))
            .await;
    }

    async fn end_upload(&self, id: &str) {
        self.client
            .post(&json!({"type": 3, "invocationId": format!("up {id}")}))
            .await;
    }

    /// What comes until nothing does, but pings.
    async fn hears(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Ok(message) =
            tokio::time::timeout(Duration::from_millis(100), self.client.next()).await
        {
            let message = message.expect("the connection goes on");
            if message["type"] != 6 {
                messages.push(message);
            }
        }
        messages
    }

    /// The ids of what comes, in its order.
    async fn hears_of(&mut self) -> Vec<String> {
        let messages = self.hears().await;
        let ids = messages.iter().map(|it| {
            assert!(it["error"].is_null(), "{it}");
            it["invocationId"].as_str().unwrap().to_owned()
        });
        ids.collect()
    }
}

#[tokio::test(start_paused = true)]
async fn ordinary_calls_run_one_by_one_in_their_order() {
    let mut desk = Desk::with_one_place().await;
    for id in ["a", "b", "c"] {
        desk.call(id, "Work").await;
    }
    desk.quick("d").await;
    assert_eq!(desk.hears_of().await, [""; 0]);
    assert_eq!(desk.work.running(), 1);
    for id in ["a", "b"] {
        desk.work.end(1);
        assert_eq!(desk.hears_of().await, [id]);
    }
    desk.work.end(1);
    assert_eq!(desk.hears_of().await, ["c", "d"]);
    assert_eq!(desk.work.most(), 1);
}

#[tokio::test(start_paused = true)]
async fn so_many_ordinary_calls_run_at_once_and_the_next_one_waits() {
    let mut desk = Desk::open(|it| it.maximum_parallel_invocations_per_client = 3).await;
    for id in ["a", "b", "c", "d"] {
        desk.call(id, "Work").await;
    }
    desk.hears_of().await;
    assert_eq!(desk.work.running(), 3);
    desk.work.end(1);
    assert_eq!(desk.hears_of().await.len(), 1);
    assert_eq!(desk.work.running(), 3, "the fourth has the free place");
    desk.work.end(3);
    assert_eq!(desk.hears_of().await.len(), 3);
    assert_eq!(desk.work.most(), 3);
}

#[tokio::test(start_paused = true)]
async fn everything_else_is_read_while_a_call_runs() {
    let mut desk = Desk::with_one_place().await;
    desk.call("working", "Work").await;
    desk.stream("stream").await;
    assert_eq!(desk.hears().await[0]["item"], 1);
    desk.cancel("stream").await;
    assert_eq!(desk.hears_of().await, ["stream"]);
    desk.upload("sum", "Sum").await;
    desk.item("sum", 2).await;
    desk.end_upload("sum").await;
    assert_eq!(desk.hears().await[0]["result"], 2);
    let asked = ask(&desk);
    let question = desk.client.next().await.unwrap()["invocationId"].clone();
    desk.client
        .post(&json!({"type": 3, "invocationId": question, "result": 42}))
        .await;
    assert_eq!(asked.await.unwrap(), 42);
    assert_eq!(desk.work.running(), 1);
}

/// Asks the client from outside of the hub.
fn ask(desk: &Desk) -> tokio::task::JoinHandle<u32> {
    let context: HubContext<WorkHub> = desk.services.inject().unwrap();
    tokio::spawn(async move {
        let id = context.presence().connections()[0].clone();
        let client = context.clients().client(&id);
        client.invoke("HowMany", ()).await.unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_behind_a_call_that_waits_for_its_place() {
    let mut desk = Desk::with_one_place().await;
    desk.stream("stream").await;
    desk.upload("sum", "Sum").await;
    desk.hears().await;
    let asked = ask(&desk);
    let question = desk.client.next().await.unwrap()["invocationId"].clone();
    desk.call("working", "Work").await;
    desk.call("waiting", "Work").await;
    desk.cancel("stream").await;
    desk.end_upload("sum").await;
    desk.stream("another").await;
    desk.client
        .post(&json!({"type": 3, "invocationId": question, "result": 42}))
        .await;
    assert_eq!(desk.hears().await, [Value::Null; 0]);
    assert!(!asked.is_finished());
    desk.work.end(1);
    let mut all = desk.hears_of().await;
    assert_eq!(all.remove(0), "working");
    all.sort();
    assert_eq!(all, ["another", "stream", "sum"]);
    assert_eq!(asked.await.unwrap(), 42);
}

#[tokio::test(start_paused = true)]
async fn streams_and_uploads_take_no_place() {
    let mut desk = Desk::with_one_place().await;
    for id in ["a", "b", "c"] {
        desk.stream(id).await;
        desk.upload(&format!("{id}'"), "Sum").await;
    }
    assert_eq!(desk.hears_of().await, ["a", "b", "c"]);
    desk.quick("quick").await;
    assert_eq!(desk.hears_of().await, ["quick"]);
}

#[tokio::test(start_paused = true)]
async fn items_that_come_before_a_policy_has_decided_are_not_lost() {
    let mut desk = Desk::with_one_place().await;
    desk.upload("sum", "SumIfPermitted").await;
    for item in [1, 2, 3] {
        desk.item("sum", item).await;
    }
    desk.end_upload("sum").await;
    assert_eq!(desk.hears().await, [Value::Null; 0]);
    desk.work.decisions.add_permits(1);
    assert_eq!(desk.hears().await[0]["result"], 6);
}

#[tokio::test(start_paused = true)]
async fn who_asks_a_client_gives_its_place_back_until_its_end() {
    let mut desk = Desk::with_one_place().await;
    desk.call("asking", "AskAndWork").await;
    let question = desk.client.next().await.unwrap()["invocationId"].clone();
    desk.call("working", "Work").await;
    desk.hears_of().await;
    assert_eq!(desk.work.running(), 1, "before the answer");
    desk.client
        .post(&json!({"type": 3, "invocationId": question, "result": true}))
        .await;
    desk.hears_of().await;
    assert_eq!(desk.work.running(), 2, "and after it");
    desk.work.end(2);
    assert_eq!(desk.hears_of().await.len(), 2);
    // There is still one place, and no more.
    desk.call("a", "Work").await;
    desk.call("b", "Work").await;
    desk.hears_of().await;
    assert_eq!(desk.work.running(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_takes_its_place_too() {
    let mut desk = Desk::with_one_place().await;
    desk.client
        .post(&json!({"type": 1, "target": "Work", "arguments": []}))
        .await;
    desk.quick("quick").await;
    assert_eq!(desk.hears_of().await, [""; 0]);
    desk.work.end(1);
    assert_eq!(desk.hears_of().await, ["quick"]);
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_again_however_its_call_ends() {
    let mut desk = Desk::with_one_place().await;
    for target in ["Fail", "Panic", "Quick", "NoSuchMethod"] {
        desk.call("bad", target).await;
        assert!(desk.hears().await[0]["error"].is_string(), "{target}");
        desk.quick("good").await;
        assert_eq!(desk.hears_of().await, ["good"], "after {target}");
    }
}

/// A client that has pinged, and has to go on within 5 seconds.
async fn pinging() -> Desk {
    let desk = Desk::open(|it| {
        it.client_timeout_interval = Duration::from_secs(5);
        it.transport_send_timeout = None;
    })
    .await;
    desk.client.post(&json!({"type": 6})).await;
    desk
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_not_read_has_no_time_to_keep() {
    let mut desk = pinging().await;
    desk.call("working", "Work").await;
    desk.call("waiting", "Work").await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    desk.work.end(2);
    assert_eq!(desk.hears_of().await, ["working", "waiting"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_read_keeps_its_time_while_its_call_runs() {
    let mut desk = pinging().await;
    desk.call("working", "Work").await;
    let mut last = Value::Null;
    while let Some(message) = desk.client.next().await {
        last = message;
    }
    assert_eq!(last["error"], "Connection closed with an error.");
}
