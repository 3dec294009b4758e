//! Questions to clients that are not answered yet.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use campanile_hub_protocol::CompletionOutcome;
use serde::de::DeserializeOwned;
use serde::de::value::{Error as UnitError, UnitDeserializer};
use tokio::sync::oneshot;

use super::outgoing::Question;
use crate::connection::{Connection, Frame};
use crate::{HubError, HubOptions, HubResult};

/// Takes the answer to a question, whatever its type is.
pub trait TakeAnswer: Send {
    /// Takes it. Called once at most, under no lock, by the task of the connection that answers.
    fn take(self: Box<Self>, outcome: CompletionOutcome<'_>);
}

/// Ends only when there can be no answer any more. Dropped, it forgets the question.
pub type Asking = Pin<Box<dyn Future<Output = HubError> + Send>>;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answered {
    /// Whoever has asked has it.
    Taken,
    /// Nobody waits for it, or not any more.
    Unknown,
    /// Another connection has been asked.
    NotAsked,
}

/// The open questions of one hub in this process.
#[derive(Debug, Default)]
pub(crate) struct ClientResults {
    asked: AtomicU64,
    pending: Mutex<HashMap<Box<str>, Pending>>,
    /// The longest of those that were said, in milliseconds; 0 where none was.
    longest_timeout: AtomicU64,
}

struct Pending {
    connection_id: Arc<str>,
    answer: Box<dyn TakeAnswer>,
}

impl ClientResults {
    /// Asks a connection.
    pub(crate) fn ask(
        self: &Arc<Self>,
        connection: Arc<Connection>,
        question: &dyn Question,
        answer: Box<dyn TakeAnswer>,
    ) -> HubResult<Asking> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        // Upload streams are named by clients, which count without a letter.
        let id: Box<str> = format!("s{number}").into();
        let frame = question.frame(connection.protocol, &id)?;
        Ok(self.ask_as(connection, id, frame, answer))
    }

    /// Asks a connection under an id that nobody else uses.
    pub(crate) fn ask_as(
        self: &Arc<Self>,
        connection: Arc<Connection>,
        id: Box<str>,
        frame: Frame,
        answer: Box<dyn TakeAnswer>,
    ) -> Asking {
        let pending = Pending {
            connection_id: connection.id.clone(),
            answer,
        };
        self.lock().insert(id.clone(), pending);
        let forget = Forget {
            results: self.clone(),
            id,
        };
        connection.queue.push_always(frame);
        Box::pin(async move {
            let _forget = forget;
            connection.aborted().cancelled().await;
            HubError::ClientDisconnected {
                connection_id: connection.id.to_string(),
            }
        })
    }

    /// Takes an answer of a connection.
    pub(crate) fn answer(
        &self,
        connection: &Connection,
        id: &str,
        outcome: CompletionOutcome<'_>,
    ) -> Answered {
        let mut pending = self.lock();
        match pending.get(id) {
            None => return Answered::Unknown,
            Some(question) if question.connection_id != connection.id => {
                return Answered::NotAsked;
            }
            Some(_) => {}
        }
        let question = pending.remove(id);
        drop(pending);
        if let Some(question) = question {
            question.answer.take(outcome);
        }
        Answered::Taken
    }

