//! The area `format`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'format' is not answered here".into())
}
