use std::borrow::Cow;

use serde::de::MapAccess;

use super::object::{ReadProperty, read_object};
use super::values::Values;
use crate::{
    Completion, CompletionOutcome, Headers, IncomingMessage, Invocation, InvocationKind,
    ProtocolError, RawArguments, RawValue,
};

/// Reads a message. Values are checked in the order of the text, what is missing after that, as ASP.NET Core does.
pub(crate) fn parse(body: &[u8]) -> Result<IncomingMessage<'_>, ProtocolError> {
    let mut properties = Properties::default();
    read_object(body, &mut properties)?;
    properties.into_message()
}

enum Name {
    Type,
    Headers,
    InvocationId,
    Target,
    Arguments,
    StreamIds,
    Item,
    Result,
    Error,
    AllowReconnect,
    SequenceId,
    Unknown,
}

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        match name {
            "type" => Self::Type,
            "headers" => Self::Headers,
            "invocationId" => Self::InvocationId,
            "target" => Self::Target,
            "arguments" => Self::Arguments,
            "streamIds" => Self::StreamIds,
            "item" => Self::Item,
            "result" => Self::Result,
            "error" => Self::Error,
            "allowReconnect" => Self::AllowReconnect,
            "sequenceId" => Self::SequenceId,
            _ => Self::Unknown,
        }
    }
}

/// All that a message of any type may have. Of a property that stands twice, the last one counts.
#[derive(Default)]
struct Properties<'a> {
    kind: Option<i32>,
    headers: Headers<'a>,
    invocation_id: Option<Cow<'a, str>>,
    target: Option<Cow<'a, str>>,
    arguments: Option<&'a str>,
    stream_ids: Vec<Cow<'a, str>>,
    item: Option<&'a str>,
    result: Option<&'a str>,
    error: Option<Cow<'a, str>>,
    allow_reconnect: bool,
    sequence_id: Option<i64>,
}

impl<'a> ReadProperty<'a> for Properties<'a> {
    type Name = Name;

    fn read<A: MapAccess<'a>>(
        &mut self,
        name: Name,
        values: &mut Values<'_, A>,
    ) -> Result<(), A::Error> {
        match name {
            Name::Type => self.kind = Some(values.required_int32("type")?),
            Name::Headers => self.headers = values.headers("headers")?,
            Name::InvocationId => self.invocation_id = Some(values.text("invocationId")?),
            Name::Target => self.target = Some(values.text("target")?),
            Name::Arguments => self.arguments = Some(values.raw_array("arguments")?),
            Name::StreamIds => self.stream_ids = values.texts("streamIds")?,
            Name::Item => self.item = Some(values.raw()?),
            Name::Result => self.result = Some(values.raw()?),
            Name::Error => self.error = Some(values.text("error")?),
            Name::AllowReconnect => self.allow_reconnect = values.boolean("allowReconnect")?,
            Name::SequenceId => self.sequence_id = values.int64("sequenceId")?,
            Name::Unknown => values.skip()?,
        }
        Ok(())
    }
}

