//! A hub ready to serve: its methods, its options, the container.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use campanile_host::metrics::Metrics;
use campanile_host::services::{ServiceError, ServiceProvider, ServiceScope};
use campanile_hub_protocol::{HubProtocol, Invocation, InvocationKind};
use campanile_web::AuthorizationPolicies;
use futures_util::FutureExt;

use super::call::panic_text;
use super::guarded::{Guarded, connected, disconnected};
use super::responder::{refuse_unauthorized, respond_error};
use super::{CallError, HubMethods, MethodCall, MethodFuture, MethodRun, Responder};
use crate::caller::Standing;
use crate::connection::{Connection, OpenCall};
use crate::filter::HubFilters;
use crate::lifetime::HubLifetimeManager;
use crate::metrics::HubMetrics;
use crate::protocols;
use crate::spans::{self, Callback};
use crate::{
    Hub, HubCaller, HubContext, HubError, HubLifetimeContext, HubOptions, HubResult, RequestHead,
    UserIdProvider,
};

/// A hub of the type `H`, shared by all of its connections.
pub(crate) struct HubRuntime<H> {
    options: HubOptions,
    protocols: Vec<HubProtocol>,
    methods: HubMethods<H>,
    lifetime: Arc<dyn HubLifetimeManager>,
    services: ServiceProvider,
    users: Option<Arc<dyn UserIdProvider>>,
    /// Those of all hubs, and then its own.
    filters: HubFilters,
    metrics: HubMetrics,
    /// A hub that needs nothing from the container needs no scope either.
    scoped: bool,
}

/// What became of an invocation.
pub(crate) enum Dispatch {
    /// It reached no method, for this reason, and is answered already.
    Refused(&'static str),
    /// It has to be run, and holds what is beside it until it is over.
    Run(MethodFuture, Option<Box<OpenCall>>),
}

pub(crate) type CallbackFuture<'a> = Pin<Box<dyn Future<Output = HubResult<()>> + Send + 'a>>;

/// A [`HubRuntime`], whatever its hub is.
pub(crate) trait HubDispatcher: fmt::Debug + Send + Sync {
    fn name(&self) -> &'static str;
    fn options(&self) -> &HubOptions;
    /// The hub protocols that its clients may speak.
    fn protocols(&self) -> &[HubProtocol];
    fn lifetime(&self) -> &Arc<dyn HubLifetimeManager>;
    fn metrics(&self) -> &HubMetrics;
    /// Which user has sent a request.
    fn user_identifier(&self, request: &RequestHead) -> Option<Box<str>>;
    fn dispatch(
        self: Arc<Self>,
        connection: &Arc<Connection>,
        invocation: Invocation<'_>,
        standing: Standing,
    ) -> Dispatch;
    fn on_connected(self: Arc<Self>, connection: Arc<Connection>) -> CallbackFuture<'static>;
    fn on_disconnected<'a>(
        self: Arc<Self>,
        connection: Arc<Connection>,
        error: Option<&'a HubError>,
    ) -> CallbackFuture<'a>;
}

/// The services of one invocation.
pub(crate) enum InvocationScope {
    Root,
    Own(ServiceScope),
}

impl<H: Hub> HubRuntime<H> {
    pub(crate) fn new(
        context: &HubContext<H>,
        services: ServiceProvider,
        users: Option<Arc<dyn UserIdProvider>>,
        policies: &AuthorizationPolicies,
        filters: HubFilters,
        metrics: &Metrics,
        options: HubOptions,
    ) -> Result<Self, ServiceError> {
        context
            .lifetime()
            .local()
            .add_result_timeout(options.client_result_timeout);
        let names = options.supported_protocols.as_deref();
        let protocols = protocols::supported(&services, names, H::NAME)?;
        let mut methods = H::methods();
        methods.resolve(policies).map_err(|(method, error)| {
            let hub = H::NAME;
            ServiceError::failed(format!("the method {method} of the hub {hub}: {error}"))
        })?;
        let scoped =
            !H::dependencies().is_empty() || methods.needs_services() || filters.is_scoped();
        Ok(Self {
            options,
            protocols,
            metrics: HubMetrics::new(metrics, H::NAME, methods.names()),
            methods,
            lifetime: context.lifetime().clone(),
            services,
            users,
            scoped,
            filters,
        })
    }

    pub(crate) fn open_scope(&self) -> InvocationScope {
        if self.scoped {
            InvocationScope::Own(self.services.create_scope())
        } else {
            InvocationScope::Root
        }
    }

    pub(crate) fn filters(&self) -> &HubFilters {
        &self.filters
    }

