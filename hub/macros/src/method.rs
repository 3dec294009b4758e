//! One method of a hub.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, ImplItemFn, LitStr, Meta, Pat, PatType, Result, ReturnType, Type,
};

use crate::client::is_shared;
use crate::name::wire_name;
use crate::output::{Output, argument, ends_with_result, last_segment};
use crate::proxy::{CallableMethod, Parameter as Passed, documents};

/// A method that clients can call.
pub(crate) struct HubMethod {
    pub(crate) wire: LitStr,
    /// `.method("Name", |call| ...)`, a link of the chain that builds the table.
    pub(crate) entry: TokenStream,
    /// The same as clients see it.
    pub(crate) callable: CallableMethod,
}

enum Parameter {
    Caller,
    Service(Box<Type>),
    Argument(Box<Type>),
    /// With the type of its items.
    Upload(Box<Type>),
    Cancellation,
}

/// Reads a method and takes the macro's own attributes out of it.
pub(crate) fn read(method: &mut ImplItemFn) -> Result<HubMethod> {
    let wire = wire_name(&method.sig.ident, &mut method.attrs)?;
    let policy = take_policy(&mut method.attrs)?;
    let signature = &mut method.sig;
    if !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.generics.span(),
            "a hub method cannot be generic: clients could not say which one they call",
        ));
    }
    let mut parameters = Vec::new();
    let mut passed = Vec::new();
    for input in &mut signature.inputs {
        match input {
            FnArg::Receiver(receiver) if is_shared(receiver) => {}
            FnArg::Receiver(receiver) => {
                return Err(Error::new(
                    receiver.span(),
                    "a hub method takes `&self`: every call has a hub instance of its own, state belongs into a service",
                ));
            }
            FnArg::Typed(parameter) => {
                let kind = read_parameter(parameter)?;
                passed.extend(passed_by_clients(parameter, &kind));
                parameters.push(kind);
            }
        }
    }
    let mut entry = entry(&wire, method, &parameters);
    if let Some(policy) = policy {
        entry.extend(quote!(.authorize(#policy)));
    }
    let callable = CallableMethod {
        documents: documents(&method.attrs),
        ident: method.sig.ident.clone(),
        wire: wire.clone(),
        parameters: passed,
        output: Output::of(&method.sig.output, &quote!(::campanile_hub)),
    };
    Ok(HubMethod {
        wire,
        entry,
        callable,
    })
}

/// What a client passes for a parameter, if anything.
fn passed_by_clients(parameter: &PatType, kind: &Parameter) -> Option<Passed> {
    let name = match &*parameter.pat {
        Pat::Ident(name) => Some(name.ident.clone()),
        _ => None,
    };
    match kind {
        Parameter::Argument(kind) => Some(Passed::plain(name, kind)),
        Parameter::Upload(kind) => argument(kind, 0).map(|item| Passed::upload(name, item)),
        Parameter::Caller | Parameter::Service(_) | Parameter::Cancellation => None,
    }
}

/// `#[authorize]`, or `#[authorize(policy)]` with an expression that gives one.
fn take_policy(attributes: &mut Vec<Attribute>) -> Result<Option<TokenStream>> {
    let mut policy = None;
    for attribute in attributes.iter() {
        if attribute.path().is_ident("authorize") {
            policy = Some(match &attribute.meta {
                Meta::Path(_) => quote!(::campanile_hub::generated::Policy::authenticated()),
                Meta::List(list) => list.tokens.clone(),
                Meta::NameValue(_) => {
                    return Err(Error::new(
                        attribute.span(),
                        "write #[authorize] or #[authorize(Policy::named(\"...\"))]",
                    ));
                }
            });
        }
    }
    attributes.retain(|attribute| !attribute.path().is_ident("authorize"));
    Ok(policy)
}

fn read_parameter(parameter: &mut PatType) -> Result<Parameter> {
    let injected = parameter
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("inject"));
    parameter
        .attrs
        .retain(|attribute| !attribute.path().is_ident("inject"));
    let kind = &*parameter.ty;
    if injected {
        return Ok(Parameter::Service(parameter.ty.clone()));
    }
    match kind {
        Type::Reference(reference)
            if last_segment(&reference.elem).as_deref() == Some("HubCaller") =>
        {
            Ok(Parameter::Caller)
        }
        Type::Reference(reference) => Err(Error::new(
            reference.span(),
            "a parameter from a client is owned: write `String` for `&str`, `Vec<T>` for `&[T]`",
        )),
        Type::ImplTrait(generic) => Err(Error::new(
            generic.span(),
            "a parameter from a client has one type: `impl Trait` would make the method generic",
        )),
        _ if last_segment(kind).as_deref() == Some("HubCaller") => Err(Error::new(
            kind.span(),
            "the caller is borrowed: write `&HubCaller<Self>`",
        )),
        _ if last_segment(kind).as_deref() == Some("CancellationToken") => {
            Ok(Parameter::Cancellation)
        }
        _ if last_segment(kind).as_deref() == Some("UploadStream") => {
            Ok(Parameter::Upload(parameter.ty.clone()))
        }
        _ => Ok(Parameter::Argument(parameter.ty.clone())),
    }
}

fn entry(wire: &LitStr, method: &ImplItemFn, parameters: &[Parameter]) -> TokenStream {
    let ident = &method.sig.ident;
    let mut bindings = Vec::new();
    let mut uploads = Vec::new();
    let mut services = Vec::new();
    let mut passed = Vec::new();
    for (index, parameter) in parameters.iter().enumerate() {
        let name = format_ident!("parameter_{index}");
        match parameter {
            Parameter::Caller => passed.push(quote!(&activation.caller)),
            Parameter::Service(kind) => {
                services.push(
                    quote_spanned!(kind.span()=> let #name = activation.service::<#kind>()?;),
                );
                passed.push(quote!(#name));
            }
            Parameter::Argument(kind) => {
                bindings.push(quote_spanned!(kind.span()=> let #name: #kind = arguments.next()?;));
                passed.push(quote!(#name));
            }
            Parameter::Upload(kind) => {
                let position = uploads.len();
                uploads
                    .push(quote_spanned!(kind.span()=> let #name: #kind = call.upload(#position);));
                passed.push(quote!(#name));
            }
            Parameter::Cancellation => {
                passed.push(quote!(cancellation.clone()));
            }
        }
    }
    let count = bindings.len();
    let streams = uploads.len();
    let cancellation = parameters
        .iter()
        .any(|parameter| matches!(parameter, Parameter::Cancellation))
        .then(|| quote!(let cancellation = call.cancellation();));
    let wait = method.sig.asyncness.map(|_| quote!(.await));
    let (output, span) = match &method.sig.output {
        ReturnType::Type(_, kind) if ends_with_result(kind) => {
            let output = quote!(result.map_err(::campanile_hub::HubError::from_error)?);
            (output, kind.span())
        }
        ReturnType::Type(_, kind) => (quote!(result), kind.span()),
        ReturnType::Default => (quote!(result), ident.span()),
    };
    let send =
        quote_spanned!(span=> ::campanile_hub::generated::send_output(#output, stream).await);
    quote! {
        .method(#wire, #[allow(unused_mut)] |mut call: ::campanile_hub::generated::MethodCall<'_, Self>| {
            #[allow(unused_mut, reason = "a method without arguments reads none")]
            let mut arguments = call.arguments(#count);
            #(#bindings)*
            arguments.finish()?;
            call.expect_streams(#streams)?;
            #(#uploads)*
            #cancellation
            ::core::result::Result::Ok(call.run(move |mut activation| async move {
                #(#services)*
                let stream = activation.stream();
                let result = Self::#ident(&activation.hub, #(#passed),*)#wait;
                #send
            }))
        })
    }
}
