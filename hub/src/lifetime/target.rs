//! To whom a message goes.

/// A set of connections of one hub.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    All,
    AllExcept(Box<[Box<str>]>),
    Connection(Box<str>),
    Connections(Box<[Box<str>]>),
    Group(Box<str>),
    Groups(Box<[Box<str>]>),
    GroupExcept(Box<str>, Box<[Box<str>]>),
    User(Box<str>),
    Users(Box<[Box<str>]>),
}

/// Owned names from whatever the caller has.
pub(crate) fn names<I>(names: I) -> Box<[Box<str>]>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    names.into_iter().map(|name| name.as_ref().into()).collect()
}
