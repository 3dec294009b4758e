//! The hub protocol `cbor`: SignalR's messages in the Concise Binary Object Representation (RFC 8949).
//!
//! Messages are arrays of what the MessagePack protocol has in its arrays. Lengths are definite.

use std::borrow::Cow;

use campanile_host::BoxError;
use campanile_hub_protocol::{
    Completion, CompletionOutcome, CustomHubProtocol, Headers, IncomingMessage, Invocation,
    InvocationKind, OutgoingMessage, OutgoingOutcome, OutgoingValue, RawArguments, RawValue,
    TransferFormat, ValueReader,
};
use minicbor::data::Token;
use minicbor::{Decoder, Encoder};
use serde::Serialize;

/// How deep values may be nested, since they are decoded by functions that call themselves.
const MAXIMUM_DEPTH: usize = 64;

/// The protocol. It keeps nothing.
#[derive(Debug)]
pub(crate) struct Cbor;

/// To be added to a host, and given to clients.
pub(crate) static CBOR: Cbor = Cbor;

impl CustomHubProtocol for Cbor {
    fn name(&self) -> &str {
        "cbor"
    }

    fn transfer_format(&self) -> TransferFormat {
        TransferFormat::Binary
    }

    fn parse<'a>(&'static self, body: &'a [u8]) -> Result<IncomingMessage<'a>, BoxError> {
        let mut decoder = Decoder::new(body);
        length(decoder.array()?)?;
        Ok(match decoder.u8()? {
            kind @ (1 | 4) => {
                let headers = headers(&mut decoder)?;
                let id: Option<&str> = decoder.decode()?;
                let target = decoder.str()?;
                let count = length(decoder.array()?)?;
                let values = skip(&mut decoder, count, body)?;
                let streams = length(decoder.array()?)?;
                let mut invocation =
                    Invocation::new(target, RawArguments::custom(self, count, values));
                if kind == 4 {
                    invocation.kind = InvocationKind::Stream;
                }
                invocation.headers = headers;
                invocation.invocation_id = id.map(Cow::Borrowed);
                for _ in 0..streams {
                    invocation.stream_ids.push(decoder.str()?.into());
                }
                IncomingMessage::Invocation(invocation)
            }
            2 => IncomingMessage::StreamItem {
                headers: headers(&mut decoder)?,
                invocation_id: decoder.str()?.into(),
                item: RawValue::custom(self, skip(&mut decoder, 1, body)?),
            },
            3 => {
                let headers = headers(&mut decoder)?;
                let id = decoder.str()?;
                let outcome = match decoder.u8()? {
                    1 => CompletionOutcome::Error(decoder.str()?.into()),
                    2 => CompletionOutcome::Void,
                    3 => {
                        let value = skip(&mut decoder, 1, body)?;
                        CompletionOutcome::Result(RawValue::custom(self, value))
                    }
                    other => return Err(format!("a completion of the unknown kind {other}").into()),
                };
                let mut completion = Completion::new(id, outcome);
                completion.headers = headers;
                IncomingMessage::Completion(completion)
            }
            5 => IncomingMessage::CancelInvocation {
                headers: headers(&mut decoder)?,
                invocation_id: decoder.str()?.into(),
            },
            6 => IncomingMessage::Ping,
            7 => IncomingMessage::Close {
                error: decoder.decode::<Option<&str>>()?.map(Cow::Borrowed),
                allow_reconnect: decoder.bool()?,
            },
            8 => IncomingMessage::Ack(decoder.u64()?),
            9 => IncomingMessage::Sequence(decoder.u64()?),
            _ => IncomingMessage::Unknown,
        })
    }

