//! What the server is called for.

use std::sync::Arc;

use campanile_hub_protocol::{Arguments, InvocationKind, OutgoingCall};
use campanile_trace_context::{TRACEPARENT, TRACESTATE};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::calls::{CallGuard, ManyResults, PendingCall, SingleResult};
use crate::items::items;
use crate::record::{CallKind, CallRecord};
use crate::session::Session;
use crate::state::Phase;
use crate::{CallArguments, ClientError, HubConnection, HubServer, HubStream, Upload, upload};

/// As many bytes as most calls fit into: room that need not grow.
const USUAL_LENGTH: usize = 256;

impl HubConnection {
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
        let answers = Box::new(SingleResult::<T>(answer));
        let mut record = self.record(CallKind::Invoke, method);
        let called = self.call(&record, method, arguments, answers).await;
        let result = match called {
            // The guard is kept until the end: dropped before, it gives the call up.
            Ok(mut call) => {
                let result = result.await;
                call.ended = result.is_ok();
                result.unwrap_or(Err(ClientError::ConnectionLost(None)))
            }
            Err(error) => Err(error),
        };
        record.end(result.as_ref().err());
        result
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
        let (sender, items) = items();
        let answers = Box::new(ManyResults::<T>(sender));
        let mut record = self.record(CallKind::Stream, method);
        match self.call(&record, method, arguments, answers).await {
            Ok(call) => Ok(HubStream::new(items, call, record)),
            Err(error) => {
                record.end(Some(&error));
                Err(error)
            }
        }
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
        let mut record = self.record(CallKind::Send, method);
        let sent = self.send_recorded(&record, method, arguments).await;
        record.end(sent.as_ref().err());
        sent
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

    fn record(&self, kind: CallKind, method: &str) -> CallRecord {
        CallRecord::begin(
            &self.shared().measures,
            kind,
            self.shared().url.path(),
            method,
        )
    }

    async fn send_recorded(
        &self,
        record: &CallRecord,
        method: &str,
        arguments: impl CallArguments,
    ) -> Result<(), ClientError> {
        let (arguments, uploads) = arguments.split();
        let session = self.session().await?;
        let ids = self.ids(uploads.len());
        let message = write(&session, record, None, method, &arguments, &ids)?;
        session.outbox.send(message).await?;
        start(&session, ids, uploads, &session.ended);
        Ok(())
    }

    async fn call(
        &self,
        record: &CallRecord,
        method: &str,
        arguments: impl CallArguments,
        answers: Box<dyn PendingCall>,
    ) -> Result<CallGuard, ClientError> {
        let (arguments, uploads) = arguments.split();
        let session = self.session().await?;
        let id = self.next_id();
        let ids = self.ids(uploads.len());
        let message = write(&session, record, Some(id), method, &arguments, &ids)?;
        let mut ended: Option<(CancellationToken, DropGuard)> = None;
        if !uploads.is_empty() {
            let token = session.ended.child_token();
            ended = Some((token.clone(), token.drop_guard()));
        }
        let (token, guard) = ended.unzip();
        session.calls.add(id, answers, guard)?;
        let mut call = CallGuard {
            session: session.clone(),
            id,
            sent: false,
            ended: false,
        };
        session.outbox.send(message).await?;
        call.sent = true;
        if let Some(token) = token {
            start(&session, ids, uploads, &token);
        }
        Ok(call)
    }

    fn ids(&self, count: usize) -> Vec<String> {
        (0..count).map(|_| self.next_id().to_string()).collect()
    }

    /// What calls go through, once it is clear whether there is one.
    async fn session(&self) -> Result<Arc<Session>, ClientError> {
        let refuse = |state| ClientError::State {
            state,
            needed: "calls need a connection",
        };
        match &*self.shared().phase.borrow() {
            Phase::Connected(session) => return Ok(session.clone()),
            phase @ (Phase::Disconnected | Phase::Delay) => return Err(refuse(phase.state())),
            Phase::Connecting | Phase::Attempt => {}
        }
        let mut phases = self.shared().phase.subscribe();
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

/// The message of a call, with the trace context of its span.
fn write<A: Arguments>(
    session: &Session,
    record: &CallRecord,
    id: Option<u64>,
    method: &str,
    arguments: &A,
    stream_ids: &[String],
) -> Result<Vec<u8>, ClientError> {
    let id = id.map(|it| it.to_string());
    let stream_ids: Vec<&str> = stream_ids.iter().map(String::as_str).collect();
    let context = record.trace_context();
    let parent = context.as_ref().map(|it| (TRACEPARENT, it.traceparent()));
    let state = context
        .as_ref()
        .and_then(|it| Some((TRACESTATE, it.tracestate()?)));
    let headers: Vec<(&str, &str)> = parent
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain(state)
        .collect();
    let call = OutgoingCall {
        kind: match record.kind() {
            CallKind::Stream => InvocationKind::Stream,
            CallKind::Invoke | CallKind::Send => InvocationKind::Ordinary,
        },
        id: id.as_deref(),
        target: method,
        stream_ids: &stream_ids,
        headers: &headers,
    };
    let mut message = Vec::with_capacity(USUAL_LENGTH);
    session
        .protocol
        .write_call(&mut message, &call, arguments)?;
    Ok(message)
}
