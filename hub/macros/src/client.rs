//! `#[hub_client]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, Ident, ItemTrait, LitStr, Pat, Result, ReturnType, TraitItem, TraitItemFn, Type,
};

use crate::name::{unraw, wire_name};
use crate::output::ends_with_result;
use crate::proxy::documents;

pub(crate) fn expand(
    attribute: &TokenStream,
    item: TokenStream,
    root: &TokenStream,
) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new(
            attribute.span(),
            "#[hub_client] takes no arguments",
        ));
    }
    let mut contract: ItemTrait = syn::parse2(item)?;
    if !contract.generics.params.is_empty() {
        return Err(Error::new(
            contract.generics.span(),
            "a contract of hub clients cannot be generic",
        ));
    }
    let mut calls = Vec::new();
    let mut handlers = Vec::new();
    for item in &mut contract.items {
        let TraitItem::Fn(method) = item else {
            return Err(Error::new(
                item.span(),
                "a contract of hub clients has only methods: `async fn name(&self, ...);`",
            ));
        };
        let read = read(method)?;
        handlers.push(read.handler(&contract.ident, root));
        calls.push(read.call(method, root));
        for_handlers(method);
    }
    // A server sends through the proxy, and may have no handler of its own.
    contract.attrs.push(syn::parse_quote!(#[allow(dead_code)]));
    let (visibility, name) = (&contract.vis, &contract.ident);
    let contracts = quote!(#root::generated::contract);
    let proxy = format_ident!("{}Proxy", unraw(name));
    let summary = format!("Calls the methods of [`{name}`] on some recipients.");
    Ok(quote! {
        #contract

        #[doc = #summary]
        #[derive(Clone, Debug)]
        #[allow(dead_code, reason = "a client calls no client")]
        #visibility struct #proxy<S>(S);

        #[automatically_derived]
        #[allow(dead_code, reason = "a client calls no client")]
        impl<S: #contracts::TellClients> #proxy<S> {
            #(#calls)*
        }

        #[automatically_derived]
        impl<S> ::core::convert::From<S> for #proxy<S> {
            fn from(sender: S) -> Self {
                Self(sender)
            }
        }

        #[automatically_derived]
        impl #contracts::HubClient for dyn #name {
            type Proxy<S> = #proxy<S>;
        }

        #[automatically_derived]
        impl<T: #name + ::core::marker::Send + ::core::marker::Sync + 'static> #contracts::HandledBy<T> for dyn #name {
            #[allow(unused_variables, reason = "a contract may be empty")]
            fn add_handlers<Registry: #contracts::HandlerRegistry>(
                handlers: ::std::sync::Arc<T>,
                registry: &mut Registry,
            ) {
                #(#handlers)*
            }
        }
    })
}

/// A method of the contract.
struct ClientMethod {
    ident: Ident,
    wire: LitStr,
    names: Vec<Ident>,
    types: Vec<Type>,
    /// What it returns, if anything.
    answer: Option<Type>,
}

/// Reads a method and takes the macro's own attributes out of it.
fn read(method: &mut TraitItemFn) -> Result<ClientMethod> {
    let TraitItemFn {
        attrs,
        sig,
        default,
        ..
    } = method;
    if let Some(body) = default {
        return Err(Error::new(
            body.span(),
            "a client method has no body here: clients implement it",
        ));
    }
    if sig.asyncness.is_none() {
        return Err(Error::new(
            sig.fn_token.span(),
            "a client method is async: write `async fn`",
        ));
    }
    if !sig.generics.params.is_empty() {
        return Err(Error::new(
            sig.generics.span(),
            "a client method cannot be generic: its arguments go over the wire",
        ));
    }
    let wire = wire_name(&sig.ident, attrs)?;
    let mut inputs = sig.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => {}
        first => {
            let span = first.map_or_else(|| sig.paren_token.span.join(), Spanned::span);
            return Err(Error::new(span, "a client method takes `&self` first"));
        }
    }
    let mut names = Vec::new();
    let mut types = Vec::new();
    for input in inputs {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        let Pat::Ident(name) = &*argument.pat else {
            return Err(Error::new(
                argument.pat.span(),
                "a parameter of a client method is a plain name",
            ));
        };
        if let Type::Reference(reference) = &*argument.ty {
            return Err(Error::new(
                reference.span(),
                "a parameter of a client method is owned: write `String` for `&str`, `Vec<T>` for `&[T]`",
            ));
        }
        names.push(name.ident.clone());
        types.push((*argument.ty).clone());
    }
    Ok(ClientMethod {
        ident: sig.ident.clone(),
        wire,
        names,
        types,
        answer: match &sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, kind) => Some((**kind).clone()),
        },
    })
}

