//! Answering an invocation.

use std::sync::Arc;

use serde::Serialize;

use crate::connection::{Connection, Frame};
use crate::{HubError, HubResult};

/// Whom to tell how an invocation ended, and under which id; nobody where the client wants no answer.
#[derive(Debug)]
pub(crate) struct Responder {
    pub(crate) connection: Arc<Connection>,
    pub(crate) invocation_id: Option<Box<str>>,
    /// The method's name as the server spells it.
    pub(crate) method: &'static str,
    pub(crate) detailed_errors: bool,
}

impl Responder {
    /// Sends the result of a method, or what the client may know of its failure.
    pub(crate) fn respond<T: Serialize>(&self, result: HubResult<T>) {
        let value = match result {
            Ok(value) => value,
            Err(error) => return self.fail(&error),
        };
        let Some(id) = &self.invocation_id else {
            return;
        };
        let protocol = self.connection.protocol;
        let frame = Frame::build(protocol.transfer_format(), None, |out| {
            protocol.write_completion_result(out, id, &value)
        });
        match frame {
            Ok(frame) => self.connection.queue.push_always(frame),
            Err(error) => {
                self.fail(&HubError::Serialization {
                    target: self.method.to_owned(),
                    source: error.into(),
                });
            }
        }
    }

    fn fail(&self, error: &HubError) {
        let (method, connection_id) = (self.method, &*self.connection.id);
        match error {
            HubError::Message(_) => {
                tracing::debug!(method, connection_id, %error, "a hub method refused");
            }
            _ => tracing::error!(method, connection_id, %error, "a hub method failed"),
        }
        let text = format!("An unexpected error occurred invoking '{method}' on the server.");
        respond_error(
            &self.connection,
            self.invocation_id.as_deref(),
            &error.describe(&text, self.detailed_errors),
        );
    }
}

/// Sends an error completion, unless the client wants no answer.
pub(crate) fn respond_error(connection: &Connection, invocation_id: Option<&str>, text: &str) {
    let Some(id) = invocation_id else { return };
    let protocol = connection.protocol;
    let frame = Frame::build::<std::convert::Infallible>(protocol.transfer_format(), None, |out| {
        protocol.write_completion_error(out, id, text);
        Ok(())
    });
    let Ok(frame) = frame;
    connection.queue.push_always(frame);
}
