#![doc = include_str!("docs/several_servers.md")]
#![doc = "# nginx\n\n```text"]
#![doc = include_str!("docs/nginx.conf")]
#![doc = "```\n\n# HAProxy\n\n```text"]
#![doc = include_str!("docs/haproxy.cfg")]
#![doc = "```"]

mod backplane;
mod connect;
mod connection_string;
mod host;
mod instruments;
mod link;
mod manager;
mod options;
pub mod payload;

pub use backplane::RedisBackplane;
pub use connection_string::ConnectionStringError;
pub use host::RedisHostBuilderExt;
pub use options::{RedisOptions, WhenUnreachable};
