use std::borrow::Cow;
use std::collections::HashSet;

use rmp::Marker;

use super::split::split_value;
use crate::{Headers, ProtocolError, RawArguments};

/// Reads a message's items one after the other, with ASP.NET Core's words where one is not what it should be.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The number of items of the array that a message is.
    pub(super) fn message_length(&mut self) -> Result<usize, ProtocolError> {
        let &code = self.rest.first().ok_or(ProtocolError::EndOfStream)?;
        match Marker::from_u8(code) {
            Marker::FixArray(_) | Marker::Array16 | Marker::Array32 => {
                self.array_length().ok_or(ProtocolError::EndOfStream)
            }
            marker => Err(ProtocolError::UnexpectedCode {
                code,
                name: format_name(marker),
            }),
        }
    }

    /// The length of an array whose items may all be there.
    fn array_length(&mut self) -> Option<usize> {
        let length = rmp::decode::read_array_len(&mut self.rest).ok()? as usize;
        (length <= self.rest.len()).then_some(length)
    }

    fn integer(&mut self) -> Option<i64> {
        rmp::decode::read_int(&mut self.rest).ok()
    }

    pub(super) fn int32(&mut self, item: &'static str) -> Result<i32, ProtocolError> {
        let number = self.integer().and_then(|it| i32::try_from(it).ok());
        number.ok_or(ProtocolError::Reading {
            item: item.into(),
            expected: "Int32",
        })
    }

    pub(super) fn sequence_number(&mut self) -> Result<u64, ProtocolError> {
        let number = self.integer().ok_or(ProtocolError::Reading {
            item: "sequenceId".into(),
            expected: "Int64",
        })?;
        Ok(u64::try_from(number).unwrap_or(0))
    }

    pub(super) fn boolean(&mut self, item: &'static str) -> Result<bool, ProtocolError> {
        rmp::decode::read_bool(&mut self.rest).map_err(|_| ProtocolError::Reading {
            item: item.into(),
            expected: "Boolean",
        })
    }

    /// A string or nil; none where it is neither. What is not UTF-8 is replaced, as .NET does.
    fn optional_text(&mut self) -> Option<Option<Cow<'a, str>>> {
        if let Some((0xc0, rest)) = self.rest.split_first() {
            self.rest = rest;
            return Some(None);
        }
        let length = rmp::decode::read_str_len(&mut self.rest).ok()? as usize;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(String::from_utf8_lossy(text)))
    }

    pub(super) fn text(
        &mut self,
        item: &'static str,
    ) -> Result<Option<Cow<'a, str>>, ProtocolError> {
        self.optional_text().ok_or(ProtocolError::Reading {
            item: item.into(),
            expected: "String",
        })
    }

    pub(super) fn required_text(
        &mut self,
        item: &'static str,
        what: &'static str,
    ) -> Result<Cow<'a, str>, ProtocolError> {
        self.text(item)?
            .filter(|it| !it.is_empty())
            .ok_or(ProtocolError::NullOrEmpty { what })
    }

    pub(super) fn headers(&mut self) -> Result<Headers<'a>, ProtocolError> {
        let length = rmp::decode::read_map_len(&mut self.rest)
            .ok()
            .map(|it| it as usize);
        let length =
            length
                .filter(|&it| it <= self.rest.len() / 2)
                .ok_or(ProtocolError::ReadingLength {
                    container: "map",
                    item: "headers",
                })?;
        let mut headers = Vec::new();
        let mut names = HashSet::new();
        for index in 0..length {
            let name = self.header_part(index, "Key", "key in header")?;
            let value = self.header_part(index, "Value", "value in header")?;
            if !names.insert(name.clone()) {
                return Err(ProtocolError::DuplicateHeader {
                    name: name.into_owned(),
                });
            }
            headers.push((name, value));
        }
        Ok(Headers(headers))
    }

    fn header_part(
        &mut self,
        index: usize,
        part: &str,
        what: &'static str,
    ) -> Result<Cow<'a, str>, ProtocolError> {
        match self.optional_text() {
            Some(Some(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(ProtocolError::NullOrEmpty { what }),
            None => Err(ProtocolError::Reading {
                item: format!("headers[{index}].{part}").into(),
                expected: "String",
            }),
        }
    }

    /// The arguments; none where they are not an array or end too early.
    pub(super) fn arguments(&mut self) -> Option<RawArguments<'a>> {
        let count = self.array_length()?;
        let items = self.rest;
        for _ in 0..count {
            (_, self.rest) = split_value(self.rest)?;
        }
        Some(RawArguments::messagepack(
            count,
            &items[..items.len() - self.rest.len()],
        ))
    }

    pub(super) fn stream_ids(&mut self) -> Result<Vec<Cow<'a, str>>, ProtocolError> {
        let count = self.array_length().ok_or(ProtocolError::ReadingLength {
            container: "array",
            item: "streamIds",
        })?;
        (0..count)
            .map(|_| {
                let code = self.rest.first().copied();
                match self.optional_text() {
                    Some(Some(text)) if !text.is_empty() => Ok(text),
                    Some(_) => Err(ProtocolError::NullOrEmptyStreamId),
                    None => Err(match code.map(|it| (it, Marker::from_u8(it))) {
                        None
                        | Some((
                            _,
                            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32,
                        )) => ProtocolError::EndOfStream,
                        Some((code, marker)) => ProtocolError::UnexpectedCode {
                            code,
                            name: format_name(marker),
                        },
                    }),
                }
            })
            .collect()
    }
}

/// The name of a format in the texts of .NET's MessagePack library.
fn format_name(marker: Marker) -> &'static str {
    match marker {
        Marker::FixPos(_) => "positive fixint",
        Marker::FixNeg(_) => "negative fixint",
        Marker::FixMap(_) => "fixmap",
        Marker::FixArray(_) => "fixarray",
        Marker::FixStr(_) => "fixstr",
        Marker::Null => "nil",
        Marker::Reserved => "(never used)",
        Marker::False => "false",
        Marker::True => "true",
        Marker::Bin8 => "bin 8",
        Marker::Bin16 => "bin 16",
        Marker::Bin32 => "bin 32",
        Marker::Ext8 => "ext 8",
        Marker::Ext16 => "ext 16",
        Marker::Ext32 => "ext 32",
        Marker::F32 => "float 32",
        Marker::F64 => "float 64",
        Marker::U8 => "uint 8",
        Marker::U16 => "uint 16",
        Marker::U32 => "uint 32",
        Marker::U64 => "uint 64",
        Marker::I8 => "int 8",
        Marker::I16 => "int 16",
        Marker::I32 => "int 32",
        Marker::I64 => "int 64",
        Marker::FixExt1 => "fixext 1",
        Marker::FixExt2 => "fixext 2",
        Marker::FixExt4 => "fixext 4",
        Marker::FixExt8 => "fixext 8",
        Marker::FixExt16 => "fixext 16",
        Marker::Str8 => "str 8",
        Marker::Str16 => "str 16",
        Marker::Str32 => "str 32",
        Marker::Array16 => "array 16",
        Marker::Array32 => "array 32",
        Marker::Map16 => "map 16",
        Marker::Map32 => "map 32",
    }
}
