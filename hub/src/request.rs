//! The HTTP request that a connection began with.

use campanile_hub_protocol::query;
use campanile_web::Principal;
use std::fmt;

use http::request::Parts;
use http::{Extensions, HeaderMap};

use crate::http::Owner;

/// The request that opened a connection: its path, query and headers.
///
/// Kept in one compact allocation for as long as the connection lives.
pub struct RequestHead {
    /// The path and query, then each header as name and value, all separated by line feeds, which none can hold.
    text: Box<str>,
    path: usize,
    uri: usize,
    /// Who sent it, and until when that holds.
    owner: Owner,
    /// What the hub's options keep of the request's extensions; not there where that is nothing.
    features: Option<Box<Extensions>>,
}

/// Copies a value of one type, where it is there.
pub(crate) type KeepFeature = fn(&Extensions, &mut Extensions);

impl RequestHead {
    pub(crate) fn new(parts: &Parts) -> Self {
        let path = parts.uri.path();
        let query = parts.uri.query().unwrap_or_default();
        let mut text =
            String::with_capacity(path.len() + query.len() + 2 + headers_length(&parts.headers));
        text.push_str(path);
        text.push('?');
        text.push_str(query);
        let uri = text.len();
        for (name, value) in &parts.headers {
            text.push('\n');
            text.push_str(name.as_str());
            text.push('\n');
            text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        Self {
            path: path.len(),
            uri,
            text: text.into_boxed_str(),
            owner: Owner::of(&parts.extensions),
            features: None,
        }
    }

    /// The same with values from the request's extensions.
    pub(crate) fn keeping(mut self, features: &[KeepFeature], extensions: &Extensions) -> Self {
        if !features.is_empty() {
            let mut kept = Extensions::new();
            for keep in features {
                keep(extensions, &mut kept);
            }
            self.features = Some(Box::new(kept));
        }
        self
    }

    /// A value that a server or a layer has put into the extensions of the request, of a type that the hub's options
    /// [keep](crate::HubOptions::keep_feature).
    #[doc(alias = "Features")]
    pub fn feature<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.features.as_ref()?.get()
    }

    /// Who sent it; nobody in particular where there is no authentication.
    pub fn principal(&self) -> &Principal {
        &self.owner.principal
    }

    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The path, as the client sent it.
    pub fn path(&self) -> &str {
        &self.text[..self.path]
    }

    /// The query behind the `?`, as the client sent it; empty where there is none.
    ///
    /// It can hold a secret: browsers have to put access tokens there.
    pub fn query_string(&self) -> &str {
        &self.text[self.path + 1..self.uri]
    }

    /// The first value of a query parameter, decoded. Names ignore case, as in ASP.NET Core.
    pub fn query(&self, name: &str) -> Option<String> {
        query::parameter(self.query_string(), name)
    }

    /// The first value of a header. Names ignore case; bytes that are no UTF-8 are replaced.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All headers, in the order in which the client sent them; names are in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut lines = self.text[self.uri..].split('\n').skip(1);
        std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
    }
}

/// The path only: query and headers can hold secrets.
impl fmt::Debug for RequestHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestHead")
            .field("path", &self.path())
            .field("principal", self.principal())
            .finish_non_exhaustive()
    }
}

fn headers_length(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 2)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_the_client_asked_for() {
        let request = http::Request::get("/hubs/clock?color=light%20blue&id=x")
            .header("X-Probe", "yes")
            .body(());
        let head = RequestHead::new(&request.unwrap().into_parts().0);
        assert_eq!(head.path(), "/hubs/clock");
        assert_eq!(head.query_string(), "color=light%20blue&id=x");
        assert_eq!(head.query("COLOR").as_deref(), Some("light blue"));
        assert_eq!(head.query("none"), None);
        assert_eq!(head.header("x-probe"), Some("yes"));
        assert_eq!(head.header("x-none"), None);
        assert_eq!(head.headers().count(), 1);
    }

    #[test]
    fn no_secret_is_shown() {
        let request = http::Request::get("/hubs/clock?access_token=secret")
            .header("Authorization", "Bearer secret")
            .body(());
        let head = RequestHead::new(&request.unwrap().into_parts().0);
        let shown = format!("{head:?}");
        assert!(
            shown.contains("/hubs/clock") && !shown.contains("secret"),
            "{shown}"
        );
    }

    #[test]
    fn nothing_is_nothing() {
        let head = RequestHead::new(&http::Request::new(()).into_parts().0);
        assert_eq!(
            (head.path(), head.query_string(), head.headers().count()),
            ("/", "", 0)
        );
    }
}
