#![doc = include_str!("docs/several_servers.md")]
#![doc = "# nginx\n\n```text"]
#![doc = include_str!("docs/nginx.conf")]
#![doc = "```\n\n# HAProxy\n\n```text"]
#![doc = include_str!("docs/haproxy.cfg")]
#![doc = "```"]

mod backplane;
mod connect;
mod connection_string;
mod farm;
mod host;
mod hub_name;
mod instruments;
mod link;
mod manager;
mod options;
mod roster;
mod spans;

pub use backplane::RedisBackplane;
pub use connection_string::ConnectionStringError;
pub use host::RedisHostBuilderExt;
pub use hub_name::HubNameTaken;
pub use options::{RedisOptions, WhenUnreachable};
