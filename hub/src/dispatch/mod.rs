//! From an invocation to the method that it calls, and back with the result.

mod call;
mod methods;
mod responder;
mod runtime;

pub use call::{Activation, MethodCall, MethodFuture};
pub use methods::HubMethods;
pub(crate) use responder::Responder;
pub(crate) use runtime::{Dispatch, HubDispatcher, HubRuntime};
