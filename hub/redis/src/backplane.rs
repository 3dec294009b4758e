//! What makes one farm of several servers.

use std::sync::Arc;

use campanile_host::BoxError;
use campanile_host::metrics::Metrics;
use campanile_hub::lifetime::{
    HubLifetimeManager, HubLifetimeManagerFactory, MemoryLifetimeManager,
};

use crate::RedisOptions;
use crate::farm::Farm;
use crate::hub_name::HubType;
use crate::instruments::Instruments;
use crate::link::{Link, Standing};
use crate::manager::{RedisLifetimeManager, random};

/// The farm, as this process is part of it: one pair of connections to Redis for all hubs.
///
/// [`add_redis_backplane`](crate::RedisHostBuilderExt::add_redis_backplane) makes one. Without a host, register one in the
/// container as `dyn HubLifetimeManagerFactory` before hubs are served.
#[derive(Clone, Debug)]
pub struct RedisBackplane {
    farm: Arc<Farm>,
}

impl RedisBackplane {
    /// Part of the farm of these options. Connects once a hub is wanted, inside of a tokio runtime.
    #[must_use]
    pub fn new(options: RedisOptions, metrics: &Metrics) -> Self {
        let machine = gethostname::gethostname();
        let machine = machine.to_string_lossy();
        let random: String = random().iter().map(|it| format!("{it:02x}")).collect();
        let link = Link::new(options, Instruments::new(metrics));
        let server = format!("{machine}_{random}").into();
        Self {
            farm: Farm::new(link, server),
        }
    }

    /// The name of this process in the farm: that of the machine, and what no other process has. Others name it so where it
    /// does not answer.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.farm.server
    }

    /// Whether there is a connection to Redis now. To be asked by health checks: a server without it is not ready.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.farm.link.is_up()
    }

    /// Why there is no connection to Redis; nothing where there is one, or none yet.
    #[must_use]
    pub fn last_error(&self) -> Option<String> {
        match &*self.farm.link.standing().borrow() {
            Standing::Down(why) => Some(why.clone()),
            Standing::Up | Standing::Connecting => None,
        }
    }

    /// Waits until Redis is there, or the first attempt has failed.
    ///
    /// # Errors
    ///
    /// Why it has failed.
    ///
    /// # Cancel safety
    ///
    /// Attempts go on, whoever waits.
    pub async fn first_attempt(&self) -> Result<(), String> {
        self.farm.start();
        let mut standing = self.farm.link.standing();
        // The link lives as long as this.
        let standing = standing.wait_for(|it| *it != Standing::Connecting).await;
        match standing.as_deref() {
            Ok(Standing::Down(why)) => Err(why.clone()),
            _ => Ok(()),
        }
    }

    /// Leaves the farm, after what has been sent by now, and says so to the other servers. Takes a second at most.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has not left: call it again.
    pub async fn leave(&self) {
        self.farm.leave().await;
    }

    pub(crate) fn options(&self) -> &RedisOptions {
        &self.farm.link.options
    }
}

impl HubLifetimeManagerFactory for RedisBackplane {
    fn create(
        &self,
        hub: &'static str,
        path: &'static str,
        local: MemoryLifetimeManager,
    ) -> Result<Arc<dyn HubLifetimeManager>, BoxError> {
        let prefix = self.farm.add_hub(HubType { name: hub, path })?;
        if tokio::runtime::Handle::try_current().is_ok() {
            self.farm.start();
        }
        Ok(Arc::new(RedisLifetimeManager::new(
            self.farm.clone(),
            prefix,
            local,
        )))
    }
}
