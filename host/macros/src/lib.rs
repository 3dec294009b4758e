//! The macros of `campanile-host`: `#[derive(Inject)]` and `#[inject]`, which say how the container constructs a type.

mod attributes;
mod constructor;
mod expand;
mod structure;

use proc_macro::TokenStream;

/// Lets the container construct a struct: each field is filled by its type, which has to be injectable (`Arc<S>`,
/// `Option<Arc<S>>`, `Vec<Arc<S>>`, `Lazy<S>`, `ServiceProvider`, `Options<T>`, ...).
///
/// A field says otherwise by
///
/// - `#[inject(key = "red")]`: from the registrations with this key;
/// - `#[inject(service_key)]`: the key that the struct itself is registered or asked for with;
/// - `#[inject(default)]`: `Default::default()`;
/// - `#[inject(argument)]`: given by hand, to `construct_with`.
///
/// The struct says how it is disposed by `#[inject(dispose)]` (its `Dispose`), `#[inject(dispose_async)]` (its
/// `AsyncDispose`), or both. Type parameters have to be `Send + Sync + 'static`, and what the fields need them to be.
#[proc_macro_derive(Inject, attributes(inject))]
pub fn derive_inject(input: TokenStream) -> TokenStream {
    expand::or_error(structure::derive(&syn::parse_macro_input!(input)))
}

/// Lets the container construct a type by its `fn new`: stands on an `impl` block that has one, whose parameters are
/// filled as the fields of `#[derive(Inject)]` are and take the same attributes. It returns `Self`, or a `Result` of it
/// whose error turns into a `BoxError`.
///
/// `#[inject(dispose)]` and `#[inject(dispose_async)]` say how the type is disposed.
#[proc_macro_attribute]
pub fn inject(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::or_error(constructor::attribute(
        arguments.into(),
        syn::parse_macro_input!(item),
    ))
}
