//! The plainest client of the clock: it prints the time whenever it is told, and waits for a server that is not there.
//!
//! `clock-console [URL]`, with `http://localhost:5000/hubs/clock` for the URL unless another is given. Ctrl+C ends it.

use std::io::Write;
use std::time::Duration;

use campanile_hub_client::{ClientError, HubConnection, HubConnectionBuilder, RetryDelays};
use chrono::{DateTime, Local};

const URL: &str = "http://localhost:5000/hubs/clock";

#[tokio::main]
async fn main() -> Result<(), ClientError> {
    let url = std::env::args().nth(1).unwrap_or_else(|| URL.to_owned());
    let connection = HubConnectionBuilder::new(url)
        .automatic_reconnect_with(RetryDelays::new([Duration::ZERO, SECOND]).for_ever())
        .build()?;
    connection.on("ShowTime", |time: DateTime<Local>| async move {
        say(&time.to_rfc3339());
    });
    connection.on_reconnecting(|_| say("the server is gone"));
    connection.on_reconnected(|_| say("the server is back"));
    tokio::select! {
        () = listen(&connection) => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    connection.stop().await;
    Ok(())
}

const SECOND: Duration = Duration::from_secs(1);

/// Starts as often as it takes.
async fn listen(connection: &HubConnection) {
    let mut states = connection.state_changes();
    loop {
        match connection.start().await {
            Ok(()) => {
                say("connected");
                // Only a server that forbids reconnecting ends this.
                states
                    .wait_for(campanile_hub_client::HubConnectionState::Disconnected)
                    .await;
            }
            Err(error) => say(&format!("waiting for the server: {error}")),
        }
        tokio::time::sleep(SECOND).await;
    }
}

fn say(line: &str) {
    // Where nobody reads any more there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}
