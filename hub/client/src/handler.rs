//! [`Handler`]: the functions that users give.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use campanile_hub_protocol::{BindingError, RawArguments};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

/// A function that handles what the server calls, with up to eight arguments that implement `Deserialize`.
///
/// Implemented for functions and closures: `|user: String, text: String| async move { ... }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle what a server calls",
    note = "write `|first: Type, second: Type| async move {{ ... }}`, with up to eight arguments that implement `Deserialize`"
)]
pub trait Handler<Arguments>: Send + Sync + 'static {
    /// What the function's future gives.
    type Output: Send + 'static;

    /// Decodes the arguments. The function runs when the future is polled first.
    ///
    /// # Errors
    ///
    /// Where the arguments do not fit.
    #[doc(hidden)]
    fn bind(
        this: &Arc<Self>,
        arguments: RawArguments<'_>,
    ) -> Result<BoxFuture<'static, Self::Output>, BindingError>;
}

macro_rules! handlers {
    ($($count:literal ($($argument:ident),*);)*) => {
        $(impl<F, R, $($argument),*> Handler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Send + Sync + 'static,
            R: Future + Send + 'static,
            R::Output: Send + 'static,
            $($argument: DeserializeOwned + Send + 'static,)*
        {
            type Output = R::Output;

            #[allow(non_snake_case, reason = "the arguments go by the names of their types")]
            fn bind(
                this: &Arc<Self>,
                arguments: RawArguments<'_>,
            ) -> Result<BoxFuture<'static, R::Output>, BindingError> {
                #[allow(unused_mut, reason = "without arguments there is nothing to read")]
                let mut reader = arguments.reader($count);
                $(let $argument = reader.next::<$argument>()?;)*
                reader.finish()?;
                let this = this.clone();
                Ok(async move { this($($argument),*).await }.boxed())
            }
        })*
    };
}

handlers! {
    0 ();
    1 (A1);
    2 (A1, A2);
    3 (A1, A2, A3);
    4 (A1, A2, A3, A4);
    5 (A1, A2, A3, A4, A5);
    6 (A1, A2, A3, A4, A5, A6);
    7 (A1, A2, A3, A4, A5, A6, A7);
    8 (A1, A2, A3, A4, A5, A6, A7, A8);
}

/// What a handler without a result gives: nothing, or a `Result` of nothing whose error is logged.
pub trait HandlerOutcome: Send + 'static {
    /// The text of the error.
    #[doc(hidden)]
    fn into_failure(self) -> Option<String>;
}

impl HandlerOutcome for () {
    fn into_failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display + Send + 'static> HandlerOutcome for Result<(), E> {
    fn into_failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}
