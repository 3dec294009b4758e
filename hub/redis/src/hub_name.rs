//! The names that hubs have on Redis.

/// A hub of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HubType {
    /// [`Hub::NAME`](campanile_hub::Hub::NAME).
    pub(crate) name: &'static str,
    /// The path of the type.
    pub(crate) path: &'static str,
}

/// Two hubs of one host have the same name on Redis. Each would get the messages of the other, so the host does not start.
///
/// The text says how to give one of them another name: [`#[hub(name = "…")]`](macro@campanile_hub::hub), or
/// [`RedisOptions::hub_name`](crate::RedisOptions::hub_name) and `RedisBackplane:HubNames` where the hubs have different names of
/// their own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error(
    "the hubs {} and {} are both '{name}' on Redis, and each would get the messages of the other: {remedy}", .hubs[0], .hubs[1]
)]
pub struct HubNameTaken {
    /// The name, behind the channel prefix.
    pub name: String,
    /// The paths of the two types, in the order in which they came.
    pub hubs: [&'static str; 2],
    remedy: String,
}

impl HubNameTaken {
    pub(crate) fn new(name: String, first: HubType, second: HubType) -> Self {
        let remedy = if first.name == second.name {
            "give one of them another name, by #[hub(name = \"...\")]".to_owned()
        } else {
            let (first, second) = (first.name, second.name);
            format!(
                "give one of them another name, by RedisBackplane:HubNames:{first} or RedisBackplane:HubNames:{second}"
            )
        };
        Self {
            name,
            hubs: [first.path, second.path],
            remedy,
        }
    }
}
