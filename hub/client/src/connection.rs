//! [`HubConnection`].

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::calls::{CallGuard, ManyResults, PendingCall, SingleResult};
use crate::events::Events;
use crate::handlers::{Handler, HandlerOutcome, Handlers, Subscription};
use crate::http_client::HttpClient;
use crate::life::{Shared, live};
use crate::options::Options;
use crate::session::Session;
use crate::state::{HubConnectionState, Phase, StateChanges};
use crate::typed::Handles;
use crate::url::HubUrl;
use crate::{CallArguments, ClientError, HubServer, HubStream, Upload, upload};

/// A connection to a hub, made by a [`HubConnectionBuilder`](crate::HubConnectionBuilder).
///
/// It is a handle: clones are the same connection. When the last one is dropped the connection is stopped.
///
/// Handlers can be added and removed at any time, and stay over reconnects and restarts. They run one after another, in the
/// order in which the server called; a slow one holds up the others, but neither the results of calls nor keep-alives.
///
/// Calls that are under way when the connection is lost fail with [`ClientError::ConnectionLost`], and with
/// [`ClientError::Cancelled`] when it is stopped. Calls during an attempt to connect wait for its outcome; while the client
/// waits for the next attempt, and when it is disconnected, they fail at once.
#[derive(Clone)]
pub struct HubConnection(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    life: Mutex<Option<Life>>,
    next_id: AtomicU64,
}

/// What a start has begun.
#[derive(Clone)]
struct Life {
    stop: CancellationToken,
    over: CancellationToken,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let life = self.life.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(life) = life {
            life.stop.cancel();
        }
    }
}

impl fmt::Debug for HubConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubConnection")
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

impl HubConnection {
    pub(crate) fn new(url: HubUrl, options: Options) -> Self {
        Self(Arc::new(Inner {
            shared: Arc::new(Shared {
                url,
                http: HttpClient::new(&options),
                options,
                handlers: Arc::new(Handlers::default()),
                events: Events::default(),
                phase: watch::channel(Phase::Disconnected).0,
            }),
            life: Mutex::new(None),
            next_id: AtomicU64::new(1),
        }))
    }

    /// Connects. Ready when calls can be made.
    ///
    /// It is not repeated where it fails, even with automatic reconnects; it may be called again.
    ///
    /// # Errors
    ///
    /// Where the connection is not [disconnected](HubConnectionState::Disconnected), or cannot be made.
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives the attempt up: the connection is disconnected shortly after.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[doc(alias = "StartAsync")]
    pub async fn start(&self) -> Result<(), ClientError> {
        let (started, outcome) = oneshot::channel();
        let given_up = {
            let mut life = self.0.life.lock().unwrap_or_else(PoisonError::into_inner);
            let running = life.as_ref().is_some_and(|it| !it.over.is_cancelled());
            if running {
                return Err(ClientError::State {
                    state: self.state(),
                    needed: "it can be started when it is disconnected",
                });
            }
            let new = Life {
                stop: CancellationToken::new(),
                over: CancellationToken::new(),
            };
            self.0.shared.phase.send_replace(Phase::Connecting);
            let (shared, stop) = (self.0.shared.clone(), new.stop.clone());
            let over = new.over.clone().drop_guard();
            tokio::spawn(async move {
                live(shared, stop, started, over).await;
            });
            let given_up = new.stop.clone().drop_guard();
            *life = Some(new);
            given_up
        };
        let outcome = outcome.await.unwrap_or(Err(ClientError::Cancelled));
        given_up.disarm();
        outcome
    }

    /// Disconnects: the server is told, what is under way is [cancelled](ClientError::Cancelled), attempts to connect are
    /// given up. Ready when it is disconnected, which it may be already.
    ///
    /// It waits for the server to close its side and for requests that are under way, at most for about ten seconds.
    /// Handlers may still run for what the server has called before.
    ///
    /// # Cancel safety
    ///
    /// Dropping it stops the waiting, not the stop.
    #[doc(alias = "StopAsync")]
    pub async fn stop(&self) {
        let life = {
            let life = self.0.life.lock().unwrap_or_else(PoisonError::into_inner);
            life.clone()
        };
        if let Some(life) = life {
            life.stop.cancel();
            life.over.cancelled().await;
        }
    }

