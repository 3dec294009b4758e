use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Result};

/// How a field or parameter is filled.
pub(crate) enum Filled {
    Injected,
    Keyed(Expr),
    ServiceKey,
    Default,
    Argument,
}

/// How a type is disposed: where it is said.
#[derive(Default)]
pub(crate) struct Disposed {
    pub(crate) sync: Option<Span>,
    pub(crate) asynchronous: Option<Span>,
}

impl Filled {
    /// Reads the `#[inject(..)]` of a field or parameter.
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut filled = None;
        for attribute in attributes.iter().filter(|it| it.path().is_ident("inject")) {
            attribute.parse_nested_meta(|meta| {
                let way = Self::parse(&meta)?;
                match filled.replace(way) {
                    None => Ok(()),
                    Some(_) => Err(meta.error("one way to fill it is enough")),
                }
            })?;
        }
        Ok(filled.unwrap_or(Self::Injected))
    }

    fn parse(meta: &ParseNestedMeta<'_>) -> Result<Self> {
        if meta.path.is_ident("key") {
            return Ok(Self::Keyed(meta.value()?.parse()?));
        }
        if meta.path.is_ident("service_key") {
            return Ok(Self::ServiceKey);
        }
        if meta.path.is_ident("default") {
            return Ok(Self::Default);
        }
        if meta.path.is_ident("argument") {
            return Ok(Self::Argument);
        }
        Err(meta.error(
            "expected `key = ..`, `service_key`, `default` or `argument` (`dispose` and `dispose_async` stand on the type)",
        ))
    }
}

impl Disposed {
    /// Reads the `#[inject(..)]` of a struct.
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut disposed = Self::default();
        for attribute in attributes.iter().filter(|it| it.path().is_ident("inject")) {
            attribute.parse_nested_meta(|meta| disposed.read(&meta))?;
        }
        Ok(disposed)
    }

    pub(crate) fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("dispose") {
            self.sync = Some(meta.path.span());
            return Ok(());
        }
        if meta.path.is_ident("dispose_async") {
            self.asynchronous = Some(meta.path.span());
            return Ok(());
        }
        Err(Error::new_spanned(
            &meta.path,
            "expected `dispose` or `dispose_async` (what fills a field or parameter stands on it)",
        ))
    }
}
