//! The commands.
//!
//! `build`, `on` and `off` are done before the next one is read, the others run side by side: `start`, `stop`, `dispose`,
//! `state`, `invoke`, `send`, `stream`, `cancel`, `quit`.

use std::collections::HashMap;
use std::time::Duration;

use campanile_hub_client::{ClientError, HubConnection};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::arguments::arguments;
use crate::building::build;
use crate::events::{error, say};

#[derive(Default)]
pub(crate) struct Driver {
    connection: Option<HubConnection>,
    running: HashMap<String, CancellationToken>,
}

impl Driver {
    /// Does what the command says; `false` where that is to end.
    pub(crate) fn act(&mut self, command: Value) -> bool {
        let word = command["do"].as_str().expect("a command").to_owned();
        match word.as_str() {
            "quit" => return false,
            "build" => {
                // The one before goes on by itself.
                if let Some(before) = self.connection.replace(build(&command)) {
                    std::mem::forget(before);
                }
            }
            "on" => on(self.connection(), &command),
            "off" => self
                .connection()
                .off(command["method"].as_str().expect("a method")),
            "cancel" => {
                if let Some(token) = command["of"].as_str().and_then(|it| self.running.get(it)) {
                    token.cancel();
                }
            }
            _ => {
                let id = command["id"].as_str().unwrap_or(&word).to_owned();
                let token = CancellationToken::new();
                self.running.insert(id.clone(), token.clone());
                let connection = self.connection().clone();
                tokio::spawn(async move {
                    let ended = token
                        .run_until_cancelled(run(&connection, &word, &id, &command))
                        .await;
                    if let Err(failure) = ended.unwrap_or(Err(ClientError::Cancelled)) {
                        say(&id, [("error", error(&failure))]);
                    }
                });
            }
        }
        true
    }

    fn connection(&self) -> &HubConnection {
        self.connection.as_ref().expect("it has been built")
    }
}

async fn run(
    connection: &HubConnection,
    word: &str,
    id: &str,
    command: &Value,
) -> Result<(), ClientError> {
    let method = command["method"].as_str().unwrap_or_default();
    let kind = command["type"].as_str();
    match word {
        "start" => {
            connection.start().await?;
            say(id, [("connection", connection.connection_id().into())]);
        }
        "stop" | "dispose" => {
            connection.stop().await;
            say(id, []);
        }
        "state" => {
            let state = format!("{:?}", connection.state());
            say(id, [("state", state.into())]);
        }
        "send" => {
            connection.send(method, arguments(command)).await?;
            say(id, []);
        }
        "invoke" => {
            let arguments = arguments(command);
            let result = match kind {
                None => {
                    connection.invoke::<()>(method, arguments).await?;
                    say(id, []);
                    return Ok(());
                }
                Some("int") => json!(connection.invoke::<i32>(method, arguments).await?),
                Some("string") => {
                    json!(
                        connection
                            .invoke::<Option<String>>(method, arguments)
                            .await?
                    )
                }
                Some("bool") => json!(connection.invoke::<bool>(method, arguments).await?),
                Some(_) => connection.invoke::<Value>(method, arguments).await?,
            };
            say(id, [("result", result)]);
        }
        "stream" => match kind {
            Some("int") => read::<i32>(connection, method, id, command).await?,
            Some("string") => read::<Option<String>>(connection, method, id, command).await?,
            _ => read::<Value>(connection, method, id, command).await?,
        },
        _ => panic!("there is no command {word}"),
    }
    Ok(())
}

async fn read<T: serde::de::DeserializeOwned + Serialize + Send + 'static>(
    connection: &HubConnection,
    method: &str,
    id: &str,
    command: &Value,
) -> Result<(), ClientError> {
    let mut items = connection.stream::<T>(method, arguments(command)).await?;
    while let Some(item) = items.next().await {
        say(id, [("item", json!(item?))]);
    }
    say(id, [("end", true.into())]);
    Ok(())
}

/// What a handler does with its arguments.
#[derive(Clone)]
struct Behaviour {
    name: String,
    delay: Duration,
    returns: Option<Value>,
    fails: Option<String>,
}

impl Behaviour {
    async fn run(self, arguments: Vec<Value>) -> Result<Value, String> {
        if let Some(text) = self.fails {
            return Err(text);
        }
        let first = arguments.first().and_then(Value::as_i64);
        say(&self.name, [("arguments", arguments.into())]);
        tokio::time::sleep(self.delay).await;
        Ok(match self.returns {
            Some(Value::String(word)) if word == "double" => first.map(|it| it * 2).into(),
            Some(value) => value,
            None => Value::Null,
        })
    }
}

/// One handler for each list of types: `on!(connection, method, does, answers; a: A, b: B)`.
macro_rules! on {
    ($connection:ident, $method:ident, $does:ident, $answers:ident; $($name:ident: $kind:ty),*) => {{
        let does = $does;
        if $answers {
            $connection.on_with_result($method, move |$($name: $kind),*| does.clone().run(vec![$(json!($name)),*]));
        } else {
            $connection.on($method, move |$($name: $kind),*| {
                let running = does.clone().run(vec![$(json!($name)),*]);
                async move { running.await.map(drop) }
            });
        }
    }};
}

fn on(connection: &HubConnection, command: &Value) {
    let method = command["method"].as_str().expect("a method");
    let fails = command["fails"].as_str().map(str::to_owned);
    let returns = command.get("returns").filter(|it| !it.is_null()).cloned();
    let answers = returns.is_some() || fails.is_some();
    let does = Behaviour {
        name: command["name"].as_str().unwrap_or(method).to_owned(),
        delay: Duration::from_millis(command["delay"].as_u64().unwrap_or(0)),
        returns,
        fails,
    };
    let types: Vec<_> = command["types"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match types.as_slice() {
        [] => on!(connection, method, does, answers;),
        ["int"] => on!(connection, method, does, answers; a: i32),
        ["string"] => on!(connection, method, does, answers; a: Option<String>),
        ["bool"] => on!(connection, method, does, answers; a: bool),
        ["any"] => on!(connection, method, does, answers; a: Value),
        ["int", "string", "any"] => {
            on!(connection, method, does, answers; a: i32, b: Option<String>, c: Value);
        }
        other => panic!("no handler has the types {other:?}"),
    }
}
