//! Values that no type takes, to see which keys are read at all.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Fault;

/// What begins the text of a poison. Configuration has no such text.
const MARK: &str = "\0#";

/// How a float begins that is a poison: finite, and larger than anything that counts.
const BITS: u64 = 0x7FE0_9A7E_0000_0000;

/// As what it is served: what is bytes takes bytes, what is a number takes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Float,
}

/// The poison of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poison {
    pub(super) kind: Kind,
    pub(super) number: usize,
}

/// The name of a key that no type has.
pub(super) fn key(number: usize) -> String {
    format!("{MARK}{number}")
}

/// The number of the poison that this text, or this name of a key, is.
pub(super) fn of_text(text: &str) -> Option<usize> {
    let text = text
        .strip_prefix(char::REPLACEMENT_CHARACTER)
        .unwrap_or(text);
    text.strip_prefix(MARK)?.parse().ok()
}

/// The number of the poison that this float is.
pub(super) fn of_float(float: f64) -> Option<usize> {
    let bits = float.to_bits();
    let is_poison = bits & 0xFFFF_FFFF_0000_0000 == BITS;
    is_poison.then(|| usize::try_from(bits & 0xFFFF_FFFF).ok())?
}

impl<'de> Deserializer<'de> for Poison {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.kind {
            Kind::Bytes => {
                // No UTF-8, so that no text takes it either.
                let mut bytes = vec![0xFF];
                bytes.extend_from_slice(key(self.number).as_bytes());
                visitor.visit_byte_buf(bytes)
            }
            Kind::Float => {
                let number = u64::try_from(self.number).unwrap_or_default() & 0xFFFF_FFFF;
                visitor.visit_f64(f64::from_bits(BITS | number))
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
