use rmp::Marker;

/// Cuts one item, with all that is nested in it, off the beginning of the bytes: the item and the rest. None where the bytes
/// end before it does or are not MessagePack.
///
/// It does not recurse, so there is no nesting that could exhaust the stack.
pub(crate) fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = bytes;
    let mut pending = 1u64;
    while pending > 0 {
        // Each item takes a byte at least: a lie about the number of items ends here, not in a long walk.
        if pending > rest.len() as u64 {
            return None;
        }
        let (content, items) = read_head(&mut rest)?;
        rest = rest.get(content..)?;
        pending = pending - 1 + items;
    }
    Some(bytes.split_at(bytes.len() - rest.len()))
}

/// Reads an item's head: how many bytes of content follow, and how many items.
fn read_head(rest: &mut &[u8]) -> Option<(usize, u64)> {
    let (&first, tail) = rest.split_first()?;
    *rest = tail;
    Some(match Marker::from_u8(first) {
        Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::False | Marker::True => {
            (0, 0)
        }
        Marker::U8 | Marker::I8 => (1, 0),
        Marker::U16 | Marker::I16 | Marker::FixExt1 => (2, 0),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
        Marker::FixStr(length) => (usize::from(length), 0),
        Marker::Str8 | Marker::Bin8 => (read_length::<1>(rest)?, 0),
        Marker::Str16 | Marker::Bin16 => (read_length::<2>(rest)?, 0),
        Marker::Str32 | Marker::Bin32 => (read_length::<4>(rest)?, 0),
        Marker::FixArray(items) => (0, u64::from(items)),
        Marker::Array16 => (0, read_length::<2>(rest)? as u64),
        Marker::Array32 => (0, read_length::<4>(rest)? as u64),
        Marker::FixMap(items) => (0, 2 * u64::from(items)),
        Marker::Map16 => (0, 2 * read_length::<2>(rest)? as u64),
        Marker::Map32 => (0, 2 * read_length::<4>(rest)? as u64),
        // An extension has its type, a byte, between head and content.
        Marker::FixExt2 => (3, 0),
        Marker::FixExt4 => (5, 0),
        Marker::FixExt8 => (9, 0),
        Marker::FixExt16 => (17, 0),
        Marker::Ext8 => (read_length::<1>(rest)? + 1, 0),
        Marker::Ext16 => (read_length::<2>(rest)? + 1, 0),
        Marker::Ext32 => (read_length::<4>(rest)?.checked_add(1)?, 0),
        Marker::Reserved => return None,
    })
}

/// A big-endian length of so many bytes.
fn read_length<const SIZE: usize>(rest: &mut &[u8]) -> Option<usize> {
    let (bytes, tail) = rest.split_first_chunk::<SIZE>()?;
    *rest = tail;
    Some(
        bytes
            .iter()
            .fold(0, |length, &byte| length << 8 | usize::from(byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_is_cut_off() {
        #[rustfmt::skip]
        let items: &[&[u8]] = &[
            &[0x05], &[0xff], &[0xc0], &[0xc2], &[0xc3], &[0xcc, 1], &[0xcd, 1, 2], &[0xce, 1, 2, 3, 4], &[0xcf, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0xd0, 1], &[0xd1, 1, 2], &[0xd2, 1, 2, 3, 4], &[0xd3, 1, 2, 3, 4, 5, 6, 7, 8], &[0xca, 1, 2, 3, 4], &[0xcb, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0xa0], &[0xa2, 1, 2], &[0xd9, 1, 9], &[0xda, 0, 1, 9], &[0xdb, 0, 0, 0, 1, 9], &[0xc4, 1, 9], &[0xc5, 0, 1, 9], &[0xc6, 0, 0, 0, 1, 9],
            &[0x90], &[0x92, 0x91, 1, 0xa1, 2], &[0xdc, 0, 1, 7], &[0xdd, 0, 0, 0, 1, 7], &[0x80], &[0x81, 1, 0x91, 2], &[0xde, 0, 1, 1, 2], &[0xdf, 0, 0, 0, 1, 1, 2],
            &[0xd4, 1, 9], &[0xd5, 1, 9, 9], &[0xd6, 0xff, 1, 2, 3, 4], &[0xd7, 1, 1, 2, 3, 4, 5, 6, 7, 8], &[0xd8, 1, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0xc7, 1, 5, 9], &[0xc8, 0, 1, 5, 9], &[0xc9, 0, 0, 0, 1, 5, 9],
        ];
        for item in items {
            let followed = [*item, b"\xc0\xc1rest"].concat();
            assert_eq!(
                split_value(&followed),
                Some((*item, &b"\xc0\xc1rest"[..])),
                "{item:02x?}"
            );
            for end in 0..item.len() {
                assert_eq!(
                    split_value(&item[..end]),
                    None,
                    "{item:02x?} without its end"
                );
            }
        }
        assert_eq!(split_value(&[0xc1]), None);
        assert_eq!(split_value(&[0xdf, 0xff, 0xff, 0xff, 0xff, 1, 2]), None);
    }

    #[test]
    fn nesting_is_no_danger() {
        let deep = [vec![0x91; 1_000_000], vec![0x05]].concat();
        assert_eq!(
            split_value(&deep).map(|(item, _)| item.len()),
            Some(1_000_001)
        );
    }
}
