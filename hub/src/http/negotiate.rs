//! Negotiation: which transports there are, and under which id.

use campanile_hub_protocol::NegotiateRequest;
use campanile_web::{Body, Response};
use http::{Method, Request, StatusCode};
use serde::Serialize;

use super::attaching::query_of;
use super::pending::Tokens;
use super::{Endpoint, responses};
use crate::{HttpTransportType, HubOptions};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    use_stateful_reconnect: bool,
    negotiate_version: i32,
    connection_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_token: Option<&'a str>,
    available_transports: Vec<AvailableTransport>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AvailableTransport {
    transport: &'static str,
    transfer_formats: &'static [&'static str],
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

impl Endpoint {
    pub(super) fn negotiate(&self, request: &Request<Body>) -> Response {
        if request.method() != Method::POST {
            return responses::text(StatusCode::METHOD_NOT_ALLOWED, "");
        }
        match answer(query_of(request), &self.tokens, self.options()) {
            Ok(document) => responses::json(document),
            Err(error) => {
                tracing::error!(%error, "a negotiation could not be answered");
                responses::bare(StatusCode::INTERNAL_SERVER_ERROR, "")
            }
        }
    }
}

/// The document that answers a negotiation. A refusal is a document too, and its status is 200 as well.
fn answer(
    query_string: &str,
    tokens: &Tokens,
    options: &HubOptions,
) -> Result<String, serde_json::Error> {
    let refusal = |error: String| serde_json::to_string(&Refusal { error });
    let request = match NegotiateRequest::parse(query_string, options.minimum_protocol_version) {
        Ok(request) => request,
        Err(error) => return refusal(error.to_string()),
    };
    let version = request.version;
    let resumable = options.allow_stateful_reconnects && request.use_stateful_reconnect;
    let (id, token) = match tokens.negotiate(version >= 1, resumable) {
        Ok(reserved) => reserved,
        Err(error) => return refusal(format!("The server has no random numbers: {error}")),
    };
    let mut available_transports = Vec::new();
    if options.transports.web_sockets {
        available_transports.push(AvailableTransport {
            transport: HttpTransportType::WebSockets.name(),
            transfer_formats: &["Text", "Binary"],
        });
    }
    if options.transports.server_sent_events {
        available_transports.push(AvailableTransport {
            transport: HttpTransportType::ServerSentEvents.name(),
            transfer_formats: &["Text"],
        });
    }
    if options.transports.long_polling {
        available_transports.push(AvailableTransport {
            transport: HttpTransportType::LongPolling.name(),
            transfer_formats: &["Text", "Binary"],
        });
    }
    serde_json::to_string(&Answer {
        use_stateful_reconnect: resumable,
        negotiate_version: version,
        connection_id: &id,
        connection_token: (version >= 1).then_some(&*token),
        available_transports,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(query: &str) -> String {
        answer(query, &Tokens::default(), &HubOptions::default()).unwrap()
    }

    #[test]
    fn version_1_has_a_token_and_version_0_has_none() {
        let transports = concat!(
            r#""availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]},"#,
            r#"{"transport":"ServerSentEvents","transferFormats":["Text"]},"#,
            r#"{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}"#
        );
        let first = ask("negotiateVersion=42");
        assert!(
            first.starts_with(r#"{"negotiateVersion":1,"connectionId":""#),
            "{first}"
        );
        assert!(
            first.contains(r#""connectionToken":""#) && first.ends_with(transports),
            "{first}"
        );
        let zeroth = ask("");
        assert!(
            zeroth.starts_with(r#"{"negotiateVersion":0,"connectionId":""#),
            "{zeroth}"
        );
        assert!(!zeroth.contains("connectionToken"), "{zeroth}");
    }

    #[test]
    fn refusals_are_documents() {
        let text = r#"{"error":"The client requested a non-integer protocol version."}"#;
        assert_eq!(ask("NegotiateVersion=abc"), text);
        assert_eq!(ask("negotiateVersion="), text);
        assert_eq!(ask("negotiateVersion=1&negotiateVersion=1"), text);
        let text = r#"{"error":"The client requested version '-1', but the server does not support this version."}"#;
        assert_eq!(ask("negotiateVersion=-1"), text);
    }
}
