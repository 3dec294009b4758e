//! What the two sides say first: a JSON object each, ended by 0x1E, whatever protocol they agree on.

use std::borrow::Cow;

use serde::de::MapAccess;

use crate::framing::{RECORD_SEPARATOR, text_frame};
use crate::json::{self, ReadProperty, Values, read_object};
use crate::{HubProtocol, ProtocolError};

/// What a client wants to speak: `{"protocol":"json","version":1}`.
///
/// ```
/// use campanile_hub_protocol::handshake::HandshakeRequest;
///
/// let (request, consumed) = HandshakeRequest::parse(b"{\"protocol\":\"json\",\"version\":1}\x1e")?.expect("it is complete");
/// assert_eq!((request.protocol.as_ref(), request.version, consumed), ("json", 1, 32));
/// # Ok::<(), campanile_hub_protocol::handshake::HandshakeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeRequest<'a> {
    /// The name of the protocol, as the client spells it: see [`HubProtocol::from_name`]. May be empty.
    pub protocol: Cow<'a, str>,
    /// The version of the protocol. A server accepts what is not above its own: see [`HubProtocol::version`].
    pub version: i32,
}

/// A handshake that is not one.
///
/// `Display` gives exactly the detail that ASP.NET Core adds to its answer where detailed errors are on, without the name of
/// the exception's type (see [`error_type`](Self::error_type)).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not a JSON object, or a property has the wrong type.
    #[error(transparent)]
    Malformed(#[from] ProtocolError),
    /// A property is absent. A hub message that comes too early is such a one.
    #[error("Missing required property '{property}'. Message content: {content}")]
    MissingProperty {
        /// The property's name.
        property: &'static str,
        /// All that stood before the separator.
        content: String,
    },
}

impl HandshakeError {
    /// The short name of .NET's exception type, which stands before the text where detailed errors are on.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Malformed(ProtocolError::InvalidJson) => "JsonReaderException",
            Self::Malformed(error) => error.error_type(),
            Self::MissingProperty { .. } => "InvalidDataException",
        }
    }
}

impl<'a> HandshakeRequest<'a> {
    /// Reads the request at the beginning of the input, and how many bytes it takes; none where it is incomplete. Hub
    /// messages may follow it right away.
    ///
    /// # Errors
    ///
    /// Where it is not a handshake request.
    pub fn parse(input: &'a [u8]) -> Result<Option<(Self, usize)>, HandshakeError> {
        let Some(frame) = text_frame(input, None)? else {
            return Ok(None);
        };
        let mut properties = RequestProperties::default();
        read_object(frame.body, &mut properties)?;
        let missing = |property| HandshakeError::MissingProperty {
            property,
            content: String::from_utf8_lossy(frame.body).into_owned(),
        };
        let protocol = properties.protocol.ok_or_else(|| missing("protocol"))?;
        let version = properties.version.ok_or_else(|| missing("version"))?;
        Ok(Some((Self { protocol, version }, frame.consumed)))
    }
}

/// Writes what a client says first.
pub fn write_handshake_request(out: &mut Vec<u8>, protocol: HubProtocol, version: u32) {
    out.extend_from_slice(b"{\"protocol\":");
    json::write_string(out, protocol.name());
    out.extend_from_slice(b",\"version\":");
    out.extend_from_slice(version.to_string().as_bytes());
    out.extend_from_slice(&[b'}', RECORD_SEPARATOR]);
}

/// Writes the server's answer: `{}`, or why it is about to end the connection.
pub fn write_handshake_response(out: &mut Vec<u8>, error: Option<&str>) {
    out.push(b'{');
    if let Some(error) = error {
        out.extend_from_slice(b"\"error\":");
        json::write_string(out, error);
    }
    out.extend_from_slice(&[b'}', RECORD_SEPARATOR]);
}

/// A server's answer, as a client reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandshakeResponse<'a> {
    /// Why the server is about to end the connection; none where all is well.
    pub error: Option<Cow<'a, str>>,
}

impl<'a> HandshakeResponse<'a> {
    /// Reads the answer at the beginning of the input, and how many bytes it takes; none where it is incomplete.
    ///
    /// # Errors
    ///
    /// Where it is not a handshake response.
    pub fn parse(input: &'a [u8]) -> Result<Option<(Self, usize)>, HandshakeError> {
        let Some(frame) = text_frame(input, None)? else {
            return Ok(None);
        };
        let mut properties = ResponseProperties::default();
        read_object(frame.body, &mut properties)?;
        Ok(Some((
            Self {
                error: properties.error,
            },
            frame.consumed,
        )))
    }
}

enum Name {
    Protocol,
    Version,
    Error,
    Unknown,
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        match name {
            "protocol" => Self::Protocol,
            "version" => Self::Version,
            "error" => Self::Error,
            _ => Self::Unknown,
        }
    }
}

