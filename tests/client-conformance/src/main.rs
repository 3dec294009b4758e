//! A SignalR client that is driven by one command a line of standard input, in JSON, and says what happens to it in one event
//! a line of standard output: see the commands in [`driver`].

mod arguments;
mod building;
mod driver;
mod events;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::driver::Driver;
use crate::events::say;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    say("ready", []);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut driver = Driver::default();
    while let Some(line) = lines.next_line().await? {
        let command = serde_json::from_str(&line)?;
        if !driver.act(command) {
            break;
        }
    }
    Ok(())
}
