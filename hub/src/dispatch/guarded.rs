//! Invocations that something stands around.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use campanile_host::services::ServiceProvider;
use campanile_hub_protocol::OwnedArguments;
use futures_util::FutureExt;

use super::call::panic_text;
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

/// An invocation with filters around it.
pub(crate) struct Guarded<H> {
    pub(crate) runtime: Arc<HubRuntime<H>>,
    pub(crate) responder: Responder,
    pub(crate) caller: HubCaller<AnyHub>,
    pub(crate) arguments: OwnedArguments,
    /// The method's place in the table, if there is such a method.
    pub(crate) method: Option<usize>,
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
            streaming,
            core,
        } = self;
        let running = method.map(|method| runtime.metrics().begin(method));
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
        let work = async {
            let filters = runtime.filters().resolve(&services)?;
            let core: Following<'_, _> = Box::pin(async { core(services.clone()).await });
            let all = filters.iter().rev();
            all.fold(core, |following, filter| filter.invoke(&context, following))
                .await
        };
        let result = AssertUnwindSafe(work).catch_unwind().await;
        let result = result.unwrap_or_else(|panic| Err(HubError::Panic(panic_text(&*panic))));
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
