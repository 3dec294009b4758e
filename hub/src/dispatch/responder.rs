//! Answering an invocation.

use std::borrow::Cow;
use std::sync::Arc;

use campanile_web::Policy;
use serde::Serialize;

use crate::connection::{Connection, Frame, Pushed};
use crate::{HubError, HubResult};

/// Whom to tell how an invocation ended, and under which id; nobody where the client wants no answer.
///
/// Code that `#[hub]` writes hands it through.
#[derive(Clone, Debug)]
pub struct Responder {
    pub(crate) connection: Arc<Connection>,
    pub(crate) invocation_id: Option<Box<str>>,
    /// The method's name as the server spells it, or the client where there is none.
    pub(crate) method: Cow<'static, str>,
    pub(crate) detailed_errors: bool,
}

impl Responder {
    /// Sends the result of a method.
    pub(crate) fn respond<T: Serialize>(&self, value: &T) {
        let Some(id) = &self.invocation_id else {
            return;
        };
        let protocol = self.connection.protocol;
        let frame = Frame::build(protocol.transfer_format(), None, |out| {
            protocol.write_completion_result(out, id, value)
        });
        match frame {
            Ok(frame) => self.connection.queue.push_always(frame),
            Err(error) => {
                self.fail(&HubError::Serialization {
                    target: self.method.to_string(),
                    source: error.into(),
                });
            }
        }
    }

    /// Sends an item of a stream.
    pub(crate) fn item<T: Serialize>(&self, item: &T) -> HubResult<Pushed> {
        let id = self.invocation_id.as_deref().unwrap_or_default();
        let protocol = self.connection.protocol;
        let frame = Frame::build(protocol.transfer_format(), None, |out| {
            protocol.write_stream_item(out, id, item)
        });
        match frame {
            Ok(frame) => Ok(self.connection.queue.push_item(frame)),
            Err(error) => Err(HubError::Serialization {
                target: self.method.to_string(),
                source: error.into(),
            }),
        }
    }

    /// Says that a stream has ended, and by what error if by one.
    pub(crate) fn end_stream(&self, result: HubResult<()>) {
        if let Err(error) = result {
            let text = "An error occurred on the server while streaming results.";
            return self.refuse(&error, text);
        }
        let id = self.invocation_id.as_deref().unwrap_or_default();
        let protocol = self.connection.protocol;
        let frame =
            Frame::build::<std::convert::Infallible>(protocol.transfer_format(), None, |out| {
                protocol.write_completion_void(out, id);
                Ok(())
            });
        let Ok(frame) = frame;
        self.connection.queue.push_always(frame);
    }

    /// Sends what the client may know of a method's failure.
    pub(crate) fn fail(&self, error: &HubError) {
        let method = &self.method;
        let text = match error {
            HubError::NoSuchMethod => {
                format!("Failed to invoke '{method}' due to an error on the server.")
            }
            _ => format!("An unexpected error occurred invoking '{method}' on the server."),
        };
        self.refuse(error, &text);
    }

    fn refuse(&self, error: &HubError, text: &str) {
        crate::spans::failed(error);
        let (method, connection_id) = (&*self.method, &*self.connection.id);
        if error.is_told() {
            tracing::debug!(method, connection_id, %error, "a hub method refused");
        } else {
            tracing::error!(method, connection_id, %error, "a hub method failed");
        }
        respond_error(
            &self.connection,
            self.invocation_id.as_deref(),
            &error.describe(text, self.detailed_errors),
        );
    }
}

/// Tells a client that a policy does not permit it to call a method, and the log what the policy requires: ASP.NET Core has that
/// in its log as well, but the method in another line, at a level that nobody sees.
pub(crate) fn refuse_unauthorized(
    connection: &Connection,
    invocation_id: Option<&str>,
    hub: &str,
    method: &str,
    policy: &Policy,
) {
    tracing::warn!(
        hub,
        method,
        connection_id = &*connection.id,
        user = connection.user.as_deref(),
        required = ?policy,
        "a client is not authorized to call a hub method"
    );
    let text = format!("Failed to invoke '{method}' because user is unauthorized");
    respond_error(connection, invocation_id, &text);
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
