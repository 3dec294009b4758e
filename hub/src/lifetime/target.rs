//! To whom a message goes.

/// A set of connections of one hub.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Target {
    /// Every connection.
    All,
    /// Every connection but these.
    AllExcept(Box<[Box<str>]>),
    /// One connection.
    Connection(Box<str>),
    /// Several connections.
    Connections(Box<[Box<str>]>),
    /// The members of a group.
    Group(Box<str>),
    /// The members of several groups.
    Groups(Box<[Box<str>]>),
    /// The members of a group but these connections.
    GroupExcept(Box<str>, Box<[Box<str>]>),
    /// The connections of a user.
    User(Box<str>),
    /// The connections of several users.
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
