//! What stands behind an endpoint.

use std::sync::Arc;

use crate::HubOptions;
use crate::connection::{self, Opening};
use crate::dispatch::HubDispatcher;
use crate::lifetime::HubLifetimeManager;
use crate::metrics::{Closure, HubMetrics};
use crate::raw::RawEndpoint;
use crate::transport::Transport;

/// A hub, or a handler of raw connections.
#[derive(Clone, Debug)]
pub(crate) enum Served {
    Hub(Arc<dyn HubDispatcher>),
    Raw(Arc<RawEndpoint>),
}

impl Served {
    pub(crate) fn options(&self) -> &HubOptions {
        match self {
            Self::Hub(hub) => hub.options(),
            Self::Raw(raw) => raw.options(),
        }
    }

    pub(crate) fn lifetime(&self) -> &Arc<dyn HubLifetimeManager> {
        match self {
            Self::Hub(hub) => hub.lifetime(),
            Self::Raw(raw) => raw.lifetime(),
        }
    }

    pub(crate) fn metrics(&self) -> Option<&HubMetrics> {
        match self {
            Self::Hub(hub) => Some(hub.metrics()),
            Self::Raw(_) => None,
        }
    }

    /// Serves one client until it is gone.
    pub(crate) async fn serve<T: Transport>(
        self,
        transport: Box<T>,
        opening: Box<Opening>,
    ) -> Closure {
        match self {
            Self::Hub(hub) => connection::serve(transport, opening, hub).await,
            Self::Raw(raw) => Box::pin(crate::raw::serve(transport, opening, raw)).await,
        }
    }
}
