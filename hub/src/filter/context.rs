//! What a filter sees.

use std::borrow::Cow;

use campanile_host::services::ServiceProvider;
use campanile_hub_protocol::OwnedArguments;
use serde::de::DeserializeOwned;

use crate::{AnyHub, HubCaller, HubError, HubResult};

/// One call of a hub method, as [filters](crate::HubFilter) and the handlers of policies see it.
#[derive(Debug)]
pub struct HubInvocationContext {
    pub(crate) hub: &'static str,
    pub(crate) method: Cow<'static, str>,
    pub(crate) known: bool,
    pub(crate) streaming: bool,
    pub(crate) arguments: OwnedArguments,
    pub(crate) caller: HubCaller<AnyHub>,
    pub(crate) services: ServiceProvider,
}

impl HubInvocationContext {
    /// The name of the hub.
    #[must_use]
    pub fn hub(&self) -> &'static str {
        self.hub
    }

    /// The name of the method: as the server spells it, or as the client does where there is no such method.
    #[must_use]
    #[doc(alias = "HubMethodName")]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether the hub has such a method. Where it does not, to go on gives [`HubError::NoSuchMethod`].
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.known
    }

    /// Whether the client wants a stream of results.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.streaming
    }

    /// How many arguments the client has sent, without its uploads.
    #[must_use]
    pub fn argument_count(&self) -> usize {
        self.arguments.raw().count()
    }

    /// The argument at a position, counted from 0, decoded once more: the method has got its own.
    ///
    /// # Errors
    ///
    /// Where the client has not sent so many, or where it is no `T`. The error is kept from clients.
    #[doc(alias = "HubMethodArguments")]
    pub fn argument<T: DeserializeOwned>(&self, index: usize) -> HubResult<T> {
        match self.arguments.get(index).map_err(HubError::from_error)? {
            Some(argument) => Ok(argument),
            None => Err(HubError::from_error(format!(
                "'{}' was called with {} argument(s), and the one at {index} was asked for",
                self.method,
                self.argument_count()
            ))),
        }
    }

    /// Who calls.
    #[must_use]
    #[doc(alias = "Context")]
    pub fn caller(&self) -> &HubCaller<AnyHub> {
        &self.caller
    }

    /// The services of the invocation.
    #[must_use]
    #[doc(alias = "ServiceProvider")]
    pub fn services(&self) -> &ServiceProvider {
        &self.services
    }
}

/// A connection that begins or ends, as [filters](crate::HubFilter) see it.
#[derive(Debug)]
pub struct HubLifetimeContext {
    pub(crate) hub: &'static str,
    pub(crate) caller: HubCaller<AnyHub>,
    pub(crate) services: ServiceProvider,
}

impl HubLifetimeContext {
    /// The name of the hub.
    #[must_use]
    pub fn hub(&self) -> &'static str {
        self.hub
    }

    /// Whose connection it is.
    #[must_use]
    #[doc(alias = "Context")]
    pub fn caller(&self) -> &HubCaller<AnyHub> {
        &self.caller
    }

    /// The services of the callback.
    #[must_use]
    #[doc(alias = "ServiceProvider")]
    pub fn services(&self) -> &ServiceProvider {
        &self.services
    }
}
