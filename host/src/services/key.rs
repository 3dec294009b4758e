use std::borrow::Cow;
use std::fmt;

/// What tells several registrations of one service apart: a text, a number, or [`ServiceKey::ANY`].
///
/// A service that was registered with a key is only found with that key, and one without only without. A registration
/// with [`ServiceKey::ANY`] answers for every key that has no registration of its own.
///
/// In a field or parameter of a keyed service, it is the key under which that service was asked for.
///
/// ```
/// use campanile_host::services::ServiceKey;
///
/// assert_eq!(ServiceKey::from("red").as_str(), Some("red"));
/// assert_eq!(ServiceKey::from(7_u16).as_number(), Some(7));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceKey(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Any,
    Number(i128),
    Text(Cow<'static, str>),
}

impl ServiceKey {
    /// Registered with it, a service answers for every key without a registration of its own. Asked for with it,
    /// "all" are those with a key of their own; a single one cannot be asked for.
    #[doc(alias = "KeyedService.AnyKey")]
    pub const ANY: Self = Self(Repr::Any);

    /// A key that is this text.
    pub const fn text(text: &'static str) -> Self {
        Self(Repr::Text(Cow::Borrowed(text)))
    }

    /// Whether this is [`ServiceKey::ANY`].
    pub fn is_any(&self) -> bool {
        matches!(self.0, Repr::Any)
    }

    /// The text, if this key is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if this key is one.
    pub fn as_number(&self) -> Option<i128> {
        match self.0 {
            Repr::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Any => f.write_str("*"),
            Repr::Number(number) => number.fmt(f),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Any => f.write_str("ANY"),
            Repr::Number(number) => number.fmt(f),
            Repr::Text(text) => fmt::Debug::fmt(text, f),
        }
    }
}

impl From<&'static str> for ServiceKey {
    fn from(text: &'static str) -> Self {
        Self::text(text)
    }
}

impl From<String> for ServiceKey {
    fn from(text: String) -> Self {
        Self(Repr::Text(Cow::Owned(text)))
    }
}

impl From<Cow<'static, str>> for ServiceKey {
    fn from(text: Cow<'static, str>) -> Self {
        Self(Repr::Text(text))
    }
}

/// What `#[inject(service_key)]` may stand on: a type that the key of the constructed service is turned into.
#[diagnostic::on_unimplemented(
    message = "the key of a service cannot be turned into `{Self}`",
    label = "not a type for `#[inject(service_key)]`",
    note = "use `ServiceKey`, `String`, an integer, or an `Option` of one of them"
)]
pub trait FromServiceKey: Sized {
    /// The key as this type. `None` where the service has no key, or one of another kind.
    fn from_service_key(key: Option<&ServiceKey>) -> Option<Self>;

    /// Whether a service without a key can have this: true only of an `Option`.
    const OPTIONAL: bool = false;
}

impl FromServiceKey for ServiceKey {
    fn from_service_key(key: Option<&ServiceKey>) -> Option<Self> {
        key.cloned()
    }
}

impl FromServiceKey for String {
    fn from_service_key(key: Option<&ServiceKey>) -> Option<Self> {
        key?.as_str().map(Self::from)
    }
}

impl<T: FromServiceKey> FromServiceKey for Option<T> {
    const OPTIONAL: bool = true;

    fn from_service_key(key: Option<&ServiceKey>) -> Option<Self> {
        match key {
            None => Some(None),
            Some(_) => T::from_service_key(key).map(Some),
        }
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for ServiceKey {
            fn from(number: $integer) -> Self {
                Self(Repr::Number(number.into()))
            }
        }

        impl FromServiceKey for $integer {
            fn from_service_key(key: Option<&ServiceKey>) -> Option<Self> {
                key?.as_number()?.try_into().ok()
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);
