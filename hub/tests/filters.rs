//! Filters around hub methods and callbacks.

mod support;

use std::sync::{Arc, Mutex};

use campanile_host::Inject;
use campanile_host::services::ServiceCollection;
use campanile_hub::{
    HubCaller, HubError, HubFilter, HubInvocationContext, HubLifetimeContext, HubOptions,
    HubResult, HubServiceCollectionExt, InvocationResult, Next, hub,
};
use futures_util::{Stream, stream};
use serde_json::json;
use support::Server;

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// One for each invocation.
#[derive(Default)]
struct Visits(Mutex<u32>);

#[derive(Inject)]
struct BellHub {
    log: Arc<Log>,
    visits: Arc<Visits>,
}

#[hub]
impl BellHub {
    pub fn ring(&self, bell: String, times: u32) -> String {
        self.log.add("ring");
        *self.visits.0.lock().unwrap() += 1;
        format!("{bell} {times} {}", self.visits.0.lock().unwrap())
    }

    pub fn fail(&self) -> HubResult<()> {
        Err(HubError::message("the rope broke"))
    }

    pub fn count(&self, to: u32) -> impl Stream<Item = HubResult<u32>> + use<> {
        let broken = (to > 2).then(|| Err(HubError::message("tired")));
        stream::iter((0..to.min(2)).map(Ok).chain(broken))
    }

    async fn on_connected(&self, _caller: &HubCaller<Self>) -> HubResult<()> {
        self.log.add("connected");
        Ok(())
    }

    async fn on_disconnected(
        &self,
        _caller: &HubCaller<Self>,
        _error: Option<&HubError>,
    ) -> HubResult<()> {
        self.log.add("disconnected");
        Ok(())
    }
}

/// Writes down what passes.
struct Recorder {
    name: &'static str,
    log: Arc<Log>,
}

