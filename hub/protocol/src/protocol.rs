use std::hash::{Hash, Hasher};

use serde::Serialize;

use crate::custom::{
    self, OutgoingArguments, OutgoingMessage, OutgoingOutcome, OutgoingValue, Serializable,
};
use crate::framing::{self, Frame};
use crate::{
    Arguments, CompletionOutcome, CustomHubProtocol, IncomingMessage, OutgoingCall, ProtocolError,
    WriteError, json, messagepack,
};

/// A hub protocol: how messages are encoded. The client names it in the [handshake](crate::handshake).
///
/// All `write_` functions append one framed message to `out`, and leave `out` as it was where they fail.
///
/// Two are equal exactly if they have the same name.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
#[doc(alias = "IHubProtocol")]
pub enum HubProtocol {
    /// `json`: text, each message ended by an ASCII record separator (0x1E).
    #[doc(alias = "JsonHubProtocol")]
    Json,
    /// `messagepack`: binary, each message preceded by its length.
    #[doc(alias = "MessagePackHubProtocol")]
    MessagePack,
    /// One that is not built in: `HubProtocol::Custom(&CBOR)`, with a `static CBOR` of a type that implements
    /// [`CustomHubProtocol`].
    Custom(&'static dyn CustomHubProtocol),
}

/// Whether a transport has to carry arbitrary bytes or just text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferFormat {
    /// UTF-8 text.
    Text,
    /// Any bytes.
    Binary,
}

impl TransferFormat {
    /// The name in a negotiate response and in error texts: `Text` or `Binary`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Binary => "Binary",
        }
    }
}

impl HubProtocol {
    /// The protocols of ASP.NET Core.
    pub const BUILT_IN: [Self; 2] = [Self::Json, Self::MessagePack];