    /// The state it is in.
    #[must_use]
    pub fn state(&self) -> HubConnectionState {
        self.0.shared.phase.borrow().state()
    }

    /// The states it will be in.
    #[must_use]
    pub fn state_changes(&self) -> StateChanges {
        StateChanges::new(self.0.shared.phase.subscribe())
    }

    /// The id by which the server knows the connection. None when it is not connected, or negotiation was skipped. Another
    /// after each reconnect.
    #[must_use]
    pub fn connection_id(&self) -> Option<String> {
        match &*self.0.shared.phase.borrow() {
            Phase::Connected(session) => session.connection_id.clone(),
            _ => None,
        }
    }

    /// Calls this function whenever the connection is closed for good: stopped, ended by the server, lost without automatic
    /// reconnect, or after the last attempt to reconnect. With the error that led to it, if one did.
    #[doc(alias = "Closed")]
    pub fn on_closed(&self, f: impl Fn(Option<&ClientError>) + Send + Sync + 'static) {
        self.0.shared.events.on_closed(f);
    }

    /// Calls this function whenever the connection is lost and will be made anew, with the error that led to it, if one did.
    #[doc(alias = "Reconnecting")]
    pub fn on_reconnecting(&self, f: impl Fn(Option<&ClientError>) + Send + Sync + 'static) {
        self.0.shared.events.on_reconnecting(f);
    }

