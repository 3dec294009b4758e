//! Streams that go to the server among the arguments of a call.

use std::convert::Infallible;
use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use campanile_hub_protocol::{Arguments, HubProtocol, WriteError};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::session::Session;

type WriteItem = Box<dyn FnOnce(HubProtocol, &mut Vec<u8>, &str) -> Result<(), WriteError> + Send>;

/// A stream that is to be uploaded.
#[doc(hidden)]
pub struct Upload(BoxStream<'static, Result<WriteItem, String>>);

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").finish_non_exhaustive()
    }
}

impl Upload {
    fn new<S, T, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Serialize + Send + 'static,
        E: fmt::Display,
    {
        let items = stream.map(|item| match item {
            Ok(item) => Ok(
                Box::new(move |protocol: HubProtocol, out: &mut Vec<u8>, id: &str| {
                    protocol.write_stream_item(out, id, &item)
                }) as WriteItem,
            ),
            Err(error) => Err(error.to_string()),
        });
        Self(items.boxed())
    }

    /// Sends the items until the stream or the call ends.
    pub(crate) fn start(self, session: Arc<Session>, id: String, ended: CancellationToken) {
        tokio::spawn(async move {
            ended.run_until_cancelled(self.run(&session, &id)).await;
        });
    }

    async fn run(self, session: &Session, id: &str) {
        let protocol = session.protocol;
        let mut items = pin!(self.0);
        let mut failed = None;
        while let Some(item) = items.next().await {
            let mut message = Vec::new();
            let written = item.and_then(|write| {
                write(protocol, &mut message, id).map_err(|error| error.to_string())
            });
            if let Err(error) = written {
                failed = Some(error);
                break;
            }
            if session.outbox.send(message).await.is_err() {
                return;
            }
        }
        let mut end = Vec::new();
        match failed {
            Some(error) => protocol.write_completion_error(
                &mut end,
                id,
                &format!("Stream errored by client: '{error}'"),
            ),
            None => protocol.write_completion_void(&mut end, id),
        }
        // Where the connection is gone, the server knows that the stream has ended.
        let _ = session.outbox.send(end).await;
    }
}

/// The arguments of a call: a tuple, and the streams that were added to it by [`UploadExt::upload`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of arguments",
    note = "arguments are a tuple of serializable values: `()`, `(one,)`, `(one, two)`, ...; streams are added to it: `(one,).upload(stream)`"
)]
pub trait CallArguments: Send {
    /// The arguments that are no streams.
    #[doc(hidden)]
    type Plain: Arguments + Send;

    /// Takes the two apart.
    #[doc(hidden)]
    fn split(self) -> (Self::Plain, Vec<Upload>);
}

impl<A: Arguments + Send> CallArguments for A {
    type Plain = A;

    fn split(self) -> (A, Vec<Upload>) {
        (self, Vec::new())
    }
}

/// Arguments with streams among them.
#[derive(Debug)]
pub struct WithUploads<A> {
    arguments: A,
    uploads: Vec<Upload>,
}

impl<A: Arguments + Send> CallArguments for WithUploads<A> {
    type Plain = A;

    fn split(self) -> (A, Vec<Upload>) {
        (self.arguments, self.uploads)
    }
}

/// Adds streams to the arguments of a call. The server gives them to the method's stream parameters, in their order; where
/// these stand among the other parameters does not matter.
///
/// ```no_run
/// # use campanile_hub_client::{ClientError, HubConnection, UploadExt};
/// # async fn example(connection: HubConnection) -> Result<(), ClientError> {
/// let numbers = futures_util::stream::iter([1, 2, 3]);
/// let sum: i32 = connection.invoke("Sum", ("a label",).upload(numbers)).await?;
/// # Ok(())
/// # }
/// ```
pub trait UploadExt: CallArguments + Sized {
    /// Adds a stream of items.
    fn upload<S>(self, stream: S) -> WithUploads<Self::Plain>
    where
        S: Stream<Item: Serialize + Send + 'static> + Send + 'static,
    {
        self.try_upload(stream.map(Ok::<_, Infallible>))
    }

    /// Adds a stream of results. The first error ends it, and its text is told the server.
    fn try_upload<S, T, E>(self, stream: S) -> WithUploads<Self::Plain>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Serialize + Send + 'static,
        E: fmt::Display,
    {
        let (arguments, mut uploads) = self.split();
        uploads.push(Upload::new(stream));
        WithUploads { arguments, uploads }
    }
}

impl<A: CallArguments> UploadExt for A {}

impl<A> From<A> for WithUploads<A> {
    fn from(arguments: A) -> Self {
        Self {
            arguments,
            uploads: Vec::new(),
        }
    }
}
