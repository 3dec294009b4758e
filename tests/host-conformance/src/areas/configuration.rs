//! The area `configuration`.

use serde_json::Value;

pub(crate) fn answer(_case: &Value) -> super::Answer {
    Err("the area 'configuration' is not answered here".into())
}
