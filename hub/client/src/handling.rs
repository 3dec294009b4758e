//! What the server calls: the handlers of a connection.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::HubConnection;
use crate::handler::{Handler, HandlerOutcome};
use crate::handlers::Handlers;
use crate::subscription::Subscription;
use crate::typed::Handles;

impl HubConnection {
    /// Adds a handler of what the server calls under this name, where case counts.
    ///
    /// The function takes the arguments by their types and gives a future of nothing, or of a `Result` whose error is
    /// logged. Several handlers of a method run one after another. A call whose arguments do not fit is logged.
    ///
    /// ```no_run
    /// # fn example(connection: campanile_hub_client::HubConnection) {
    /// connection.on("Receive", |user: String, text: String| async move {
    ///     println!("{user}: {text}");
    /// });
    /// # }
    /// ```
    pub fn on<A, H>(&self, method: &str, handler: H) -> Subscription
    where
        H: Handler<A>,
        H::Output: HandlerOutcome,
    {
        self.shared().handlers.add(method, handler)
    }

    /// Adds a handler that gives the server a result. There is one of them to a method: it takes the place of an earlier one.
    ///
    /// The text of an error is told the server.
    ///
    /// ```no_run
    /// # fn example(connection: campanile_hub_client::HubConnection) {
    /// connection.on_with_result("Double", |number: i32| async move {
    ///     number.checked_mul(2).ok_or("too large")
    /// });
    /// # }
    /// ```
    pub fn on_with_result<A, H, T, E>(&self, method: &str, handler: H) -> Subscription
    where
        H: Handler<A, Output = Result<T, E>>,
        T: Serialize + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        self.shared().handlers.add_with_result(method, handler)
    }

    /// Adds a handler for each method of a contract, which is a trait with [`#[hub_client]`](macro@crate::hub_client): those of
    /// a type that implements it.
    ///
    /// ```no_run
    /// use campanile_hub_client::{HubConnection, hub_client};
    ///
    /// #[hub_client]
    /// trait Bell {
    ///     async fn ring(&self, hour: u32);
    ///     async fn may_ring(&self, hour: u32) -> bool;
    /// }
    ///
    /// struct Tower;
    ///
    /// impl Bell for Tower {
    ///     async fn ring(&self, hour: u32) {
    ///         println!("it is {hour}");
    ///     }
    ///
    ///     async fn may_ring(&self, hour: u32) -> bool {
    ///         hour > 6
    ///     }
    /// }
    ///
    /// # fn example(connection: HubConnection) {
    /// connection.register::<dyn Bell>(Tower);
    /// # }
    /// ```
    ///
    /// What holds for [`on`](Self::on) and [`on_with_result`](Self::on_with_result) holds for methods without and with a
    /// result.
    #[doc(alias = "RegisterCallbackProvider")]
    pub fn register<C: ?Sized>(&self, handlers: impl Handles<C>) -> Subscription {
        handlers.add_to(self)
    }

    pub(crate) fn handlers(&self) -> &Arc<Handlers> {
        &self.shared().handlers
    }

    /// Removes all handlers of a method.
    #[doc(alias = "Remove")]
    pub fn off(&self, method: &str) {
        self.shared().handlers.remove(method, |_| false);
    }
}
