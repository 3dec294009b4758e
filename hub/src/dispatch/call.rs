//! One call of a hub method.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use campanile_host::services::{Injectable, ServiceProvider};
use campanile_hub_protocol::{ArgumentReader, RawArguments};
use futures_util::FutureExt;
use serde::Serialize;

use super::{HubRuntime, Responder};
use crate::{Hub, HubCaller, HubError, HubResult};

/// A hub method at work. It answers the client itself.
pub type MethodFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call from a client, before its arguments are bound. Code that `#[hub]` writes takes it apart.
pub struct MethodCall<'a, H> {
    pub(crate) arguments: RawArguments<'a>,
    pub(crate) caller: HubCaller<H>,
    pub(crate) runtime: Arc<HubRuntime<H>>,
    pub(crate) responder: Responder,
}

/// What a hub method runs with: an instance of its own, and services from the invocation's scope.
#[derive(Debug)]
pub struct Activation<H> {
    /// The hub instance of this invocation.
    pub hub: H,
    /// Who calls.
    pub caller: HubCaller<H>,
    services: ServiceProvider,
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
}

impl<'a, H: Hub> MethodCall<'a, H> {
    /// The arguments, of which the method takes `expected`.
    pub fn arguments(&self, expected: usize) -> ArgumentReader<'a> {
        self.arguments.reader(expected)
    }

    /// Runs `method` on an instance of the hub and answers the client with what it gives.
    ///
    /// A panic is an error like any other.
    pub fn run<T, F, R>(self, method: F) -> MethodFuture
    where
        T: Serialize + Send,
        F: FnOnce(Activation<H>) -> R + Send + 'static,
        R: Future<Output = HubResult<T>> + Send,
    {
        let Self {
            caller,
            runtime,
            responder,
            ..
        } = self;
        Box::pin(async move {
            let scope = runtime.open_scope();
            let services = scope.services(&runtime).clone();
            let work = async {
                let hub = services.construct::<H>().map_err(HubError::from_error)?;
                method(Activation {
                    hub,
                    caller,
                    services: services.clone(),
                })
                .await
            };
            let result = AssertUnwindSafe(work).catch_unwind().await;
            responder
                .respond(result.unwrap_or_else(|panic| Err(HubError::Panic(panic_text(&*panic)))));
            scope.close().await;
        })
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
