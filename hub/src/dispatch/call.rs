//! One call of a hub method.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use campanile_host::CancellationToken;
use campanile_host::services::{Injectable, InjectableKeyed, ServiceKey, ServiceProvider};
use campanile_hub_protocol::{ArgumentReader, BindingError, RawArguments};
use campanile_web::Policy;
use futures_util::FutureExt;
use serde::de::DeserializeOwned;

use super::guarded::Guarded;
use super::output::{Answer, MethodOutput, StreamResponder};
use super::{HubDispatcher, HubRuntime, Responder};
use crate::connection::OpenCall;
use crate::upload::upload;
use crate::{Hub, HubCaller, HubError, HubResult, InvocationResult, UploadStream};

/// A hub method at work. It answers the client itself.
pub(crate) type MethodFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call from a client, before its arguments are bound. Code that `#[hub]` writes takes it apart.
pub struct MethodCall<'a, H> {
    pub(crate) arguments: RawArguments<'a>,
    pub(crate) stream_ids: Vec<Cow<'a, str>>,
    pub(crate) caller: HubCaller<H>,
    pub(crate) runtime: Arc<HubRuntime<H>>,
    pub(crate) responder: Responder,
    /// The method's place in the table.
    pub(crate) method: usize,
    /// Its policy, where that has handlers.
    pub(crate) policy: Option<Policy>,
    /// There from the beginning for a stream, else once the method asks for it.
    pub(crate) cancellation: Option<CancellationToken>,
    pub(crate) open: Option<Box<OpenCall>>,
}

/// A call whose arguments are bound: it only has to be run.
pub struct MethodRun {
    pub(crate) future: MethodFuture,
    pub(crate) streaming: bool,
    pub(crate) cancellation: Option<CancellationToken>,
    pub(crate) open: Option<Box<OpenCall>>,
}

/// Why a call cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Its arguments are not those of the method.
    #[error(transparent)]
    Binding(#[from] BindingError),
    /// Its streams are not those of the method.
    #[error("Client sent {sent} stream(s), Hub method expects {expected}.")]
    Streams {
        /// How many the client uploads.
        sent: usize,
        /// How many the method takes.
        expected: usize,
    },
    /// The client has as many streams open as it may have.
    #[error("a connection has {limit} streams at most, both ways together")]
    TooManyStreams {
        /// How many it may have.
        limit: usize,
    },
}

/// What a hub method runs with: an instance of its own, and services from the invocation's scope.
#[derive(Debug)]
pub struct Activation<H> {
    /// The hub instance of this invocation.
    pub hub: H,
    /// Who calls.
    pub caller: HubCaller<H>,
    services: ServiceProvider,
    stream: Option<Box<StreamResponder>>,
}

impl<H: Hub> Activation<H> {
    /// A service for a parameter that is marked `#[inject]`.
    ///
    /// # Errors
    ///
    /// Where the container cannot give it.
    pub fn service<T: Injectable>(&self) -> HubResult<T> {
        self.services.inject::<T>().map_err(HubError::from_error)
    }

    /// A service for a parameter that is marked `#[inject(key = ..)]`.
    ///
    /// # Errors
    ///
    /// Where the container cannot give it.
    pub fn keyed_service<T: InjectableKeyed>(&self, key: impl Into<ServiceKey>) -> HubResult<T> {
        self.services
            .inject_keyed::<T>(key)
            .map_err(HubError::from_error)
    }

    /// Where the items go, if the method gives a stream.
    pub fn stream(&mut self) -> Option<Box<StreamResponder>> {
        self.stream.take()
    }
}

/// Passes on what a method has given: streams are sent first.
pub fn send_output<T: MethodOutput<K>, K>(
    output: T,
    stream: Option<Box<StreamResponder>>,
) -> impl Future<Output = HubResult<T::Answer>> + Send {
    output.send(stream)
}

