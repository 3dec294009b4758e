//! How it is done: a page a topic.
//!
//! | page | |
//! | --- | --- |
//! | [`hubs`] | methods, callers, services, errors |
//! | [`clients_and_groups`] | whom a message reaches, and what a send promises |
//! | [`results`] | asking a client for something |
//! | [`streaming`] | streams to clients and from them |
//! | [`transports`] | WebSockets, Server-Sent Events, long polling, reconnecting, raw connections, other origins, proxies |
//! | [`authentication`] | who is connected, and what they may do |
//! | [`slow_clients`] | queues, their bounds, and what happens there |
//! | [`scaling_limits`] | what a connection may cost, and what bounds it |
//! | [`moving_from_aspnet_core`] | where everything is, and what is different on purpose |

#[doc = include_str!("docs/hubs.md")]
pub mod hubs {}

#[doc = include_str!("docs/clients_and_groups.md")]
pub mod clients_and_groups {}

#[doc = include_str!("docs/results.md")]
pub mod results {}

#[doc = include_str!("docs/streaming.md")]
pub mod streaming {}

#[doc = include_str!("docs/transports.md")]
pub mod transports {}

#[doc = include_str!("docs/authentication.md")]
pub mod authentication {}

#[doc = include_str!("docs/slow_clients.md")]
pub mod slow_clients {}

#[doc = include_str!("docs/scaling_limits.md")]
pub mod scaling_limits {}

#[doc = include_str!("docs/moving_from_aspnet_core.md")]
pub mod moving_from_aspnet_core {}