#[derive(Default)]
struct RequestProperties<'a> {
    protocol: Option<Cow<'a, str>>,
    version: Option<i32>,
}

impl<'a> ReadProperty<'a> for RequestProperties<'a> {
    type Name = Name;

    fn read<A: MapAccess<'a>>(
        &mut self,
        name: Name,
        values: &mut Values<'_, A>,
    ) -> Result<(), A::Error> {
        match name {
            Name::Protocol => self.protocol = Some(values.text("protocol")?),
            Name::Version => self.version = values.int32("version")?,
            Name::Error | Name::Unknown => values.skip()?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct ResponseProperties<'a> {
    error: Option<Cow<'a, str>>,
}

impl<'a> ReadProperty<'a> for ResponseProperties<'a> {
    type Name = Name;

    fn read<A: MapAccess<'a>>(
        &mut self,
        name: Name,
        values: &mut Values<'_, A>,
    ) -> Result<(), A::Error> {
        match name {
            Name::Error => self.error = Some(values.text("error")?),
            _ => values.skip()?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(String, i32), String> {
        let framed = format!("{text}\u{1e}after");
        match HandshakeRequest::parse(framed.as_bytes()) {
            Ok(Some((request, consumed))) => {
                assert_eq!(consumed, text.len() + 1);
                Ok((request.protocol.into_owned(), request.version))
            }
            Ok(None) => panic!("{text} is complete"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn requests() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"protocol":"json","version":1}"#, "json", 1),
            (r#" {"version":-5,"protocol":"MessagePack"} "#, "MessagePack", -5),
            (r#"{"protocol":"","version":1}x"#, "", 1),
            (r#"{"protocol":"a","protocol":"j\u0073on","version":9,"version":2}"#, "json", 2),
            (r#"{"x":{"a":[1]},"protocol":"json","error":null,"version":0}"#, "json", 0),
        ];
        for (text, protocol, version) in cases {
            assert_eq!(parse(text), Ok((protocol.to_owned(), version)), "{text}");
        }
    }

    #[test]
    fn errors_as_dotnet_words_them() {
        #[rustfmt::skip]
        let cases = [
            (r#"[]"#, "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
            (r#"42"#, "Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
            (r#"null"#, "Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
            (r#"{}"#, "Missing required property 'protocol'. Message content: {}"),
            (r#" {"version":1} "#, r#"Missing required property 'protocol'. Message content:  {"version":1} "#),
            (r#"{"Protocol":"json","version":1}"#, r#"Missing required property 'protocol'. Message content: {"Protocol":"json","version":1}"#),
            (r#"{"protocol":"json"}x"#, r#"Missing required property 'version'. Message content: {"protocol":"json"}x"#),
            (r#"{"protocol":"json","version":null}"#, r#"Missing required property 'version'. Message content: {"protocol":"json","version":null}"#),
            (r#"{"type":1,"target":"a","arguments":[]}"#, r#"Missing required property 'protocol'. Message content: {"type":1,"target":"a","arguments":[]}"#),
            (r#"{"protocol":null,"version":"x"}"#, "Expected 'protocol' to be of type String."),
            (r#"{"version":"1"}"#, "Expected 'version' to be of type Number."),
            (r#"{"protocol":"json","version":1.5}"#, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."),
            (r#"{"protocol":"json","version":1"#, "Error reading JSON."),
            (r#"{"protocol":"json","version":1,}"#, "Error reading JSON."),
            (r#""#, "Error reading JSON."),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn pieces_are_incomplete() {
        let framed = b"{\"protocol\":\"json\",\"version\":1}\x1e";
        for end in 0..framed.len() {
            assert_eq!(HandshakeRequest::parse(&framed[..end]), Ok(None));
        }
    }

    #[test]
    fn both_sides_understand_each_other() {
        let mut out = Vec::new();
        write_handshake_request(&mut out, HubProtocol::MessagePack, 2);
        assert_eq!(out, b"{\"protocol\":\"messagepack\",\"version\":2}\x1e");
        assert!(matches!(HandshakeRequest::parse(&out), Ok(Some((it, 39))) if it.version == 2));

        out.clear();
        write_handshake_response(&mut out, None);
        assert_eq!(out, b"{}\x1e");
        assert_eq!(
            HandshakeResponse::parse(&out),
            Ok(Some((HandshakeResponse { error: None }, 3)))
        );

        out.clear();
        write_handshake_response(&mut out, Some("The protocol 'é<'' is not supported."));
        assert_eq!(
            out,
            "{\"error\":\"The protocol 'é<'' is not supported.\"}\u{1e}".as_bytes()
        );
        let (response, _) = HandshakeResponse::parse(&out).unwrap().unwrap();
        assert_eq!(
            response.error.as_deref(),
            Some("The protocol 'é<'' is not supported.")
        );
    }
}
