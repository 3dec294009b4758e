//! What one source contributes: flat keys, whose values are texts or nulls.

use config::{Map, Value, ValueKind};

use super::error::ConfigurationError;
use super::files::ConfigurationFile;
use super::fingerprint::Fingerprint;

/// Something that configuration can be read from.
pub(super) trait Provider: Send + Sync {
    /// Reads everything that the source has now.
    fn load(&self) -> Result<Layer, ConfigurationError>;

    /// What its files are like now, if it has any and they are to be watched.
    fn fingerprint(&self) -> Option<Fingerprint> {
        None
    }
}

/// The keys of one source.
#[derive(Default)]
pub(super) struct Layer {
    /// Whole keys with a text ([`ValueKind::String`]) or a null ([`ValueKind::Nil`]); of equal keys the last one counts.
    pub(super) leaves: Vec<(String, Value)>,
    /// The file that was looked for, if the source is one.
    pub(super) file: Option<ConfigurationFile>,
}

impl Layer {
    pub(super) fn insert(&mut self, key: impl Into<String>, origin: &str, text: Option<String>) {
        let value = Value::new(Some(&origin.to_owned()), text);
        self.leaves.push((key.into(), value));
    }

    /// Flattens what a source of the `config` crate collected: tables and arrays become sections.
    pub(super) fn flatten(table: Map<String, Value>) -> Self {
        let mut layer = Self::default();
        for (key, value) in table {
            layer.flatten_value(key, value, None);
        }
        layer
    }

    /// What says nothing of its origin is from where the table or array around it is from.
    fn flatten_value(&mut self, key: String, value: Value, around: Option<&String>) {
        let origin = value.origin().map(ToOwned::to_owned);
        let origin = origin.as_ref().or(around);
        let leaf = |kind: ValueKind| Value::new(origin, kind);
        match value.kind {
            // The same as for an empty object and an empty array of JSON.
            ValueKind::Table(table) if table.is_empty() => {
                self.leaves.push((key, leaf(ValueKind::Nil)));
            }
            ValueKind::Array(array) if array.is_empty() => {
                self.leaves.push((key, leaf(String::new().into())));
            }
            ValueKind::Table(table) => {
                for (name, value) in table {
                    self.flatten_value(format!("{key}:{name}"), value, origin);
                }
            }
            ValueKind::Array(array) => {
                for (index, value) in array.into_iter().enumerate() {
                    self.flatten_value(format!("{key}:{index}"), value, origin);
                }
            }
            ValueKind::Nil => self.leaves.push((key, leaf(ValueKind::Nil))),
            ValueKind::Boolean(true) => self.leaves.push((key, leaf("True".into()))),
            ValueKind::Boolean(false) => self.leaves.push((key, leaf("False".into()))),
            other => self.leaves.push((key, leaf(other.to_string().into()))),
        }
    }
}
