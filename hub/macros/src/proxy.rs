//! The typed calls of a hub's methods that a client makes.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Error, Ident, LitStr, Path, Result, Type};

use crate::name::unraw;
use crate::output::Output;

/// A method of a hub as clients see it.
pub(crate) struct CallableMethod {
    pub(crate) documents: Vec<Attribute>,
    pub(crate) ident: Ident,
    pub(crate) wire: LitStr,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Output,
}

/// What a client passes.
pub(crate) struct Parameter {
    name: Option<Ident>,
    kind: TokenStream,
    /// A stream of items of that type.
    upload: bool,
}

impl Parameter {
    pub(crate) fn plain(name: Option<Ident>, kind: &Type) -> Self {
        Self {
            name,
            kind: kind.to_token_stream(),
            upload: false,
        }
    }

    pub(crate) fn upload(name: Option<Ident>, item: &Type) -> Self {
        Self {
            upload: true,
            ..Self::plain(name, item)
        }
    }
}

/// The documentation among the attributes of a method.
pub(crate) fn documents(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .cloned()
        .collect()
}

/// `SubjectProxy`, and `HubServer` for `server`, which is called `subject`.
pub(crate) fn server_proxy(
    visibility: &impl ToTokens,
    subject: &Ident,
    server: &TokenStream,
    methods: &[CallableMethod],
    root: &TokenStream,
) -> TokenStream {
    let proxy = format_ident!("{}Proxy", unraw(subject));
    let summary = format!("Calls the methods of [`{subject}`] through a connection to it.");
    let calls = methods.iter().map(|method| method.call(server, root));
    let contract = quote!(#root::generated::contract);
    let allow = quote! {
        #[allow(
            dead_code,
            private_interfaces,
            unnameable_types,
            unreachable_pub,
            reason = "the hub's own visibility is not known here, and a server may have no client of its own"
        )]
    };
    quote! {
        #[doc = #summary]
        #[derive(Clone, Debug)]
        #allow
        #visibility struct #proxy<C>(C);

        #[automatically_derived]
        #allow
        impl<C> #proxy<C> {
            #(#calls)*
        }

        #[automatically_derived]
        impl<C> ::core::convert::From<C> for #proxy<C> {
            fn from(connection: C) -> Self {
                Self(connection)
            }
        }

        #[automatically_derived]
        impl #contract::HubServer for #server {
            type Proxy<C> = #proxy<C>;
        }
    }
}

/// Says by `impl Contract for Hub` what methods the hub has: the compiler compares them with the contract's.
pub(crate) fn fulfils(
    contract: &Path,
    hub: &Type,
    methods: &[CallableMethod],
    root: &TokenStream,
) -> Result<TokenStream> {
    let methods = methods
        .iter()
        .map(|method| {
            let span = method.ident.span();
            let mut name = method.type_name();
            name.set_span(span);
            let signature = spanned(method.signature(root)?, span);
            Ok(quote_spanned!(span=> type #name = #signature;))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(quote! {
        #[automatically_derived]
        #[allow(non_camel_case_types, reason = "the names are those of the wire")]
        impl #contract for #hub {
            #(#methods)*
        }
    })
}

impl CallableMethod {
    /// The type that stands for the method in a contract. It goes by the name on the wire, so that names are compared as well.
    pub(crate) fn type_name(&self) -> Ident {
        let name = self.wire.value();
        syn::parse_str(&name).unwrap_or_else(|_| {
            let plain: String = name
                .chars()
                .map(|it| if it.is_alphanumeric() { it } else { '_' })
                .collect();
            Ident::new(&format!("_{plain}"), self.wire.span())
        })
    }

    /// Parameters and result as one type. Streams go last: only their order among themselves matters.
    pub(crate) fn signature(&self, root: &TokenStream) -> Result<TokenStream> {
        let plain = self.parameters.iter().filter(|it| !it.upload);
        let uploads = self.parameters.iter().filter(|it| it.upload);
        let plain = plain.map(|it| &it.kind);
        let uploads = uploads.map(|it| {
            let kind = &it.kind;
            quote!(#root::generated::contract::generated::Uploads<#kind>)
        });
        let output = self.output.signature(root).ok_or_else(|| {
            Error::new(
                self.ident.span(),
                "a method of a contract returns a type that has a name, or a stream of it",
            )
        })?;
        Ok(quote!(fn(#(#plain,)* #(#uploads,)*) -> #output))
    }

    /// The proxy's method.
    fn call(&self, server: &TokenStream, root: &TokenStream) -> TokenStream {
        let contract = quote!(#root::generated::contract);
        let (ident, wire, documents) = (&self.ident, &self.wire, &self.documents);
        let mut parameters = Vec::new();
        let mut generics = Vec::new();
        let mut streams = Vec::new();
        let mut arguments = Vec::new();
        let mut stream_types = Vec::new();
        let mut argument_types = Vec::new();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let name = match &parameter.name {
                Some(name) => name.clone(),
                None => format_ident!("argument_{index}"),
            };
            let kind = without_self(parameter.kind.clone(), server);
            if parameter.upload {
                let stream = format_ident!("Stream{index}");
                generics.push(
                    quote!(#stream: #contract::generated::Stream<Item = #kind> + ::core::marker::Send + 'static),
                );
                parameters.push(quote!(#name: #stream));
                streams.push(name);
                stream_types.push(stream);
            } else {
                parameters.push(quote!(#name: #kind));
                arguments.push(name);
                argument_types.push(kind);
            }
        }
        let mut passed = quote!((#(#arguments,)*));
        let mut passed_type = quote!((#(#argument_types,)*));
        if !streams.is_empty() {
            passed = quote!(#contract::TypedUploads::new(#passed, (#(#streams,)*)));
            passed_type = quote!(#contract::TypedUploads<#passed_type, (#(#stream_types,)*)>);
        }
        let (call, output) = match &self.output {
            Output::Value(output) => (quote!(HubCall), output),
            Output::Stream(output) => (quote!(HubStreamCall), output),
        };
        let output = match output {
            Some(output) => without_self(output.clone(), server),
            // Only whoever calls knows what to read it as.
            None => {
                generics.push(quote!(Output));
                quote!(Output)
            }
        };
        let summary = format!("Calls `{}` on the hub.", wire.value());
        quote! {
            #(#documents)*
            #[doc = ""]
            #[doc = #summary]
            #[allow(clippy::too_many_arguments)]
            pub fn #ident<#(#generics),*>(
                &self,
                #(#parameters),*
            ) -> #contract::#call<'_, C, #passed_type, #output> {
                #contract::#call::new(&self.0, #wire, #passed)
            }
        }
    }
}

/// `Self` is the hub, not its proxy.
fn without_self(tokens: TokenStream, server: &TokenStream) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => quote!(<#server>),
            TokenTree::Group(group) => {
                let inside = without_self(group.stream(), server);
                let mut new = Group::new(group.delimiter(), inside);
                new.set_span(group.span());
                TokenTree::Group(new).into()
            }
            other => other.into(),
        })
        .collect()
}

/// The same, to be blamed there.
fn spanned(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                let inside = spanned(group.stream(), span);
                token = Group::new(group.delimiter(), inside).into();
            }
            token.set_span(span.resolved_at(token.span()));
            token
        })
        .collect()
}
