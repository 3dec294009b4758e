//! What the program says.

use std::io::Write;

use campanile_hub_client::ClientError;
use serde_json::{Map, Value};

/// Writes an event with its properties.
pub(crate) fn say<const N: usize>(event: &str, properties: [(&str, Value); N]) {
    let mut line = Map::new();
    line.insert("event".to_owned(), event.into());
    for (name, value) in properties {
        line.insert(name.to_owned(), value);
    }
    let mut out = std::io::stdout().lock();
    // Where nobody listens any more, the end of the input comes next.
    let _ = writeln!(out, "{}", Value::Object(line));
    let _ = out.flush();
}

/// What the server said is given as it is, what the user did goes by `cancelled`, all else by `failed`.
pub(crate) fn error(error: &ClientError) -> Value {
    let _ = writeln!(std::io::stderr(), "{error}");
    match error {
        ClientError::Cancelled => "cancelled".into(),
        ClientError::Hub(_) | ClientError::HandshakeRefused(_) | ClientError::ClosedByServer(_) => {
            error.to_string().into()
        }
        _ => "failed".into(),
    }
}
