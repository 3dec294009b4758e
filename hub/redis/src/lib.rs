#![doc = include_str!("docs/several_servers.md")]

mod backplane;
mod connect;
mod connection_string;
mod host;
mod instruments;
mod link;
mod manager;
mod options;

pub use backplane::RedisBackplane;
pub use connection_string::ConnectionStringError;
pub use host::RedisHostBuilderExt;
pub use options::{RedisOptions, WhenUnreachable};
