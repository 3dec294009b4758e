//! The SignalR handshake: the first message of a connection, and the answer.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use campanile_hub_protocol::handshake::{
    HandshakeError, HandshakeRequest, write_handshake_response,
};
use campanile_hub_protocol::{HubProtocol, TransferFormat};

use super::close::Stop;
use super::{Connection, Frame};
use crate::dispatch::HubDispatcher;
use crate::request::RequestHead;
use crate::transport::{Received, Transport};
use crate::{HttpTransportType, HubOptions};

/// A connection that has a transport and no protocol yet.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) id: Arc<str>,
    pub(crate) request: RequestHead,
    pub(crate) stop: Stop,
}

/// Why there is no connection.
enum Refusal {
    /// The client is told this.
    Answer(String),
    /// The client has said goodbye before it said anything.
    Closed,
    /// There is nobody to be told.
    Gone,
}

/// Reads the handshake and answers it; gives the connection and what came behind the handshake.
///
/// On a refusal the transport is closed, and nothing of the application ever hears of it.
pub(crate) async fn shake_hands<T>(
    transport: &mut T,
    opening: Box<Opening>,
    hub: &Arc<dyn HubDispatcher>,
) -> Option<(Arc<Connection>, Vec<u8>)>
where
    T: Transport,
{
    let options = hub.options();
    let read = tokio::time::timeout(options.handshake_timeout, read_request(transport, options));
    let outcome = tokio::select! {
        outcome = read => outcome.unwrap_or_else(|_| Err(Refusal::Answer("Handshake was canceled.".to_owned()))),
        () = opening.stop.stopping.cancelled() => Err(Refusal::Answer("Handshake was canceled.".to_owned())),
    };
    let text = match outcome {
        Ok(((protocol, version), rest)) => {
            transport.handshake_done(protocol, version);
            transport.push(response(protocol.transfer_format(), None));
            let user = hub.user_identifier(&opening.request);
            let connection = Connection::new(
                opening.id,
                protocol,
                T::KIND,
                opening.request,
                user,
                options,
            );
            return Some((Arc::new(connection), rest));
        }
        Err(Refusal::Gone) => return None,
        Err(Refusal::Closed) => {
            super::close::end(transport, options, &opening.stop).await;
            return None;
        }
        Err(Refusal::Answer(text)) => text,
    };
    if opening.stop.stopping.is_cancelled() {
        tracing::debug!(hub = hub.name(), "a handshake was cut off by the stop");
    } else {
        tracing::warn!(
            hub = hub.name(),
            connection_id = &*opening.id,
            error = text,
            "a handshake failed"
        );
    }
    transport.ends();
    transport.push(response(TransferFormat::Text, Some(&text)));
    super::close::end(transport, options, &opening.stop).await;
    None
}

async fn read_request<T>(
    transport: &mut T,
    options: &HubOptions,
) -> Result<((HubProtocol, i32), Vec<u8>), Refusal>
where
    T: Transport,
{
    let mut input = Vec::new();
    loop {
        let bytes = receive(transport).await?;
        input.extend_from_slice(&bytes);
        let window = options
            .maximum_receive_message_size
            .unwrap_or(usize::MAX)
            .min(input.len());
        match HandshakeRequest::parse(&input[..window]) {
            Ok(Some((request, consumed))) => {
                let version = request.version;
                let protocol = accept(&request, T::KIND)?;
                input.drain(..consumed);
                return Ok(((protocol, version), input));
            }
            Ok(None) if window < input.len() => {
                return Err(Refusal::Answer("Handshake was canceled.".to_owned()));
            }
            Ok(None) => {}
            Err(error) => {
                return Err(Refusal::Answer(describe(
                    &error,
                    options.enable_detailed_errors,
                )));
            }
        }
    }
}

fn accept(
    request: &HandshakeRequest<'_>,
    transport: HttpTransportType,
) -> Result<HubProtocol, Refusal> {
    let name = &request.protocol;
    let Some(protocol) = HubProtocol::from_name(name) else {
        return Err(Refusal::Answer(format!(
            "The protocol '{name}' is not supported."
        )));
    };
    if i64::from(request.version) > i64::from(protocol.version()) {
        let version = request.version;
        let name = protocol.name();
        let text =
            format!("The server does not support version {version} of the '{name}' protocol.");
        return Err(Refusal::Answer(text));
    }
    if !transport.supports(protocol.transfer_format()) {
        let name = protocol.name();
        let text = format!(
            "Cannot use the '{name}' protocol on the current transport. The transport does not support 'Binary' transfer format."
        );
        return Err(Refusal::Answer(text));
    }
    Ok(protocol)
}

fn describe(error: &HandshakeError, detailed: bool) -> String {
    let text = "An unexpected error occurred during connection handshake.";
    if detailed {
        format!("{text} {}: {error}", error.error_type())
    } else {
        text.to_owned()
    }
}

/// Waits for bytes of the client, writing what is pending meanwhile.
async fn receive<T>(transport: &mut T) -> Result<Bytes, Refusal>
where
    T: Transport,
{
    loop {
        let received = poll_fn(|context| {
            if let Poll::Ready(Err(_)) = transport.poll_drain(context) {
                return Poll::Ready(None);
            }
            transport.poll_receive(context).map(Some)
        });
        match received.await {
            Some(Received::Bytes(bytes)) => return Ok(bytes),
            Some(Received::Control | Received::Resumed) => {}
            Some(Received::TooLarge) => {
                return Err(Refusal::Answer("Handshake was canceled.".to_owned()));
            }
            Some(Received::Close) => return Err(Refusal::Closed),
            Some(Received::Gone(_)) | None => return Err(Refusal::Gone),
        }
    }
}

fn response(format: TransferFormat, error: Option<&str>) -> Frame {
    let built = Frame::build::<std::convert::Infallible>(format, None, |out| {
        write_handshake_response(out, error);
        Ok(())
    });
    let Ok(frame) = built;
    frame.uncounted()
}
