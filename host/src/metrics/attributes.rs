//! Names and values that tell series apart.

/// The attributes of one update, in the caller's order.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// The attributes of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owned(Box<[(&'static str, Box<str>)]>);

impl Owned {
    pub(super) fn new(attributes: Attributes<'_>) -> Self {
        let owned = attributes.iter().map(|&(name, value)| (name, value.into()));
        Self(owned.collect())
    }

    pub(super) fn is(&self, attributes: Attributes<'_>) -> bool {
        self.0.len() == attributes.len()
            && self
                .0
                .iter()
                .zip(attributes)
                .all(|((name, value), (other_name, other))| {
                    **value == **other && name == other_name
                })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, &**value))
    }
}
