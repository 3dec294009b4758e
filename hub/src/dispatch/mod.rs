//! From an invocation to the method that it calls, and back with the result.

mod call;
mod guarded;
mod methods;
mod output;
mod responder;
mod runtime;
mod turn;

pub use call::{Activation, CallError, MethodCall, MethodRun, send_output};
pub(crate) use call::{MethodFuture, panic_text};
pub use methods::HubMethods;
pub use output::{Answer, MethodOutput, Reply, StreamEnd, StreamResponder, Streaming, Value};
pub use responder::Responder;
pub(crate) use responder::respond_error;
pub(crate) use runtime::{Dispatch, HubDispatcher, HubRuntime};
