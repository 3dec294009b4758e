//! `#[hub_server]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ItemTrait, Pat, Result, TraitItem, TraitItemFn};

use crate::client::is_shared;
use crate::name::wire_name;
use crate::output::{Output, stream_item};
use crate::proxy::{CallableMethod, Parameter, documents, server_proxy};

pub(crate) fn expand(
    attribute: &TokenStream,
    item: TokenStream,
    root: &TokenStream,
) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new(
            attribute.span(),
            "#[hub_server] takes no arguments",
        ));
    }
    let mut contract: ItemTrait = syn::parse2(item)?;
    if !contract.generics.params.is_empty() {
        return Err(Error::new(
            contract.generics.span(),
            "a contract of a hub cannot be generic",
        ));
    }
    let mut methods = Vec::new();
    for item in &mut contract.items {
        let TraitItem::Fn(method) = item else {
            return Err(Error::new(
                item.span(),
                "a contract of a hub has only methods: `async fn name(&self, ...) -> Type;`",
            ));
        };
        methods.push(read(method, root)?);
    }
    let items = methods
        .iter()
        .map(|method| {
            let (name, signature) = (method.type_name(), method.signature(root)?);
            let documents = &method.documents;
            let summary = format!("`{}`: the hub has this method.", method.wire.value());
            Ok(quote! {
                #(#documents)*
                #[doc = ""]
                #[doc = #summary]
                type #name: #root::generated::contract::generated::Is<#signature>
                where
                    Self: ::core::marker::Sized;
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let (attributes, visibility, name) = (&contract.attrs, &contract.vis, &contract.ident);
    let proxy = server_proxy(visibility, name, &quote!(dyn #name), &methods, root);
    Ok(quote! {
        #(#attributes)*
        #[allow(dead_code, non_camel_case_types)]
        #visibility trait #name {
            #(#items)*
        }

        #proxy
    })
}

fn read(method: &mut TraitItemFn, root: &TokenStream) -> Result<CallableMethod> {
    if let Some(body) = &method.default {
        return Err(Error::new(
            body.span(),
            "a method of the contract has no body here: the hub has it",
        ));
    }
    let wire = wire_name(&method.sig.ident, &mut method.attrs)?;
    let signature = &method.sig;
    if !signature.generics.params.is_empty() {
        return Err(Error::new(
            signature.generics.span(),
            "a hub method cannot be generic: its arguments go over the wire",
        ));
    }
    let output = Output::of(&signature.output, root);
    if signature.asyncness.is_none() && !matches!(output, Output::Stream(_)) {
        return Err(Error::new(
            signature.fn_token.span(),
            "a method of the contract is async, or gives a stream: write `async fn name(&self, ...) -> Type;` or `fn name(&self, ...) -> impl Stream<Item = Type>;`",
        ));
    }
    let mut inputs = signature.inputs.iter();
    match inputs.next() {
        Some(FnArg::Receiver(receiver)) if is_shared(receiver) => {}
        first => {
            let span = first.map_or_else(|| signature.paren_token.span.join(), Spanned::span);
            return Err(Error::new(span, "a hub method takes `&self` first"));
        }
    }
    let mut parameters = Vec::new();
    for input in inputs {
        let FnArg::Typed(argument) = input else {
            continue;
        };
        let Pat::Ident(name) = &*argument.pat else {
            return Err(Error::new(
                argument.pat.span(),
                "a parameter of a contract is a plain name",
            ));
        };
        let name = Some(name.ident.clone());
        parameters.push(match &*argument.ty {
            syn::Type::Reference(reference) => {
                return Err(Error::new(
                    reference.span(),
                    "a parameter of a hub method is owned: write `String` for `&str`, `Vec<T>` for `&[T]`. What clients do not pass (the caller, services) has no place in the contract",
                ));
            }
            kind => match stream_item(kind) {
                Some(item) => Parameter::upload(name, item),
                None => Parameter::plain(name, kind),
            },
        });
    }
    Ok(CallableMethod {
        documents: documents(&method.attrs),
        ident: signature.ident.clone(),
        wire,
        parameters,
        output,
    })
}
