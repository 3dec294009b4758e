//! The configuration for people: what there is, and which source it is from.

use std::fmt::Write;

use super::Configuration;
use super::credentials;
use super::key;
use super::tree::{Node, NodeId, ROOT, Tree};
use super::user_secrets;

/// What stands for a value that is not shown.
const HIDDEN: &str = "***";

/// What the last segment of a key has in it if its value is a secret, without regard to case and what separates words.
const SECRETS: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PWD",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "APIKEY",
    "ACCESSKEY",
    "PRIVATEKEY",
    "SIGNINGKEY",
    "CONNECTIONSTRING",
];

impl Configuration {
    /// All keys, indented by section, each with the value and the source that wins: `Interval=00:00:01
    /// (appsettings.json:3)`.
    ///
    /// `show` says what is shown of a value that is not empty, given its whole key; [`hide_secrets`] is one for it.
    ///
    /// ```
    /// use campanile_host::configuration::{ConfigurationBuilder, hide_secrets};
    ///
    /// # fn main() -> Result<(), campanile_host::configuration::ConfigurationError> {
    /// let configuration = ConfigurationBuilder::new()
    ///     .add_json_text(r#"{ "Mail": { "Host": "example.org", "Password": "1234" } }"#)
    ///     .build()?;
    /// assert_eq!(
    ///     configuration.debug_view(hide_secrets),
    ///     "Mail:\n  Host=example.org (JSON text:1)\n  Password=*** (JSON text:1)\n"
    /// );
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "GetDebugView")]
    #[must_use]
    pub fn debug_view(&self, show: impl Fn(&str, &str) -> String) -> String {
        self.view(|node, text| show(&node.path, text))
    }

    /// [`debug_view`](Self::debug_view) to be logged: [`hide_secrets`] decides what is shown, and nothing is of what comes from
    /// systemd's credentials, a folder of secrets, or user secrets.
    #[must_use]
    pub fn debug_view_without_secrets(&self) -> String {
        self.view(|node, text| {
            let origin = node.origin().unwrap_or_default();
            let is_secret = origin.starts_with(credentials::ORIGIN)
                || origin.starts_with(credentials::FOLDER_ORIGIN)
                || origin.starts_with(user_secrets::ORIGIN);
            if is_secret {
                HIDDEN.to_owned()
            } else {
                hide_secrets(&node.path, text)
            }
        })
    }

    fn view(&self, show: impl Fn(&Node, &str) -> String) -> String {
        let mut view = String::new();
        write_children(&self.tree(), ROOT, 0, &show, &mut view);
        view
    }
}

fn write_children(
    tree: &Tree,
    of: NodeId,
    depth: usize,
    show: &impl Fn(&Node, &str) -> String,
    view: &mut String,
) {
    for (id, node) in tree.children(of) {
        let name = one_line(&node.name);
        // Writing to a string does not fail.
        let _ = match (&node.value, node.origin()) {
            (Some(_), origin) => {
                let text = node.text().unwrap_or_default();
                let shown = if text.is_empty() {
                    String::new()
                } else {
                    one_line(&show(node, text))
                };
                let origin = origin.unwrap_or("an unknown source");
                writeln!(view, "{:1$}{name}={shown} ({origin})", "", depth * 2)
            }
            (None, _) => writeln!(view, "{:1$}{name}:", "", depth * 2),
        };
        write_children(tree, id, depth + 1, show, view);
    }
}

/// A value cannot look like another line.
fn one_line(text: &str) -> String {
    if text.contains(char::is_control) {
        text.escape_debug().collect()
    } else {
        text.to_owned()
    }
}

/// The value, or `***` where the key says that it is a secret: where its last segment speaks of a password, a secret, a
/// token, a private key or the like, and below `ConnectionStrings`. Of a URL only the password is hidden.
#[must_use]
pub fn hide_secrets(key: &str, value: &str) -> String {
    let folded = key::fold(key);
    let last = folded.rsplit(key::SEPARATOR).next().unwrap_or_default();
    let last = last.replace(['_', '-', '.'], "");
    let is_secret =
        SECRETS.iter().any(|word| last.contains(word)) || folded.starts_with("CONNECTIONSTRINGS:");
    if is_secret {
        return HIDDEN.to_owned();
    }
    match password_in_url(value) {
        Some((before, after)) => format!("{before}{HIDDEN}{after}"),
        None => value.to_owned(),
    }
}

/// What is before and after the password of `scheme://user:password@host`.
pub(super) fn password_in_url(url: &str) -> Option<(&str, &str)> {
    let start = url.find("://")? + 3;
    let end = url[start..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| start + at);
    let at = start + url[start..end].rfind('@')?;
    let colon = start + url[start..at].find(':')?;
    Some((&url[..=colon], &url[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_key() {
        for key in [
            "Password",
            "Mail:smtp_password",
            "Kestrel:Certificates:Default:Password",
            "A:client-secret",
            "ConnectionStrings:Main",
            "Auth:SigningKey",
            "Redis:ConnectionString",
        ] {
            assert_eq!(hide_secrets(key, "x"), "***", "{key}");
        }
        for key in [
            "Mail:Host",
            "Password:Length",
            "KeyPath",
            "Connections:Most",
        ] {
            assert_eq!(hide_secrets(key, "x"), "x", "{key}");
        }
    }

    #[test]
    fn of_a_url_the_password_is_hidden() {
        for (url, shown) in [
            ("redis://me:p@ss@host:1/0", "redis://me:***@host:1/0"),
            ("http://host/a:b@c", "http://host/a:b@c"),
            ("http://me@host", "http://me@host"),
            ("a:b@c", "a:b@c"),
        ] {
            assert_eq!(hide_secrets("Url", url), shown);
        }
    }
}
