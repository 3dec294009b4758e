//! `#[hub_client]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemTrait, Pat, Result, ReturnType, TraitItem, TraitItemFn};

use crate::name::wire_name;

pub(crate) fn expand(attribute: &TokenStream, item: TokenStream) -> Result<TokenStream> {
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
    let mut senders = Vec::new();
    let mut askers = Vec::new();
    for item in &mut contract.items {
        let TraitItem::Fn(method) = item else {
            return Err(Error::new(
                item.span(),
                "a contract of hub clients has only methods: `async fn name(&self, ...);`",
            ));
        };
        let called = call(method)?;
        match method.sig.output {
            ReturnType::Default => senders.push(called),
            ReturnType::Type(..) => askers.push(called),
        }
        for_handlers(method);
    }
    // A server sends through the proxy, and may have no handler of its own.
    contract.attrs.push(syn::parse_quote!(#[allow(dead_code)]));
    let (visibility, name) = (&contract.vis, &contract.ident);
    let proxy = format_ident!("{name}Proxy");
    let summary = format!("Calls the methods of [`{name}`] on some recipients.");
    Ok(quote! {
        #contract

        #[doc = #summary]
        #[derive(Clone, Debug)]
        #visibility struct #proxy<R>(::campanile_hub::ClientProxy<R>);

        #[automatically_derived]
        impl<R: ::campanile_hub::Recipients> #proxy<R> {
            #(#senders)*
        }

        #[automatically_derived]
        impl #proxy<::campanile_hub::Single> {
            #(#askers)*
        }

        #[automatically_derived]
        impl<R> ::core::convert::From<::campanile_hub::ClientProxy<R>> for #proxy<R> {
            fn from(proxy: ::campanile_hub::ClientProxy<R>) -> Self {
                Self(proxy)
            }
        }

        #[automatically_derived]
        impl ::campanile_hub::HubClient for dyn #name {
            type Proxy<R: ::campanile_hub::Recipients> = #proxy<R>;
        }
    })
}

/// The proxy's method, which sends what the contract's method is told, and waits for what it returns, if it does.
fn call(method: &mut TraitItemFn) -> Result<TokenStream> {
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
        if let syn::Type::Reference(reference) = &*argument.ty {
            return Err(Error::new(
                reference.span(),
                "a parameter of a client method is owned: write `String` for `&str`, `Vec<T>` for `&[T]`",
            ));
        }
        names.push(&name.ident);
        types.push(&argument.ty);
    }
    let ident = &sig.ident;
    let documents = attrs
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"));
    let wire_text = wire.value();
    let (summary, answer, call) = match &sig.output {
        ReturnType::Default => (
            format!(
                "Calls `{wire_text}` on the recipients; see `ClientProxy::send` for what `Ok` means."
            ),
            quote!(()),
            quote!(send),
        ),
        ReturnType::Type(_, kind) => (
            format!(
                "Calls `{wire_text}` on the client and waits for its answer; see `ClientProxy::invoke`."
            ),
            quote!(#kind),
            quote!(invoke),
        ),
    };
    Ok(quote! {
        #(#documents)*
        #[doc = ""]
        #[doc = #summary]
        pub fn #ident(
            &self,
            #(#names: #types),*
        ) -> impl ::core::future::Future<Output = ::campanile_hub::HubResult<#answer>> + ::core::marker::Send + '_ {
            self.0.#call(#wire, (#(#names,)*))
        }
    })
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
