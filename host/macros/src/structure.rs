use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Error, Fields, Generics, Index, Result, Type};

use crate::attributes::{Disposed, Filled};
use crate::expand;

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "`Inject` is derived for structs; for an enum or union write `#[inject]` on an `impl` block with `fn new(...) -> Self`",
        ));
    };
    let disposed = Disposed::of(&input.attrs)?;
    let mut generics = input.generics.clone();
    expand::bound_parameters(&mut generics);
    let mut values = Vec::new();
    let mut dependencies = Vec::new();
    let mut sites = expand::Sites::default();
    for (index, field) in data.fields.iter().enumerate() {
        let filled = Filled::of(&field.attrs)?;
        bound_field(&mut generics, &filled, &field.ty);
        let value = expand::value(&filled, &field.ty, &mut sites);
        values.push(match &field.ident {
            Some(name) => quote!(#name: #value),
            None => {
                let index = Index::from(index);
                quote!(#index: #value)
            }
        });
        dependencies.extend(expand::dependency(&filled, &field.ty));
    }
    let construct = match &data.fields {
        Fields::Unit => quote!(::core::result::Result::Ok(Self)),
        _ => quote!(::core::result::Result::Ok(Self { #(#values),* })),
    };
    let name = &input.ident;
    let (_, arguments, _) = input.generics.split_for_impl();
    Ok(expand::implementation(
        &generics,
        &quote!(#name #arguments),
        &construct,
        &dependencies,
        &sites,
        &disposed,
    ))
}

/// Where a field's type depends on a type parameter, whether it can be filled depends on it too.
fn bound_field(generics: &mut Generics, filled: &Filled, ty: &Type) {
    let parameters: Vec<_> = generics
        .type_params()
        .map(|it| it.ident.to_string())
        .collect();
    if !mentions(ty.to_token_stream(), &parameters) {
        return;
    }
    let bound: syn::TraitBound = match filled {
        Filled::Injected => syn::parse_quote!(::campanile_host::services::Injectable),
        Filled::Keyed(_) => syn::parse_quote!(::campanile_host::services::InjectableKeyed),
        Filled::ServiceKey => syn::parse_quote!(::campanile_host::services::FromServiceKey),
        Filled::Default => syn::parse_quote!(::core::default::Default),
        Filled::Argument => return,
    };
    generics
        .make_where_clause()
        .predicates
        .push(syn::parse_quote!(#ty: #bound));
}

fn mentions(tokens: TokenStream, names: &[String]) -> bool {
    tokens.into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(name) => names.iter().any(|it| name == it),
        proc_macro2::TokenTree::Group(group) => mentions(group.stream(), names),
        _ => false,
    })
}
