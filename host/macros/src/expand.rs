use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Generics, Result, Type};

use crate::attributes::{Disposed, Filled};

/// The tokens, or the error as a compile error.
pub(crate) fn or_error(result: Result<TokenStream>) -> proc_macro::TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The value of a field or parameter; its span is that of the type, so that an error points there.
///
/// The trait is named here and in [`dependency`] in the same way, so that the compiler reports a type that does not have
/// it once.
pub(crate) fn value(filled: &Filled, ty: &Type, sites: &mut Sites) -> TokenStream {
    let span = ty.span();
    match filled {
        Filled::Injected => {
            let site = sites.next(ty);
            given_or(
                span,
                &quote_spanned! {span=>
                    match #site {
                        ::core::option::Option::Some(site) => {
                            <#ty as ::campanile_host::services::Injectable>::inject_at(resolver, site)?
                        }
                        ::core::option::Option::None => {
                            <#ty as ::campanile_host::services::Injectable>::inject(resolver)?
                        }
                    }
                },
            )
        }
        Filled::Keyed(key) => given_or(
            span,
            &quote_spanned! {span=>
                <#ty as ::campanile_host::services::InjectableKeyed>::inject_keyed(
                    resolver,
                    ::campanile_host::services::ServiceKey::from(#key),
                )?
            },
        ),
        Filled::ServiceKey => quote_spanned!(span=> resolver.service_key::<#ty>()?),
        Filled::Default => quote_spanned!(span=> <#ty as ::core::default::Default>::default()),
        Filled::Argument => quote_spanned!(span=> resolver.argument::<#ty>()?),
    }
}

/// The sites of what is injected, as pairs of one and the rest: of a tuple's fields there are at most twelve.
///
/// Their type is left to inference: each part of it is named at the field it is for, and so is what is wrong with it.
#[derive(Default)]
pub(crate) struct Sites(Vec<TokenStream>);

impl Sites {
    /// The name of that of the next value, which is of this type.
    fn next(&mut self, ty: &Type) -> Ident {
        let site = format_ident!("site_{}", self.0.len());
        self.0.push(quote_spanned! {ty.span()=>
            let (#site, sites) = <#ty as ::campanile_host::services::Injectable>::next_site(sites);
        });
        site
    }

    /// What names them.
    fn named(&self) -> TokenStream {
        if self.0.is_empty() {
            return TokenStream::new();
        }
        let each = &self.0;
        quote! {
            let sites = resolver.sites();
            #(#each)*
            let _: ::core::option::Option<&()> = sites;
        }
    }
}

/// What was given by hand for the parameter, or else this.
fn given_or(span: Span, injected: &TokenStream) -> TokenStream {
    quote_spanned! {span=>
        match resolver.given() {
            ::core::option::Option::Some(given) => given,
            ::core::option::Option::None => #injected,
        }
    }
}

/// What a field or parameter declares to need, if anything.
pub(crate) fn dependency(filled: &Filled, ty: &Type) -> Option<TokenStream> {
    let span = ty.span();
    let dependency = quote!(::campanile_host::services::Dependency);
    match filled {
        Filled::Injected => Some(quote_spanned! {span=>
            #dependency::filling::<#ty>(
                <#ty as ::campanile_host::services::Injectable>::dependency(),
            )
        }),
        Filled::Keyed(key) => Some(quote_spanned! {span=>
            #dependency::filling::<#ty>(
                <#ty as ::campanile_host::services::InjectableKeyed>::keyed_dependency(
                    ::campanile_host::services::ServiceKey::from(#key),
                ),
            )
        }),
        Filled::ServiceKey => Some(quote_spanned!(span=> #dependency::service_key::<#ty>())),
        Filled::Default => None,
        Filled::Argument => Some(quote_spanned!(span=> #dependency::argument::<#ty>())),
    }
}

/// Requires of every type parameter what a service has to be.
pub(crate) fn bound_parameters(generics: &mut Generics) {
    for parameter in generics.type_params_mut() {
        parameter
            .bounds
            .push(syn::parse_quote!(::core::marker::Send));
        parameter
            .bounds
            .push(syn::parse_quote!(::core::marker::Sync));
        parameter.bounds.push(syn::parse_quote!('static));
    }
}

/// The implementation of `Inject`.
pub(crate) fn implementation(
    generics: &Generics,
    ty: &TokenStream,
    construct: &TokenStream,
    dependencies: &[TokenStream],
    sites: &Sites,
    disposed: &Disposed,
) -> TokenStream {
    let sites = sites.named();
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let sync = disposed
        .sync
        .map(|span| quote_spanned!(span=> .with_dispose()));
    let asynchronous = disposed
        .asynchronous
        .map(|span| quote_spanned!(span=> .with_dispose_async()));
    let disposal = (sync.is_some() || asynchronous.is_some()).then(|| {
        quote! {
            fn disposal() -> ::campanile_host::services::Disposal<Self> {
                ::campanile_host::services::Disposal::none()#sync #asynchronous
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics ::campanile_host::services::Inject for #ty #where_clause {
            #[inline]
            #[allow(unused_variables)]
            fn inject(
                resolver: &::campanile_host::services::Resolver<'_>,
            ) -> ::core::result::Result<Self, ::campanile_host::services::ServiceError> {
                #sites
                #construct
            }

            fn dependencies() -> ::std::vec::Vec<::campanile_host::services::Dependency> {
                ::std::vec![#(#dependencies),*]
            }

            #disposal
        }
    }
}