    fn split_value<'a>(&self, values: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut decoder = Decoder::new(values);
        decoder.skip().ok()?;
        values.split_at_checked(decoder.position())
    }

    fn read_value<'a>(&self, value: &'a [u8], reader: ValueReader<'_, 'a>) -> Result<(), BoxError> {
        check_depth(value)?;
        reader.read(&mut minicbor_serde::Deserializer::new(value))
    }

    fn write(&self, message: &OutgoingMessage<'_>, body: &mut Vec<u8>) -> Result<(), BoxError> {
        let mut encoder = Encoder::new(&mut *body);
        match *message {
            OutgoingMessage::Invocation { call, arguments } => {
                let kind = match call.kind {
                    InvocationKind::Ordinary => 1,
                    InvocationKind::Stream => 4,
                };
                encoder.array(6)?.u8(kind)?;
                encoder.map(call.headers.len() as u64)?;
                for (name, text) in call.headers {
                    encoder.str(name)?.str(text)?;
                }
                encoder.encode(call.id)?.str(call.target)?;
                encoder.array(arguments.count() as u64)?;
                arguments.for_each(|value| write_value(body, OutgoingValue::Serialize(value)))?;
                Encoder::new(body).encode(call.stream_ids)?;
            }
            OutgoingMessage::StreamItem { id, item } => {
                encoder.array(4)?.u8(2)?.map(0)?.str(id)?;
                write_value(body, item)?;
            }
            OutgoingMessage::Completion { id, outcome } => {
                let items = match outcome {
                    OutgoingOutcome::Void => 4,
                    OutgoingOutcome::Error(_) | OutgoingOutcome::Result(_) => 5,
                };
                encoder.array(items)?.u8(3)?.map(0)?.str(id)?;
                match outcome {
                    OutgoingOutcome::Error(text) => {
                        encoder.u8(1)?.str(text)?;
                    }
                    OutgoingOutcome::Void => {
                        encoder.u8(2)?;
                    }
                    OutgoingOutcome::Result(value) => {
                        encoder.u8(3)?;
                        write_value(body, value)?;
                    }
                }
            }
            OutgoingMessage::CancelInvocation { id } => {
                encoder.array(3)?.u8(5)?.map(0)?.str(id)?;
            }
            OutgoingMessage::Ping => {
                encoder.array(1)?.u8(6)?;
            }
            OutgoingMessage::Close {
                error,
                allow_reconnect,
            } => {
                encoder.array(3)?.u8(7)?;
                encoder.encode(error)?.bool(allow_reconnect)?;
            }
            OutgoingMessage::Ack(sequence_id) => {
                encoder.array(2)?.u8(8)?.u64(sequence_id)?;
            }
            OutgoingMessage::Sequence(sequence_id) => {
                encoder.array(2)?.u8(9)?.u64(sequence_id)?;
            }
        }
        Ok(())
    }
}

fn write_value(body: &mut Vec<u8>, value: OutgoingValue<'_>) -> Result<(), BoxError> {
    match value {
        OutgoingValue::Serialize(value) => {
            value.serialize(&mut minicbor_serde::Serializer::new(body))?;
        }
        OutgoingValue::Encoded(value) => body.extend_from_slice(value),
    }
    Ok(())
}

fn length(length: Option<u64>) -> Result<usize, BoxError> {
    let length = length.ok_or("the length is not definite")?;
    Ok(usize::try_from(length)?)
}

fn headers<'a>(decoder: &mut Decoder<'a>) -> Result<Headers<'a>, BoxError> {
    let count = length(decoder.map()?)?;
    let headers = (0..count).map(|_| Ok((decoder.str()?, decoder.str()?)));
    headers
        .collect::<Result<Vec<_>, BoxError>>()
        .map(Headers::from_iter)
}

/// Passes over so many values: what they are made of.
fn skip<'a>(decoder: &mut Decoder<'a>, count: usize, body: &'a [u8]) -> Result<&'a [u8], BoxError> {
    let start = decoder.position();
    for _ in 0..count {
        decoder.skip()?;
    }
    Ok(&body[start..decoder.position()])
}

/// Refuses what is nested too deep, without calling itself.
fn check_depth(value: &[u8]) -> Result<(), BoxError> {
    // How many items are still to come of each array, map or tag that is open.
    let mut open: Vec<u64> = Vec::new();
    for token in Decoder::new(value).tokens() {
        let items = match token? {
            Token::Array(items) => items,
            Token::Map(entries) => entries.saturating_mul(2),
            Token::Tag(_) => 1,
            Token::BeginArray | Token::BeginMap | Token::BeginBytes | Token::BeginString => {
                return Err("the length is not definite".into());
            }
            _ => 0,
        };
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        open.push(items);
        if open.len() > MAXIMUM_DEPTH {
            return Err(format!("values may be nested {MAXIMUM_DEPTH} deep").into());
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    Ok(())
}
