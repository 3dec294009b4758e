//! The conformance hub, once for each set of options.

use std::sync::Arc;
use std::time::Duration;

use campanile_host::{BoxError, CancellationToken, Inject};
use campanile_hub::{HubCaller, HubContext, HubError, HubResult, HubStream, UploadStream, hub};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::payload::Payload;

/// An error with the name of its type, as the contract wants it.
pub(crate) fn described(error: &HubError) -> String {
    match error {
        HubError::Message(text) => format!("HubException: {text}"),
        other => format!("IOException: {other}"),
    }
}

/// What `FromContainer` says.
pub(crate) struct Greeting(pub(crate) &'static str);

/// An error as the callers of this hub get to see it.
fn caught(error: &HubError) -> String {
    match error {
        HubError::Message(text) => format!("HubException: {text}"),
        other => format!("IOException: {other}"),
    }
}

macro_rules! conformance_hubs {
    ($($hub:ident),+) => {$(
        #[derive(Inject)]
        pub(crate) struct $hub;

        #[hub]
        impl $hub {
            pub fn echo(&self, value: Value) -> Value {
                value
            }

            pub fn echo_string(&self, value: Option<String>) -> Option<String> {
                value
            }

            pub fn echo_int(&self, value: i32) -> i32 {
                value
            }

            pub fn echo_payload(&self, value: Option<Payload>) -> Option<Payload> {
                value
            }

            pub fn add(&self, a: i32, b: i32) -> i32 {
                a.wrapping_add(b)
            }

            pub fn nothing(&self) {}

            pub async fn nothing_later(&self) {
                tokio::task::yield_now().await;
            }

            pub fn fail(&self, message: String) -> Result<(), BoxError> {
                Err(message.into())
            }

            pub fn fail_hub(&self, message: String) -> HubResult<()> {
                Err(HubError::message(message))
            }

            pub fn caller_id(&self, caller: &HubCaller<Self>) -> String {
                caller.connection_id().to_owned()
            }

            pub fn user_id(&self, caller: &HubCaller<Self>) -> Option<String> {
                caller.user_identifier().map(str::to_owned)
            }

            #[authorize]
            pub fn only_named(&self, caller: &HubCaller<Self>) -> String {
                format!("welcome {}", caller.user_identifier().unwrap_or_default())
            }

            pub fn transport_name(&self, caller: &HubCaller<Self>) -> String {
                caller.transport().to_string()
            }

            pub fn header(&self, caller: &HubCaller<Self>, name: String) -> Option<String> {
                caller.request().header(&name).map(str::to_owned)
            }

            pub fn query(&self, caller: &HubCaller<Self>, name: String) -> Option<String> {
                caller.request().query(&name)
            }

            pub async fn send_to_caller(&self, caller: &HubCaller<Self>, method: String, value: Value) -> HubResult<()> {
                caller.clients().caller().send(&method, (value,)).await
            }

            pub async fn send_to_all(&self, caller: &HubCaller<Self>, method: String, value: Value) -> HubResult<()> {
                caller.clients().all().send(&method, (value,)).await
            }

            pub async fn send_to_others(&self, caller: &HubCaller<Self>, method: String, value: Value) -> HubResult<()> {
                caller.clients().others().send(&method, (value,)).await
            }

            pub async fn send_to_client(&self, caller: &HubCaller<Self>, id: String, method: String, value: Value) -> HubResult<()> {
                caller.clients().client(&id).send(&method, (value,)).await
            }

            pub async fn send_to_clients(&self, caller: &HubCaller<Self>, ids: Vec<String>, method: String, value: Value) -> HubResult<()> {
                caller.clients().clients(ids).send(&method, (value,)).await
            }

            pub async fn send_to_all_except(&self, caller: &HubCaller<Self>, ids: Vec<String>, method: String, value: Value) -> HubResult<()> {
                caller.clients().all_except(ids).send(&method, (value,)).await
            }

            pub async fn send_to_group(&self, caller: &HubCaller<Self>, group: String, method: String, value: Value) -> HubResult<()> {
                caller.clients().group(&group).send(&method, (value,)).await
            }

            pub async fn send_to_groups(&self, caller: &HubCaller<Self>, groups: Vec<String>, method: String, value: Value) -> HubResult<()> {
                caller.clients().groups(groups).send(&method, (value,)).await
            }

            pub async fn send_to_group_except(
                &self,
                caller: &HubCaller<Self>,
                group: String,
                ids: Vec<String>,
                method: String,
                value: Value,
            ) -> HubResult<()> {
                caller.clients().group_except(&group, ids).send(&method, (value,)).await
            }

            pub async fn send_to_others_in_group(
                &self,
                caller: &HubCaller<Self>,
                group: String,
                method: String,
                value: Value,
            ) -> HubResult<()> {
                caller.clients().others_in_group(&group).send(&method, (value,)).await
            }

            pub async fn join(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
                caller.groups().add(caller.connection_id(), &group).await
            }

            pub async fn leave(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
                caller.groups().remove(caller.connection_id(), &group).await
            }

            pub async fn join_for(&self, caller: &HubCaller<Self>, id: String, group: String) -> HubResult<()> {
                caller.groups().add(&id, &group).await
            }

            pub async fn leave_for(&self, caller: &HubCaller<Self>, id: String, group: String) -> HubResult<()> {
                caller.groups().remove(&id, &group).await
            }

            pub async fn slow(&self, milliseconds: u64) -> &'static str {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                "done"
            }

            pub fn counter(&self, count: i32, delay_milliseconds: u64) -> impl Stream<Item = i32> {
                stream::iter(0..count).then(move |number| async move {
                    if delay_milliseconds > 0 {
                        tokio::time::sleep(Duration::from_millis(delay_milliseconds)).await;
                    }
                    number
                })
            }

            pub fn failing_stream(&self, after: i32, message: String) -> impl Stream<Item = Result<i32, BoxError>> {
                stream::iter((0..after).map(Ok)).chain(stream::once(async { Err(message.into()) }))
            }

            pub fn failing_hub_stream(&self, after: i32, message: String) -> HubStream<i32> {
                let error = stream::once(async { Err(HubError::message(message)) });
                HubStream::new(stream::iter((0..after).map(Ok)).chain(error))
            }

            pub fn fails_before_streaming(&self, message: String) -> Result<HubStream<i32>, BoxError> {
                Err(message.into())
            }

            pub fn infinite_stream(
                &self,
                caller: &HubCaller<Self>,
                #[inject] context: HubContext<Self>,
                cancelled: CancellationToken,
            ) -> impl Stream<Item = String> + use<> {
                let id = caller.connection_id().to_owned();
                tokio::spawn(async move {
                    cancelled.cancelled().await;
                    context.clients().client(&id).send("StreamCanceled", ()).await
                });
                stream::pending()
            }

            pub async fn concat(&self, parts: UploadStream<String>) -> HubResult<String> {
                parts.try_collect().await
            }

            pub async fn concat_with_prefix(&self, prefix: String, parts: UploadStream<String>) -> HubResult<String> {
                let text: String = parts.try_collect().await?;
                Ok(prefix + &text)
            }

            pub async fn catch_upload_error(&self, numbers: UploadStream<i32>) -> String {
                match numbers.try_for_each(|_| async { Ok(()) }).await {
                    Ok(()) => "no error".to_owned(),
                    Err(error) => caught(&error),
                }
            }

            pub fn doubled(&self, numbers: UploadStream<i32>) -> impl Stream<Item = HubResult<i32>> {
                numbers.map_ok(|number| number.wrapping_mul(2))
            }

            pub async fn ask_caller(&self, caller: &HubCaller<Self>, value: i32) -> HubResult<i32> {
                caller.clients().caller().invoke("Double", (value,)).await
            }

            pub async fn ask_client(&self, caller: &HubCaller<Self>, id: String, value: i32) -> HubResult<i32> {
                caller.clients().client(&id).invoke("Double", (value,)).await
            }

            pub async fn ask_caller_catching(&self, caller: &HubCaller<Self>, value: i32) -> String {
                match caller.clients().caller().invoke::<i32>("Double", (value,)).await {
                    Ok(answer) => answer.to_string(),
                    Err(error) => described(&error),
                }
            }

            pub fn abort(&self, caller: &HubCaller<Self>) {
                caller.abort();
            }

            #[hub_method(name = "renamed")]
            pub fn original_name(&self) -> &'static str {
                "renamed"
            }

            pub fn from_container(&self, #[inject] greeting: Arc<Greeting>, value: Value) -> String {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                format!("{}{text}", greeting.0)
            }

            async fn on_connected(&self, caller: &HubCaller<Self>) -> HubResult<()> {
                let asked = |name| caller.request().query(name).as_deref() == Some("1");
                if asked("announce") {
                    let id = caller.connection_id().to_owned();
                    caller.clients().caller().send("Connected", (id,)).await?;
                }
                if asked("reject") {
                    return Err(HubError::from_error("rejected by OnConnected"));
                }
                if asked("abort") {
                    caller.abort();
                }
                Ok(())
            }

            async fn on_disconnected(&self, caller: &HubCaller<Self>, error: Option<&HubError>) -> HubResult<()> {
                let id = caller.connection_id().to_owned();
                let error = error.map(ToString::to_string);
                caller.clients().group("watchers").send("Gone", (id, error)).await
            }
        }
    )+};
}

conformance_hubs!(
    AuthorizedConformanceHub,
    ConformanceHub,
    DetailedHub,
    ImpatientHub,
    ParallelHub,
    ReconnectHub,
    SmallHub,
    WebSocketlessHub
);
