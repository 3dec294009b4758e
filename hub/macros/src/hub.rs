//! `#[hub]`.

use std::collections::HashMap;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ImplItem, ImplItemFn, ItemImpl, LitStr, Path, Result, Type, Visibility};

use crate::method;
use crate::name::unraw;
use crate::proxy;

#[derive(Default)]
struct Settings {
    client: Option<Path>,
    /// The contract of what clients may call.
    server: Option<Path>,
    name: Option<LitStr>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let settings = read_settings(attribute)?;
    let mut block: ItemImpl = syn::parse2(item)?;
    if let Some((path, _)) = &block.trait_ {
        return Err(Error::new(
            path.span(),
            "#[hub] stands above the `impl` block of the type itself, not of a trait",
        ));
    }
    if !block.generics.params.is_empty() {
        return Err(Error::new(
            block.generics.span(),
            "a hub cannot be generic: it is one type at one path",
        ));
    }
    let name = match &settings.name {
        Some(name) => name.clone(),
        None => {
            let ident = hub_ident(&block.self_ty)?;
            LitStr::new(&unraw(&ident), ident.span())
        }
    };
    let mut entries = Vec::new();
    let mut callbacks = Vec::new();
    let mut callables = Vec::new();
    let mut names: HashMap<String, String> = HashMap::new();
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else {
            continue;
        };
        if let Some(callback) = callback(function)? {
            callbacks.push(callback);
        } else if matches!(function.vis, Visibility::Public(_)) && takes_self(function) {
            let read = method::read(function)?;
            let wire = read.wire.value();
            if let Some(other) = names.insert(wire.to_lowercase(), function.sig.ident.to_string()) {
                return Err(Error::new(
                    read.wire.span(),
                    format!(
                        "two methods are called '{wire}' on the wire, where case does not count; the other one is `{other}`. \
                         Give one of them another name: #[hub_method(name = \"...\")]"
                    ),
                ));
            }
            entries.push(read.entry);
            callables.push(read.callable);
        }
    }
    // `pub` says here that clients may call a method, whatever the hub's own visibility is; and what clients send is
    // owned, whatever the method does with it.
    block.attrs.push(syn::parse_quote! {
        #[allow(
            unreachable_pub,
            clippy::needless_pass_by_value,
            clippy::trivially_copy_pass_by_ref,
            clippy::unused_async,
            clippy::unused_self,
            clippy::wrong_self_convention
        )]
    });
    let hub = &block.self_ty;
    let client = match &settings.client {
        Some(contract) => quote!(dyn #contract),
        None => quote!(::campanile_hub::Untyped),
    };
    let root = quote!(::campanile_hub);
    let subject = hub_ident(hub)?;
    let proxy = proxy::server_proxy(&quote!(pub), &subject, &quote!(#hub), &callables, &root);
    let contract = settings
        .server
        .map(|contract| proxy::fulfils(&contract, hub, &callables, &root))
        .transpose()?;
    Ok(quote! {
        #block

        #[automatically_derived]
        impl ::campanile_hub::Hub for #hub {
            type Client = #client;

            const NAME: &'static str = #name;

            fn methods() -> ::campanile_hub::HubMethods<Self> {
                ::campanile_hub::HubMethods::new() #(#entries)*
            }

            #(#callbacks)*
        }

        #proxy

        #contract
    })
}

fn read_settings(attribute: TokenStream) -> Result<Settings> {
    let mut settings = Settings::default();
    let parser = syn::meta::parser(|meta| {
        if meta.path.is_ident("client") {
            settings.client = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("server") {
            settings.server = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("name") {
            settings.name = Some(meta.value()?.parse()?);
        } else {
            return Err(
                meta.error("write #[hub], #[hub(client = Contract)], #[hub(server = Contract)] or #[hub(name = \"...\")]")
            );
        }
        Ok(())
    });
    parser.parse2(attribute)?;
    Ok(settings)
}

fn hub_ident(kind: &Type) -> Result<Ident> {
    match kind {
        Type::Path(path) => path.path.segments.last().map(|it| it.ident.clone()),
        _ => None,
    }
    .ok_or_else(|| Error::new(kind.span(), "a hub is a struct"))
}

fn takes_self(function: &ImplItemFn) -> bool {
    matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_)))
}

/// The trait's callback that calls the block's own, if this is one.
fn callback(function: &ImplItemFn) -> Result<Option<TokenStream>> {
    let (expected, rest) = match unraw(&function.sig.ident).as_str() {
        "on_connected" => (
            "async fn on_connected(&self, caller: &HubCaller<Self>) -> HubResult<()>",
            quote!(),
        ),
        "on_disconnected" => (
            "async fn on_disconnected(&self, caller: &HubCaller<Self>, error: Option<&HubError>) -> HubResult<()>",
            quote!(, error),
        ),
        _ => return Ok(None),
    };
    let parameters = if rest.is_empty() { 2 } else { 3 };
    if function.sig.asyncness.is_none() || function.sig.inputs.len() != parameters {
        return Err(Error::new(
            function.sig.span(),
            format!("write `{expected}`"),
        ));
    }
    let ident = &function.sig.ident;
    let extra = (!rest.is_empty())
        .then(|| quote!(, error: ::core::option::Option<&::campanile_hub::HubError>));
    Ok(Some(quote! {
        fn #ident(
            &self,
            caller: &::campanile_hub::HubCaller<Self>
            #extra
        ) -> impl ::core::future::Future<Output = ::campanile_hub::HubResult<()>> + ::core::marker::Send {
            Self::#ident(self, caller #rest)
        }
    }))
}