    /// Answers a call of a method that there is not: at once, or with what the filters say.
    fn answer_unknown(
        self: Arc<Self>,
        connection: &Arc<Connection>,
        invocation: &Invocation<'_>,
        standing: Standing,
    ) -> Dispatch {
        let responder = Responder {
            connection: connection.clone(),
            invocation_id: invocation.invocation_id.as_deref().map(Into::into),
            method: Cow::Owned(invocation.target.to_string()),
            detailed_errors: self.options.enable_detailed_errors,
        };
        if self.filters.is_empty() {
            responder.fail(&HubError::NoSuchMethod);
            return Dispatch::Refused("unknown_method");
        }
        self.metrics.refuse("unknown_method");
        let caller = HubCaller::new(connection.clone(), self.lifetime.clone(), standing);
        let guarded = Guarded {
            runtime: self,
            responder,
            caller,
            arguments: invocation.arguments.detach(),
            method: None,
            policy: None,
            streaming: invocation.kind == InvocationKind::Stream,
            core: Box::new(|_| Box::pin(ready(Err(HubError::NoSuchMethod)))),
        };
        Dispatch::Run(Box::pin(guarded.run()), None)
    }

    fn lifetime_context(
        &self,
        caller: &HubCaller<H>,
        services: &ServiceProvider,
    ) -> HubLifetimeContext {
        HubLifetimeContext {
            hub: H::NAME,
            caller: caller.of_any_hub(),
            services: services.clone(),
        }
    }
}

impl InvocationScope {
    pub(crate) fn services<'a, H>(&'a self, runtime: &'a HubRuntime<H>) -> &'a ServiceProvider {
        match self {
            Self::Root => &runtime.services,
            Self::Own(scope) => scope.services(),
        }
    }

    /// Runs a callback and closes the scope; a panic is an error like any other.
    async fn settle(self, work: impl Future<Output = HubResult<()>>) -> HubResult<()> {
        let result = AssertUnwindSafe(work).catch_unwind().await;
        self.close().await;
        result.unwrap_or_else(|panic| Err(HubError::Panic(panic_text(&*panic))))
    }

    pub(crate) async fn close(self) {
        if let Self::Own(scope) = self
            && let Err(error) = scope.dispose().await
        {
            tracing::error!(%error, "a service of a hub invocation could not be disposed");
        }
    }
}

