//! What a server offers, and where.

use campanile_hub_protocol::TransferFormat;
use serde::Deserialize;

use crate::ClientError;
use crate::http_client::HttpClient;
use crate::options::Transport;
use crate::url::HubUrl;

/// As many redirects as are followed, as in the official clients.
const REDIRECTS: usize = 100;

/// The answer of a server that takes the connection.
#[derive(Debug)]
pub(crate) struct Offer {
    /// The URL that the connection goes to.
    pub(crate) url: HubUrl,
    pub(crate) connection_id: String,
    /// What the server knows the connection by.
    pub(crate) token: String,
    pub(crate) stateful: bool,
    transports: Vec<OfferedTransport>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferedTransport {
    #[serde(default)]
    transport: String,
    #[serde(default)]
    transfer_formats: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    error: Option<String>,
    url: Option<String>,
    access_token: Option<String>,
    connection_id: Option<String>,
    connection_token: Option<String>,
    negotiate_version: Option<i64>,
    use_stateful_reconnect: Option<bool>,
    available_transports: Option<Vec<OfferedTransport>>,
    #[serde(rename = "ProtocolVersion")]
    protocol_version: Option<serde::de::IgnoredAny>,
}

impl Offer {
    /// The transports to try: those offered, in the server's order, that are allowed here and carry what has to be carried.
    pub(crate) fn usable(&self, allowed: &[Transport], format: TransferFormat) -> Vec<Transport> {
        self.transports
            .iter()
            .filter(|offered| {
                offered
                    .transfer_formats
                    .iter()
                    .any(|it| it == format.name())
            })
            .filter_map(|offered| {
                allowed
                    .iter()
                    .copied()
                    .find(|it| it.name() == offered.transport)
            })
            .collect()
    }
}

/// Asks the server, and whom it names, what it offers.
pub(crate) async fn negotiate(
    http: &mut HttpClient,
    url: &HubUrl,
    stateful: bool,
) -> Result<Offer, ClientError> {
    let mut url = url.clone();
    for _ in 0..REDIRECTS {
        let asked = url.negotiate(stateful);
        let request = format!("POST {}", asked.path());
        let body = http.negotiate(&asked).await?;
        let refuse = |reason: &str| ClientError::NotSignalR {
            request: request.clone(),
            reason: reason.to_owned(),
        };
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|error| refuse(&error.to_string()))?;
        if answer.protocol_version.is_some() {
            return Err(refuse(
                "it comes from a server of ASP.NET SignalR, not of ASP.NET Core SignalR",
            ));
        }
        if let Some(error) = answer.error {
            return Err(ClientError::NegotiationRefused(error));
        }
        if let Some(next) = answer.url {
            url = HubUrl::parse(&next)?;
            if let Some(token) = answer.access_token {
                http.use_token(token);
            }
            continue;
        }
        let version = answer.negotiate_version.unwrap_or(0);
        let connection_id = answer
            .connection_id
            .ok_or_else(|| refuse("it has no connectionId"))?;
        let token = if version > 0 {
            answer
                .connection_token
                .ok_or_else(|| refuse("it has no connectionToken"))?
        } else {
            connection_id.clone()
        };
        return Ok(Offer {
            url,
            connection_id,
            token,
            stateful: answer.use_stateful_reconnect.unwrap_or(false),
            transports: answer
                .available_transports
                .ok_or_else(|| refuse("it has no availableTransports"))?,
        });
    }
    Err(ClientError::TooManyRedirects(REDIRECTS))
}
