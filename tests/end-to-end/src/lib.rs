//! What the end-to-end tests need: the clock as a process of its own, and those who talk to it.
//!
//! The tests see the clock as its users do. It is built by cargo, started with arguments, variables and files,
//! watched through its output, its exit code and its port, and talked to by the official client, by a browser,
//! by systemd, and by a bare WebSocket where every byte counts.
//!
//! What a hub can do is proved by other people's clients against the conformance server: each has a program that makes
//! its checks one by one, and [`prove`] holds it to them. [`NOT_YET`] is the list of what the server does not do yet.

mod balancer;
mod binary;
mod checks;
mod clock;
mod cluster;
mod crowd;
mod http;
mod hub;
mod lines;
mod load;
mod node;
mod not_yet;
mod ports;
mod program;
mod redis;
mod server;
mod signals;
mod tls;
pub mod toolchains;
mod waiting;
mod wire;

use std::{path::PathBuf, time::Duration};

pub use balancer::Balancer;
pub use binary::{clock_app, clock_worker, conformance_server};
pub use checks::{prove, prove_over};
pub use clock::{Clock, Ended, Launch};
pub use cluster::RedisCluster;
pub use crowd::Member;
pub use http::{Response, request_over};
pub use hub::HubConnection;
pub use lines::Lines;
pub use load::{Usage, raise_descriptor_limit};
pub use node::Script;
pub use not_yet::{NOT_YET, not_yet};
pub use ports::free_port;
pub use program::{chromium, find, left_out, missing};
pub use redis::{Redis, Subscriber};
pub use server::ConformanceServer;
pub use tls::{Certificate, TlsStream, tls};
pub use waiting::{eventually, soon};
pub use wire::Wire;

/// How long anything may take that is expected to happen: long, since a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .nth(2)
        .expect("the crate lies two directories below the root")
        .to_owned()
}

/// Where tests leave what is worth a look: screenshots, and the modules of node.
///
/// # Panics
///
/// Where the directory cannot be made.
#[must_use]
pub fn artefacts() -> PathBuf {
    let directory = binary::target_directory().join("end-to-end");
    std::fs::create_dir_all(&directory).expect("the target directory can be written");
    directory
}

/// What the README shows compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