impl<'a, H: Hub> MethodCall<'a, H> {
    /// The arguments, of which the method takes `expected`.
    pub fn arguments(&self, expected: usize) -> ArgumentReader<'a> {
        self.arguments.reader(expected)
    }

    /// Checks that the client uploads as many streams as the method takes.
    ///
    /// # Errors
    ///
    /// Where it does not.
    pub fn expect_streams(&self, expected: usize) -> Result<(), CallError> {
        let sent = self.stream_ids.len();
        if sent == expected {
            Ok(())
        } else {
            Err(CallError::Streams { sent, expected })
        }
    }

    /// The upload stream at a position.
    pub fn upload<T: DeserializeOwned + Send + 'static>(
        &mut self,
        index: usize,
    ) -> UploadStream<T> {
        let connection = &self.responder.connection;
        let capacity = self.runtime.options().stream_buffer_capacity;
        let (sink, stream) = upload(capacity, connection.aborted().clone());
        // Checked by `expect_streams`; a stream without an id would only never begin.
        if let Some(id) = self.stream_ids.get(index) {
            let open = self
                .open
                .get_or_insert_with(|| Box::new(OpenCall::new(connection.clone())));
            open.upload(id, sink);
        }
        stream
    }

    /// Cancelled when the client gives the call up, and when its connection is over.
    pub fn cancellation(&mut self) -> CancellationToken {
        let connection = &self.responder.connection;
        self.cancellation
            .get_or_insert_with(|| connection.aborted().child_token())
            .clone()
    }

    /// Runs `method` on an instance of the hub and answers the client with what it gives.
    ///
    /// A panic is an error like any other.
    pub fn run<A, F, R>(self, method: F) -> MethodRun
    where
        A: Answer,
        F: FnOnce(Activation<H>) -> R + Send + 'static,
        R: Future<Output = HubResult<A>> + Send,
    {
        let Self {
            arguments,
            caller,
            runtime,
            responder,
            method: index,
            policy,
            cancellation,
            open,
            ..
        } = self;
        let stream = match &cancellation {
            Some(cancelled) if A::STREAMING => Some(Box::new(StreamResponder {
                responder: responder.clone(),
                cancelled: cancelled.clone(),
            })),
            _ => None,
        };
        let future: MethodFuture = if runtime.filters().is_empty() && policy.is_none() {
            Box::pin(async move {
                let running = runtime.metrics().begin(index);
                let scope = runtime.open_scope();
                let services = scope.services(&runtime).clone();
                let work = async {
                    let hub = services.construct::<H>().map_err(HubError::from_error)?;
                    method(Activation {
                        hub,
                        caller,
                        services: services.clone(),
                        stream,
                    })
                    .await
                };
                let result = AssertUnwindSafe(work).catch_unwind().await;
                let result =
                    result.unwrap_or_else(|panic| Err(HubError::Panic(panic_text(&*panic))));
                running.end(result.as_ref().map_or_else(Some, Answer::failure));
                match result {
                    Ok(answer) => answer.respond(&responder),
                    Err(error) => responder.fail(&error),
                }
                scope.close().await;
            })
        } else {
            let guarded = Guarded {
                runtime,
                responder,
                caller: caller.of_any_hub(),
                arguments: arguments.detach(),
                method: Some(index),
                policy,
                streaming: A::STREAMING,
                core: Box::new(move |services| {
                    Box::pin(async move {
                        let hub = services.construct::<H>().map_err(HubError::from_error)?;
                        let activation = Activation {
                            hub,
                            caller,
                            services,
                            stream,
                        };
                        method(activation).await.map(InvocationResult::of)
                    })
                }),
            };
            Box::pin(guarded.run())
        };
        MethodRun {
            future,
            streaming: A::STREAMING,
            cancellation,
            open,
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a text")
        .to_owned()
}

impl<H> fmt::Debug for MethodCall<'_, H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MethodCall")
            .field("method", &self.responder.method)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MethodRun {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MethodRun")
            .field("streaming", &self.streaming)
            .finish_non_exhaustive()
    }
}
