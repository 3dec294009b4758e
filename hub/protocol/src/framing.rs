use crate::{ProtocolError, WriteError};

/// What ends a JSON message and the handshake: the ASCII record separator.
pub(crate) const RECORD_SEPARATOR: u8 = 0x1e;

/// One whole message, still encoded, at the beginning of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The message without separator or length prefix: what [`HubProtocol::parse`](crate::HubProtocol::parse) takes.
    pub body: &'a [u8],
    /// How many bytes of the input the frame takes, with separator or length prefix.
    pub consumed: usize,
}

/// A frame of text: everything up to the record separator.
///
/// As in ASP.NET Core the limit is that of the framed bytes, and an input that is not longer than the limit is incomplete
/// rather than too large.
pub(crate) fn text_frame(
    input: &[u8],
    maximum: Option<usize>,
) -> Result<Option<Frame<'_>>, ProtocolError> {
    let maximum = maximum.unwrap_or(usize::MAX);
    let window = &input[..input.len().min(maximum)];
    match memchr::memchr(RECORD_SEPARATOR, window) {
        Some(end) => Ok(Some(Frame {
            body: &input[..end],
            consumed: end + 1,
        })),
        None if input.len() > maximum => Err(ProtocolError::MessageTooLarge { maximum }),
        None => Ok(None),
    }
}

/// A frame of binary: a length in base 128, little end first, and that many bytes.
pub(crate) fn binary_frame(
    input: &[u8],
    maximum: Option<usize>,
) -> Result<Option<Frame<'_>>, ProtocolError> {
    let maximum = maximum.unwrap_or(usize::MAX);
    let frame = read_length(input)?.and_then(|(length, prefix)| {
        let consumed = prefix + length;
        if consumed > maximum {
            return None;
        }
        let body = input.get(prefix..consumed)?;
        Some(Frame { body, consumed })
    });
    if frame.is_none() && input.len() > maximum {
        return Err(ProtocolError::MessageTooLarge { maximum });
    }
    Ok(frame)
}

/// Ends what `write` appends by a record separator, or takes it back where it fails.
pub(crate) fn text(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let start = out.len();
    let written = write(out);
    match written {
        Ok(()) => out.push(RECORD_SEPARATOR),
        Err(_) => out.truncate(start),
    }
    written
}

/// Puts its length in front of what `write` appends, or takes it back where it fails.
pub(crate) fn binary(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), WriteError>,
) -> Result<(), WriteError> {
    let start = out.len();
    // Room for the length of a short message.
    out.push(0);
    let written =
        write(out).and_then(|()| finish_binary_frame(out, start).ok_or(WriteError::TooLarge));
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// The longest length prefix.
const MAXIMUM_PREFIX: usize = 5;

/// The length at the beginning of the input and how many bytes it takes; none where it is incomplete.
fn read_length(input: &[u8]) -> Result<Option<(usize, usize)>, ProtocolError> {
    let mut length = 0u32;
    for (index, &byte) in input.iter().take(MAXIMUM_PREFIX).enumerate() {
        // Four bytes give 28 bits: the fifth has room for three more, and none may follow it.
        if index == MAXIMUM_PREFIX - 1 && byte > 0x07 {
            return Err(ProtocolError::LengthPrefix);
        }
        length |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((length as usize, index + 1)));
        }
    }
    Ok(None)
}

