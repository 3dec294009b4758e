//! The area `lifecycle`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'lifecycle' is not answered here".into())
}
