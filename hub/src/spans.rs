//! The spans of a hub, as ASP.NET Core's activities have them, for whoever records spans. Where nobody does, none is made.

use std::future::Future;

use campanile_hub_protocol::Headers;
use campanile_trace_context::{TraceContext, Traced};
use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::dispatch::MethodFuture;
use crate::{HubError, RequestHead};

/// The target of all of them, ASP.NET Core's name of its source.
macro_rules! target {
    () => {
        "Microsoft.AspNetCore.SignalR.Server"
    };
}

/// Runs an invocation in its span, a child of what the client's headers tell of.
pub(crate) fn invocation(
    hub: &'static str,
    method: &str,
    request: &RequestHead,
    headers: &Headers<'_>,
    future: MethodFuture,
) -> MethodFuture {
    let recorded = tracing::span_enabled!(target: target!(), tracing::Level::INFO);
    if !recorded && headers.is_empty() {
        return future;
    }
    let parent = TraceContext::from_headers(|name| headers.get(name));
    let span = if recorded {
        info_span!(
            target: target!(),
            parent: None,
            "Microsoft.AspNetCore.SignalR.Server.InvocationIn",
            otel.name = format_args!("{hub}/{method}"),
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system = "signalr",
            rpc.service = hub,
            rpc.method = method,
            server.address = server_address(request),
            error.r#type = Empty,
        )
    } else {
        Span::none()
    };
    if span.is_none() && parent.is_none() {
        return future;
    }
    Box::pin(future.traced(span, parent))
}

/// The callbacks of a hub.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Callback {
    Connected,
    Disconnected,
}

/// Runs a callback in its span.
pub(crate) async fn callback<T>(
    hub: &'static str,
    callback: Callback,
    future: impl Future<Output = Result<T, HubError>>,
) -> Result<T, HubError> {
    let name = match callback {
        Callback::Connected => "OnConnectedAsync",
        Callback::Disconnected => "OnDisconnectedAsync",
    };
    let span = match callback {
        Callback::Connected => info_span!(
            target: target!(),
            parent: None,
            "Microsoft.AspNetCore.SignalR.Server.OnConnected",
            otel.name = format_args!("{hub}/{name}"),
            otel.kind = "internal",
            otel.status_code = Empty,
            rpc.system = "signalr",
            rpc.service = hub,
            rpc.method = name,
            error.r#type = Empty,
        ),
        Callback::Disconnected => info_span!(
            target: target!(),
            parent: None,
            "Microsoft.AspNetCore.SignalR.Server.OnDisconnected",
            otel.name = format_args!("{hub}/{name}"),
            otel.kind = "internal",
            otel.status_code = Empty,
            rpc.system = "signalr",
            rpc.service = hub,
            rpc.method = name,
            error.r#type = Empty,
        ),
    };
    let work = async {
        let result = future.await;
        if let Err(error) = &result {
            failed(error);
        }
        result
    };
    work.traced(span, None).await
}

/// Says in the span of what runs now that it has failed.
pub(crate) fn failed(error: &HubError) {
    let span = Span::current();
    if span.has_field("otel.status_code") {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", error.kind());
    }
}

/// The host that the client has asked for.
fn server_address(request: &RequestHead) -> Option<&str> {
    let host = request.header("host")?;
    // What is in brackets has colons of its own.
    let end = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let port = host[end..]
        .find(':')
        .map_or(host.len(), |colon| end + colon);
    Some(&host[..port])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_named_without_its_port() {
        for (host, address) in [
            ("bells.example:5000", "bells.example"),
            ("bells.example", "bells.example"),
            ("[::1]:5000", "[::1]"),
            ("[::1]", "[::1]"),
        ] {
            let request = http::Request::get("/").header("Host", host).body(());
            let head = RequestHead::new(&request.unwrap().into_parts().0);
            assert_eq!(server_address(&head), Some(address));
        }
    }
}
