//! Reading foreign MessagePack without trusting a length in it.

use super::PayloadError;

pub(super) struct Reader<'a> {
    rest: &'a [u8],
    payload: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8], payload: &'static str) -> Self {
        Self { rest, payload }
    }

    pub(super) fn unexpected(&self, expected: &'static str) -> PayloadError {
        PayloadError::Unexpected {
            expected,
            payload: self.payload,
        }
    }

    /// An array of so many items at least: how many it has.
    pub(super) fn array(&mut self, least: usize) -> Result<usize, PayloadError> {
        let items = self.length("an array")?;
        if items < least {
            return Err(PayloadError::Insufficient {
                payload: self.payload,
            });
        }
        Ok(items)
    }

    /// The length of an array whose items may all be there.
    pub(super) fn length(&mut self, expected: &'static str) -> Result<usize, PayloadError> {
        let length = rmp::decode::read_array_len(&mut self.rest).ok();
        length
            .map(|it| it as usize)
            .filter(|it| *it <= self.rest.len())
            .ok_or_else(|| self.unexpected(expected))
    }

    pub(super) fn texts(
        &mut self,
        expected: &'static str,
        each: &'static str,
    ) -> Result<Vec<&'a str>, PayloadError> {
        (0..self.length(expected)?)
            .map(|_| self.text(each))
            .collect()
    }

    pub(super) fn map(&mut self, expected: &'static str) -> Result<usize, PayloadError> {
        let length = rmp::decode::read_map_len(&mut self.rest).ok();
        length
            .map(|it| it as usize)
            .filter(|it| *it <= self.rest.len() / 2)
            .ok_or_else(|| self.unexpected(expected))
    }

    pub(super) fn integer(&mut self) -> Result<i64, PayloadError> {
        rmp::decode::read_int(&mut self.rest).map_err(|_| self.unexpected("an integer"))
    }

    pub(super) fn int32(&mut self) -> Result<i32, PayloadError> {
        i32::try_from(self.integer()?).map_err(|_| self.unexpected("an integer of 32 bits"))
    }

    pub(super) fn count(&mut self) -> Result<usize, PayloadError> {
        usize::try_from(self.integer()?).map_err(|_| self.unexpected("a count"))
    }

    pub(super) fn text(&mut self, expected: &'static str) -> Result<&'a str, PayloadError> {
        let length = rmp::decode::read_str_len(&mut self.rest).ok();
        let bytes = length.and_then(|length| self.take(length));
        bytes
            .and_then(|it| std::str::from_utf8(it).ok())
            .ok_or_else(|| self.unexpected(expected))
    }

    pub(super) fn binary(&mut self) -> Result<&'a [u8], PayloadError> {
        let length = rmp::decode::read_bin_len(&mut self.rest).ok();
        length
            .and_then(|length| self.take(length))
            .ok_or_else(|| self.unexpected("a message"))
    }

    fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(taken)
    }
}
