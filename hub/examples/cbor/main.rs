//! A hub whose clients may speak CBOR, besides JSON and MessagePack.
//!
//! ```text
//! cargo run -p campanile-hub --example cbor -- --urls http://127.0.0.1:5000
//! ```

mod protocol;

use campanile_host::Inject;
use campanile_host::hosting::{HostBuilder, HostError};
use campanile_hub::{HubCaller, HubHostBuilderExt, HubResult, hub, hub_client};

use crate::protocol::CBOR;

/// What the server may call on a client.
#[hub_client]
pub(crate) trait Chat {
    async fn receive(&self, text: String);
}

/// Passes on what somebody says, whatever the others speak.
#[derive(Inject)]
pub(crate) struct ChatHub;

#[hub(client = Chat)]
impl ChatHub {
    pub async fn say(&self, caller: &HubCaller<Self>, text: String) -> HubResult<()> {
        caller.clients().all().receive(text).await
    }
}

#[tokio::main]
async fn main() -> Result<(), HostError> {
    HostBuilder::new()
        .add_hub_protocol(&CBOR)
        .add_hub::<ChatHub>("/hubs/chat")
        .build()?
        .run()
        .await
}
