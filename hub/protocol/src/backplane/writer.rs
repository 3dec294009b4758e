//! Writing MessagePack in its shortest form, as ASP.NET Core does.

use rmp::encode;

use crate::messagepack::INFALLIBLE;

pub(super) fn write_array(out: &mut Vec<u8>, items: usize) {
    encode::write_array_len(out, length(items)).expect(INFALLIBLE);
}

pub(super) fn write_map(out: &mut Vec<u8>, pairs: usize) {
    encode::write_map_len(out, length(pairs)).expect(INFALLIBLE);
}

pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    encode::write_str(out, text).expect(INFALLIBLE);
}

pub(super) fn write_texts<T: AsRef<str>>(out: &mut Vec<u8>, texts: &[T]) {
    write_array(out, texts.len());
    for text in texts {
        write_text(out, text.as_ref());
    }
}

pub(super) fn write_binary(out: &mut Vec<u8>, bytes: &[u8]) {
    encode::write_bin(out, bytes).expect(INFALLIBLE);
}

pub(super) fn write_integer(out: &mut Vec<u8>, number: i64) {
    encode::write_sint(out, number).expect(INFALLIBLE);
}

pub(super) fn write_count(out: &mut Vec<u8>, count: usize) {
    write_integer(out, i64::try_from(count).unwrap_or(i64::MAX));
}

/// Nobody has four thousand million of anything here.
fn length(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}
