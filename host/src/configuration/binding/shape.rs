//! What a value looks like to serde where no type asks for anything in particular.

use serde::de::Unexpected;

use super::poison;

/// A value as it is given to a buffer, and as it comes back in a fault.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Text(String),
    Nothing,
    List,
    Map,
    /// What was put there to see who reads it, by its number.
    Poison(usize),
    Other,
}

impl From<Unexpected<'_>> for Shape {
    fn from(unexpected: Unexpected<'_>) -> Self {
        match unexpected {
            Unexpected::Bool(truth) => Self::Bool(truth),
            Unexpected::Signed(number) => Self::Signed(number),
            Unexpected::Unsigned(number) => Self::Unsigned(number),
            Unexpected::Float(number) => {
                poison::of_float(number).map_or(Self::Float(number), Self::Poison)
            }
            Unexpected::Str(text) => {
                poison::of_text(text).map_or_else(|| Self::Text(text.to_owned()), Self::Poison)
            }
            Unexpected::Bytes(bytes) => {
                poison::of_text(&String::from_utf8_lossy(bytes)).map_or(Self::Other, Self::Poison)
            }
            Unexpected::Unit | Unexpected::Option => Self::Nothing,
            Unexpected::Seq => Self::List,
            Unexpected::Map => Self::Map,
            _ => Self::Other,
        }
    }
}

/// What a value is to be instead of what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Text,
    Number,
    Duration,
    Bytes,
    Nothing,
    List,
    Map,
}

impl Form {
    /// What a type takes that wants this.
    pub(super) fn of(wanted: &str) -> Option<Self> {
        match wanted {
            "a string" | "a character" => Some(Self::Text),
            "a sequence" => Some(Self::List),
            "a map" => Some(Self::Map),
            DURATION => Some(Self::Duration),
            BOOLEAN => Some(Self::Number),
            _ if is_number(wanted) => Some(Self::Number),
            _ => None,
        }
    }

    /// What a value of this shape and text should be where a type has refused it, if anything may help.
    pub(super) fn instead(shape: &Shape, wanted: &str) -> Option<Self> {
        match shape {
            Shape::Signed(_) | Shape::Unsigned(_) | Shape::Float(_) if is_number(wanted) => None,
            Shape::Bool(_) if is_number(wanted) || wanted == BOOLEAN => None,
            Shape::Bool(_) | Shape::Signed(_) | Shape::Unsigned(_) | Shape::Float(_) => {
                Some(Self::Text)
            }
            Shape::Text(text) if text.is_empty() && wanted.contains(SEQUENCE) => Some(Self::List),
            Shape::Text(text) if text.is_empty() => Some(Self::Nothing),
            Shape::Text(_) if is_number(wanted) || wanted == BOOLEAN => Some(Self::Number),
            Shape::Text(_) if wanted == DURATION => Some(Self::Duration),
            Shape::Map if wanted.contains(SEQUENCE) => Some(Self::List),
            Shape::List if wanted.contains("map") => Some(Self::Map),
            _ => None,
        }
    }
}

const BOOLEAN: &str = "a boolean";
const SEQUENCE: &str = "sequence";
const DURATION: &str = "struct Duration";

fn is_number(wanted: &str) -> bool {
    integer(wanted).is_some() || matches!(wanted, "f32" | "f64")
}

macro_rules! integers {
    ($wanted:ident: $($type:ident)*) => {
        match $wanted {
            $(stringify!($type) => Some(format!("an integer from {} to {}", $type::MIN, $type::MAX)),)*
            _ => None,
        }
    };
}

fn integer(wanted: &str) -> Option<String> {
    integers!(wanted: i8 i16 i32 i64 i128 u8 u16 u32 u64 u128)
}

/// What serde's own types say that they want, in our words.
pub(super) fn words(wanted: &str) -> String {
    match wanted {
        BOOLEAN => "true or false".to_owned(),
        "f32" | "f64" => "a number such as 1.5 or 1e-3".to_owned(),
        "a string" => "text".to_owned(),
        "a character" => "a single character".to_owned(),
        DURATION => "a time span such as 00:00:30".to_owned(),
        "a sequence" => "a list (its elements under the keys 0, 1, 2)".to_owned(),
        "a map" => "a section (keys with values)".to_owned(),
        wanted => integer(wanted).unwrap_or_else(|| wanted.to_owned()),
    }
}
