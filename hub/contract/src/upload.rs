//! Streams that go to the server among the arguments of a call.

use std::convert::Infallible;
use std::fmt;

use campanile_hub_protocol::{Arguments, HubProtocol, WriteError};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use serde::Serialize;

/// Writes an item of a stream.
#[doc(hidden)]
pub type WriteItem =
    Box<dyn FnOnce(HubProtocol, &mut Vec<u8>, &str) -> Result<(), WriteError> + Send>;

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

    /// The items, each as what writes it in a protocol for a stream's id, or as the text of the error that ends the stream.
    pub fn into_items(self) -> BoxStream<'static, Result<WriteItem, String>> {
        self.0
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
/// ```
/// use campanile_hub_contract::UploadExt;
///
/// let numbers = futures_util::stream::iter([1, 2, 3]);
/// let arguments = ("a label",).upload(numbers);
/// # drop(arguments);
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

/// Arguments of a typed call with the streams of its stream parameters, of which nothing is asked until the call is made.
#[doc(hidden)]
#[derive(Debug)]
pub struct TypedUploads<A, S> {
    arguments: A,
    streams: S,
}

impl<A, S> TypedUploads<A, S> {
    /// `streams` is a tuple of one to four streams.
    pub fn new(arguments: A, streams: S) -> Self {
        Self { arguments, streams }
    }
}

macro_rules! typed_uploads {
    ($(($($stream:ident),*);)*) => {
        $(impl<A: Arguments + Send, $($stream),*> CallArguments for TypedUploads<A, ($($stream,)*)>
        where
            $($stream: Stream<Item: Serialize + Send + 'static> + Send + 'static,)*
        {
            type Plain = A;

            #[allow(non_snake_case, reason = "the streams go by the names of their types")]
            fn split(self) -> (A, Vec<Upload>) {
                let ($($stream,)*) = self.streams;
                (self.arguments, vec![$(Upload::new($stream.map(Ok::<_, Infallible>))),*])
            }
        })*
    };
}

typed_uploads! {
    (S1);
    (S1, S2);
    (S1, S2, S3);
    (S1, S2, S3, S4);
}
