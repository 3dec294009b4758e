//! Who may connect, and who may call what.

use std::time::Duration;

use campanile_host::Inject;
use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::hosting::HostBuilder;
use campanile_hub::{HubCaller, HubHostBuilderExt, hub};
use campanile_web::http::request::Parts;
use campanile_web::{
    AuthHostBuilderExt, AuthenticationResult, AuthenticationTicket, Authenticator, Policy,
    Principal, ServerAddresses,
};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

#[derive(Inject)]
struct TowerHub;

#[hub]
impl TowerHub {
    pub fn who(&self, caller: &HubCaller<Self>) -> Option<String> {
        caller.user_identifier().map(str::to_owned)
    }

    #[authorize(Policy::named("ringers"))]
    pub fn ring(&self) -> &'static str {
        "bam"
    }
}

/// `x-user: NAME ROLE SECONDS`.
struct InHeader;

impl Authenticator for InHeader {
    async fn authenticate(&self, request: &Parts) -> AuthenticationResult {
        let Some(text) = request.headers.get("x-user") else {
            return AuthenticationResult::None;
        };
        let words: Vec<&str> = text.to_str().unwrap().split(' ').collect();
        AuthenticationTicket::new(Principal::new([("sub", words[0]), ("role", words[1])]))
            .expiring_in(Duration::from_secs(words[2].parse().unwrap()))
            .into()
    }
}

async fn connect(
    user: Option<&str>,
) -> Result<
    tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>,
    tokio_tungstenite::tungstenite::Error,
> {
    let host = HostBuilder::empty()
        .configure_configuration(|sources: &mut ConfigurationBuilder| {
            sources.add_in_memory([("urls", "http://127.0.0.1:0")]);
        })
        .add_authentication(InHeader)
        .add_authorization_policy("Ringers", Policy::authenticated().require_role(["ringer"]))
        .add_hub_with::<TowerHub>("/tower", |options| {
            options.close_on_authentication_expiration = true;
        })
        .require_authorization(Policy::authenticated())
        .build()
        .unwrap();
    host.start().await.unwrap();
    let addresses = host.services().required::<ServerAddresses>().unwrap();
    let address = addresses.first().unwrap().replace("http://", "");
    // The server lives as long as the test.
    std::mem::forget(host);
    let socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!(
            "ws://{address}/tower"
        ))
        .unwrap();
    if let Some(user) = user {
        request
            .headers_mut()
            .insert("x-user", user.parse().unwrap());
    }
    let (mut socket, _) = tokio_tungstenite::client_async(request, socket).await?;
    let hello = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    socket.send(Message::text(hello)).await.unwrap();
    assert_eq!(next(&mut socket).await, "{}\u{1e}");
    Ok(socket)
}

async fn next(socket: &mut tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>) -> String {
    loop {
        let message = socket.next().await.unwrap().unwrap().into_text().unwrap();
        if message.as_str() != "{\"type\":6}\u{1e}" {
            return message.as_str().to_owned();
        }
    }
}

#[tokio::test]
async fn nobody_in_particular_gets_401() {
    let error = connect(None).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Http(response) = error else {
        panic!("{error}");
    };
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn a_method_is_for_those_whom_its_policy_permits() {
    for (user, answer) in [
        ("ann ringer 600", "\"result\":\"bam\""),
        (
            "bob sexton 600",
            "\"error\":\"Failed to invoke 'Ring' because user is unauthorized\"",
        ),
    ] {
        let mut socket = connect(Some(user)).await.unwrap();
        for target in ["Who", "Ring"] {
            let call = format!(
                "{{\"type\":1,\"invocationId\":\"1\",\"target\":\"{target}\",\"arguments\":[]}}\u{1e}"
            );
            socket.send(Message::text(call)).await.unwrap();
        }
        let who = next(&mut socket).await;
        assert!(
            who.contains(&format!("\"result\":\"{}\"", &user[..3])),
            "{who}"
        );
        let ring = next(&mut socket).await;
        assert!(ring.contains(answer), "{ring}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_what_it_was_opened_with_and_may_come_back() {
    let mut socket = connect(Some("ann ringer 5")).await.unwrap();
    assert_eq!(
        next(&mut socket).await,
        "{\"type\":7,\"allowReconnect\":true}\u{1e}"
    );
}

#[tokio::test]
async fn a_policy_that_nobody_added_ends_the_start() {
    use campanile_host::services::ServiceCollection;
    use campanile_hub::{HubOptions, HubService, HubServiceCollectionExt};

    let mut services = ServiceCollection::new();
    services.add_hub::<TowerHub>();
    let services = services.build().unwrap();
    let error = HubService::new::<TowerHub>(&services, HubOptions::default()).unwrap_err();
    let text = "the method Ring of the hub TowerHub: there is no authorization policy 'ringers'";
    assert!(error.to_string().contains(text), "{error}");
    let mut options = HubOptions::default();
    options.authorization = Some(Policy::named("sextons"));
    let error = HubService::new::<TowerHub>(&services, options).unwrap_err();
    let text = "the hub TowerHub: there is no authorization policy 'sextons'";
    assert!(error.to_string().contains(text), "{error}");
}
