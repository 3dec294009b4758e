//! Hub protocols that are not built in.

mod outgoing;
mod reading;
mod writing;

use std::error::Error;
use std::fmt::Debug;

pub use outgoing::{
    OutgoingArguments, OutgoingMessage, OutgoingOutcome, OutgoingValue, Serializable,
};
pub use reading::ValueReader;
pub(crate) use reading::{parse, read_value};
pub(crate) use writing::write;

use crate::{IncomingMessage, TransferFormat};

/// A hub protocol of your own: another encoding of the same messages, beside JSON and MessagePack.
///
/// It is a `static` of the program, and used as [`HubProtocol::Custom`](crate::HubProtocol::Custom), which does the rest:
/// framing, limits, and what does not depend on the encoding. Messages are framed as those of the built-in protocols are:
/// text is ended by an ASCII record separator (0x1E), which it therefore must not contain, and binary follows its own length
/// in base 128, little end first. The handshake is JSON whatever the protocol is.
///
/// Arguments, items and results stay encoded until it is known what they are to be. So [`parse`](Self::parse) gives slices
/// of the message that hold them, [`split_value`](Self::split_value) tells one from the next, and
/// [`read_value`](Self::read_value) decodes one. The types of [`payload`](crate::payload) write themselves as in JSON.
///
/// What comes from a peer may be anything. If one of these panics over it, that peer's connection ends, and no other.
///
/// ```
/// use campanile_hub_protocol::{
///     CustomHubProtocol, HubProtocol, IncomingMessage, Invocation, OutgoingMessage, RawArguments, TransferFormat, ValueReader,
/// };
///
/// type BoxError = Box<dyn std::error::Error + Send + Sync>;
///
/// /// Calls only, a line each: the method, and its arguments in JSON, parted by tabs.
/// #[derive(Debug)]
/// struct Lines;
///
/// static LINES: Lines = Lines;
///
/// impl CustomHubProtocol for Lines {
///     fn name(&self) -> &str {
///         "lines"
///     }
///
///     fn transfer_format(&self) -> TransferFormat {
///         TransferFormat::Text
///     }
///
///     fn parse<'a>(&'static self, body: &'a [u8]) -> Result<IncomingMessage<'a>, BoxError> {
///         let text = std::str::from_utf8(body)?;
///         let (target, arguments) = text.split_once('\t').unwrap_or((text, ""));
///         let count = if arguments.is_empty() { 0 } else { arguments.split('\t').count() };
///         let arguments = RawArguments::custom(self, count, arguments.as_bytes());
///         Ok(IncomingMessage::Invocation(Invocation::new(target, arguments)))
///     }
///
///     fn split_value<'a>(&self, values: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
///         let end = values.iter().position(|&it| it == b'\t');
///         Some(end.map_or((values, &[]), |end| (&values[..end], &values[end + 1..])))
///     }
///
///     fn read_value<'a>(&self, value: &'a [u8], reader: ValueReader<'_, 'a>) -> Result<(), BoxError> {
///         reader.read(&mut serde_json::Deserializer::from_slice(value))
///     }
///
///     fn write(&self, message: &OutgoingMessage<'_>, body: &mut Vec<u8>) -> Result<(), BoxError> {
///         if let OutgoingMessage::Invocation { call, arguments } = message {
///             body.extend_from_slice(call.target.as_bytes());
///             arguments.for_each(|value| {
///                 body.push(b'\t');
///                 Ok(serde_json::to_writer(&mut *body, &value)?)
///             })?;
///         }
///         Ok(())
///     }
/// }
///
/// let protocol = HubProtocol::Custom(&LINES);
/// let mut out = Vec::new();
/// protocol.write_invocation(&mut out, "Receive", &("ann", 42))?;
/// assert_eq!(out, b"Receive\t\"ann\"\t42\x1e");
///
/// let frame = protocol.next_frame(&out, None)?.expect("it is complete");
/// let IncomingMessage::Invocation(invocation) = protocol.parse(frame.body)? else { panic!() };
/// let mut arguments = invocation.arguments.reader(2);
/// assert_eq!((arguments.next::<&str>()?, arguments.next::<u8>()?), ("ann", 42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "IHubProtocol")]
pub trait CustomHubProtocol: Debug + Send + Sync + 'static {
    /// The name in the handshake. ASCII, and always the same. Two protocols of one name, ignoring case, are the same.
    fn name(&self) -> &str;

    /// The highest version that is spoken. Version 2, the default, has what stateful reconnect needs:
    /// [`Ack`](OutgoingMessage::Ack) and [`Sequence`](OutgoingMessage::Sequence), both ways.
    fn version(&self) -> u32 {
        2
    }

    /// What a transport has to carry, and with it how messages are framed. Always the same.
    fn transfer_format(&self) -> TransferFormat;

    /// Reads a message, without its framing. What it says of values in it is not looked at before they are wanted.
    ///
    /// # Errors
    ///
    /// Where it is not a message: the connection ends, and the client is told the error where detailed errors are on.
    fn parse<'a>(
        &'static self,
        body: &'a [u8],
    ) -> Result<IncomingMessage<'a>, Box<dyn Error + Send + Sync>>;

    /// Cuts the first value off those of a [`RawArguments::custom`](crate::RawArguments::custom): the value, and what comes
    /// behind it. None where there is none, or only a part of one.
    fn split_value<'a>(&self, values: &'a [u8]) -> Option<(&'a [u8], &'a [u8])>;

    /// Decodes a value, by giving a deserializer of it to `reader`. The value's nesting is to be limited where the format
    /// can be nested.
    ///
    /// # Errors
    ///
    /// Where it is not what `reader` wants, as `reader` says, or no value at all. The connection goes on after it.
    fn read_value<'a>(
        &self,
        value: &'a [u8],
        reader: ValueReader<'_, 'a>,
    ) -> Result<(), Box<dyn Error + Send + Sync>>;

    /// Writes a message, without its framing, to `body`, which is empty.
    ///
    /// # Errors
    ///
    /// Where a value cannot be serialized, and for no other reason: a message without values that fails is not sent, and
    /// nobody hears of it.
    fn write(
        &self,
        message: &OutgoingMessage<'_>,
        body: &mut Vec<u8>,
    ) -> Result<(), Box<dyn Error + Send + Sync>>;
}
