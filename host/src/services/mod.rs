//! The type-map service container: constructor injection, lifetimes, scopes, disposal.
//!
//! A [`ServiceCollection`] lists what services there are and how each is made. [`ServiceCollection::build`] checks that
//! they can work together, all at once and without constructing anything, and gives a [`ServiceProvider`], which
//! constructs them as they are asked for.
//!
//! ```
//! use std::sync::Arc;
//! use campanile_host::Inject;
//! use campanile_host::services::ServiceCollection;
//!
//! trait Greeter: Send + Sync {
//!     fn greet(&self) -> &'static str;
//! }
//!
//! #[derive(Inject)]
//! struct English;
//!
//! impl Greeter for English {
//!     fn greet(&self) -> &'static str {
//!         "hello"
//!     }
//! }
//!
//! #[derive(Inject)]
//! struct Choir {
//!     greeters: Vec<Arc<dyn Greeter>>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut services = ServiceCollection::new();
//! services
//!     .add_singleton_as::<dyn Greeter, English>(|it| it)
//!     .add_transient::<Choir>();
//! let provider = services.build()?;
//! let choir = provider.required::<Choir>()?;
//! assert_eq!(choir.greeters[0].greet(), "hello");
//! # Ok(())
//! # }
//! ```
//!
//! # What has to be awaited
//!
//! Constructors and factories are not asynchronous, and nothing of the container ever blocks on a future. What has to be
//! connected or fetched before it is of use is made by an [`AsyncFactory`], which a host awaits when it starts: before its
//! hosted services are constructed, those factories first that others need, within
//! [`HostOptions::startup_timeout`](crate::hosting::HostOptions::startup_timeout). A program without a host awaits
//! [`ServiceProvider::initialize`].
//!
#![doc = include_str!("../docs/container_figures.md")]
#![doc = include_str!("../docs/container_checklist.md")]

mod add;
mod arguments;
mod async_factory;
mod collection;
mod construct;
mod dependency;
mod description;
mod descriptor;
mod dispose;
mod disposing;
mod entry;
mod error;
mod factory;
mod graph;
mod graph_error;
mod identity_hash;
mod index;
mod initialize;
mod inject;
mod key;
mod lazy;
mod make;
mod owner;
mod path;
mod provider;
mod reentry;
mod registration;
mod resolver;
mod root;
mod scope;
mod site;
mod table;
mod type_map;
mod waiting;

pub use arguments::{ArgumentList, Arguments};
pub use async_factory::{AsyncFactory, FactoryFuture};
pub use campanile_host_macros::{Inject, inject};
pub use collection::ServiceCollection;
pub use dependency::Dependency;
pub use description::ServiceGraph;
pub use descriptor::{ServiceDescriptor, ServiceLifetime, Undecided};
pub use dispose::{AsyncDispose, Disposal, Dispose};
pub use disposing::{DisposeError, DisposeFailure, DisposeFailureReason};
pub use error::{ServiceError, ServiceErrorKind};
pub use factory::{Factory, FactoryOutput};
pub use graph_error::{GraphError, GraphFinding};
pub(crate) use initialize::Awaiting;
pub use inject::{ConstructorOutput, Inject, Injectable, InjectableKeyed};
pub use key::{FromServiceKey, ServiceKey};
pub use lazy::Lazy;
pub(crate) use path::ShortName;
pub use path::{ServiceForm, ServiceId, ServicePath, ServiceStep};
pub use provider::ServiceProvider;
pub use resolver::Resolver;
pub use scope::{ServiceScope, ServiceScopeFactory};
pub use site::ServiceSite;
