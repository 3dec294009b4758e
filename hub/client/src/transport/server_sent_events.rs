//! The stream of Server-Sent Events, as far as SignalR uses it.

use bytes::{Bytes, BytesMut};

/// Reads the data of events out of a stream; whatever else there is in it means nothing to SignalR.
#[derive(Debug, Default)]
pub(crate) struct EventReader {
    buffer: BytesMut,
    data: BytesMut,
}

impl EventReader {
    /// The data of all events that end in this piece of the stream.
    pub(crate) fn read(&mut self, piece: &[u8]) -> Bytes {
        self.buffer.extend_from_slice(piece);
        let mut complete = BytesMut::new();
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(end + 1);
            let line = line[..end].strip_suffix(b"\r").unwrap_or(&line[..end]);
            if line.is_empty() {
                // Without its last line break.
                let data = self.data.split();
                complete.extend_from_slice(data.strip_suffix(b"\n").unwrap_or(&data));
            } else if let Some(data) = line.strip_prefix(b"data:") {
                self.data
                    .extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
                self.data.extend_from_slice(b"\n");
            }
        }
        complete.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::EventReader;

    #[test]
    fn events_in_every_form() {
        let stream = "data: a\r\n\r\ndata:b\n\n: comment\r\n\r\nevent: x\r\nid: 1\r\ndata: c\r\ndata: d\r\n\r\ndata:\r\n\r\n";
        for size in [1, 2, 3, 7, 1000] {
            let mut reader = EventReader::default();
            let all: Vec<u8> = stream
                .as_bytes()
                .chunks(size)
                .flat_map(|piece| reader.read(piece))
                .collect();
            assert_eq!(String::from_utf8_lossy(&all), "abc\nd", "{size}");
        }
    }
}
