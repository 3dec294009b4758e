use std::borrow::Cow;

use serde::de::MapAccess;

use super::object::{ReadProperty, Values, read_object};
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
