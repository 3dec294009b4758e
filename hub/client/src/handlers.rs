//! The handlers of a connection.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use campanile_hub_protocol::{BindingError, Invocation, RawArguments};
use campanile_trace_context::TraceContext;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::dispatch::{Job, Outcome, Reply};
use crate::handler::{Handler, HandlerOutcome};
use crate::session::Session;
use crate::subscription::Subscription;

type Bind =
    dyn Fn(RawArguments<'_>) -> Result<BoxFuture<'static, Outcome>, BindingError> + Send + Sync;

#[derive(Clone)]
struct Registered {
    id: u64,
    answers: bool,
    bind: Arc<Bind>,
}

/// The handlers of a connection, by the methods' names. Case counts, as in the official .NET client.
#[derive(Default)]
pub(crate) struct Handlers {
    methods: RwLock<HashMap<String, Vec<Registered>>>,
    next: AtomicU64,
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").finish_non_exhaustive()
    }
}

impl Handlers {
    pub(crate) fn add<A, H>(self: &Arc<Self>, method: &str, handler: H) -> Subscription
    where
        H: Handler<A>,
        H::Output: HandlerOutcome,
    {
        let handler = Arc::new(handler);
        let id = self.insert(method, false, move |arguments| {
            let running = H::bind(&handler, arguments)?;
            Ok(async move {
                match running.await.into_failure() {
                    Some(text) => Outcome::Failure(text),
                    None => Outcome::Nothing,
                }
            }
            .boxed())
        });
        Subscription::to(self, method, id)
    }

    pub(crate) fn add_with_result<A, H, T, E>(
        self: &Arc<Self>,
        method: &str,
        handler: H,
    ) -> Subscription
    where
        H: Handler<A, Output = Result<T, E>>,
        T: Serialize + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let handler = Arc::new(handler);
        let id = self.insert(method, true, move |arguments| {
            Ok(H::bind(&handler, arguments)?.map(Outcome::of).boxed())
        });
        Subscription::to(self, method, id)
    }

    /// Adds a handler; gives its number.
    pub(crate) fn insert(
        &self,
        method: &str,
        answers: bool,
        bind: impl Fn(RawArguments<'_>) -> Result<BoxFuture<'static, Outcome>, BindingError>
        + Send
        + Sync
        + 'static,
    ) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
        let registered = methods.entry(method.to_owned()).or_default();
        if answers {
            // There is one result to a call.
            registered.retain(|it| !it.answers);
        }
        registered.push(Registered {
            id,
            answers,
            bind: Arc::new(bind),
        });
        id
    }

    pub(crate) fn remove(&self, method: &str, keep: impl Fn(u64) -> bool) {
        let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(registered) = methods.get_mut(method) {
            registered.retain(|it| keep(it.id));
            if registered.is_empty() {
                methods.remove(method);
            }
        }
    }

    /// Decodes the arguments for each handler of the method: what is to run. None where nothing is, and nobody is to be told.
    pub(crate) fn bind(&self, session: &Arc<Session>, invocation: &Invocation<'_>) -> Option<Job> {
        let target: &str = &invocation.target;
        let registered = {
            let methods = self.methods.read().unwrap_or_else(PoisonError::into_inner);
            methods.get(target).cloned().unwrap_or_default()
        };
        let mut running = Vec::with_capacity(registered.len());
        let mut misfits = false;
        for handler in &registered {
            match (handler.bind)(invocation.arguments) {
                Ok(future) => running.push(future),
                Err(error) => {
                    misfits = true;
                    tracing::error!(method = target, %error, "what the server sent does not fit the handler");
                }
            }
        }
        if registered.is_empty() {
            tracing::warn!(
                method = target,
                "the server called a method without a handler"
            );
        }
        let reply = invocation.invocation_id.as_ref().map(|id| Reply {
            session: session.clone(),
            id: id.to_string(),
            misfits,
        });
        (reply.is_some() || !running.is_empty()).then(|| Job {
            method: target.to_owned(),
            cause: TraceContext::from_headers(|name| invocation.headers.get(name)),
            running,
            reply,
        })
    }
}