    /// Calls this function whenever the connection has been made anew, with its new id. The server sees another client: what
    /// it knew of the old one (groups, above all) is gone.
    #[doc(alias = "Reconnected")]
    pub fn on_reconnected(&self, f: impl Fn(Option<&str>) + Send + Sync + 'static) {
        self.0.shared.events.on_reconnected(f);
    }

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
        self.0.shared.handlers.add(method, handler)
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
        self.0.shared.handlers.add_with_result(method, handler)
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
        &self.0.shared.handlers
    }

    /// The typed calls of a hub's methods: of the hub itself, where the client has its type, or of a contract, which is a trait
    /// with [`#[hub_server]`](macro@crate::hub_server).
    ///
    /// ```no_run
    /// use campanile_hub_client::{ClientError, HubConnection, hub_server};
    ///
    /// #[hub_server]
    /// trait Tower {
    ///     async fn strokes_until(&self, hour: u32) -> u32;
    ///     fn strokes(&self, hour: u32) -> impl Stream<Item = u32>;
    ///     async fn chime(&self, notes: impl Stream<Item = String>);
    /// }
    ///
    /// # async fn example(connection: HubConnection) -> Result<(), ClientError> {
    /// let tower = connection.hub::<dyn Tower>();
    /// let sum = tower.strokes_until(12).await?;       // invokes
    /// tower.strokes_until(12).send().await?;          // does not wait for the result
    /// let mut strokes = tower.strokes(12).await?;     // a HubStream<u32>
    /// while let Some(stroke) = strokes.next().await {
    ///     println!("{}", stroke?);
    /// }
    /// tower.chime(futures_util::stream::iter(["do".to_owned(), "mi".to_owned()])).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What holds for [`invoke`](Self::invoke), [`send`](Self::send) and [`stream`](Self::stream) holds for these calls.
    #[doc(alias = "CreateHubProxy")]
    #[must_use]
    pub fn hub<H: HubServer + ?Sized>(&self) -> H::Proxy<Self> {
        self.clone().into()
    }

    /// Removes all handlers of a method.
    #[doc(alias = "Remove")]
    pub fn off(&self, method: &str) {
        self.0.shared.handlers.remove(method, |_| false);
    }

    /// Calls a method of the hub and waits for its result. With `()` for the type, whatever the result is will do.
    ///
    /// ```no_run
    /// # async fn example(connection: campanile_hub_client::HubConnection) -> Result<(), campanile_hub_client::ClientError> {
    /// let sum: i32 = connection.invoke("Add", (1, 2)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ClientError::Hub`] with the text that the method failed with; else what became of the connection, or that the
    /// result is not of the type.
    ///
    /// # Cancel safety
    ///
    /// Dropping it gives the call up: its uploads end, and the server is told, which may cancel the method or not.
    #[doc(alias = "InvokeAsync")]
    pub async fn invoke<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> Result<T, ClientError> {
        let (answer, result) = oneshot::channel();
        let call = Box::new(SingleResult::<T>(answer));
        let _call = self.call(method, arguments, call, false).await?;
        result
            .await
            .unwrap_or(Err(ClientError::ConnectionLost(None)))
    }

    /// Calls a streaming method of the hub. Ready when the call is on its way.
    ///
    /// # Errors
    ///
    /// Where it cannot be sent. What fails later is an item of the stream.
    ///
    /// # Cancel safety
    ///
    /// As with [`invoke`](Self::invoke); dropping the stream does the same.
    #[doc(alias = "StreamAsync")]
    pub async fn stream<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> Result<HubStream<T>, ClientError> {
        let (sender, items) = mpsc::unbounded_channel();
        let call = Box::new(ManyResults::<T>(sender));
        let call = self.call(method, arguments, call, true).await?;
        Ok(HubStream::new(items, call))
    }

    /// Calls a method of the hub without waiting for it. Ready when the call is on its way, which does not mean that it
    /// arrives.
    ///
    /// # Errors
    ///
    /// Where it cannot be sent.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the call is not sent.
    #[doc(alias = "SendAsync")]
    pub async fn send(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> Result<(), ClientError> {
        let (arguments, uploads) = arguments.split();
        let session = self.session().await?;
        let ids = self.ids(uploads.len());
        let mut message = Vec::new();
        session.protocol.write_invocation_with_streams(
            &mut message,
            None,
            method,
            &arguments,
            &ids.iter().map(String::as_str).collect::<Vec<_>>(),
        )?;
        session.outbox.send(message).await?;
        start(&session, ids, uploads, &session.ended);
        Ok(())
    }

    async fn call(
        &self,
        method: &str,
        arguments: impl CallArguments,
        call: Box<dyn PendingCall>,
        streaming: bool,
    ) -> Result<CallGuard, ClientError> {
        let (arguments, uploads) = arguments.split();
        let session = self.session().await?;
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let ids = self.ids(uploads.len());
        let mut message = Vec::new();
        let (text, stream_ids) = (
            id.to_string(),
            ids.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let protocol = session.protocol;
        if streaming {
            protocol.write_stream_invocation(
                &mut message,
                &text,
                method,
                &arguments,
                &stream_ids,
            )?;
        } else {
            protocol.write_invocation_with_streams(
                &mut message,
                Some(&text),
                method,
                &arguments,
                &stream_ids,
            )?;
        }
        let mut ended: Option<(CancellationToken, DropGuard)> = None;
        if !uploads.is_empty() {
            let token = session.ended.child_token();
            ended = Some((token.clone(), token.drop_guard()));
        }
        let (token, guard) = ended.unzip();
        session.calls.add(id, call, guard)?;
        let mut call = CallGuard {
            session: session.clone(),
            id,
            sent: false,
        };
        session.outbox.send(message).await?;
        call.sent = true;
        if let Some(token) = token {
            start(&session, ids, uploads, &token);
        }
        Ok(call)
    }

    fn ids(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| self.0.next_id.fetch_add(1, Ordering::Relaxed).to_string())
            .collect()
    }

    /// What calls go through, once it is clear whether there is one.
    async fn session(&self) -> Result<Arc<Session>, ClientError> {
        let refuse = |state| ClientError::State {
            state,
            needed: "calls need a connection",
        };
        match &*self.0.shared.phase.borrow() {
            Phase::Connected(session) => return Ok(session.clone()),
            phase @ (Phase::Disconnected | Phase::Delay) => return Err(refuse(phase.state())),
            Phase::Connecting | Phase::Attempt => {}
        }
        let mut phases = self.0.shared.phase.subscribe();
        let phase = phases
            .wait_for(|phase| !matches!(phase, Phase::Connecting | Phase::Attempt))
            .await;
        match phase.as_deref() {
            Ok(Phase::Connected(session)) => Ok(session.clone()),
            Ok(phase) => Err(refuse(phase.state())),
            Err(_) => Err(ClientError::Cancelled),
        }
    }
}

fn start(
    session: &Arc<Session>,
    ids: Vec<String>,
    uploads: Vec<Upload>,
    ended: &CancellationToken,
) {
    for (id, upload) in ids.into_iter().zip(uploads) {
        upload::start(upload, session.clone(), id, ended.clone());
    }
}
