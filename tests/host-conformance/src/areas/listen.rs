//! The area `listen`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'listen' is not answered here".into())
}
