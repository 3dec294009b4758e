//! The area `filter`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'filter' is not answered here".into())
}
