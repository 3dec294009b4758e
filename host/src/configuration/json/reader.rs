//! Reads a document into flat keys, each value with the file and line that it is from.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Names;
use super::lenient::to_strict;
use super::position::{Lines, Position};
use crate::configuration::error::ConfigurationError;
use crate::configuration::key;
use crate::configuration::layer::Layer;

/// As in .NET's reader; it also bounds the recursion below.
const MAXIMUM_DEPTH: usize = 64;

const BYTE_ORDER_MARK: &str = "\u{feff}";

pub(super) fn read(names: &Names<'_>, bytes: &[u8]) -> Result<Layer, ConfigurationError> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text),
        Err(error) => return Err(not_utf8(names, bytes, error.valid_up_to())),
    };
    let strict = to_strict(text);
    let mut reader = Reader {
        names,
        text: &strict,
        lines: Lines::of(&strict),
        seen: HashMap::new(),
        layer: Layer::default(),
    };
    let root = serde_json::from_str(&strict).map_err(|error| reader.error_within(0, &error))?;
    match kind_of(root) {
        Kind::Object => reader.object(None, root, 1)?,
        other => {
            let message = format!("an object was wanted at the top, found {other}");
            return Err(reader.error_at(root, message));
        }
    }
    Ok(reader.layer)
}

struct Reader<'d> {
    names: &'d Names<'d>,
    text: &'d str,
    lines: Lines,
    /// Where each key with a value is, by its folded form.
    seen: HashMap<String, Position>,
    layer: Layer,
}

impl<'d> Reader<'d> {
    fn value(
        &mut self,
        key: String,
        raw: &'d RawValue,
        depth: usize,
    ) -> Result<(), ConfigurationError> {
        if depth > MAXIMUM_DEPTH {
            let message = format!("nested more than {MAXIMUM_DEPTH} levels deep");
            return Err(self.error_at(raw, message));
        }
        match kind_of(raw) {
            Kind::Object => self.object(Some(&key), raw, depth + 1),
            Kind::Array => self.array(key, raw, depth + 1),
            Kind::String => {
                let text = self.parse::<String>(raw)?;
                self.leaf(key, raw, Some(text))
            }
            Kind::Number => self.leaf(key, raw, Some(raw.get().to_owned())),
            Kind::True => self.leaf(key, raw, Some("True".to_owned())),
            Kind::False => self.leaf(key, raw, Some("False".to_owned())),
            Kind::Null => self.leaf(key, raw, None),
        }
    }

    /// An object with nothing in it is a key with a null.
    fn object(
        &mut self,
        key: Option<&str>,
        raw: &'d RawValue,
        depth: usize,
    ) -> Result<(), ConfigurationError> {
        let members = self.parse::<Members<'d>>(raw)?.0;
        if let (Some(key), true) = (key, members.is_empty()) {
            return self.leaf(key.to_owned(), raw, None);
        }
        for (name, value) in members {
            let name = self.parse::<String>(name)?;
            self.value(key::join(key, &name), value, depth)?;
        }
        Ok(())
    }

    /// An array with nothing in it is a key with an empty text.
    fn array(
        &mut self,
        key: String,
        raw: &'d RawValue,
        depth: usize,
    ) -> Result<(), ConfigurationError> {
        let elements = self.parse::<Vec<&'d RawValue>>(raw)?;
        if elements.is_empty() {
            return self.leaf(key, raw, Some(String::new()));
        }
        for (index, element) in elements.into_iter().enumerate() {
            self.value(format!("{key}:{index}"), element, depth)?;
        }
        Ok(())
    }

    fn leaf(
        &mut self,
        key: String,
        raw: &RawValue,
        text: Option<String>,
    ) -> Result<(), ConfigurationError> {
        let position = self.position(raw);
        if let Some(first) = self.seen.insert(key::fold(&key), position) {
            return Err(ConfigurationError::DuplicateKey {
                name: self.names.error.to_string(),
                key,
                line: position.line,
                column: position.column,
                first_line: first.line,
            });
        }
        let origin = format!("{}:{}", self.names.origin, position.line);
        self.layer.insert(key, &origin, text);
        Ok(())
    }

    fn parse<T: Deserialize<'d>>(&self, raw: &'d RawValue) -> Result<T, ConfigurationError> {
        serde_json::from_str(raw.get()).map_err(|error| self.error_within(self.offset(raw), &error))
    }

    /// A raw value is a slice of the text that is read.
    fn offset(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr() as usize - self.text.as_ptr() as usize
    }

    fn position(&self, raw: &RawValue) -> Position {
        self.lines.position(self.offset(raw))
    }

    fn error_at(&self, raw: &RawValue, message: String) -> ConfigurationError {
        self.error(self.position(raw), message)
    }

    /// The error of a part of the text that begins at `offset`.
    fn error_within(&self, offset: usize, error: &serde_json::Error) -> ConfigurationError {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = message
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or(&message);
        let position = self.lines.within(offset, line, column);
        self.error(position, format!("not valid JSON: {message}"))
    }

    fn error(&self, position: Position, message: String) -> ConfigurationError {
        ConfigurationError::Json {
            name: self.names.error.to_string(),
            line: position.line,
            column: position.column,
            message,
        }
    }
}

fn not_utf8(names: &Names<'_>, bytes: &[u8], valid: usize) -> ConfigurationError {
    let before = String::from_utf8_lossy(&bytes[..valid]);
    let position = Lines::of(&before).position(valid);
    ConfigurationError::Json {
        name: names.error.to_string(),
        line: position.line,
        column: position.column,
        message: "the file is not UTF-8 from here on".to_owned(),
    }
}

/// The members of an object, with those whose name is there twice.
struct Members<'d>(Vec<(&'d RawValue, &'d RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// What a value is, by its first character, once the whole is known to be valid.
enum Kind {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

fn kind_of(raw: &RawValue) -> Kind {
    match raw.get().as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't') => Kind::True,
        Some(b'f') => Kind::False,
        Some(b'n') => Kind::Null,
        _ => Kind::Number,
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::True | Self::False => "a boolean",
            Self::Null => "null",
        })
    }
}