impl ClientMethod {
    /// The proxy's method, which sends what the contract's method is told, and waits for what it returns, if it does.
    fn call(&self, method: &TraitItemFn, root: &TokenStream) -> TokenStream {
        let Self {
            ident,
            wire,
            names,
            types,
            answer,
        } = self;
        let documents = documents(&method.attrs);
        let wire_text = wire.value();
        let (summary, answer, call, bound) = match answer {
            None => (
                format!(
                    "Calls `{wire_text}` on the recipients; see `ClientProxy::send` for what `Ok` means."
                ),
                quote!(()),
                quote!(send),
                None,
            ),
            Some(kind) => (
                format!(
                    "Calls `{wire_text}` on the client and waits for its answer; see `ClientProxy::invoke`."
                ),
                if ends_with_result(kind) {
                    quote!(<#kind as #root::generated::contract::Fallible>::Value)
                } else {
                    quote!(#kind)
                },
                quote!(invoke),
                Some(quote!(where S: #root::generated::contract::AskClient)),
            ),
        };
        quote! {
            #(#documents)*
            #[doc = ""]
            #[doc = #summary]
            pub fn #ident(
                &self,
                #(#names: #types),*
            ) -> impl ::core::future::Future<Output = ::core::result::Result<#answer, S::Error>> + ::core::marker::Send + '_
            #bound
            {
                self.0.#call(#wire, (#(#names,)*))
            }
        }
    }

    /// The handler that reads the arguments and calls the method of whoever implements the contract.
    fn handler(&self, contract: &Ident, root: &TokenStream) -> TokenStream {
        let contracts = quote!(#root::generated::contract);
        let Self {
            ident,
            wire,
            types,
            answer,
            ..
        } = self;
        let names: Vec<_> = (0..types.len())
            .map(|index| format_ident!("argument_{index}"))
            .collect();
        let count = types.len();
        let handle = match answer {
            None => quote!(tell),
            Some(_) => quote!(answer),
        };
        let call = quote!(<T as #contract>::#ident(&*handlers, #(#names),*).await);
        let run = match answer {
            None => quote!(#call),
            Some(kind) if ends_with_result(kind) => quote! {
                #contracts::Fallible::into_result(#call).map_err(|error| ::std::string::ToString::to_string(&error))
            },
            Some(_) => quote!(::core::result::Result::Ok(#call)),
        };
        quote! {
            registry.#handle(#wire, {
                let handlers = ::std::clone::Clone::clone(&handlers);
                #[allow(unused_mut, reason = "a method without parameters reads none")]
                move |arguments: #contracts::generated::RawArguments<'_>| {
                    let mut arguments = arguments.reader(#count);
                    #(let #names: #types = arguments.next()?;)*
                    arguments.finish()?;
                    let handlers = ::std::clone::Clone::clone(&handlers);
                    ::core::result::Result::<_, #contracts::generated::BindingError>::Ok(async move { #run })
                }
            });
        }
    }
}

/// Leaves the trait as handlers implement it, and `dyn` as a mere name for it.
fn for_handlers(method: &mut TraitItemFn) {
    method.sig.asyncness = None;
    let answer = match &method.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, kind) => quote!(#kind),
    };
    method.sig.output =
        syn::parse_quote!(-> impl ::core::future::Future<Output = #answer> + ::core::marker::Send);
    let where_clause = method.sig.generics.make_where_clause();
    where_clause
        .predicates
        .push(syn::parse_quote!(Self: ::core::marker::Sized));
}

pub(crate) fn is_shared(receiver: &syn::Receiver) -> bool {
    matches!(receiver.kind, syn::ReceiverKind::Reference(_, _, None))
}
