//! What runs when the server calls.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock, Weak};

use campanile_hub_protocol::{BindingError, HubProtocol, Invocation, RawArguments, WriteError};
use campanile_trace_context::{TraceContext, Traced};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::session::Session;

/// A function that handles what the server calls, with up to eight arguments that implement `Deserialize`.
///
/// Implemented for functions and closures: `|user: String, text: String| async move { ... }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle what a server calls",
    note = "write `|first: Type, second: Type| async move {{ ... }}`, with up to eight arguments that implement `Deserialize`"
)]
pub trait Handler<Arguments>: Send + Sync + 'static {
    /// What the function's future gives.
    type Output: Send + 'static;

    /// Decodes the arguments. The function runs when the future is polled first.
    ///
    /// # Errors
    ///
    /// Where the arguments do not fit.
    #[doc(hidden)]
    fn bind(
        this: &Arc<Self>,
        arguments: RawArguments<'_>,
    ) -> Result<BoxFuture<'static, Self::Output>, BindingError>;
}

macro_rules! handlers {
    ($($count:literal ($($argument:ident),*);)*) => {
        $(impl<F, R, $($argument),*> Handler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Send + Sync + 'static,
            R: Future + Send + 'static,
            R::Output: Send + 'static,
            $($argument: DeserializeOwned + Send + 'static,)*
        {
            type Output = R::Output;

            #[allow(non_snake_case, reason = "the arguments go by the names of their types")]
            fn bind(
                this: &Arc<Self>,
                arguments: RawArguments<'_>,
            ) -> Result<BoxFuture<'static, R::Output>, BindingError> {
                #[allow(unused_mut, reason = "without arguments there is nothing to read")]
                let mut reader = arguments.reader($count);
                $(let $argument = reader.next::<$argument>()?;)*
                reader.finish()?;
                let this = this.clone();
                Ok(async move { this($($argument),*).await }.boxed())
            }
        })*
    };
}

handlers! {
    0 ();
    1 (A1);
    2 (A1, A2);
    3 (A1, A2, A3);
    4 (A1, A2, A3, A4);
    5 (A1, A2, A3, A4, A5);
    6 (A1, A2, A3, A4, A5, A6);
    7 (A1, A2, A3, A4, A5, A6, A7);
    8 (A1, A2, A3, A4, A5, A6, A7, A8);
}

/// What a handler without a result gives: nothing, or a `Result` of nothing whose error is logged.
pub trait HandlerOutcome: Send + 'static {
    /// The text of the error.
    #[doc(hidden)]
    fn into_failure(self) -> Option<String>;
}

impl HandlerOutcome for () {
    fn into_failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display + Send + 'static> HandlerOutcome for Result<(), E> {
    fn into_failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

type WriteResult =
    Box<dyn FnOnce(HubProtocol, &mut Vec<u8>, &str) -> Result<(), WriteError> + Send>;

/// What a handler has come to.
pub(crate) enum Outcome {
    Nothing,
    Result(WriteResult),
    Failure(String),
}

impl Outcome {
    pub(crate) fn of<T, E>(result: Result<T, E>) -> Self
    where
        T: Serialize + Send + 'static,
        E: fmt::Display,
    {
        match result {
            Ok(value) => Self::Result(Box::new(move |protocol, out, id| {
                protocol.write_completion_result(out, id, &value)
            })),
            Err(error) => Self::Failure(error.to_string()),
        }
    }
}

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
        let mut methods = self
            .methods
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
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
        let mut methods = self
            .methods
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
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
            let methods = self
                .methods
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
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

/// Handlers that are to run, one after another.
pub(crate) struct Job {
    method: String,
    /// What the server sent along.
    cause: Option<TraceContext>,
    running: Vec<BoxFuture<'static, Outcome>>,
    reply: Option<Reply>,
}

struct Reply {
    session: Arc<Session>,
    id: String,
    misfits: bool,
}

/// Runs what the server calls, in the order in which it called, until the connection is closed and all is done.
pub(crate) async fn dispatch(mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = jobs.recv().await {
        let span = tracing::info_span!(
            "hub callback",
            otel.name = job.method,
            otel.kind = "server",
            rpc.system = "signalr",
            rpc.method = job.method,
        );
        let cause = job.cause.clone();
        job.run().traced(span, cause).await;
    }
}

impl Job {
    async fn run(self) {
        let mut answer = None;
        for handler in self.running {
            let outcome = AssertUnwindSafe(handler)
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Outcome::Failure(panicked(&*panic)));
            if let Outcome::Failure(error) = &outcome {
                tracing::error!(method = self.method, error, "a handler failed");
            }
            if !matches!(outcome, Outcome::Nothing) {
                answer = Some(outcome);
            }
        }
        if let Some(reply) = self.reply {
            reply.send(answer).await;
        }
    }
}

impl Reply {
    async fn send(self, answer: Option<Outcome>) {
        let protocol = self.session.protocol;
        let mut message = Vec::new();
        let error = match answer {
            Some(Outcome::Result(write)) => match write(protocol, &mut message, &self.id) {
                Ok(()) => None,
                Err(error) => Some(error.to_string()),
            },
            Some(Outcome::Failure(text)) => Some(text),
            Some(Outcome::Nothing) | None if self.misfits => {
                Some("Client failed to parse argument(s).".to_owned())
            }
            Some(Outcome::Nothing) | None => Some("Client didn't provide a result.".to_owned()),
        };
        if let Some(error) = error {
            protocol.write_completion_error(&mut message, &self.id, &error);
        }
        // Where the connection is gone, nobody waits for it.
        let _ = self.session.outbox.send(message).await;
    }
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("without a text"))
}

/// Handlers that have been added; they can be [removed](Self::remove). Dropping this leaves them where they are.
#[derive(Debug, Clone)]
pub struct Subscription {
    handlers: Weak<Handlers>,
    /// The methods' names with the handlers' numbers.
    added: Vec<(String, u64)>,
}

/// Handlers that are there as long as this is: see [`Subscription::until_dropped`].
#[derive(Debug)]
#[must_use = "the handlers are removed when this is dropped"]
pub struct SubscriptionGuard(Option<Subscription>);

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handlers").finish_non_exhaustive()
    }
}

impl Subscription {
    pub(crate) fn new(handlers: &Arc<Handlers>) -> Self {
        Self {
            handlers: Arc::downgrade(handlers),
            added: Vec::new(),
        }
    }

    fn to(handlers: &Arc<Handlers>, method: &str, id: u64) -> Self {
        let mut subscription = Self::new(handlers);
        subscription.add(method, id);
        subscription
    }

    pub(crate) fn add(&mut self, method: &str, id: u64) {
        self.added.push((method.to_owned(), id));
    }

    /// Removes the handlers. What the server has called before may still run.
    pub fn remove(self) {
        if let Some(handlers) = self.handlers.upgrade() {
            for (method, added) in &self.added {
                handlers.remove(method, |id| id != *added);
            }
        }
    }

    /// Removes the handlers when the guard is dropped.
    pub fn until_dropped(self) -> SubscriptionGuard {
        SubscriptionGuard(Some(self))
    }
}

impl Drop for SubscriptionGuard {
    fn drop(&mut self) {
        if let Some(subscription) = self.0.take() {
            subscription.remove();
        }
    }
}
