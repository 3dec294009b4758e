//! Policies whose handlers see the call, and have services.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::services::ServiceCollection;
use campanile_host::{BoxError, Inject};
use campanile_hub::{
    HubFilter, HubInvocationContext, HubOptions, HubResult, HubService, HubServiceCollectionExt,
    InvocationResult, Next, hub,
};
use campanile_web::http::request::Parts;
use campanile_web::{AuthorizationHandler, AuthorizationPolicies, Policy, Principal};
use futures_util::{Stream, stream};
use http::Request;
use serde_json::{Value, json};
use support::requests::{Caller, Events};

/// What happened, in order.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn push(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// One for each invocation.
#[derive(Inject)]
struct Scoped {
    log: Arc<Log>,
}

impl Drop for Scoped {
    fn drop(&mut self) {
        self.log.push("scope over");
    }
}

/// Lets a bell be rung up to a loudness.
#[derive(Inject)]
struct Quiet {
    scoped: Arc<Scoped>,
}

impl AuthorizationHandler for Quiet {
    type Requirement = u32;
    type Resource = HubInvocationContext;

    async fn permits(
        &self,
        principal: &Principal,
        loudest: &u32,
        call: &HubInvocationContext,
    ) -> Result<bool, BoxError> {
        tokio::task::yield_now().await;
        assert_eq!(principal.user_identifier(), Some("ann"));
        let loudness: u32 = call.argument(0)?;
        self.scoped
            .log
            .push(format!("{}.{} {loudness}?", call.hub(), call.method()));
        match loudness {
            13 => Err("nobody rings at 13".into()),
            14 => panic!("it cracked"),
            _ => Ok(loudness <= *loudest),
        }
    }
}

#[derive(Inject)]
struct BellHub {
    scoped: Arc<Scoped>,
}

#[hub]
impl BellHub {
    #[authorize(Policy::named("quiet"))]
    pub fn ring(&self, loudness: u32) -> String {
        self.scoped.log.push("rung");
        format!("bam {loudness}")
    }

    #[authorize(Policy::authenticated().require_handler::<Quiet>(2))]
    pub fn chime(&self, loudness: u32) -> impl Stream<Item = u32> + use<> {
        stream::iter(0..loudness)
    }

    pub fn look(&self) {}
}

/// Writes down what passes.
struct Seen(Arc<Log>);

impl HubFilter for Seen {
    async fn invoke(
        &self,
        invocation: &HubInvocationContext,
        next: Next<'_, InvocationResult>,
    ) -> HubResult<InvocationResult> {
        self.0.push(format!("filter {}", invocation.method()));
        next.run().await
    }
}

fn add(services: &mut ServiceCollection, log: &Arc<Log>) {
    let mut policies = AuthorizationPolicies::default();
    policies.add(
        "Quiet",
        Policy::authenticated().require_handler::<Quiet>(10),
    );
    services
        .add_instance(log.clone())
        .add_instance(Arc::new(policies));
    services.add_scoped::<Scoped>();
}

fn start(options: HubOptions, log: &Arc<Log>) -> HubService {
    let mut services = ServiceCollection::new();
    add(&mut services, log);
    services.add_hub::<BellHub>();
    HubService::new::<BellHub>(&services.build().unwrap(), options).unwrap()
}

const REFUSED: &str = "Failed to invoke 'Ring' because user is unauthorized";

