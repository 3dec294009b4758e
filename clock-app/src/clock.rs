//! The hub, and what its clients are told.

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub, hub_client};
use chrono::{DateTime, Local};

/// What the server may call on a client.
#[hub_client]
pub(crate) trait Clock {
    /// The server's time, with its offset from UTC.
    async fn show_time(&self, current_time: DateTime<Local>);
}

/// Where clients connect to be told the time.
#[derive(Inject)]
pub(crate) struct ClockHub;

#[hub(client = Clock)]
impl ClockHub {
    /// Tells every client a time of the caller's choice.
    pub async fn send_time_to_clients(
        &self,
        caller: &HubCaller<Self>,
        date_time: DateTime<Local>,
    ) -> HubResult<()> {
        caller.clients().all().show_time(date_time).await
    }
}
