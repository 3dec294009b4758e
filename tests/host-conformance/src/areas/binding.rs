//! The area `binding`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'binding' is not answered here".into())
}
