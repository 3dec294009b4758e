//! Invocations that something stands around.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use campanile_host::services::ServiceProvider;
use campanile_hub_protocol::OwnedArguments;
use campanile_web::Policy;
use futures_util::FutureExt;

use super::call::panic_text;
use super::responder::refuse_unauthorized;
use super::{HubDispatcher, HubRuntime, Responder};
use crate::filter::{Following, HubFilters};
use crate::{
    AnyHub, Hub, HubCaller, HubError, HubInvocationContext, HubLifetimeContext, HubResult,
    InvocationResult,
};

/// What is at the core of an invocation: begun with its services.
pub(crate) type Core = Box<
    dyn FnOnce(ServiceProvider) -> Pin<Box<dyn Future<Output = HubResult<InvocationResult>> + Send>>
        + Send,
>;

/// An invocation with filters around it, or with a policy before it that has handlers.
pub(crate) struct Guarded<H> {
    pub(crate) runtime: Arc<HubRuntime<H>>,
    pub(crate) responder: Responder,
    pub(crate) caller: HubCaller<AnyHub>,
    pub(crate) arguments: OwnedArguments,
    /// The method's place in the table, if there is such a method.
    pub(crate) method: Option<usize>,
    pub(crate) policy: Option<Policy>,
    pub(crate) streaming: bool,
    pub(crate) core: Core,
}

impl<H: Hub> Guarded<H> {
    /// Runs it and answers the client.
    pub(crate) async fn run(self) {
        let Self {
            runtime,
            responder,
            caller,
            arguments,
            method,
            policy,
            streaming,
            core,
        } = self;
        let scope = runtime.open_scope();
        let services = scope.services(&runtime).clone();
        let context = HubInvocationContext {
            hub: H::NAME,
            method: responder.method.clone(),
            known: method.is_some(),
            streaming,
            arguments,
            caller,
            services: services.clone(),
        };
        if let Some(policy) = policy {
            let permitted = AssertUnwindSafe(permits(&policy, &context))
                .catch_unwind()
                .await;
            match permitted.unwrap_or_else(panicked) {
                Ok(true) => {}
                Ok(false) => {
                    runtime.metrics().refuse("unauthorized");
                    let id = responder.invocation_id.as_deref();
                    let method = &responder.method;
                    refuse_unauthorized(&responder.connection, id, H::NAME, method, &policy);
                    return scope.close().await;
                }
                Err(error) => {
                    runtime.metrics().refuse("authorization");
                    responder.fail(&error);
                    return scope.close().await;
                }
            }
        }
        let running = method.map(|method| runtime.metrics().begin(method));
        let work = async {
            let filters = runtime.filters().resolve(&services)?;
            let core: Following<'_, _> = Box::pin(async { core(services.clone()).await });
            let all = filters.iter().rev();
            all.fold(core, |following, filter| filter.invoke(&context, following))
                .await
        };
        let result = AssertUnwindSafe(work).catch_unwind().await;
        let result = result.unwrap_or_else(panicked);
        if let Some(running) = running {
            running.end(
                result
                    .as_ref()
                    .map_or_else(Some, InvocationResult::stream_error),
            );
        }
        match result {
            Ok(answer) => answer.respond(&responder),
            Err(error) => responder.fail(&error),
        }
        scope.close().await;
    }
}

async fn permits(policy: &Policy, call: &HubInvocationContext) -> HubResult<bool> {
    let principal = call.caller.principal();
    let permitted = policy.permits_resource(principal, call, &call.services);
    permitted.await.map_err(HubError::from_error)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a panic is owned by who caught it"
)]
fn panicked<T>(panic: Box<dyn Any + Send>) -> HubResult<T> {
    Err(HubError::Panic(panic_text(&*panic)))
}

/// Runs `callback` with its filters around it.
pub(crate) async fn connected(
    filters: &HubFilters,
    lifetime: &HubLifetimeContext,
    callback: Following<'_, ()>,
) -> HubResult<()> {
    let filters = filters.resolve(&lifetime.services)?;
    let all = filters.iter().rev();
    all.fold(callback, |following, filter| {
        filter.on_connected(lifetime, following)
    })
    .await
}

/// Runs `callback` with its filters around it.
pub(crate) async fn disconnected(
    filters: &HubFilters,
    lifetime: &HubLifetimeContext,
    error: Option<&HubError>,
    callback: Following<'_, ()>,
) -> HubResult<()> {
    let filters = filters.resolve(&lifetime.services)?;
    let all = filters.iter().rev();
    all.fold(callback, |following, filter| {
        filter.on_disconnected(lifetime, error, following)
    })
    .await
}
