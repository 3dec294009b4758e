//! The clock's hub, the benchmark's, and the echo without a hub.

use campanile_host::{BoxError, Inject};
use campanile_hub::{ConnectionHandler, HubCaller, HubResult, RawConnection, hub, hub_client};
use futures_util::{Stream, stream};

#[hub_client]
pub(crate) trait Clock {
    async fn show_time(&self, date_time: String);
}

#[derive(Inject)]
pub(crate) struct ClockHub;

#[hub(client = Clock)]
impl ClockHub {
    pub async fn send_time_to_clients(
        &self,
        caller: &HubCaller<Self>,
        date_time: String,
    ) -> HubResult<()> {
        caller.clients().all().show_time(date_time).await
    }
}

#[hub_client]
pub(crate) trait Bench {
    async fn receive(&self, text: String);
}

#[derive(Inject)]
pub(crate) struct BenchHub;

#[hub(client = Bench)]
impl BenchHub {
    pub fn echo(&self, text: String) -> String {
        text
    }

    pub fn counter(&self, count: i32) -> impl Stream<Item = i32> {
        stream::iter(0..count)
    }

    pub async fn broadcast(&self, caller: &HubCaller<Self>, text: String) -> HubResult<()> {
        caller.clients().all().receive(text).await
    }
}

/// What comes in goes out.
pub(crate) struct Echo;

impl ConnectionHandler for Echo {
    async fn on_connected(&self, mut connection: RawConnection) -> Result<(), BoxError> {
        while let Some(bytes) = connection.receive().await {
            connection.send(bytes).await?;
        }
        Ok(())
    }
}
