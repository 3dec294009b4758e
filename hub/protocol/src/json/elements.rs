use serde::Deserialize;
use serde::de::IgnoredAny;

/// Steps through the text of an array, one element a call, each into a type of its own.
#[derive(Debug)]
pub(crate) struct Elements<'a> {
    /// What follows the opening bracket, or the element before.
    rest: &'a str,
}

impl<'a> Elements<'a> {
    /// `array` has been checked to be the text of an array, and begins with its bracket.
    pub(crate) fn new(array: &'a str) -> Self {
        Self {
            rest: array.get(1..).unwrap_or_default(),
        }
    }

    /// The next element; none at the end of the array. Of no further use after an error.
    pub(crate) fn next<T: Deserialize<'a>>(&mut self) -> Option<serde_json::Result<T>> {
        let rest = self.rest.trim_ascii_start();
        let rest = rest.strip_prefix(',').unwrap_or(rest);
        if rest.starts_with(']') {
            return None;
        }
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        let value = values.next()?;
        self.rest = rest.get(values.byte_offset()..).unwrap_or_default();
        Some(value)
    }

    /// How many elements are left.
    pub(crate) fn skip_all(&mut self) -> usize {
        let mut count = 0;
        while let Some(Ok(IgnoredAny)) = self.next() {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn elements_of_all_kinds() {
        let mut elements = Elements::new(
            " [1, \"a\\n\" ,null , [1,[2]],{\"a\":[]},true,-1.5e3,\"]\"\n]".trim_start(),
        );
        assert_eq!(elements.next::<i32>().unwrap().unwrap(), 1);
        assert_eq!(elements.next::<String>().unwrap().unwrap(), "a\n");
        assert_eq!(elements.next::<Option<i32>>().unwrap().unwrap(), None);
        assert_eq!(
            elements.next::<(i32, Vec<i32>)>().unwrap().unwrap(),
            (1, vec![2])
        );
        assert!(
            elements
                .next::<serde_json::Value>()
                .unwrap()
                .unwrap()
                .is_object()
        );
        assert!(elements.next::<bool>().unwrap().unwrap());
        assert_eq!(elements.next::<f64>().unwrap().unwrap(), -1500.0);
        assert!(matches!(elements.next::<Cow<'_, str>>(), Some(Ok(it)) if it == "]"));
        assert!(elements.next::<i32>().is_none());
        assert!(elements.next::<i32>().is_none());
    }

    #[test]
    fn the_rest_is_counted() {
        for (array, count) in [
            ("[]", 0),
            ("[ ]", 0),
            ("[1]", 1),
            ("[ 1 , [2, 3] , \"a,b]\" ]", 3),
        ] {
            assert_eq!(Elements::new(array).skip_all(), count, "{array}");
        }
    }
}