    pub(crate) fn add_timeout(&self, timeout: Option<Duration>) {
        let milliseconds = timeout.map_or(u64::MAX, |timeout| {
            u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)
        });
        self.longest_timeout
            .fetch_max(milliseconds, Ordering::Relaxed);
    }

    /// How long to wait for an answer at most; none for ever.
    pub(crate) fn longest_timeout(&self) -> Option<Duration> {
        match self.longest_timeout.load(Ordering::Relaxed) {
            // No server of this process has its own: it is a worker.
            0 => HubOptions::default().client_result_timeout,
            u64::MAX => None,
            milliseconds => Some(Duration::from_millis(milliseconds)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Pending>> {
        // Nothing in here panics half-way through a change.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Forget {
    results: Arc<ClientResults>,
    id: Box<str>,
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.results.lock().remove(&self.id);
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pending")
            .field("connection_id", &self.connection_id)
            .finish_non_exhaustive()
    }
}

/// Decodes an answer for the one who waits for it.
pub(crate) struct Expected<T>(pub(crate) oneshot::Sender<HubResult<T>>);

impl<T: DeserializeOwned + Send> TakeAnswer for Expected<T> {
    fn take(self: Box<Self>, outcome: CompletionOutcome<'_>) {
        let answer = match outcome {
            CompletionOutcome::Result(value) => value.deserialize().map_err(|error| {
                let expected = type_name::<T>();
                let why = explained(&error.to_string(), expected);
                HubError::Message(format!(
                    "Error trying to deserialize result to {expected}. {why}"
                ))
            }),
            CompletionOutcome::Error(text) => Err(HubError::Message(text.into_owned())),
            CompletionOutcome::Void => T::deserialize(UnitDeserializer::<UnitError>::new())
                .map_err(|_| HubError::message("The client answered without a result.")),
        };
        // Whoever has asked may have given up by now.
        let _ = self.0.send(answer);
    }
}

/// What is wrong with a value, in .NET's words where it is JSON: `serde_json` says where it is, as .NET does.
fn explained(error: &str, expected: &str) -> String {
    let place = error.rsplit_once(" at line ").and_then(|(_, place)| {
        let (line, column) = place.split_once(" column ")?;
        Some((line.parse::<usize>().ok()?, column.parse::<usize>().ok()?))
    });
    match place {
        Some((line, column)) => format!(
            "The JSON value could not be converted to System.{expected}. Path: $ | LineNumber: {} | BytePositionInLine: {column}.",
            line.saturating_sub(1)
        ),
        None => error.to_owned(),
    }
}

/// A type as .NET calls it, since that is what clients get to read; else its own name without its path.
fn type_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    match name {
        "i8" => "SByte",
        "i16" => "Int16",
        "i32" => "Int32",
        "i64" => "Int64",
        "u8" => "Byte",
        "u16" => "UInt16",
        "u32" => "UInt32",
        "u64" => "UInt64",
        "f32" => "Single",
        "f64" => "Double",
        "bool" => "Boolean",
        "char" => "Char",
        "alloc::string::String" => "String",
        _ if name.contains('<') => name,
        _ => name.rsplit("::").next().unwrap_or(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_ever_where_nothing_is_set() {
        let timeout = ClientResults::default().longest_timeout();
        assert_eq!(timeout, HubOptions::default().client_result_timeout);
        assert!(timeout.is_some());
    }

    #[test]
    fn types_go_by_dotnets_names() {
        struct Own;
        assert_eq!(type_name::<i32>(), "Int32");
        assert_eq!(type_name::<String>(), "String");
        assert_eq!(type_name::<Own>(), "Own");
        assert_eq!(type_name::<Option<i32>>(), "core::option::Option<i32>");
    }

    #[test]
    fn a_value_that_does_not_fit_is_explained_as_dotnet_does() {
        assert_eq!(
            explained(
                "invalid type: string \"text\", expected i32 at line 1 column 6",
                "Int32"
            ),
            "The JSON value could not be converted to System.Int32. Path: $ | LineNumber: 0 | BytePositionInLine: 6."
        );
        assert_eq!(explained("no number", "Int32"), "no number");
    }

    #[test]
    fn no_result_is_a_result_for_those_who_want_none() {
        fn taken<T: DeserializeOwned + Send>() -> HubResult<T> {
            let (sender, mut receiver) = oneshot::channel();
            Box::new(Expected(sender)).take(CompletionOutcome::Void);
            receiver.try_recv().unwrap()
        }
        assert!(taken::<()>().is_ok());
        assert_eq!(taken::<Option<i32>>().unwrap(), None);
        assert!(taken::<i32>().is_err());
    }
}
