use std::any::{Any, TypeId};
use std::hash::{Hash, Hasher};

use super::identity_hash::IdentityHasher;

type Value = Box<dyn Any + Send + Sync>;

/// At most one value of each type, fixed once it is made: a look-up is one probe of a table that is mostly empty, and
/// the check that the value is of the type is the comparison of the keys.
pub(crate) struct TypeMap {
    /// A power of two of them, at least one of which is empty.
    slots: Box<[Option<Value>]>,
    /// Which bits of a hash are its place: those by which the fewest find theirs taken.
    shift: u32,
}

/// The shifts that are tried. What is above them are more bits than there are slots.
const SHIFTS: u32 = 40;

impl TypeMap {
    /// The values have to be of different types.
    pub(crate) fn new(values: Vec<Value>) -> Self {
        let size = size(values.len());
        let hashes: Vec<u64> = values.iter().map(|it| hash((**it).type_id())).collect();
        let taken = |shift: &u32| {
            let mut places: Vec<_> = hashes.iter().map(|it| place(*it, *shift, size)).collect();
            places.sort_unstable();
            places.windows(2).filter(|it| it[0] == it[1]).count()
        };
        let shift = (0..SHIFTS).min_by_key(taken).unwrap_or_default();
        Self::placed(values, shift)
    }

    fn placed(values: Vec<Value>, shift: u32) -> Self {
        let size = size(values.len());
        let mut slots: Box<[_]> = (0..size).map(|_| None).collect();
        for value in values {
            let mut index = place(hash((*value).type_id()), shift, size);
            while slots[index].is_some() {
                index = (index + 1) & (size - 1);
            }
            slots[index] = Some(value);
        }
        Self { slots, shift }
    }

    #[inline]
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let index = place(hash(TypeId::of::<T>()), self.shift, self.slots.len());
        let value = self.slots.get(index)?.as_ref()?;
        match value.downcast_ref() {
            Some(value) => Some(value),
            None => self.get_after(index),
        }
    }

    /// The value that found its place taken.
    #[cold]
    fn get_after<T: Any>(&self, taken: usize) -> Option<&T> {
        let (before, after) = self.slots.split_at(taken + 1);
        let present = after.iter().chain(before).map_while(Option::as_ref);
        present.filter_map(|it| it.downcast_ref()).next()
    }
}

/// The slots for so many values.
fn size(values: usize) -> usize {
    (values * 8).next_power_of_two().max(8)
}

/// A `TypeId` is a hash already.
#[inline]
fn hash(type_id: TypeId) -> u64 {
    let mut hasher = IdentityHasher::default();
    type_id.hash(&mut hasher);
    hasher.finish()
}

/// Where to look first.
#[inline]
fn place(hash: u64, shift: u32, size: usize) -> usize {
    (hash >> shift) as usize & size.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Vec<Value> {
        vec![
            Box::new(1_u8),
            Box::new(2_u16),
            Box::new(3_u32),
            Box::new("four"),
            Box::new(String::from("five")),
        ]
    }

    #[test]
    fn each_value_is_found_by_its_type() {
        // By one bit alone most of them find their place taken.
        for map in [TypeMap::new(values()), TypeMap::placed(values(), 63)] {
            assert_eq!(map.get::<u8>(), Some(&1));
            assert_eq!(map.get::<u16>(), Some(&2));
            assert_eq!(map.get::<u32>(), Some(&3));
            assert_eq!(map.get::<&str>(), Some(&"four"));
            assert_eq!(map.get::<String>().map(String::as_str), Some("five"));
            assert_eq!(map.get::<u64>(), None);
        }
        assert_eq!(TypeMap::new(Vec::new()).get::<u8>(), None);
    }
}
