//! What a process prints, line by line, with a limit to the waiting.

use std::{
    io::{BufRead, BufReader, Read},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Instant,
};

use crate::PATIENCE;

/// The lines of an output of a process, as they come.
#[derive(Debug)]
pub struct Lines {
    receiver: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    /// Reads from now on, in a thread of its own, so that the process is never held up.
    pub fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            receiver,
            seen: Vec::new(),
        }
    }

    /// The next line of which `choose` makes something; those before it are passed over.
    ///
    /// # Panics
    ///
    /// When the output ends, or the patience does, before there is one.
    pub fn find<T>(&mut self, wanted: &str, mut choose: impl FnMut(&str) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            match self
                .receiver
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    let chosen = choose(&line);
                    self.seen.push(line);
                    if let Some(chosen) = chosen {
                        return chosen;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!(
                    "no {wanted} within {PATIENCE:?}; there was:\n{}",
                    self.seen.join("\n")
                ),
                Err(RecvTimeoutError::Disconnected) => panic!(
                    "the end instead of {wanted}; there was:\n{}",
                    self.seen.join("\n")
                ),
            }
        }
    }

    /// All lines up to now, those included that were passed over.
    pub fn so_far(&mut self) -> &[String] {
        self.seen.extend(self.receiver.try_iter());
        &self.seen
    }

    /// All lines up to the end of the output, those included that were passed over.
    pub fn all(&mut self) -> &[String] {
        self.seen.extend(self.receiver.iter());
        &self.seen
    }
}
