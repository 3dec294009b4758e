//! What holds for every message: what one side writes the other reads, wherever the bytes are cut, and no bytes do harm.

use campanile_hub_protocol::handshake::{HandshakeRequest, HandshakeResponse};
use campanile_hub_protocol::{
    CompletionOutcome, HubProtocol, IncomingMessage, InvocationKind, OutgoingCall,
};
use proptest::prelude::*;

/// A message as both sides see it.
#[derive(Debug, Clone, PartialEq)]
enum Message {
    Invocation {
        stream: bool,
        id: Option<String>,
        target: String,
        arguments: (String, i64, Vec<Option<f64>>),
        stream_ids: Vec<String>,
    },
    StreamItem {
        id: String,
        item: String,
    },
    Void {
        id: String,
    },
    Result {
        id: String,
        result: Vec<u32>,
    },
    Error {
        id: String,
        error: String,
    },
    Cancel {
        id: String,
    },
    Ping,
    Close {
        error: Option<String>,
        allow_reconnect: bool,
    },
    Ack(u64),
    Sequence(u64),
}

impl Message {
    fn write(&self, protocol: HubProtocol, out: &mut Vec<u8>) {
        match self {
            Self::Invocation {
                stream,
                id,
                target,
                arguments,
                stream_ids,
            } => {
                let stream_ids: Vec<&str> = stream_ids.iter().map(String::as_str).collect();
                let call = OutgoingCall {
                    kind: if *stream {
                        InvocationKind::Stream
                    } else {
                        InvocationKind::Ordinary
                    },
                    id: id.as_deref(),
                    target,
                    stream_ids: &stream_ids,
                    headers: &[],
                };
                protocol.write_call(out, &call, arguments).unwrap();
            }
            Self::StreamItem { id, item } => protocol.write_stream_item(out, id, item).unwrap(),
            Self::Void { id } => protocol.write_completion_void(out, id),
            Self::Result { id, result } => {
                protocol.write_completion_result(out, id, result).unwrap();
            }
            Self::Error { id, error } => protocol.write_completion_error(out, id, error),
            Self::Cancel { id } => protocol.write_cancel_invocation(out, id),
            Self::Ping => protocol.write_ping(out),
            Self::Close {
                error,
                allow_reconnect,
            } => protocol.write_close(out, error.as_deref(), *allow_reconnect),
            Self::Ack(number) => protocol.write_ack(out, *number),
            Self::Sequence(number) => protocol.write_sequence(out, *number),
        }
    }

    fn read(protocol: HubProtocol, body: &[u8]) -> Self {
        match protocol.parse(body).unwrap() {
            IncomingMessage::Invocation(it) => {
                let mut arguments = it.arguments.reader(3);
                let values = (
                    arguments.next().unwrap(),
                    arguments.next().unwrap(),
                    arguments.next().unwrap(),
                );
                arguments.finish().unwrap();
                Self::Invocation {
                    stream: it.kind == InvocationKind::Stream,
                    id: it.invocation_id.map(Into::into),
                    target: it.target.into(),
                    arguments: values,
                    stream_ids: it.stream_ids.into_iter().map(Into::into).collect(),
                }
            }
            IncomingMessage::StreamItem {
                invocation_id,
                item,
                ..
            } => Self::StreamItem {
                id: invocation_id.into(),
                item: item.deserialize().unwrap(),
            },
            IncomingMessage::Completion(it) => {
                let id = it.invocation_id.into();
                match it.outcome {
                    CompletionOutcome::Void => Self::Void { id },
                    CompletionOutcome::Result(result) => Self::Result {
                        id,
                        result: result.deserialize().unwrap(),
                    },
                    CompletionOutcome::Error(error) => Self::Error {
                        id,
                        error: error.into(),
                    },
                }
            }
            IncomingMessage::CancelInvocation { invocation_id, .. } => Self::Cancel {
                id: invocation_id.into(),
            },
            IncomingMessage::Ping => Self::Ping,
            IncomingMessage::Close {
                error,
                allow_reconnect,
            } => Self::Close {
                error: error.map(Into::into),
                allow_reconnect,
            },
            IncomingMessage::Ack(number) => Self::Ack(number),
            IncomingMessage::Sequence(number) => Self::Sequence(number),
            other => panic!("{other:?} was never written"),
        }
    }
}

/// A text with all that has to be escaped, and not empty.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        proptest::char::range(' ', '~'),
        proptest::char::range('\0', '\u{a0}')
    ];
    proptest::collection::vec(character, 1..20).prop_map(|it| it.into_iter().collect())
}

fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64u32).prop_map(|(number, shift)| (number >> shift).min(i64::MAX as u64))
}

