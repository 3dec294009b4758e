//! The SignalR hub protocol without I/O: bytes in, messages out, and back.
//!
//! A [`HubProtocol`] cuts a stream of bytes into frames ([`HubProtocol::next_frame`]), reads the message in a frame
//! ([`HubProtocol::parse`]) and appends framed messages to a buffer (`HubProtocol::write_*`). Before that, the two sides
//! agree on a protocol by the [`handshake`], which is always JSON.
//!
//! Reading borrows: names are slices of the input where nothing had to be unescaped, and the arguments of an invocation
//! stay encoded until the target and so the types are known ([`RawArguments::reader`]). The texts of errors, the order in
//! which a message is checked and the bytes that are written are those of ASP.NET Core, since clients see all three.
//!
//! ```
//! use campanile_hub_protocol::{HubProtocol, IncomingMessage};
//!
//! let input = b"{\"type\":1,\"invocationId\":\"7\",\"target\":\"Add\",\"arguments\":[1,2]}\x1e";
//! let frame = HubProtocol::Json.next_frame(input, Some(32 * 1024))?.expect("the input is complete");
//! let IncomingMessage::Invocation(invocation) = HubProtocol::Json.parse(frame.body)? else { panic!() };
//! assert_eq!(invocation.target, "Add");
//!
//! let mut arguments = invocation.arguments.reader(2);
//! let (a, b): (i32, i32) = (arguments.next()?, arguments.next()?);
//! arguments.finish()?;
//!
//! let mut output = Vec::new();
//! HubProtocol::Json.write_completion_result(&mut output, "7", &(a + b))?;
//! assert_eq!(output, b"{\"type\":3,\"invocationId\":\"7\",\"result\":3}\x1e");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arguments;
pub mod backplane;
mod binding;
mod call;
mod error;
mod framing;
pub mod handshake;
mod json;
mod message;
mod messagepack;
mod negotiate;
pub mod payload;
mod protocol;
pub mod query;
mod sequence;

pub use arguments::{ArgumentSink, Arguments};
pub use binding::{ArgumentReader, OwnedArguments, RawArguments, RawValue};
pub use call::OutgoingCall;
pub use error::{BindingError, ProtocolError, WriteError};
pub use framing::Frame;
pub use message::{
    Completion, CompletionOutcome, Headers, IncomingMessage, Invocation, InvocationKind,
};
pub use negotiate::{NegotiateError, NegotiateRequest};
pub use protocol::{HubProtocol, TransferFormat};
pub use sequence::{SequenceError, SequenceReceiver, SequenceSender};
