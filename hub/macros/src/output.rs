//! What a method of a hub gives, as its callers see it.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{
    AssocType, GenericArgument, PathArguments, PathSegment, ReturnType, Type, TypeParamBound,
};

/// One result, or a stream of them, of this type; none where the type cannot be named.
pub(crate) enum Output {
    Value(Option<TokenStream>),
    Stream(Option<TokenStream>),
}

impl Output {
    pub(crate) fn of(output: &ReturnType, root: &TokenStream) -> Self {
        let ReturnType::Type(_, kind) = output else {
            return Self::Value(Some(quote!(())));
        };
        let inside = ends_with_result(kind)
            .then(|| argument(kind, 0))
            .flatten()
            .unwrap_or(kind);
        match item(inside) {
            Some(item) => Self::Stream(value(item, root)),
            None => Self::Value(value(kind, root)),
        }
    }

    /// The type as a part of a method's signature, where contract and hub are compared.
    pub(crate) fn signature(&self, root: &TokenStream) -> Option<TokenStream> {
        match self {
            Self::Value(kind) => kind.clone(),
            Self::Stream(kind) => kind
                .as_ref()
                .map(|it| quote!(#root::generated::contract::generated::Streams<#it>)),
        }
    }
}

/// The type without the `Result` that it is in.
fn value(kind: &Type, root: &TokenStream) -> Option<TokenStream> {
    if !ends_with_result(kind) {
        return (!has_impl(kind)).then(|| kind.to_token_stream());
    }
    match argument(kind, 0) {
        Some(inside) if has_impl(inside) => None,
        _ => Some(quote!(<#kind as #root::generated::contract::Fallible>::Value)),
    }
}

/// The items of a stream, if this is a type of streams.
fn item(kind: &Type) -> Option<&Type> {
    match kind {
        Type::ImplTrait(stream) => stream.bounds.iter().find_map(item_of_bound),
        Type::TraitObject(stream) => stream.bounds.iter().find_map(item_of_bound),
        Type::Path(_) => match last(kind)?.ident.to_string().as_str() {
            "HubStream" | "BoxStream" | "LocalBoxStream" => argument(kind, 0),
            "Pin" | "Box" => item(argument(kind, 0)?),
            _ => None,
        },
        Type::Group(group) => item(&group.elem),
        Type::Paren(paren) => item(&paren.elem),
        _ => None,
    }
}

/// The items of `impl Stream<Item = T>`.
pub(crate) fn stream_item(kind: &Type) -> Option<&Type> {
    match kind {
        Type::ImplTrait(_) => item(kind),
        _ => None,
    }
}

fn item_of_bound(bound: &TypeParamBound) -> Option<&Type> {
    let TypeParamBound::Trait(bound) = bound else {
        return None;
    };
    let segment = bound.path.segments.last()?;
    if segment.ident != "Stream" {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Item" => Some(ty),
        _ => None,
    })
}

fn last(kind: &Type) -> Option<&PathSegment> {
    match kind {
        Type::Path(path) => path.path.segments.last(),
        Type::Group(group) => last(&group.elem),
        Type::Paren(paren) => last(&paren.elem),
        _ => None,
    }
}

/// Whether it is a `Result`, by its name.
pub(crate) fn ends_with_result(kind: &Type) -> bool {
    last(kind).is_some_and(|it| it.ident.to_string().ends_with("Result"))
}

/// A type among the generic arguments of a path.
pub(crate) fn argument(kind: &Type, index: usize) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &last(kind)?.arguments else {
        return None;
    };
    arguments
        .args
        .iter()
        .filter_map(|argument| match argument {
            GenericArgument::Type(kind) => Some(kind),
            _ => None,
        })
        .nth(index)
}

/// Whether there is an `impl Trait` in it, which has no name.
fn has_impl(kind: &Type) -> bool {
    fn any(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Group(group) => any(group.stream()),
            _ => false,
        })
    }
    any(kind.to_token_stream())
}

/// The last name of a path type.
pub(crate) fn last_segment(kind: &Type) -> Option<String> {
    last(kind).map(|segment| segment.ident.to_string())
}
