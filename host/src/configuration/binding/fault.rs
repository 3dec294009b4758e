//! The error that serde passes through a deserialization.

use std::fmt;

use serde::de;

use super::error::{BindProblem, BindProblemKind};
use super::field;
use super::heard::{self, Seen};
use super::{enumeration, shape};
use crate::configuration::key;
use crate::configuration::tree::{Node, NodeId};

/// What went wrong, and at which node once that is known.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) node: Option<NodeId>,
    pub(super) kind: FaultKind,
}

#[derive(Debug)]
pub(super) enum FaultKind {
    /// The value is none of the type.
    Wanted(String),
    /// What a type's own `Deserialize` says.
    Message(String),
    /// A field without a default is not there.
    MissingField(&'static str),
    /// An empty text stands in an option of a type that it is none of: the option is to be none.
    EmptyOption,
}

impl Fault {
    pub(super) fn wanted(what: impl Into<String>) -> Self {
        Self {
            node: None,
            kind: FaultKind::Wanted(what.into()),
        }
    }

    /// Says where, unless that was said further down.
    pub(super) fn at(mut self, node: NodeId) -> Self {
        self.node.get_or_insert(node);
        self
    }
}

impl FaultKind {
    /// As the operator gets to see it.
    pub(super) fn into_problem(self, node: &Node, origin: Option<&str>) -> BindProblem {
        let (key, kind) = match self {
            Self::MissingField(name) => {
                let parent = (!node.path.is_empty()).then_some(node.path.as_str());
                let key = key::join(parent, &field::display(name));
                return BindProblem::new(key, None, BindProblemKind::Missing);
            }
            Self::Wanted(wanted) => {
                let found = found(node);
                (&node.path, BindProblemKind::Invalid { wanted, found })
            }
            Self::Message(message) => (&node.path, BindProblemKind::Refused { message }),
            Self::EmptyOption => (
                &node.path,
                BindProblemKind::Refused {
                    message: "the text is empty".to_owned(),
                },
            ),
        };
        BindProblem::new(key.clone(), origin, kind)
    }
}

/// What stands at a node, for people; a long text is cut.
fn found(node: &Node) -> String {
    const LONGEST: usize = 60;
    match node.text() {
        Some(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST).collect();
            format!("'{start}…'")
        }
        Some(text) => format!("'{text}'"),
        None if !node.children.is_empty() => "a section".to_owned(),
        None if node.value.is_some() => "null".to_owned(),
        None => "nothing".to_owned(),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FaultKind::Wanted(wanted) => write!(f, "wanted {wanted}"),
            FaultKind::Message(message) => f.write_str(message),
            FaultKind::MissingField(field) => write!(f, "missing field '{field}'"),
            FaultKind::EmptyOption => f.write_str("the text is empty"),
        }
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            node: None,
            kind: FaultKind::Message(message.to_string()),
        }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let expected = expected.to_string();
        heard::note(Seen::invalid(unexpected, &expected));
        Self::wanted(shape::words(&expected))
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        heard::note(Seen::UnknownVariant(variant.to_owned(), expected));
        enumeration::wanted(expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        heard::note(Seen::UnknownField(field.to_owned(), expected));
        Self::custom(format_args!("there is no field `{field}`"))
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self::wanted(expected.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        heard::note(Seen::Missing(field));
        Self {
            node: None,
            kind: FaultKind::MissingField(field),
        }
    }
}