#[tokio::test(start_paused = true)]
async fn a_handler_decides_by_the_arguments_before_the_method_runs() {
    for filtered in [false, true] {
        let log = Arc::new(Log::default());
        let mut options = HubOptions::default();
        if filtered {
            options.add_filter_instance(Seen(log.clone()));
        }
        let hub = start(options, &log);
        let mut client = Events::connect(&Caller::named(&hub, "ann")).await;
        log.take();
        let answer = client.invoke(1, "ring", json!([9])).await;
        assert_eq!(answer[0]["result"], "bam 9");
        // The scope is closed behind the answer.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let mut expected = vec!["BellHub.Ring 9?", "rung", "scope over"];
        if filtered {
            expected.insert(1, "filter Ring");
        }
        assert_eq!(log.take(), expected);
        let answer = client.invoke(1, "Ring", json!([11])).await;
        assert_eq!(answer[0]["error"], REFUSED);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(log.take(), ["BellHub.Ring 11?", "scope over"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_is_not_asked_about_those_who_are_out_anyway() {
    let log = Arc::new(Log::default());
    let hub = start(HubOptions::default(), &log);
    let mut client = Events::connect(&Caller::anonymous(&hub)).await;
    log.take();
    let answer = client.invoke(1, "Ring", json!([9])).await;
    assert_eq!(answer[0]["error"], REFUSED);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!log.take().iter().any(|it| it.contains('?')));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_fails_or_panics_fails_the_call_and_not_the_connection() {
    let log = Arc::new(Log::default());
    let hub = start(HubOptions::default(), &log);
    let mut client = Events::connect(&Caller::named(&hub, "ann")).await;
    for loudness in [13, 14] {
        let answer = client.invoke(1, "Ring", json!([loudness])).await;
        let text = "An unexpected error occurred invoking 'Ring' on the server.";
        assert_eq!(answer[0]["error"], text);
    }
    let answer = client.invoke(1, "Ring", json!([1])).await;
    assert_eq!(answer[0]["result"], "bam 1");
    assert_eq!(log.take().iter().filter(|it| *it == "rung").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_waits_for_its_handler_too() {
    let log = Arc::new(Log::default());
    let hub = start(HubOptions::default(), &log);
    let mut client = Events::connect(&Caller::named(&hub, "ann")).await;
    let answers = client.invoke(4, "Chime", json!([2])).await;
    let items: Vec<&Value> = answers.iter().map(|it| &it["item"]).collect();
    assert_eq!(items, [&json!(0), &json!(1), &Value::Null]);
    assert_eq!(answers[2].get("error"), None);
    let answers = client.invoke(4, "Chime", json!([3])).await;
    let text = "Failed to invoke 'Chime' because user is unauthorized";
    assert_eq!(answers[0]["error"], text);
}

/// Lets only those connect who say what they are there for.
#[derive(Inject)]
struct Purpose {
    log: Arc<Log>,
}

impl AuthorizationHandler for Purpose {
    type Requirement = ();
    type Resource = Parts;

    async fn permits(&self, _: &Principal, (): &(), request: &Parts) -> Result<bool, BoxError> {
        tokio::task::yield_now().await;
        self.log.push(request.method.as_str());
        Ok(request.headers.contains_key("purpose"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_the_hub_sees_the_requests() {
    let log = Arc::new(Log::default());
    let mut options = HubOptions::default();
    options.authorization = Some(Policy::authenticated().require_handler::<Purpose>(()));
    let hub = start(options, &log);
    log.take();
    let negotiate = || Request::post("/negotiate?negotiateVersion=1");
    for (caller, request, status) in [
        (Caller::named(&hub, "ann"), negotiate(), 403),
        (Caller::anonymous(&hub), negotiate(), 401),
        (
            Caller::named(&hub, "ann"),
            negotiate().header("purpose", "bells"),
            200,
        ),
        (
            Caller::named(&hub, "ann"),
            Request::get("/?id=1").header("purpose", "bells"),
            404,
        ),
        (Caller::named(&hub, "ann"), Request::get("/?id=1"), 403),
    ] {
        assert_eq!(caller.send(request, "").await.status(), status);
    }
    assert_eq!(log.take(), ["POST", "POST", "GET", "GET"]);
}

#[tokio::test]
async fn a_handler_at_the_wrong_place_ends_the_start() {
    let log = Arc::new(Log::default());
    let mut services = ServiceCollection::new();
    add(&mut services, &log);
    services.add_hub::<BellHub>();
    let mut options = HubOptions::default();
    options.authorization = Some(Policy::named("quiet"));
    let error = HubService::new::<BellHub>(&services.build().unwrap(), options).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("the hub BellHub: the authorization handler"),
        "{error}"
    );
    assert!(error.contains("Quiet decides on a"), "{error}");
}

#[tokio::test]
async fn what_a_handler_of_a_method_needs_is_checked_when_the_container_is_built() {
    #[derive(Inject)]
    struct Needy {
        _nothing: Arc<Seen>,
    }

    impl AuthorizationHandler for Needy {
        type Requirement = ();
        type Resource = HubInvocationContext;

        async fn permits(
            &self,
            _: &Principal,
            (): &(),
            _: &HubInvocationContext,
        ) -> Result<bool, BoxError> {
            Ok(true)
        }
    }

    #[derive(Inject)]
    struct NeedyHub;

    #[hub]
    impl NeedyHub {
        #[authorize(Policy::authenticated().require_handler::<Needy>(()))]
        pub fn ring(&self) {}
    }

    let mut services = ServiceCollection::new();
    services.add_hub::<NeedyHub>();
    let error = services.build().unwrap_err().to_string();
    assert!(error.contains("Needy") && error.contains("Seen"), "{error}");
}
