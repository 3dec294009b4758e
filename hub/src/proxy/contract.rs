//! The calls of contracts, sent as those without one are.

use std::future::Future;

use campanile_hub_contract::{AskClient, TellClients};
use campanile_hub_protocol::Arguments;
use serde::de::DeserializeOwned;

use super::{ClientProxy, Recipients, Single};
use crate::{HubError, HubResult};

impl<R: Recipients> TellClients for ClientProxy<R> {
    type Error = HubError;

    fn send<A: Arguments + Send + Sync>(
        &self,
        method: &str,
        arguments: A,
    ) -> impl Future<Output = HubResult<()>> + Send {
        Self::send(self, method, arguments)
    }
}

impl AskClient for ClientProxy<Single> {
    fn invoke<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl Arguments + Send + Sync,
    ) -> impl Future<Output = HubResult<T>> + Send {
        Self::invoke(self, method, arguments)
    }
}