    /// The built-in protocol of that name, ignoring case.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::BUILT_IN
            .into_iter()
            .find(|it| it.name().eq_ignore_ascii_case(name))
    }

    /// The name in the handshake.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MessagePack => "messagepack",
            Self::Custom(protocol) => protocol.name(),
        }
    }

    /// The highest version that is spoken. Version 2 knows stateful reconnects.
    #[must_use]
    pub fn version(self) -> u32 {
        match self {
            Self::Json | Self::MessagePack => 2,
            Self::Custom(protocol) => protocol.version(),
        }
    }

    /// What a transport has to carry.
    #[must_use]
    pub fn transfer_format(self) -> TransferFormat {
        match self {
            Self::Json => TransferFormat::Text,
            Self::MessagePack => TransferFormat::Binary,
            Self::Custom(protocol) => protocol.transfer_format(),
        }
    }

    /// Cuts one framed message off the beginning of the input; none where it is incomplete.
    ///
    /// `maximum` limits the framed bytes (with separator or length prefix), as `MaximumReceiveMessageSize` does.
    ///
    /// # Errors
    ///
    /// Where the message cannot fit the limit or its length prefix is not one.
    pub fn next_frame(
        self,
        input: &[u8],
        maximum: Option<usize>,
    ) -> Result<Option<Frame<'_>>, ProtocolError> {
        match self.transfer_format() {
            TransferFormat::Text => framing::text_frame(input, maximum),
            TransferFormat::Binary => framing::binary_frame(input, maximum),
        }
    }

    /// Reads the message in a [frame's body](Frame::body).
    ///
    /// # Errors
    ///
    /// Where the body is not a message of this protocol.
    #[inline]
    pub fn parse(self, body: &[u8]) -> Result<IncomingMessage<'_>, ProtocolError> {
        match self {
            Self::Json => json::parse(body),
            Self::MessagePack => messagepack::parse(body),
            Self::Custom(protocol) => custom::parse(protocol, body),
        }
    }

    /// Writes a call that wants no reply.
    ///
    /// # Errors
    ///
    /// Where an argument cannot be serialized.
    pub fn write_invocation<A: Arguments + ?Sized>(
        self,
        out: &mut Vec<u8>,
        target: &str,
        arguments: &A,
    ) -> Result<(), WriteError> {
        let call = OutgoingCall {
            target,
            ..OutgoingCall::default()
        };
        self.write_call(out, &call, arguments)
    }

    /// Writes a call that wants one reply.
    ///
    /// # Errors
    ///
    /// Where an argument cannot be serialized.
    pub fn write_invocation_with_id<A: Arguments + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        target: &str,
        arguments: &A,
    ) -> Result<(), WriteError> {
        let call = OutgoingCall {
            id: Some(id),
            target,
            ..OutgoingCall::default()
        };
        self.write_call(out, &call, arguments)
    }

    /// Writes a call of any kind: that wants a stream of replies, uploads some, has headers.
    ///
    /// # Errors
    ///
    /// Where an argument cannot be serialized.
    pub fn write_call<A: Arguments + ?Sized>(
        self,
        out: &mut Vec<u8>,
        call: &OutgoingCall<'_>,
        arguments: &A,
    ) -> Result<(), WriteError> {
        let message = || OutgoingMessage::Invocation {
            call: *call,
            arguments: OutgoingArguments::new(&arguments),
        };
        self.framed(
            out,
            message,
            |out| json::write_invocation(out, call, arguments),
            |out| messagepack::write_invocation(out, call, arguments),
        )
    }

    /// Writes an item of a stream.
    ///
    /// # Errors
    ///
    /// Where the item cannot be serialized.
    pub fn write_stream_item<T: Serialize + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        item: &T,
    ) -> Result<(), WriteError> {
        let message = || OutgoingMessage::StreamItem {
            id,
            item: OutgoingValue::Serialize(Serializable::new(&item)),
        };
        self.framed(
            out,
            message,
            |out| json::write_stream_item(out, id, item),
            |out| messagepack::write_stream_item(out, id, item),
        )
    }

    /// Writes the reply to a call: its result. A method that returns nothing has the result `()`, which is written as null.
    ///
    /// # Errors
    ///
    /// Where the result cannot be serialized.
    pub fn write_completion_result<T: Serialize + ?Sized>(
        self,
        out: &mut Vec<u8>,
        id: &str,
        result: &T,
    ) -> Result<(), WriteError> {
        let message = || OutgoingMessage::Completion {
            id,
            outcome: OutgoingOutcome::Result(OutgoingValue::Serialize(Serializable::new(&result))),
        };
        self.framed(
            out,
            message,
            |out| json::write_completion_result(out, id, result),
            |out| messagepack::write_completion_result(out, id, result),
        )
    }

    /// Writes the end of a stream.
    pub fn write_completion_void(self, out: &mut Vec<u8>, id: &str) {
        let outcome = OutgoingOutcome::Void;
        let message = || OutgoingMessage::Completion { id, outcome };
        self.framed_infallibly(
            out,
            message,
            |out| json::write_completion_void(out, id),
            |out| messagepack::write_completion_void(out, id),
        );
    }

    /// Writes the failure of a call or a stream.
    pub fn write_completion_error(self, out: &mut Vec<u8>, id: &str, error: &str) {
        let outcome = OutgoingOutcome::Error(error);
        let message = || OutgoingMessage::Completion { id, outcome };
        self.framed_infallibly(
            out,
            message,
            |out| json::write_completion_error(out, id, error),
            |out| messagepack::write_completion_error(out, id, error),
        );
    }

    /// Writes the end of a call or a stream as it came in, under whatever id. What is a result has to come from this
    /// protocol: it stays as it is.
    pub fn write_completion(self, out: &mut Vec<u8>, id: &str, outcome: &CompletionOutcome<'_>) {
        match outcome {
            CompletionOutcome::Void => self.write_completion_void(out, id),
            CompletionOutcome::Error(error) => self.write_completion_error(out, id, error),
            CompletionOutcome::Result(value) => {
                let value = value.encoded();
                let outcome = OutgoingOutcome::Result(OutgoingValue::Encoded(value));
                let message = || OutgoingMessage::Completion { id, outcome };
                self.framed_infallibly(
                    out,
                    message,
                    |out| json::write_completion_raw(out, id, value),
                    |out| messagepack::write_completion_raw(out, id, value),
                );
            }
        }
    }

    /// Writes that a stream is no longer wanted.
    pub fn write_cancel_invocation(self, out: &mut Vec<u8>, id: &str) {
        let message = || OutgoingMessage::CancelInvocation { id };
        self.framed_infallibly(
            out,
            message,
            |out| json::write_cancel_invocation(out, id),
            |out| messagepack::write_cancel_invocation(out, id),
        );
    }

    /// Writes a sign of life.
    pub fn write_ping(self, out: &mut Vec<u8>) {
        self.framed_infallibly(
            out,
            || OutgoingMessage::Ping,
            json::write_ping,
            messagepack::write_ping,
        );
    }

    /// Writes that the connection is about to end: whether by an error, and whether the client may connect again. An empty
    /// error counts as none.
    pub fn write_close(self, out: &mut Vec<u8>, error: Option<&str>, allow_reconnect: bool) {
        let error = error.filter(|it| !it.is_empty());
        let message = || OutgoingMessage::Close {
            error,
            allow_reconnect,
        };
        self.framed_infallibly(
            out,
            message,
            |out| json::write_close(out, error, allow_reconnect),
            |out| messagepack::write_close(out, error, allow_reconnect),
        );
    }

    /// Writes that messages up to this number have arrived.
    pub fn write_ack(self, out: &mut Vec<u8>, sequence_id: u64) {
        let message = || OutgoingMessage::Ack(sequence_id);
        self.framed_infallibly(
            out,
            message,
            |out| json::write_ack(out, sequence_id),
            |out| messagepack::write_ack(out, sequence_id),
        );
    }

    /// Writes the number of the next message, after a reconnect.
    pub fn write_sequence(self, out: &mut Vec<u8>, sequence_id: u64) {
        let message = || OutgoingMessage::Sequence(sequence_id);
        self.framed_infallibly(
            out,
            message,
            |out| json::write_sequence(out, sequence_id),
            |out| messagepack::write_sequence(out, sequence_id),
        );
    }

    /// Frames what `json` or `messagepack` appends, or takes it back where it fails. What is not built in is given `message` instead,
    /// which is made for nobody else.
    #[inline]
    fn framed<'m>(
        self,
        out: &mut Vec<u8>,
        message: impl FnOnce() -> OutgoingMessage<'m>,
        json: impl FnOnce(&mut Vec<u8>) -> Result<(), WriteError>,
        messagepack: impl FnOnce(&mut Vec<u8>) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        match self {
            Self::Json => framing::text(out, json),
            Self::MessagePack => framing::binary(out, messagepack),
            Self::Custom(protocol) => custom::write(protocol, out, &message()),
        }
    }

    /// Frames a message of which nothing but a text of more than 2 GB can fail. That is not written at all.
    fn framed_infallibly<'m>(
        self,
        out: &mut Vec<u8>,
        message: impl FnOnce() -> OutgoingMessage<'m>,
        json: impl FnOnce(&mut Vec<u8>),
        messagepack: impl FnOnce(&mut Vec<u8>),
    ) {
        let _ = self.framed(
            out,
            message,
            |out| {
                json(out);
                Ok(())
            },
            |out| {
                messagepack(out);
                Ok(())
            },
        );
    }
}

impl PartialEq for HubProtocol {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Json, Self::Json) | (Self::MessagePack, Self::MessagePack) => true,
            (Self::Custom(this), Self::Custom(other)) => {
                this.name().eq_ignore_ascii_case(other.name())
            }
            _ => false,
        }
    }
}

impl Eq for HubProtocol {}

impl Hash for HubProtocol {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().to_ascii_lowercase().hash(state);
    }
}