/// Puts the length prefix in front of the message that stands in `out` from `start` on.
///
/// Almost all messages are shorter than 128 bytes: the writer has left one byte for the prefix at `start`, and only a
/// longer message has to be moved. None where the message is longer than a prefix can say.
fn finish_binary_frame(out: &mut Vec<u8>, start: usize) -> Option<()> {
    let length = out.len() - start - 1;
    let mut rest = u32::try_from(length)
        .ok()
        .filter(|&it| it <= i32::MAX as u32)?;
    let mut prefix = [0; MAXIMUM_PREFIX];
    let mut size = 0;
    loop {
        prefix[size] = (rest & 0x7f) as u8;
        rest >>= 7;
        size += 1;
        if rest == 0 {
            break;
        }
        prefix[size - 1] |= 0x80;
    }
    if size > 1 {
        let end = out.len();
        out.resize(end + size - 1, 0);
        out.copy_within(start + 1..end, start + size);
    }
    out[start..start + size].copy_from_slice(&prefix[..size]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_the_separator() {
        assert_eq!(
            text_frame(b"ab\x1ecd", None),
            Ok(Some(Frame {
                body: b"ab",
                consumed: 3
            }))
        );
        assert_eq!(
            text_frame(b"\x1e", None),
            Ok(Some(Frame {
                body: b"",
                consumed: 1
            }))
        );
        assert_eq!(text_frame(b"ab", None), Ok(None));
        assert_eq!(text_frame(b"", Some(10)), Ok(None));
    }

    #[test]
    fn the_limit_is_that_of_the_framed_bytes() {
        let too_large = Err(ProtocolError::MessageTooLarge { maximum: 3 });
        assert_eq!(
            text_frame(b"ab\x1ecdef", Some(3)),
            Ok(Some(Frame {
                body: b"ab",
                consumed: 3
            }))
        );
        assert_eq!(text_frame(b"abc", Some(3)), Ok(None));
        assert_eq!(text_frame(b"abc\x1e", Some(3)), too_large);
        assert_eq!(
            binary_frame(b"\x02ab", Some(3)),
            Ok(Some(Frame {
                body: b"ab",
                consumed: 3
            }))
        );
        assert_eq!(binary_frame(b"\x03ab", Some(3)), Ok(None));
        assert_eq!(binary_frame(b"\x03abc", Some(3)), too_large);
        assert_eq!(binary_frame(b"\xff\xff\xff\xff\x07", Some(5)), Ok(None));
        assert_eq!(binary_frame(b"\x80\x80\x80\x80", Some(3)), too_large);
        let text = ProtocolError::MessageTooLarge { maximum: 32768 }.to_string();
        assert_eq!(
            text,
            "The maximum message size of 32768B was exceeded. The message size can be configured in AddHubOptions."
        );
    }

    #[test]
    fn lengths_as_dotnet_reads_them() {
        #[rustfmt::skip]
        let cases: &[(&[u8], _)] = &[
            (&[], Ok(None)),
            (&[0x00], Ok(Some((0, 1)))),
            (&[0x7f], Ok(Some((127, 1)))),
            (&[0x80], Ok(None)),
            (&[0x80, 0x01], Ok(Some((128, 2)))),
            (&[0x81, 0x00], Ok(Some((1, 2)))),
            (&[0xff, 0xff, 0x7f], Ok(Some((2_097_151, 3)))),
            (&[0xff, 0xff, 0xff, 0x7f], Ok(Some((268_435_455, 4)))),
            (&[0xff, 0xff, 0xff, 0xff], Ok(None)),
            (&[0xff, 0xff, 0xff, 0xff, 0x07], Ok(Some((2_147_483_647, 5)))),
            (&[0xff, 0xff, 0xff, 0xff, 0x08], Err(ProtocolError::LengthPrefix)),
            (&[0x80, 0x80, 0x80, 0x80, 0x80], Err(ProtocolError::LengthPrefix)),
        ];
        for (input, expected) in cases {
            assert_eq!(read_length(input), *expected, "{input:02x?}");
        }
    }

    #[test]
    fn prefixes_are_as_short_as_can_be() {
        for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let mut out = b"before".to_vec();
            out.push(0);
            out.extend((0..length).map(|it| (it % 251) as u8));
            finish_binary_frame(&mut out, 6).unwrap();
            assert_eq!(&out[..6], b"before");
            let frame = binary_frame(&out[6..], None).unwrap().unwrap();
            assert_eq!((frame.body.len(), frame.consumed), (length, out.len() - 6));
            assert!(
                frame
                    .body
                    .iter()
                    .enumerate()
                    .all(|(index, &byte)| byte == (index % 251) as u8)
            );
            let shortest = [128, 16_384, 2_097_152]
                .iter()
                .filter(|&&it| length >= it)
                .count()
                + 1;
            assert_eq!(frame.consumed - length, shortest);
        }
    }
}
