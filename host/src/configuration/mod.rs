//! Configuration: the sources and the precedence of .NET, read under keys such as `Clock:Interval`, bound to types.
//!
//! [`ConfigurationBuilder`] puts sources together: JSON files, environment variables, the command line, folders of
//! secrets, pairs of the program, and any source of the `config` crate. [`HostConfigurationBuilder`] adds those that a
//! host has when nobody says otherwise. [`Configuration`] is what comes out.
//!
//! # What .NET users look for
//!
//! | .NET | here |
//! | --- | --- |
//! | `AddJsonFile(.., reloadOnChange: true)` | [`ConfigurationBuilder::reload_on_change`], for the files that are added after it; a host has it on |
//! | `IConfigurationRoot.Reload`, `GetReloadToken`, `ChangeToken.OnChange` | [`Configuration::reload`], [`changes`](Configuration::changes), [`on_change`](Configuration::on_change) |
//! | user secrets | the id is the value of `userSecretsId`, best kept in `appsettings.Development.json`; `dotnet user-secrets --id` writes them |
//! | `GetDebugView` | [`Configuration::debug_view`], with [`hide_secrets`] |
//! | (none: arrays always merge by index) | `"Zones": { "$replace": ["UTC"] }` replaces one whole, see [`ConfigurationBuilder`] |
//! | `ErrorOnUnknownConfiguration` | the default; [`bind_lenient`](Configuration::bind_lenient) opts out, for options [`OptionsBuilder::bind_lenient`](crate::options::OptionsBuilder::bind_lenient) |
//!
//! Left out on purpose: writing to the configuration (who has values of the program gives them as a source, and
//! [reloads](Configuration::reload)), chained configurations (all sources are added to one builder), and
//! `GetRequiredSection` (binding says what is missing).
//!
//! # How types are read
//!
//! [`Configuration::bind`] deserializes by serde, and reads text the way that .NET's configuration binder does:
//!
//! | type | text |
//! | --- | --- |
//! | integers | decimal or `0x`, perhaps with a sign, spaces around; out of range is an error |
//! | floats | `1.5`, `-1.5E+2`, `NaN`, `Infinity`; spaces around |
//! | `bool` | `true` or `false`, in any case |
//! | [`Duration`](std::time::Duration) | `hh:mm:ss`, `hh:mm:ss.fffffff`, `d.hh:mm:ss`; mere numbers, and hours above 23, are refused, since .NET takes them for days |
//! | enumerations | a variant's name in any case; a variant with content is a section of that name |
//! | bytes | base64 (types that ask serde for bytes, as `bytes::Bytes` does) |
//! | `Option` | nothing for a null, and for an empty text where an empty text is none of the type |
//! | lists | the values of all keys below, in order: indices by number, then names; an empty text is an empty list |
//! | maps | the keys below, as they are spelled |
//! | [`ByteSize`] | `4096`, `64 KiB`, `1.5 MB` |
//! | [`Url`] | absolute: `https://example.org/a`, `redis://localhost:6379` |
//! | everything else | as its `Deserialize` reads a string: `String`, `Uuid`, `IpAddr`, `PathBuf` |
//!
//! The key of a struct's field is its name without regard to case and underscores: `Interval` and `INTERVAL` both are
//! `interval`, `ShutdownTimeout` is `shutdown_timeout`. A null leaves a field what `#[serde(default)]` makes it.
//!
//! What .NET passes over in silence is an error here: a key that the type does not have (the message gives the nearest
//! one), text where a section or a list belongs, an element that cannot be read. An error names the key, and the file and
//! line or the variable that the value is from; one report has all that is wrong in a section.
//!
//! One thing is passed over: the text of an environment variable that happens to have the name of a section, since `MAIL`
//! is set in every login shell and does not mean the section `Mail`.
//!
//! # Flattened fields, tagged and untagged enumerations
//!
//! Of `#[serde(flatten)]` and of internally tagged and untagged enumerations serde keeps keys and values in a buffer and matches
//! them itself. They are read by the same rules, found out by trying how a type spells a key and what it takes for a value.
//! These differences are left:
//!
//! - A field with a default is found where the key has capitals or underscores between the words of its name (`MaxBytes`,
//!   `MAX_BYTES`), or is written as the field is; `MAXBYTES` stands for `max_bytes` only where that has no default.
//! - A key that no type reads is an error, but without the nearest one, unless the type denies unknown fields. What any variant
//!   of an untagged enumeration reads is known. A flattened map takes all that is left, as it is spelled.
//! - The elements of a list or a map in there, and what an untagged enumeration may take for several things, are taken for what
//!   they look like (a number, a truth, a text), and for something else where no type takes that.
//! - A setting that is missing is named as if it were right in the section that is buffered. Where a value of a field without a
//!   default is wrong, other problems may be reported only once it is right. Of an untagged enumeration that fits in none of its
//!   variants, the message says what each of them lacks.

mod binding;
mod builder;
mod byte_size;
mod changes;
mod command_line;
#[expect(
    clippy::module_inception,
    reason = "the type that the module is named after"
)]
mod configuration;
mod credentials;
mod debug_view;
mod environment_variables;
mod error;
mod files;
mod fingerprint;
mod host;
mod in_memory;
mod injectable;
mod json;
mod key;
mod key_per_file;
mod layer;
mod listeners;
mod live;
pub(crate) mod schema;
mod section;
mod tree;
mod url;
mod user_secrets;
mod watch;

pub(crate) use binding::time_span;
pub use binding::{BindError, BindProblem, BindProblemKind};
pub use builder::ConfigurationBuilder;
pub use byte_size::{ByteSize, ByteSizeError};
pub use changes::ConfigurationChanges;
pub use configuration::Configuration;
pub use debug_view::hide_secrets;
pub use error::{ConfigurationError, ReloadError};
pub use files::ConfigurationFile;
pub use host::{HostConfiguration, HostConfigurationBuilder};
pub use listeners::ChangeRegistration;
pub(crate) use listeners::Listeners;
pub(crate) use live::Change;
pub use section::ConfigurationSection;
pub use url::{Url, UrlError};
pub use watch::ConfigurationWatch;
