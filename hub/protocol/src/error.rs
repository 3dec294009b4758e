use std::error::Error;

/// Bytes that are not a message of the protocol. The connection cannot go on after it.
///
/// `Display` gives exactly the text that ASP.NET Core gives to clients where detailed errors are on (without the name of
/// the exception's type, see [`error_type`](Self::error_type)).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame, with its separator or length prefix, is longer than the limit.
    #[error(
        "The maximum message size of {maximum}B was exceeded. The message size can be configured in AddHubOptions."
    )]
    MessageTooLarge {
        /// The limit in bytes.
        maximum: usize,
    },
    /// A length prefix of more than five bytes or more than 2³¹ - 1.
    #[error("Messages over 2GB in size are not supported.")]
    LengthPrefix,
    /// Not JSON (or JSON nested deeper than 64 levels, or not UTF-8).
    #[error("Error reading JSON.")]
    InvalidJson,
    /// JSON, but not an object.
    #[error("Unexpected JSON Token Type '{found}'. Expected a JSON Object.")]
    NotAnObject {
        /// `Array`, `String`, `Number`, `True`, `False` or `Null`.
        found: &'static str,
    },
    /// A property that the type of message needs is absent, or an empty `invocationId` where one is needed.
    #[error("Missing required property '{property}'.")]
    MissingProperty {
        /// The property's name.
        property: &'static str,
    },
    /// A property has the wrong type. Null is a wrong type too.
    #[error("Expected '{property}' to be of type {expected}.")]
    WrongType {
        /// The property's name.
        property: &'static str,
        /// `String`, `Number`, `Array` or `StartObject`.
        expected: &'static str,
    },
    /// A property is neither true nor false.
    #[error("Expected '{property}' to be true or false.")]
    NotABoolean {
        /// The property's name.
        property: &'static str,
    },
    /// A number that is not an integer of that width.
    #[error(
        "Either the JSON value is not in a supported format, or is out of bounds for an {expected}."
    )]
    NotAnInteger {
        /// `Int32` or `Int64`.
        expected: &'static str,
    },
    /// A header's value is not a string.
    #[error("Expected header '{name}' to be of type String.")]
    HeaderNotAString {
        /// The header's name.
        name: String,
    },
    /// Null among the ids of upload streams.
    #[error("Null value for 'streamIds' is not valid.")]
    NullStreamId,
    /// Something other than a string among the ids of upload streams.
    #[error("Cannot get the value of a token type '{found}' as a string.")]
    StreamIdNotAString {
        /// `Number`, `True`, `False`, `StartArray` or `StartObject`.
        found: &'static str,
    },
    /// A completion with both an error and a result.
    #[error("The 'error' and 'result' properties are mutually exclusive.")]
    ErrorAndResult,
    /// A MessagePack item is absent or of the wrong type.
    #[error("Reading '{item}' as {expected} failed.")]
    Reading {
        /// The item's name: `messageType`, `headers[0].Key`, ...
        item: std::borrow::Cow<'static, str>,
        /// `String`, `Int32`, `Int64` or `Boolean`.
        expected: &'static str,
    },
    /// A MessagePack array or map is absent, of the wrong type, or announces more items than there are bytes.
    #[error("Reading {container} length for '{item}' failed.")]
    ReadingLength {
        /// `array` or `map`.
        container: &'static str,
        /// The item's name: `headers`, `arguments` or `streamIds`.
        item: &'static str,
    },
    /// A MessagePack string is nil or empty where it must not be.
    #[error("Null or empty {what}.")]
    NullOrEmpty {
        /// What it is: `target for Invocation message`, `key in header`, ...
        what: &'static str,
    },
    /// Nil or an empty string among the ids of upload streams of a MessagePack message.
    #[error("Null or empty value in streamIds received.")]
    NullOrEmptyStreamId,
    /// A header that stands twice in a MessagePack message.
    #[error("An item with the same key has already been added. Key: {name}")]
    DuplicateHeader {
        /// The header's name.
        name: String,
    },
    /// A completion whose kind is not 1, 2 or 3.
    #[error("Invalid invocation result kind.")]
    ResultKind,
    /// A MessagePack item of another type than expected, where ASP.NET Core has no text of its own.
    #[error("Unexpected msgpack code {code} ({name}) encountered.")]
    UnexpectedCode {
        /// The item's first byte.
        code: u8,
        /// The name of that byte's format.
        name: &'static str,
    },
    /// A MessagePack message that ends too early.
    #[error("Attempted to read past the end of the stream.")]
    EndOfStream,
    /// What a [`CustomHubProtocol`](crate::CustomHubProtocol) cannot read.
    #[error("{reason}")]
    Malformed {
        /// Why not, for the client where detailed errors are on.
        reason: String,
    },
}

impl ProtocolError {
    /// The short name of .NET's exception type, which stands before the text where detailed errors are on
    /// (`InvalidDataException: Error reading JSON.`).
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::LengthPrefix | Self::NotAnInteger { .. } => "FormatException",
            Self::StreamIdNotAString { .. } => "InvalidOperationException",
            Self::DuplicateHeader { .. } => "ArgumentException",
            Self::UnexpectedCode { .. } => "MessagePackSerializationException",
            Self::EndOfStream => "EndOfStreamException",
            _ => "InvalidDataException",
        }
    }
}

/// Arguments, an item or a result that do not fit the types of the receiver. The connection goes on after it: the caller is
/// told by an error completion.
///
/// `Display` gives exactly ASP.NET Core's text, which clients see where detailed errors are on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// Too few or too many arguments.
    #[error("Invocation provides {provided} argument(s) but target expects {expected}.")]
    ArgumentCount {
        /// How many there are.
        provided: usize,
        /// How many the target takes.
        expected: usize,
    },
    /// An argument is not of the type that the target takes.
    #[error(
        "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked."
    )]
    ArgumentType {
        /// The argument's position, from 0.
        index: usize,
        /// What the decoder says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The arguments of a MessagePack invocation are not an array, or it ends too early.
    #[error("Reading array length for 'arguments' failed.")]
    NoArguments,
    /// A stream item or a result is not of the type that is asked for.
    #[error("{source}")]
    Value {
        /// What the decoder says.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// A value that cannot be written. The buffer is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The value's `Serialize` failed, or the encoding has no form for it (a JSON object whose keys are not strings).
    #[error("{0}")]
    Value(#[source] Box<dyn Error + Send + Sync>),
    /// [`Arguments`](crate::Arguments) wrote another number of values than it had announced.
    #[error("{written} argument(s) were written where {announced} had been announced")]
    ArgumentCount {
        /// What `Arguments::count` said.
        announced: usize,
        /// How many values came.
        written: usize,
    },
    /// The message is longer than the 2³¹ - 1 bytes that a length prefix can say.
    #[error("messages over 2 GB are not supported")]
    TooLarge,
    /// A [`CustomHubProtocol`](crate::CustomHubProtocol) whose transfer format is text has written something that is not
    /// UTF-8, or has the record separator in it.
    #[error("the hub protocol wrote a message that is not text, or has a record separator in it")]
    NotText,
}
