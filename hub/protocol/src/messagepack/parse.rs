use super::reader::Reader;
use super::split::split_value;
use crate::{
    Completion, CompletionOutcome, IncomingMessage, Invocation, InvocationKind, ProtocolError,
    RawArguments, RawValue,
};

/// Reads a message. Items are checked one after the other; more of them than expected are ignored, as ASP.NET Core does.
pub(crate) fn parse(body: &[u8]) -> Result<IncomingMessage<'_>, ProtocolError> {
    let mut reader = Reader::new(body);
    let count = reader.message_length()?;
    Ok(match reader.int32("messageType")? {
        1 => IncomingMessage::Invocation(read_invocation(
            &mut reader,
            InvocationKind::Ordinary,
            count,
        )?),
        2 => {
            let headers = reader.headers()?;
            let invocation_id =
                reader.required_text("invocationId", "invocation ID for StreamItem message")?;
            // An item that is not there fails when it is decoded, which ends the stream but not the connection.
            let item = split_value(reader.rest())
                .map(|(item, _)| item)
                .unwrap_or_default();
            IncomingMessage::StreamItem {
                headers,
                invocation_id,
                item: RawValue::messagepack(item),
            }
        }
        3 => IncomingMessage::Completion(read_completion(&mut reader)?),
        4 => IncomingMessage::Invocation(read_invocation(
            &mut reader,
            InvocationKind::Stream,
            count,
        )?),
        5 => IncomingMessage::CancelInvocation {
            headers: reader.headers()?,
            invocation_id: reader
                .required_text("invocationId", "invocation ID for CancelInvocation message")?,
        },
        6 => IncomingMessage::Ping,
        7 => IncomingMessage::Close {
            error: reader.text("error")?,
            allow_reconnect: if count > 2 {
                reader.boolean("allowReconnect")?
            } else {
                false
            },
        },
        8 => IncomingMessage::Ack(reader.sequence_number()?),
        9 => IncomingMessage::Sequence(reader.sequence_number()?),
        _ => IncomingMessage::Unknown,
    })
}

fn read_invocation<'a>(
    reader: &mut Reader<'a>,
    kind: InvocationKind,
    count: usize,
) -> Result<Invocation<'a>, ProtocolError> {
    let headers = reader.headers()?;
    let (invocation_id, target) = match kind {
        InvocationKind::Ordinary => {
            let id = reader.text("invocationId")?.filter(|it| !it.is_empty());
            (
                id,
                reader.required_text("target", "target for Invocation message")?,
            )
        }
        InvocationKind::Stream => {
            let id = reader
                .required_text("invocationId", "invocation ID for StreamInvocation message")?;
            (
                Some(id),
                reader.required_text("target", "target for StreamInvocation message")?,
            )
        }
    };
    let Some(arguments) = reader.arguments() else {
        // Where this array ends nobody knows, so nothing behind it is looked at.
        return Ok(Invocation {
            kind,
            headers,
            invocation_id,
            target,
            arguments: RawArguments::malformed(),
            stream_ids: Vec::new(),
        });
    };
    // Older clients do not know uploads.
    let stream_ids = if count > 5 {
        reader.stream_ids()?
    } else {
        Vec::new()
    };
    Ok(Invocation {
        kind,
        headers,
        invocation_id,
        target,
        arguments,
        stream_ids,
    })
}

