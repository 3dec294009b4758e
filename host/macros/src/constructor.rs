use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ImplItem, ImplItemFn, ItemImpl, Result, ReturnType};

use crate::attributes::{Disposed, Filled};
use crate::expand;

pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let Ok(mut block) = syn::parse2::<ItemImpl>(item.clone()) else {
        return Err(Error::new_spanned(
            item.into_iter().next(),
            "`#[inject]` stands on an `impl` block that has a `fn new(...)`; on a struct write `#[derive(Inject)]`",
        ));
    };
    let mut disposed = Disposed::default();
    syn::meta::parser(|meta| disposed.read(&meta)).parse2(arguments)?;
    if let Some((path, _)) = &block.trait_ {
        return Err(Error::new_spanned(
            path,
            "`#[inject]` stands on the type's own `impl` block, not on that of a trait",
        ));
    }
    let ty = block.self_ty.to_token_stream();
    let new = block.items.iter_mut().find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "new" => Some(function),
        _ => None,
    });
    let Some(new) = new else {
        return Err(Error::new_spanned(
            &block.self_ty,
            "`#[inject]` needs a constructor in this block: `fn new(a: Arc<A>, ...) -> Self` or `-> Result<Self, E>`",
        ));
    };
    check_shape(new)?;
    // The container gives by value whatever the constructor then does with it.
    new.attrs
        .push(syn::parse_quote!(#[allow(clippy::needless_pass_by_value)]));
    let mut values = Vec::new();
    let mut dependencies = Vec::new();
    let mut sites = expand::Sites::default();
    for parameter in &mut new.sig.inputs {
        let FnArg::Typed(parameter) = parameter else {
            return Err(Error::new_spanned(
                parameter,
                "a constructor has no `self`: `fn new(a: Arc<A>, ...) -> Self`",
            ));
        };
        let filled = Filled::of(&parameter.attrs)?;
        parameter.attrs.retain(|it| !it.path().is_ident("inject"));
        values.push(expand::value(&filled, &parameter.ty, &mut sites));
        dependencies.extend(expand::dependency(&filled, &parameter.ty));
    }
    let call = quote!(Self::new(#(#values),*));
    let output = match &new.sig.output {
        ReturnType::Type(_, ty) => ty.span(),
        ReturnType::Default => new.sig.span(),
    };
    let construct = quote_spanned! {output=>
        ::campanile_host::services::ConstructorOutput::<Self>::into_constructed(#call)
    };
    let mut generics = block.generics.clone();
    expand::bound_parameters(&mut generics);
    let implementation =
        expand::implementation(&generics, &ty, &construct, &dependencies, &sites, &disposed);
    Ok(quote!(#block #implementation))
}

fn check_shape(new: &ImplItemFn) -> Result<()> {
    if let Some(asyncness) = &new.sig.asyncness {
        return Err(Error::new_spanned(
            asyncness,
            "a constructor is not async: the container constructs synchronously; do what has to wait when the service starts",
        ));
    }
    match &new.sig.output {
        ReturnType::Type(..) => Ok(()),
        ReturnType::Default => Err(Error::new_spanned(
            &new.sig,
            "a constructor returns `Self`, or `Result<Self, E>`",
        )),
    }
}