impl<'a> Properties<'a> {
    fn into_message(self) -> Result<IncomingMessage<'a>, ProtocolError> {
        Ok(match self.kind.ok_or(missing("type"))? {
            1 => IncomingMessage::Invocation(self.into_invocation(InvocationKind::Ordinary)?),
            2 => IncomingMessage::StreamItem {
                invocation_id: required_id(self.invocation_id)?,
                headers: self.headers,
                item: RawValue::json(self.item.ok_or(missing("item"))?),
            },
            3 => IncomingMessage::Completion(Completion {
                invocation_id: required_id(self.invocation_id)?,
                headers: self.headers,
                outcome: match (self.error, self.result) {
                    (Some(_), Some(_)) => return Err(ProtocolError::ErrorAndResult),
                    (Some(error), None) => CompletionOutcome::Error(error),
                    (None, Some(result)) => CompletionOutcome::Result(RawValue::json(result)),
                    (None, None) => CompletionOutcome::Void,
                },
            }),
            4 => IncomingMessage::Invocation(self.into_invocation(InvocationKind::Stream)?),
            5 => IncomingMessage::CancelInvocation {
                invocation_id: required_id(self.invocation_id)?,
                headers: self.headers,
            },
            6 => IncomingMessage::Ping,
            7 => IncomingMessage::Close {
                error: self.error,
                allow_reconnect: self.allow_reconnect,
            },
            8 => IncomingMessage::Ack(self.sequence_number()?),
            9 => IncomingMessage::Sequence(self.sequence_number()?),
            _ => IncomingMessage::Unknown,
        })
    }

    fn into_invocation(self, kind: InvocationKind) -> Result<Invocation<'a>, ProtocolError> {
        let target = self.target.ok_or(missing("target"))?;
        let invocation_id = match kind {
            InvocationKind::Ordinary => self.invocation_id.filter(|it| !it.is_empty()),
            InvocationKind::Stream => Some(required_id(self.invocation_id)?),
        };
        // An empty target counts as missing only where there are no arguments to bind: with them it is an unknown method.
        let absent = if target.is_empty() {
            "target"
        } else {
            "arguments"
        };
        let arguments = RawArguments::json(self.arguments.ok_or(missing(absent))?);
        Ok(Invocation {
            kind,
            headers: self.headers,
            invocation_id,
            target,
            arguments,
            stream_ids: self.stream_ids,
        })
    }

    fn sequence_number(&self) -> Result<u64, ProtocolError> {
        let number = self.sequence_id.ok_or(missing("sequenceId"))?;
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

fn missing(property: &'static str) -> ProtocolError {
    ProtocolError::MissingProperty { property }
}

fn required_id(id: Option<Cow<'_, str>>) -> Result<Cow<'_, str>, ProtocolError> {
    id.filter(|it| !it.is_empty())
        .ok_or(missing("invocationId"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HubProtocol;

    /// What ASP.NET Core 10 answers to messages it does not accept.
    #[test]
    fn errors_as_dotnet_words_them() {
        #[rustfmt::skip]
        let cases = [
            // What is missing is looked for at the end.
            (r#"{}"#, "Missing required property 'type'."),
            (r#"{"TYPE":6}"#, "Missing required property 'type'."),
            (r#"{"type":1}"#, "Missing required property 'target'."),
            (r#"{"type":1,"invocationId":"1","arguments":[]}"#, "Missing required property 'target'."),
            (r#"{"type":1,"target":""}"#, "Missing required property 'target'."),
            (r#"{"type":1,"invocationId":"1","target":"Nothing"}"#, "Missing required property 'arguments'."),
            (r#"{"type":4}"#, "Missing required property 'target'."),
            (r#"{"type":4,"target":"Counter"}"#, "Missing required property 'invocationId'."),
            (r#"{"type":4,"target":"Counter","arguments":[1,0]}"#, "Missing required property 'invocationId'."),
            (r#"{"type":4,"invocationId":"","target":"Counter","arguments":[1,1]}"#, "Missing required property 'invocationId'."),
            (r#"{"type":2}"#, "Missing required property 'invocationId'."),
            (r#"{"type":2,"invocationId":"1"}"#, "Missing required property 'item'."),
            (r#"{"type":3}"#, "Missing required property 'invocationId'."),
            (r#"{"type":3,"error":"a","result":1}"#, "Missing required property 'invocationId'."),
            (r#"{"type":5}"#, "Missing required property 'invocationId'."),
            (r#"{"type":5,"invocationId":""}"#, "Missing required property 'invocationId'."),
            (r#"{"type":8}"#, "Missing required property 'sequenceId'."),
            (r#"{"type":8,"sequenceId":null}"#, "Missing required property 'sequenceId'."),
            (r#"{"type":9}"#, "Missing required property 'sequenceId'."),
            (r#"{"type":3,"invocationId":"1","error":"e","result":1}"#, "The 'error' and 'result' properties are mutually exclusive."),
            (r#"{"type":3,"invocationId":"1","error":"","result":1}"#, "The 'error' and 'result' properties are mutually exclusive."),
            // Null is a wrong type, of properties too that this type of message does not have.
            (r#"{"type":1,"invocationId":null,"target":"Nothing","arguments":[]}"#, "Expected 'invocationId' to be of type String."),
            (r#"{"type":1,"invocationId":7,"target":"Nothing","arguments":[]}"#, "Expected 'invocationId' to be of type String."),
            (r#"{"type":1,"invocationId":{},"target":"Nothing","arguments":[]}"#, "Expected 'invocationId' to be of type String."),
            (r#"{"type":1,"invocationId":"1","target":null,"arguments":[]}"#, "Expected 'target' to be of type String."),
            (r#"{"type":6,"target":5}"#, "Expected 'target' to be of type String."),
            (r#"{"type":3,"invocationId":"1","error":null}"#, "Expected 'error' to be of type String."),
            (r#"{"type":7,"error":null}"#, "Expected 'error' to be of type String."),
            (r#"{"type":1,"invocationId":"1","target":"Nothing","arguments":null}"#, "Expected 'arguments' to be of type Array."),
            (r#"{"type":1,"invocationId":"1","target":"Nothing","arguments":{}}"#, "Expected 'arguments' to be of type Array."),
            (r#"{"type":1,"invocationId":"1","target":"Nothing","arguments":"a"}"#, "Expected 'arguments' to be of type Array."),
            (r#"{"type":1,"target":"Add","arguments":[1],"streamIds":null}"#, "Expected 'streamIds' to be of type Array."),
            (r#"{"type":1,"target":"Add","arguments":[1],"streamIds":[null]}"#, "Null value for 'streamIds' is not valid."),
            (r#"{"type":1,"target":"Add","arguments":[1],"streamIds":["a",1]}"#, "Cannot get the value of a token type 'Number' as a string."),
            (r#"{"type":1,"target":"Add","arguments":[1],"streamIds":[[]]}"#, "Cannot get the value of a token type 'StartArray' as a string."),
            (r#"{"type":1,"target":"Add","arguments":[1],"streamIds":[{"a":1}]}"#, "Cannot get the value of a token type 'StartObject' as a string."),
            (r#"{"type":1,"target":"Add","arguments":[1],"streamIds":[true]}"#, "Cannot get the value of a token type 'True' as a string."),
            (r#"{"type":1,"headers":[],"target":"Nothing","arguments":[]}"#, "Expected 'headers' to be of type StartObject."),
            (r#"{"type":1,"headers":null,"target":"Nothing","arguments":[]}"#, "Expected 'headers' to be of type StartObject."),
            (r#"{"type":1,"headers":{"a":1},"target":"Nothing","arguments":[]}"#, "Expected header 'a' to be of type String."),
            (r#"{"type":1,"headers":{"a":"x","b":null},"target":"Nothing","arguments":[]}"#, "Expected header 'b' to be of type String."),
            (r#"{"type":"1"}"#, "Expected 'type' to be of type Number."),
            (r#"{"type":null}"#, "Expected 'type' to be of type Number."),
            (r#"{"type":[]}"#, "Expected 'type' to be of type Number."),
            (r#"{"type":1.0}"#, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."),
            (r#"{"type":1e0}"#, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."),
            (r#"{"type":99999999999}"#, "Either the JSON value is not in a supported format, or is out of bounds for an Int32."),
            (r#"{"type":8,"sequenceId":1.5}"#, "Either the JSON value is not in a supported format, or is out of bounds for an Int64."),
            (r#"{"type":8,"sequenceId":99999999999999999999}"#, "Either the JSON value is not in a supported format, or is out of bounds for an Int64."),
            (r#"{"type":8,"sequenceId":"1"}"#, "Expected 'sequenceId' to be of type Number."),
            (r#"{"type":7,"allowReconnect":1}"#, "Expected 'allowReconnect' to be true or false."),
            (r#"{"type":7,"allowReconnect":null}"#, "Expected 'allowReconnect' to be true or false."),
            // The first error in the order of the text counts.
            (r#"{"type":1,"target":null,"invocationId":7}"#, "Expected 'target' to be of type String."),
            (r#"{"type":1,"target":null,"#, "Expected 'target' to be of type String."),
            (r#"{"target":null,"type":"1"}"#, "Expected 'target' to be of type String."),
            // Not JSON, or not an object.
            ("", "Error reading JSON."),
            ("   ", "Error reading JSON."),
            ("{", "Error reading JSON."),
            ("{]", "Error reading JSON."),
            ("nonsense", "Error reading JSON."),
            ("tru", "Error reading JSON."),
            (r#"{"type":1,}"#, "Error reading JSON."),
            (r#"{"type":1,"target":"Add""#, "Error reading JSON."),
            (r#"{"type":1,"headers":{"a":"b""#, "Error reading JSON."),
            (r#"{"type":1,"target":"Add","arguments":[1 2]}"#, "Error reading JSON."),
            (r#"{"type":1,"target":"Add","arguments":[01,2]}"#, "Error reading JSON."),
            (r#"{"type":1,"target":"Add","arguments":["x",]}"#, "Error reading JSON."),
            (r#"{"type":3,"invocationId":"x","result":{"a":}}"#, "Error reading JSON."),
            ("{\"type\":6,\"x\":\"\n\"}", "Error reading JSON."),
            ("// c\n{\"type\":6}", "Error reading JSON."),
            ("{/**/\"type\":6}", "Error reading JSON."),
            ("\u{feff}{\"type\":6}", "Error reading JSON."),
            ("[", "Unexpected JSON Token Type 'Array'. Expected a JSON Object."),
            ("42", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
            (" -1.5e3", "Unexpected JSON Token Type 'Number'. Expected a JSON Object."),
            ("\"text\"", "Unexpected JSON Token Type 'String'. Expected a JSON Object."),
            ("true", "Unexpected JSON Token Type 'True'. Expected a JSON Object."),
            ("false", "Unexpected JSON Token Type 'False'. Expected a JSON Object."),
            ("null", "Unexpected JSON Token Type 'Null'. Expected a JSON Object."),
        ];
        for (text, expected) in cases {
            match parse(text.as_bytes()) {
                Err(error) => assert_eq!(error.to_string(), expected, "{text}"),
                Ok(message) => panic!("{text}: {message:?}"),
            }
        }
    }

    #[test]
    fn what_is_not_utf8_is_not_json() {
        for body in [
            &b"\xff"[..],
            b"{\"type\":6,\"x\":\"\xff\"}",
            b"{\"type\":6,\"\xff\":1}",
            b"{\"type\":1,\"target\":\"\xc3\",\"arguments\":[]}",
            b"{\"type\":1,\"target\":\"a\",\"arguments\":[\"\xff\"]}",
        ] {
            assert_eq!(parse(body).unwrap_err(), ProtocolError::InvalidJson);
        }
        assert!(matches!(
            parse(b"{\"type\":6}\xff"),
            Ok(IncomingMessage::Ping)
        ));
    }

    #[test]
    fn nesting_has_a_limit() {
        for start in [
            r#"{"type":6,"x":"#,
            r#"{"type":1,"target":"a","arguments":"#,
        ] {
            let message = |depth| format!("{start}{}{}}}", "[".repeat(depth), "]".repeat(depth));
            assert!(parse(message(63).as_bytes()).is_ok());
            for depth in [64, 100_000] {
                assert_eq!(
                    parse(message(depth).as_bytes()).unwrap_err(),
                    ProtocolError::InvalidJson
                );
            }
        }
        // Many brackets are not yet deep.
        let wide = format!(
            r#"{{"type":1,"target":"a","arguments":[{}"[[[\"[["]}}"#,
            "[],".repeat(100) + &r#""[{","#.repeat(100)
        );
        assert!(parse(wide.as_bytes()).is_ok());
    }

    #[test]
    fn messages_of_all_types() {
        #[rustfmt::skip]
        let cases = [
            (r#"{"type":6}"#, "Ping"),
            (r#" {"type" : 6 , "a" :	1
} "#, "Ping"),
            (r#"{"type":6}}}"#, "Ping"),
            (r#"{"type":6} garbage"#, "Ping"),
            (r#"{"\u0074ype":6}"#, "Ping"),
            (r#"{"type":6,"x":"\ud800","y":{"type":1},"item":5,"result":null}"#, "Ping"),
            (r#"{"type":0}"#, "Unknown"),
            (r#"{"type":-1}"#, "Unknown"),
            (r#"{"type":100,"target":"x"}"#, "Unknown"),
            (r#"{"type":7}"#, "Close { error: None, allow_reconnect: false }"),
            (r#"{"allowReconnect":true,"error":"e","type":7}"#, r#"Close { error: Some("e"), allow_reconnect: true }"#),
            (r#"{"type":8,"sequenceId":5}"#, "Ack(5)"),
            (r#"{"type":8,"sequenceId":-1}"#, "Ack(0)"),
            (r#"{"type":9,"sequenceId":9223372036854775807}"#, "Sequence(9223372036854775807)"),
            (r#"{"type":5,"invocationId":"x"}"#, r#"CancelInvocation { headers: Headers([]), invocation_id: "x" }"#),
            (r#"{"type":5,"headers":{"a":"","b":"c"},"invocationId":"x"}"#, r#"CancelInvocation { headers: Headers([("a", ""), ("b", "c")]), invocation_id: "x" }"#),
        ];
        for (text, expected) in cases {
            assert_eq!(
                format!("{:?}", parse(text.as_bytes()).unwrap()),
                expected,
                "{text}"
            );
        }
    }

    fn invocation(text: &str) -> Invocation<'_> {
        match parse(text.as_bytes()) {
            Ok(IncomingMessage::Invocation(invocation)) => invocation,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn invocations() {
        let text = r#"{"streamIds":["s","\u0074"],"arguments":[1,"a"],"target":"Add","invocationId":"7","type":1}"#;
        let it = invocation(text);
        assert_eq!(
            (it.kind, it.invocation_id.as_deref(), &*it.target),
            (InvocationKind::Ordinary, Some("7"), "Add")
        );
        assert_eq!(it.stream_ids, ["s", "t"]);
        let mut arguments = it.arguments.reader(2);
        assert_eq!(arguments.next::<i32>().unwrap(), 1);
        assert_eq!(arguments.next::<&str>().unwrap(), "a");
        arguments.finish().unwrap();
        // Nothing is copied unless it had to be unescaped.
        assert!(matches!(
            (&it.target, &it.stream_ids[0], &it.stream_ids[1]),
            (Cow::Borrowed(_), Cow::Borrowed(_), Cow::Owned(_))
        ));

        assert_eq!(
            invocation(r#"{"type":1,"invocationId":"","target":"a","arguments":[]}"#).invocation_id,
            None
        );
        assert_eq!(
            invocation(r#"{"type":1,"target":"","arguments":[]}"#).target,
            ""
        );
        let twice = r#"{"type":6,"type":4,"invocationId":"0","invocationId":"1","target":"Add","target":"Echo","arguments":[1,2],"arguments":[5]}"#;
        let it = invocation(twice);
        assert_eq!(
            (it.kind, it.invocation_id.as_deref(), &*it.target),
            (InvocationKind::Stream, Some("1"), "Echo")
        );
        assert_eq!(it.arguments.reader(1).next::<i32>().unwrap(), 5);
        let headers =
            invocation(r#"{"type":1,"headers":{"a":"1","a":"2"},"target":"a","arguments":[]}"#)
                .headers;
        assert_eq!((headers.get("a"), headers.get("A")), (Some("2"), None));
    }

    #[test]
    fn binding_as_dotnet_does_it() {
        const TYPES: &str = "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.";
        #[rustfmt::skip]
        let cases = [
            ("[1,2]", None),
            (" [ 1 , 2 ] ", None),
            ("[]", Some("Invocation provides 0 argument(s) but target expects 2.")),
            ("[1]", Some("Invocation provides 1 argument(s) but target expects 2.")),
            ("[1,2,3]", Some("Invocation provides 3 argument(s) but target expects 2.")),
            ("[1,2,\"x\",[],{}]", Some("Invocation provides 5 argument(s) but target expects 2.")),
            // What has the wrong type is met before the number is known.
            ("[\"x\"]", Some(TYPES)),
            ("[1,\"x\",3]", Some(TYPES)),
            ("[null,1]", Some(TYPES)),
            ("[1.0,2]", Some(TYPES)),
            ("[2147483648,2]", Some(TYPES)),
        ];
        for (arguments, expected) in cases {
            let text = format!(r#"{{"type":1,"target":"Add","arguments":{arguments}}}"#);
            let mut reader = invocation(&text).arguments.reader(2);
            let bound = reader
                .next::<i32>()
                .and_then(|_| reader.next::<i32>())
                .and_then(|_| reader.finish());
            assert_eq!(
                bound.err().map(|it| it.to_string()).as_deref(),
                expected,
                "{arguments}"
            );
        }
    }

    #[test]
    fn completions_and_items() {
        let completion = |text| match HubProtocol::Json.parse(text) {
            Ok(IncomingMessage::Completion(it)) => (it.invocation_id, it.outcome),
            other => panic!("{other:?}"),
        };
        let (id, outcome) = completion(br#"{"result":{"a":[1]},"type":3,"invocationId":"x"}"#);
        let CompletionOutcome::Result(result) = outcome else {
            panic!()
        };
        assert_eq!(
            (&*id, result.deserialize::<serde_json::Value>().unwrap()),
            ("x", serde_json::json!({"a":[1]}))
        );
        assert!(result.deserialize::<i32>().is_err());
        assert!(matches!(
            completion(br#"{"type":3,"invocationId":"x"}"#).1,
            CompletionOutcome::Void
        ));
        assert!(matches!(
            completion(br#"{"type":3,"invocationId":"x","result":null}"#).1,
            CompletionOutcome::Result(_)
        ));
        assert!(
            matches!(completion(br#"{"type":3,"invocationId":"x","error":""}"#).1, CompletionOutcome::Error(it) if it.is_empty())
        );

        let Ok(IncomingMessage::StreamItem {
            invocation_id,
            item,
            ..
        }) = parse(br#"{"type":2,"item":"\n","invocationId":"x"}"#)
        else {
            panic!()
        };
        assert_eq!(
            (&*invocation_id, item.deserialize::<String>().unwrap()),
            ("x", "\n".to_owned())
        );
    }
}
