//! The URL of a hub, and those that are made of it.

use http::Uri;

use crate::ClientError;

/// An absolute URL, in the parts that requests need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HubUrl {
    pub(crate) secure: bool,
    pub(crate) authority: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    path: String,
    query: Option<String>,
}

impl HubUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, ClientError> {
        let refuse = |reason: &str| ClientError::Url {
            url: text.to_owned(),
            reason: reason.to_owned(),
        };
        let without_fragment = text.split('#').next().unwrap_or_default();
        let uri: Uri = without_fragment
            .parse()
            .map_err(|error: http::uri::InvalidUri| refuse(&error.to_string()))?;
        let secure = match uri.scheme_str().map(str::to_ascii_lowercase).as_deref() {
            Some("http" | "ws") => false,
            Some("https" | "wss") => true,
            _ => return Err(refuse("it begins with neither http:// nor https://")),
        };
        let authority = uri.authority().ok_or_else(|| refuse("it has no host"))?;
        let host = authority.host();
        if host.is_empty() {
            return Err(refuse("it has no host"));
        }
        Ok(Self {
            secure,
            authority: match authority.as_str().rsplit_once('@') {
                Some((_, rest)) => rest.to_owned(),
                None => authority.to_string(),
            },
            host: host.trim_matches(['[', ']']).to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
        })
    }

    /// Where a redirect of HTTP leads.
    pub(crate) fn join(&self, location: &str) -> Result<Self, ClientError> {
        if location.contains("://") {
            return Self::parse(location);
        }
        let scheme = if self.secure { "https" } else { "http" };
        let path = if location.starts_with('/') {
            location.to_owned()
        } else {
            let folder = self.path.rfind('/').map_or("", |end| &self.path[..end]);
            format!("{folder}/{location}")
        };
        Self::parse(&format!("{scheme}://{}{path}", self.authority))
    }

    pub(crate) fn negotiate(&self, stateful: bool) -> Self {
        let mut url = self.clone();
        url.path = format!("{}/negotiate", self.path.trim_end_matches('/'));
        url.add("negotiateVersion", "1");
        if stateful {
            url.add("useStatefulReconnect", "true");
        }
        url
    }

    pub(crate) fn with_id(&self, token: &str) -> Self {
        let mut url = self.clone();
        url.append("id", token);
        url
    }

    /// Adds a parameter unless there is one of that name.
    fn add(&mut self, name: &str, value: &str) {
        let there = form_urlencoded::parse(self.query.as_deref().unwrap_or_default().as_bytes())
            .any(|(it, _)| it.eq_ignore_ascii_case(name));
        if !there {
            self.append(name, value);
        }
    }

    fn append(&mut self, name: &str, value: &str) {
        let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let query = self.query.get_or_insert_default();
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&value);
    }

    pub(crate) fn path_and_query(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The path alone, which carries no secret: for errors and logs.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn uri(&self) -> Result<Uri, ClientError> {
        self.with_scheme(if self.secure { "https" } else { "http" })
    }

    pub(crate) fn web_socket_uri(&self) -> Result<Uri, ClientError> {
        self.with_scheme(if self.secure { "wss" } else { "ws" })
    }

    fn with_scheme(&self, scheme: &str) -> Result<Uri, ClientError> {
        Uri::builder()
            .scheme(scheme)
            .authority(self.authority.as_str())
            .path_and_query(self.path_and_query())
            .build()
            .map_err(|error| ClientError::Url {
                url: self.path.clone(),
                reason: error.to_string(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_a_url() {
        #[rustfmt::skip]
        let cases = [
            ("http://h/hub", "/hub/negotiate?negotiateVersion=1", "/hub?id=a%2Bb"),
            ("ws://h/hub/?x=1", "/hub/negotiate?x=1&negotiateVersion=1", "/hub/?x=1&id=a%2Bb"),
            ("http://h", "/negotiate?negotiateVersion=1", "/?id=a%2Bb"),
            ("http://h/hub?a=b%20c&flag&e=", "/hub/negotiate?a=b%20c&flag&e=&negotiateVersion=1", "/hub?a=b%20c&flag&e=&id=a%2Bb"),
            ("http://h/hub?negotiateVersion=7", "/hub/negotiate?negotiateVersion=7", "/hub?negotiateVersion=7&id=a%2Bb"),
            ("http://h/hub#part", "/hub/negotiate?negotiateVersion=1", "/hub?id=a%2Bb"),
        ];
        for (url, negotiate, connect) in cases {
            let url = HubUrl::parse(url).unwrap();
            assert_eq!(url.negotiate(false).path_and_query(), negotiate);
            assert_eq!(url.with_id("a+b").path_and_query(), connect);
        }
        let url = HubUrl::parse("https://h:8443/hub").unwrap();
        assert_eq!((url.secure, url.port), (true, 8443));
        assert_eq!(url.join("/x?y").unwrap().path_and_query(), "/x?y");
        assert_eq!(url.join("http://other/z").unwrap().port, 80);
    }

    #[test]
    fn what_is_no_url() {
        for text in ["", "/hub", "hub", "ftp://h/hub", "http://", "http://a b/"] {
            let error = HubUrl::parse(text).unwrap_err();
            assert!(matches!(error, ClientError::Url { .. }), "{text}: {error}");
        }
    }
}