impl<H: Hub> HubDispatcher for HubRuntime<H> {
    fn name(&self) -> &'static str {
        H::NAME
    }

    fn options(&self) -> &HubOptions {
        &self.options
    }

    fn protocols(&self) -> &[HubProtocol] {
        &self.protocols
    }

    fn lifetime(&self) -> &Arc<dyn HubLifetimeManager> {
        &self.lifetime
    }

    fn metrics(&self) -> &HubMetrics {
        &self.metrics
    }

    fn user_identifier(&self, request: &RequestHead) -> Option<Box<str>> {
        match &self.users {
            Some(users) => users.user_identifier(request).map(Into::into),
            None => request.principal().user_identifier().map(Into::into),
        }
    }

    fn dispatch(
        self: Arc<Self>,
        connection: &Arc<Connection>,
        invocation: Invocation<'_>,
        standing: Standing,
    ) -> Dispatch {
        let detailed_errors = self.options.enable_detailed_errors;
        let connection_id = &*connection.id;
        let Some(method) = self.methods.find(&invocation.target) else {
            let method = &*invocation.target;
            tracing::warn!(
                hub = H::NAME,
                method,
                connection_id,
                "a client called an unknown hub method"
            );
            return self.answer_unknown(connection, &invocation, standing);
        };
        let Invocation {
            kind,
            invocation_id,
            headers,
            target,
            arguments,
            stream_ids,
            ..
        } = invocation;
        let (name, invoke, index) = (method.name, method.invoke, method.index);
        // Handlers are asked when the call runs: they may wait, and see its arguments.
        let (policy, handled) = match &method.policy {
            Some(policy) if policy.has_handlers() => (None, Some(policy.clone())),
            policy => (policy.as_ref(), None),
        };
        if let Some(policy) = policy
            && !policy.permits(connection.request.principal())
        {
            refuse_unauthorized(connection, invocation_id.as_deref(), H::NAME, name, policy);
            return Dispatch::Refused("unauthorized");
        }
        let responder = Responder {
            connection: connection.clone(),
            invocation_id: invocation_id.as_deref().map(Into::into),
            method: Cow::Borrowed(name),
            detailed_errors,
        };
        let streaming = kind == InvocationKind::Stream;
        let streams = usize::from(streaming) + stream_ids.len();
        let too_many = self
            .options
            .maximum_streams_per_connection
            .filter(|limit| streams > 0 && connection.streams().saturating_add(streams) > *limit)
            .map(|limit| CallError::TooManyStreams { limit });
        let invoke = |call| too_many.map_or_else(|| invoke(call), Err);
        let run = invoke(MethodCall {
            arguments,
            stream_ids,
            caller: HubCaller::new(connection.clone(), self.lifetime.clone(), standing),
            runtime: self,
            responder,
            method: index,
            policy: handled,
            cancellation: streaming.then(|| connection.aborted().child_token()),
            open: None,
        });
        let (reason, refusal) = match run {
            Ok(mut run) if run.streaming == streaming => {
                let request = &connection.request;
                run.future = spans::invocation(H::NAME, &target, request, &headers, run.future);
                match begin(connection, invocation_id.as_deref(), run) {
                    Ok(dispatch) => return dispatch,
                    Err(text) => ("id_in_use", text),
                }
            }
            Ok(_) => {
                let (wanted, kind) = if streaming {
                    ("non-streaming", "streaming")
                } else {
                    ("streaming", "non-streaming")
                };
                let error = format!(
                    "The client attempted to invoke the {wanted} '{name}' method with a {kind} invocation."
                );
                tracing::warn!(hub = H::NAME, method = name, connection_id, %error, "a client's call does not fit the hub method");
                ("kind", error)
            }
            Err(error @ (CallError::Streams { .. } | CallError::TooManyStreams { .. })) => {
                tracing::warn!(hub = H::NAME, method = name, connection_id, %error, "a client's call does not fit the hub method");
                (
                    "streams",
                    format!(
                        "An unexpected error occurred invoking '{name}' on the server. HubException: {error}"
                    ),
                )
            }
            Err(CallError::Binding(error)) => {
                tracing::warn!(hub = H::NAME, method = name, connection_id, %error, "a client's call does not fit the hub method");
                let mut text = format!("Failed to invoke '{name}' due to an error on the server.");
                if detailed_errors {
                    text = format!("{text} InvalidDataException: {error}");
                }
                ("arguments", text)
            }
        };
        respond_error(connection, invocation_id.as_deref(), &refusal);
        Dispatch::Refused(reason)
    }

    fn on_connected(self: Arc<Self>, connection: Arc<Connection>) -> CallbackFuture<'static> {
        Box::pin(async move {
            let caller = HubCaller::new(connection, self.lifetime.clone(), Standing::Connecting);
            let scope = self.open_scope();
            let services = scope.services(&self).clone();
            let callback = async {
                let hub = services.construct::<H>().map_err(HubError::from_error)?;
                hub.on_connected(&caller).await
            };
            let work = async {
                if self.filters.is_empty() {
                    return callback.await;
                }
                let context = self.lifetime_context(&caller, &services);
                connected(&self.filters, &context, Box::pin(callback)).await
            };
            scope
                .settle(spans::callback(H::NAME, Callback::Connected, work))
                .await
        })
    }

    fn on_disconnected<'a>(
        self: Arc<Self>,
        connection: Arc<Connection>,
        error: Option<&'a HubError>,
    ) -> CallbackFuture<'a> {
        Box::pin(async move {
            let caller = HubCaller::new(connection, self.lifetime.clone(), Standing::Free);
            let scope = self.open_scope();
            let services = scope.services(&self).clone();
            let callback = async {
                let hub = services.construct::<H>().map_err(HubError::from_error)?;
                hub.on_disconnected(&caller, error).await
            };
            let work = async {
                if self.filters.is_empty() {
                    return callback.await;
                }
                let context = self.lifetime_context(&caller, &services);
                disconnected(&self.filters, &context, error, Box::pin(callback)).await
            };
            scope
                .settle(spans::callback(H::NAME, Callback::Disconnected, work))
                .await
        })
    }
}

/// Lets the client cancel what can be cancelled; the refusal where it uses the id already.
fn begin(
    connection: &Arc<Connection>,
    invocation_id: Option<&str>,
    run: MethodRun,
) -> Result<Dispatch, String> {
    let MethodRun {
        future,
        streaming,
        cancellation,
        mut open,
    } = run;
    if let (Some(id), Some(token)) = (invocation_id, cancellation) {
        let call = open.get_or_insert_with(|| Box::new(OpenCall::new(connection.clone())));
        if !call.cancellable(id, token, streaming) && streaming {
            return Err(format!("Invocation ID '{id}' is already in use."));
        }
    }
    Ok(Dispatch::Run(future, open))
}

impl<H> fmt::Debug for HubRuntime<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HubRuntime")
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}
