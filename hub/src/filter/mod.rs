//! Code around hub methods and callbacks.

mod context;
mod registered;
mod result;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

pub use context::{HubInvocationContext, HubLifetimeContext};
pub(crate) use registered::{FilterSource, GlobalHubFilter, HubFilters, Instance, Typed};
pub use result::InvocationResult;

use crate::{HubError, HubResult};

/// Code that runs around the methods and callbacks of hubs: to refuse calls, to measure them, to write them down.
///
/// A filter for all hubs is added by [`add_hub_filter`](crate::HubHostBuilderExt::add_hub_filter), one for a single hub by
/// [`HubOptions::add_filter`](crate::HubOptions::add_filter). Those of all hubs come first, each in the order in which they
/// were added, and the first is the outermost. A filter is resolved from the services of each invocation, so that it can hold
/// scoped ones. A hub without filters pays nothing for them.
///
/// Each hook passes on by [`Next::run`], and may as well not. What it does not override just passes on.
///
/// What a filter sees are calls that their policies permit and whose arguments fit the method, as in ASP.NET Core, and
/// besides the calls of [unknown methods](HubInvocationContext::is_known). Of a streaming method it sees the whole stream:
/// `run` ends when the stream has.
///
/// ```
/// use campanile_host::{HostBuilder, Inject};
/// use campanile_hub::{
///     HubError, HubFilter, HubHostBuilderExt, HubInvocationContext, HubResult, InvocationResult, Next,
/// };
///
/// /// Lets nobody wake the neighbours.
/// #[derive(Inject)]
/// struct QuietHours;
///
/// impl HubFilter for QuietHours {
///     async fn invoke(
///         &self,
///         invocation: &HubInvocationContext,
///         next: Next<'_, InvocationResult>,
///     ) -> HubResult<InvocationResult> {
///         if invocation.method() == "Ring" && invocation.argument::<u32>(0)? > 22 {
///             return Err(HubError::message("not at this hour"));
///         }
///         next.run().await
///     }
/// }
///
/// # let _ =
/// HostBuilder::new().add_hub_filter::<QuietHours>()
/// # ;
/// ```
#[doc(alias = "IHubFilter")]
pub trait HubFilter: Send + Sync + 'static {
    /// Runs around each invocation of a hub method.
    ///
    /// # Errors
    ///
    /// An error refuses the call, or takes the place of the method's own. The caller is told of it as of an error of the
    /// method.
    #[doc(alias = "InvokeMethodAsync")]
    fn invoke(
        &self,
        invocation: &HubInvocationContext,
        next: Next<'_, InvocationResult>,
    ) -> impl Future<Output = HubResult<InvocationResult>> + Send {
        let _ = invocation;
        next.run()
    }

    /// Runs around the hub's `on_connected`.
    ///
    /// # Errors
    ///
    /// An error refuses the client, as one of `on_connected` does.
    #[doc(alias = "OnConnectedAsync")]
    fn on_connected(
        &self,
        lifetime: &HubLifetimeContext,
        next: Next<'_, ()>,
    ) -> impl Future<Output = HubResult<()>> + Send {
        let _ = lifetime;
        next.run()
    }

    /// Runs around the hub's `on_disconnected`, with the error that ended the connection, if one did.
    ///
    /// # Errors
    ///
    /// An error is logged.
    #[doc(alias = "OnDisconnectedAsync")]
    fn on_disconnected(
        &self,
        lifetime: &HubLifetimeContext,
        error: Option<&HubError>,
        next: Next<'_, ()>,
    ) -> impl Future<Output = HubResult<()>> + Send {
        let _ = (lifetime, error);
        next.run()
    }
}

/// What a [`HubFilter`] is around: the filters after it, and then the method or callback.
#[must_use = "what it is around does not run unless it is told to"]
pub struct Next<'a, T>(Following<'a, T>);

/// Not begun before it is first polled.
pub(crate) type Following<'a, T> = Pin<Box<dyn Future<Output = HubResult<T>> + Send + 'a>>;

impl<'a, T> Next<'a, T> {
    pub(crate) fn new(following: Following<'a, T>) -> Self {
        Self(following)
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// Those of what follows.
    ///
    /// # Cancel safety
    ///
    /// Dropped, what follows ends where it waits.
    pub async fn run(self) -> HubResult<T> {
        self.0.await
    }
}

impl<T> fmt::Debug for Next<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Next").finish_non_exhaustive()
    }
}
