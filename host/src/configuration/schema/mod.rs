//! What a type reads, found out by having it deserialized from nothing: for a JSON schema of the configuration.
//!
//! serde's derive tells a deserializer the names of a struct's fields and of an enumeration's variants, and asks for each
//! value by its type. So every type that can be bound describes itself, without another derive. What serde does not tell is
//! not in the schema: the fields of a struct with `#[serde(flatten)]`, of untagged and internally tagged enumerations,
//! and what a type that asks for text demands of it beyond its own words for that.

mod access;
mod probe;
mod record;
mod render;

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::probe::Probe;
use self::record::{ROOT, Record};

pub(crate) use self::render::{allow_any_case, any_case, merge, open};

/// After how many attempts a type is taken to be as well known as it will be.
const ATTEMPTS: usize = 1000;

/// The JSON schema of a section that is bound to a `T`. `pointer` is where it will stand in its document.
pub(crate) fn of<T: DeserializeOwned>(pointer: &str) -> Value {
    let record = Record::default();
    // A value that its type refuses ends an attempt. The next one leaves out what is known by then.
    for _ in 0..ATTEMPTS {
        let known = record.known();
        let _ = T::deserialize(Probe::new(&record, ROOT));
        if record.is_known(ROOT) || record.known() == known {
            break;
        }
    }
    render::schema(&record, ROOT, pointer)
}