fn message() -> impl Strategy<Value = Message> {
    let float = any::<f64>().prop_filter("JSON has no other", |it| it.is_finite());
    let arguments = (
        text(),
        any::<i64>(),
        proptest::collection::vec(proptest::option::of(float), 0..4),
    );
    let stream_ids = proptest::collection::vec(text(), 0..3);
    let invocation = (
        any::<bool>(),
        proptest::option::of(text()),
        text(),
        arguments,
        stream_ids,
    );
    prop_oneof![
        invocation.prop_map(
            |(stream, id, target, arguments, stream_ids)| Message::Invocation {
                stream: stream && id.is_some(),
                id,
                target,
                arguments,
                stream_ids
            }
        ),
        (text(), "[ -~]{0,300}").prop_map(|(id, item)| Message::StreamItem { id, item }),
        text().prop_map(|id| Message::Void { id }),
        (text(), proptest::collection::vec(any::<u32>(), 0..9))
            .prop_map(|(id, result)| Message::Result { id, result }),
        (text(), text()).prop_map(|(id, error)| Message::Error { id, error }),
        text().prop_map(|id| Message::Cancel { id }),
        Just(Message::Ping),
        (proptest::option::of(text()), any::<bool>()).prop_map(|(error, allow_reconnect)| {
            Message::Close {
                error,
                allow_reconnect,
            }
        }),
        number().prop_map(Message::Ack),
        number().prop_map(Message::Sequence),
    ]
}

fn protocol() -> impl Strategy<Value = HubProtocol> {
    proptest::sample::select(HubProtocol::BUILT_IN.as_slice())
}

/// The messages in the bytes, which come in pieces that end at `cuts`.
fn read_in_pieces(protocol: HubProtocol, bytes: &[u8], cuts: &[usize]) -> Vec<Message> {
    let mut messages = Vec::new();
    let mut buffer = Vec::new();
    let mut start = 0;
    for &end in cuts.iter().chain([&bytes.len()]) {
        buffer.extend_from_slice(&bytes[start..end]);
        start = end;
        while let Some(frame) = protocol.next_frame(&buffer, Some(bytes.len())).unwrap() {
            messages.push(Message::read(protocol, frame.body));
            let consumed = frame.consumed;
            buffer.drain(..consumed);
        }
    }
    assert!(buffer.is_empty(), "something is left of {bytes:02x?}");
    messages
}

/// Reads what there is to read, as several types.
fn exercise(protocol: HubProtocol, body: &[u8]) {
    let value = |it: campanile_hub_protocol::RawValue<'_>| {
        let _ = it.deserialize::<serde_json::Value>();
        let _ = it.deserialize::<&str>();
    };
    match protocol.parse(body) {
        Ok(IncomingMessage::Invocation(it)) => {
            let mut reader = it.arguments.reader(3);
            let _ = reader.next::<serde_json::Value>();
            let _ = reader.next::<String>();
            let _ = reader.next::<(i32, f64)>();
            let _ = reader.finish();
        }
        Ok(IncomingMessage::StreamItem { item, .. }) => value(item),
        Ok(IncomingMessage::Completion(it)) => match it.outcome {
            CompletionOutcome::Result(result) => value(result),
            CompletionOutcome::Void | CompletionOutcome::Error(_) => {}
        },
        Ok(_) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(protocol in protocol(), messages in proptest::collection::vec(message(), 1..5)) {
        let mut bytes = Vec::new();
        for message in &messages {
            message.write(protocol, &mut bytes);
        }
        prop_assert_eq!(&read_in_pieces(protocol, &bytes, &[]), &messages);
        for cut in 0..bytes.len() {
            prop_assert_eq!(&read_in_pieces(protocol, &bytes, &[cut]), &messages);
        }
        let each: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(&read_in_pieces(protocol, &bytes, &each), &messages);
    }

    #[test]
    fn json_is_what_serde_json_makes_of_it(text in text(), number in any::<f64>().prop_filter("finite", |it| it.is_finite())) {
        let mut bytes = Vec::new();
        HubProtocol::Json.write_completion_result(&mut bytes, "1", &(&text, number)).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes[..bytes.len() - 1]).unwrap();
        prop_assert_eq!(value["result"][0].as_str(), Some(text.as_str()));
        prop_assert_eq!(value["result"][1].as_f64(), Some(number));
    }

    #[test]
    fn any_bytes_are_harmless(protocol in protocol(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(Some(frame)) = protocol.next_frame(&bytes, Some(100)) {
            prop_assert!(frame.consumed <= 100 && frame.body.len() < frame.consumed);
        }
        exercise(protocol, &bytes);
        let _ = HandshakeRequest::parse(&bytes);
        let _ = HandshakeResponse::parse(&bytes);
    }

    /// Bytes that look more like messages than random ones do.
    #[test]
    fn damaged_messages_are_harmless(protocol in protocol(), message in message(), damage in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..4), end in any::<usize>()) {
        let mut bytes = Vec::new();
        message.write(protocol, &mut bytes);
        for (index, byte) in damage {
            let index = index % bytes.len();
            bytes[index] = byte;
        }
        bytes.truncate(end % (bytes.len() + 1));
        if let Ok(Some(frame)) = protocol.next_frame(&bytes, None) {
            exercise(protocol, frame.body);
        }
        exercise(protocol, &bytes);
    }

    #[test]
    fn json_like_text_is_harmless(text in r#"\{("type":[0-9]|"(target|error|invocationId|headers|streamIds|arguments|item|x)":([0-9]|"[a-z]?"|null|\[("a",?)*\]|\{("a":"?b"?,?)*\})|,|[\[\]{}:"]){0,8}\}?"#) {
        exercise(HubProtocol::Json, text.as_bytes());
    }
}