impl HubFilter for Recorder {
    async fn invoke(
        &self,
        invocation: &HubInvocationContext,
        next: Next<'_, InvocationResult>,
    ) -> HubResult<InvocationResult> {
        self.log.add(format!("{} in", self.name));
        let result = next.run().await;
        let outcome = match &result {
            Ok(result) => match result.stream_error() {
                Some(error) => format!("stream: {error}"),
                None => "done".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        self.log.add(format!(
            "{} out: {}/{}({}) {outcome}",
            self.name,
            invocation.hub(),
            invocation.method(),
            invocation.argument_count()
        ));
        result
    }

    async fn on_connected(
        &self,
        lifetime: &HubLifetimeContext,
        next: Next<'_, ()>,
    ) -> HubResult<()> {
        assert_eq!(lifetime.caller().connection_id().len(), 22);
        self.log.add(format!("{} connects", self.name));
        next.run().await
    }

    async fn on_disconnected(
        &self,
        lifetime: &HubLifetimeContext,
        error: Option<&HubError>,
        next: Next<'_, ()>,
    ) -> HubResult<()> {
        let error = error.map_or("nothing".to_owned(), ToString::to_string);
        next.run().await?;
        self.log.add(format!(
            "{} disconnects from {} by {error}",
            self.name,
            lifetime.hub()
        ));
        Ok(())
    }
}

/// Made by the container.
#[derive(Inject)]
struct Rules {
    visits: Arc<Visits>,
}

impl HubFilter for Rules {
    async fn invoke(
        &self,
        invocation: &HubInvocationContext,
        next: Next<'_, InvocationResult>,
    ) -> HubResult<InvocationResult> {
        *self.visits.0.lock().unwrap() += 10;
        match invocation.method() {
            "Ring" if invocation.argument::<String>(0)? == "Susanne" => {
                Err(HubError::message("Susanne is cracked"))
            }
            "Ring" if invocation.argument::<u32>(1)? == 0 => Ok(InvocationResult::new("silence")),
            "Listen" if !invocation.is_known() => Ok(InvocationResult::new("bim")),
            _ => next.run().await,
        }
    }
}

fn log() -> Arc<Log> {
    Arc::new(Log::default())
}

async fn start(
    log: &Arc<Log>,
    options: impl FnOnce(&mut HubOptions),
    services: impl FnOnce(&mut ServiceCollection),
) -> Server {
    let mut given = HubOptions::default();
    options(&mut given);
    Server::start_with::<BellHub>(given, |collection| {
        collection.add_instance(log.clone());
        collection.add_scoped_factory(Visits::default);
        services(collection);
    })
    .await
}

fn recorder(name: &'static str, log: &Arc<Log>) -> Recorder {
    let log = log.clone();
    Recorder { name, log }
}

#[tokio::test]
async fn those_of_all_hubs_are_outside_of_those_of_one_and_the_first_is_the_outermost() {
    let log = log();
    let server = start(
        &log,
        |options| {
            options
                .add_filter_instance(recorder("hub 1", &log))
                .add_filter_instance(recorder("hub 2", &log));
        },
        |services| {
            services
                .add_hub_filter_instance(recorder("all 1", &log))
                .add_hub_filter_instance(recorder("all 2", &log));
        },
    )
    .await;
    let mut client = server.connect().await;
    let answer = client.invoke("ring", json!(["Emma", 3])).await;
    assert_eq!(answer["result"], "Emma 3 1");
    assert_eq!(
        log.take(),
        [
            "all 1 connects",
            "all 2 connects",
            "hub 1 connects",
            "hub 2 connects",
            "connected",
            "all 1 in",
            "all 2 in",
            "hub 1 in",
            "hub 2 in",
            "ring",
            "hub 2 out: BellHub/Ring(2) done",
            "hub 1 out: BellHub/Ring(2) done",
            "all 2 out: BellHub/Ring(2) done",
            "all 1 out: BellHub/Ring(2) done",
        ]
    );
    client.send(json!({"type": 7, "error": "bored"})).await;
    assert_eq!(client.rest().await, [json!({"type": 7})]);
    support::eventually(|| log.0.lock().unwrap().len() == 5).await;
    assert_eq!(
        log.take(),
        [
            "disconnected",
            "hub 2 disconnects from BellHub by bored",
            "hub 1 disconnects from BellHub by bored",
            "all 2 disconnects from BellHub by bored",
            "all 1 disconnects from BellHub by bored",
        ]
    );
}

#[tokio::test]
async fn a_filter_refuses_answers_and_shares_the_services_of_the_invocation() {
    let log = log();
    let server = start(
        &log,
        |options| {
            options.add_filter::<Rules>();
        },
        |_| {},
    )
    .await;
    let mut client = server.connect().await;
    // Behind it, `on_connected` is done.
    client.invoke("Ring", json!(["Emma", 1])).await;
    log.take();
    let refused = client.invoke("Ring", json!(["Susanne", 1])).await;
    assert_eq!(
        refused["error"],
        "An unexpected error occurred invoking 'Ring' on the server. HubException: Susanne is cracked"
    );
    let answered = client.invoke("Ring", json!(["Emma", 0])).await;
    assert_eq!(answered["result"], "silence");
    assert_eq!(log.take(), [""; 0], "the method has not run");
    for _ in 0..2 {
        let passed = client.invoke("Ring", json!(["Emma", 2])).await;
        assert_eq!(passed["result"], "Emma 2 11");
    }
}

#[tokio::test]
async fn failures_and_unknown_methods_are_seen_and_misfits_are_not() {
    let log = log();
    let server = start(
        &log,
        |options| {
            options
                .add_filter_instance(recorder("one", &log))
                .add_filter::<Rules>();
        },
        |_| {},
    )
    .await;
    let mut client = server.connect().await;
    // Behind it, `on_connected` is done.
    client.invoke("Ring", json!(["Emma", 1])).await;
    log.take();
    let failed = client.invoke("Fail", json!([])).await;
    assert_eq!(
        failed["error"],
        "An unexpected error occurred invoking 'Fail' on the server. HubException: the rope broke"
    );
    let unknown = client.invoke("hum", json!([1, 2, 3])).await;
    assert_eq!(
        unknown["error"],
        "Failed to invoke 'hum' due to an error on the server. HubException: Method does not exist."
    );
    let misfit = client.invoke("Ring", json!([])).await;
    assert_eq!(
        misfit["error"],
        "Failed to invoke 'Ring' due to an error on the server."
    );
    let invented = client.invoke("Listen", json!([])).await;
    assert_eq!(invented["result"], "bim");
    assert_eq!(
        log.take(),
        [
            "one in",
            "one out: BellHub/Fail(0) the rope broke",
            "one in",
            "one out: BellHub/hum(3) Method does not exist.",
            "one in",
            "one out: BellHub/Listen(0) done",
        ]
    );
}

#[tokio::test]
async fn a_stream_is_over_when_a_filter_goes_on() {
    let log = log();
    let server = start(
        &log,
        |options| {
            options.add_filter_instance(recorder("one", &log));
        },
        |_| {},
    )
    .await;
    let mut client = server.connect().await;
    // Behind it, `on_connected` is done.
    client.invoke("Ring", json!(["Emma", 1])).await;
    log.take();
    for (to, items, error, line) in [
        (2, 2, json!(null), "one out: BellHub/Count(1) done"),
        (
            3,
            2,
            json!("An error occurred on the server while streaming results. HubException: tired"),
            "one out: BellHub/Count(1) stream: tired",
        ),
    ] {
        client
            .send(json!({"type": 4, "invocationId": "s", "target": "Count", "arguments": [to]}))
            .await;
        for number in 0..items {
            assert_eq!(client.next().await.unwrap()["item"], number);
        }
        let end = client.next().await.unwrap();
        assert_eq!((&end["type"], &end["error"]), (&json!(3), &error));
        assert_eq!(log.take(), ["one in", line]);
    }
}

/// Lets nobody in.
struct Closed;

impl HubFilter for Closed {
    async fn on_connected(&self, _: &HubLifetimeContext, _: Next<'_, ()>) -> HubResult<()> {
        Err(HubError::message("closed today"))
    }
}

#[tokio::test]
async fn a_filter_can_refuse_a_client() {
    let log = log();
    let server = start(
        &log,
        |_| {},
        |services| {
            services.add_hub_filter_instance(Closed);
        },
    )
    .await;
    let mut client = server.connect().await;
    assert_eq!(
        client.rest().await,
        [
            json!({"type": 7, "error": "Connection closed with an error. HubException: closed today"})
        ]
    );
    assert_eq!(log.take(), [""; 0], "the hub has never heard of it");
}

/// Needs what nobody has.
#[derive(Inject)]
struct Needy {
    _thing: Arc<std::num::NonZeroU8>,
}

impl HubFilter for Needy {}

#[test]
fn what_a_filter_needs_is_checked_with_the_container() {
    let mut services = ServiceCollection::new();
    services.add_hub_filter::<Needy>();
    let error = services.build().unwrap_err().to_string();
    assert!(
        error.contains("Needy") && error.contains("NonZero"),
        "{error}"
    );
}