fn read_completion<'a>(reader: &mut Reader<'a>) -> Result<Completion<'a>, ProtocolError> {
    let headers = reader.headers()?;
    let invocation_id =
        reader.required_text("invocationId", "invocation ID for Completion message")?;
    let outcome = match reader.int32("resultKind")? {
        1 => CompletionOutcome::Error(reader.text("error")?.unwrap_or_default()),
        2 => CompletionOutcome::Void,
        3 => CompletionOutcome::Result(RawValue::messagepack(
            split_value(reader.rest())
                .ok_or(ProtocolError::EndOfStream)?
                .0,
        )),
        _ => return Err(ProtocolError::ResultKind),
    };
    Ok(Completion {
        headers,
        invocation_id,
        outcome,
    })
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|it| u8::from_str_radix(std::str::from_utf8(it).unwrap(), 16).unwrap())
            .collect()
    }

    /// What ASP.NET Core 10 answers to messages it does not accept.
    #[test]
    fn errors_as_dotnet_words_them() {
        #[rustfmt::skip]
        let cases = [
            ("", "Attempted to read past the end of the stream."),
            ("91", "Attempted to read past the end of the stream."),
            ("dd ffffffff", "Attempted to read past the end of the stream."),
            ("06", "Unexpected msgpack code 6 (positive fixint) encountered."),
            ("c0", "Unexpected msgpack code 192 (nil) encountered."),
            ("80", "Unexpected msgpack code 128 (fixmap) encountered."),
            ("df ffffffff", "Unexpected msgpack code 223 (map 32) encountered."),
            ("90", "Reading 'messageType' as Int32 failed."),
            ("91 a131", "Reading 'messageType' as Int32 failed."),
            ("91 c0", "Reading 'messageType' as Int32 failed."),
            ("91 c3", "Reading 'messageType' as Int32 failed."),
            ("91 cb3ff0000000000000", "Reading 'messageType' as Int32 failed."),
            ("91 cf0000010000000000", "Reading 'messageType' as Int32 failed."),
            ("91 05", "Reading map length for 'headers' failed."),
            ("96 01 90 a131 a3416464 9090", "Reading map length for 'headers' failed."),
            ("96 01 c0 a131 a3416464 920102 90", "Reading map length for 'headers' failed."),
            ("96 01 df ffffffff", "Reading map length for 'headers' failed."),
            ("96 01 81 a0a161 a131 a3416464 920102 90", "Null or empty key in header."),
            ("96 01 81 c0a161 a131 a3416464 920102 90", "Null or empty key in header."),
            ("96 01 81 a161a0 a131 a3416464 920102 90", "Null or empty value in header."),
            ("96 01 81 a161c0 a131 a3416464 920102 90", "Null or empty value in header."),
            ("96 01 81 a16107 a131 a3416464 920102 90", "Reading 'headers[0].Value' as String failed."),
            ("96 01 81 07a161 a131 a3416464 920102 90", "Reading 'headers[0].Key' as String failed."),
            ("96 01 82 a161a162 a161a163 a131 a3416464 920102 90", "An item with the same key has already been added. Key: a"),
            ("96 01 80 07 a7 4e6f7468696e67 90 90", "Reading 'invocationId' as String failed."),
            ("96 01 80 c40131 a3416464 920102 90", "Reading 'invocationId' as String failed."),
            ("96 01 80 a131 a0 90 90", "Null or empty target for Invocation message."),
            ("96 01 80 a131 c0 920102 90", "Null or empty target for Invocation message."),
            ("96 01 80 a131 07 920102 90", "Reading 'target' as String failed."),
            ("96 01 80 a131 a3416464 920102", "Reading array length for 'streamIds' failed."),
            ("96 01 80 a131 a3416464 920102 c0", "Reading array length for 'streamIds' failed."),
            ("96 01 80 a131 a3416464 920102 07", "Reading array length for 'streamIds' failed."),
            ("96 01 80 a131 a3416464 920102 91c0", "Null or empty value in streamIds received."),
            ("96 01 80 a131 a3416464 920102 91a0", "Null or empty value in streamIds received."),
            ("96 01 80 a131 a3416464 920102 9107", "Unexpected msgpack code 7 (positive fixint) encountered."),
            ("96 04 80 c0 a7436f756e746572 920100 90", "Null or empty invocation ID for StreamInvocation message."),
            ("96 04 80 a0 07 920100 90", "Null or empty invocation ID for StreamInvocation message."),
            ("96 04 80 a131 a0 920100 90", "Null or empty target for StreamInvocation message."),
            ("94 02 80 a0 01", "Null or empty invocation ID for StreamItem message."),
            ("94 02 80 c0 01", "Null or empty invocation ID for StreamItem message."),
            ("94 03 80 a0 02", "Null or empty invocation ID for Completion message."),
            ("94 03 80 a178 a161", "Reading 'resultKind' as Int32 failed."),
            ("93 03 80 a178", "Reading 'resultKind' as Int32 failed."),
            ("94 03 80 a178 00", "Invalid invocation result kind."),
            ("94 03 80 a131 09", "Invalid invocation result kind."),
            ("95 03 80 a178 01 07", "Reading 'error' as String failed."),
            ("94 03 80 a178 01", "Reading 'error' as String failed."),
            ("94 03 80 a178 03", "Attempted to read past the end of the stream."),
            ("93 05 80 c0", "Null or empty invocation ID for CancelInvocation message."),
            ("93 05 80 a0", "Null or empty invocation ID for CancelInvocation message."),
            ("93 05 80 07", "Reading 'invocationId' as String failed."),
            ("91 07", "Reading 'error' as String failed."),
            ("92 07 05", "Reading 'error' as String failed."),
            ("93 07 c0 c0", "Reading 'allowReconnect' as Boolean failed."),
            ("93 07 c0 01", "Reading 'allowReconnect' as Boolean failed."),
            ("91 08", "Reading 'sequenceId' as Int64 failed."),
            ("92 08 c0", "Reading 'sequenceId' as Int64 failed."),
            ("92 08 a161", "Reading 'sequenceId' as Int64 failed."),
            ("92 08 cfffffffffffffffff", "Reading 'sequenceId' as Int64 failed."),
            ("92 09 cb3ff8000000000000", "Reading 'sequenceId' as Int64 failed."),
        ];
        for (hex, expected) in cases {
            match parse(&bytes(hex)) {
                Err(error) => assert_eq!(error.to_string(), expected, "{hex}"),
                Ok(message) => panic!("{hex}: {message:?}"),
            }
        }
    }

    #[test]
    fn messages_of_all_types() {
        #[rustfmt::skip]
        let cases = [
            ("91 06", "Ping"),
            ("93 06 01 02", "Ping"),
            ("dc0001 06", "Ping"),
            ("dd00000001 06", "Ping"),
            ("91 d200000006", "Ping"),
            ("91 06 06", "Ping"),
            ("91 ff", "Unknown"),
            ("91 63", "Unknown"),
            ("91 00", "Unknown"),
            ("92 07 c0", "Close { error: None, allow_reconnect: false }"),
            ("93 07 c0 c3", "Close { error: None, allow_reconnect: true }"),
            ("93 07 a6 4572726f7221 c2", r#"Close { error: Some("Error!"), allow_reconnect: false }"#),
            ("94 07 a165 c3 09", r#"Close { error: Some("e"), allow_reconnect: true }"#),
            ("92 08 05", "Ack(5)"),
            ("92 08 ff", "Ack(0)"),
            ("92 09 d30000000000000001", "Sequence(1)"),
            ("93 05 80 a378797a", r#"CancelInvocation { headers: Headers([]), invocation_id: "xyz" }"#),
            ("93 05 82 a161a162 a163a164 a378797a", r#"CancelInvocation { headers: Headers([("a", "b"), ("c", "d")]), invocation_id: "xyz" }"#),
            ("93 05 80 a2ffff", "CancelInvocation { headers: Headers([]), invocation_id: \"\u{fffd}\u{fffd}\" }"),
        ];
        for (hex, expected) in cases {
            assert_eq!(
                format!("{:?}", parse(&bytes(hex)).unwrap()),
                expected,
                "{hex}"
            );
        }
    }

    fn with_invocation<T>(hex: &str, test: impl FnOnce(Invocation<'_>) -> T) -> T {
        match parse(&bytes(hex)) {
            Ok(IncomingMessage::Invocation(invocation)) => test(invocation),
            other => panic!("{hex}: {other:?}"),
        }
    }

    #[test]
    fn invocations() {
        with_invocation("96 01 80 a378797a a66d6574686f64 90 90", |it| {
            assert_eq!(
                (it.kind, it.invocation_id.as_deref(), &*it.target),
                (InvocationKind::Ordinary, Some("xyz"), "method")
            );
            it.arguments.reader(0).finish().unwrap();
            assert!(it.stream_ids.is_empty());
        });
        // No reply wanted; an older client without stream ids; a newer one with more than we know; uploads.
        with_invocation("96 01 80 c0 a66d6574686f64 91 2a 90", |it| {
            assert_eq!(it.invocation_id, None);
        });
        with_invocation("96 01 80 a0 a66d6574686f64 91 2a 90", |it| {
            assert_eq!(it.invocation_id, None);
        });
        with_invocation("95 01 80 a131 a3416464 92 01 02", |it| {
            assert_eq!(it.target, "Add");
        });
        with_invocation(
            "97 01 80 a131 a3416464 92 01 02 91a161 a5 6578747261",
            |it| assert_eq!(it.stream_ids, ["a"]),
        );
        with_invocation("96 04 80 a131 a3416464 90 92 a161 a162", |it| {
            assert_eq!(
                (it.kind, it.stream_ids),
                (InvocationKind::Stream, vec![Cow::from("a"), Cow::from("b")])
            );
        });
    }

    #[test]
    fn binding_as_dotnet_does_it() {
        const TYPES: &str = "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.";
        const NONE: &str = "Reading array length for 'arguments' failed.";
        #[rustfmt::skip]
        let cases = [
            ("92 01 02 90", None),
            ("92 cd0001 d300000000000000ff 90", None),
            ("90 90", Some("Invocation provides 0 argument(s) but target expects 2.")),
            ("91 01 90", Some("Invocation provides 1 argument(s) but target expects 2.")),
            // The number comes first here: types do not matter where it is wrong.
            ("91 a178 90", Some("Invocation provides 1 argument(s) but target expects 2.")),
            ("93 01 02 a178 90", Some("Invocation provides 3 argument(s) but target expects 2.")),
            ("92 a178 02 90", Some(TYPES)),
            ("92 01 a178 90", Some(TYPES)),
            ("92 c0 02 90", Some(TYPES)),
            ("92 cb3ff0000000000000 02 90", Some(TYPES)),
            ("92 ce80000000 02 90", Some(TYPES)),
            ("07 90", Some(NONE)),
            ("c0 90", Some(NONE)),
            ("", Some(NONE)),
            ("92 01", Some(NONE)),
            ("dd ffffffff", Some(NONE)),
        ];
        for (arguments, expected) in cases {
            let bound = with_invocation(&format!("96 01 80 a131 a3416464 {arguments}"), |it| {
                let mut reader = it.arguments.reader(2);
                reader
                    .next::<i32>()
                    .and_then(|_| reader.next::<i32>())
                    .and_then(|_| reader.finish())
            });
            assert_eq!(
                bound.err().map(|it| it.to_string()).as_deref(),
                expected,
                "{arguments}"
            );
        }
    }

    #[test]
    fn completions_and_items() {
        fn outcome(body: &[u8]) -> CompletionOutcome<'_> {
            match parse(body) {
                Ok(IncomingMessage::Completion(it)) => it.outcome,
                other => panic!("{other:?}"),
            }
        }
        let body = bytes("95 03 80 a378797a 03 2a");
        let CompletionOutcome::Result(result) = outcome(&body) else {
            panic!()
        };
        assert_eq!(result.deserialize::<i32>().unwrap(), 42);
        assert!(result.deserialize::<String>().is_err());
        assert!(matches!(
            outcome(&bytes("94 03 80 a378797a 02")),
            CompletionOutcome::Void
        ));
        assert!(matches!(
            outcome(&bytes("95 03 80 a378797a 03 c0")),
            CompletionOutcome::Result(_)
        ));
        assert!(
            matches!(outcome(&bytes("95 03 80 a378797a 01 c0")), CompletionOutcome::Error(it) if it.is_empty())
        );
        assert!(
            matches!(outcome(&bytes("95 03 80 a378797a 01 a165")), CompletionOutcome::Error(it) if it == "e")
        );

        let body = bytes("94 02 80 a378797a ca42280000");
        let Ok(IncomingMessage::StreamItem {
            invocation_id,
            item,
            ..
        }) = parse(&body)
        else {
            panic!()
        };
        assert_eq!(
            (&*invocation_id, item.deserialize::<f32>().unwrap()),
            ("xyz", 42.0)
        );
        // Without its item it is the stream's trouble, not the connection's.
        let body = bytes("93 02 80 a378797a");
        let Ok(IncomingMessage::StreamItem { item, .. }) = parse(&body) else {
            panic!()
        };
        assert!(item.deserialize::<f32>().is_err());
    }
}
