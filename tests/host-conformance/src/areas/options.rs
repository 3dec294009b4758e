//! The area `options`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'options' is not answered here".into())
}
