//! Traffic.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

use campanile_hub::HubContext;
use end_to_end::soon;

use super::FarmHub;

/// Sends numbers to the group `g`, one after the other, whatever becomes of them.
pub(crate) struct Talk {
    over: Arc<AtomicBool>,
    /// How many sends have succeeded.
    sent: Arc<AtomicI32>,
    task: tokio::task::JoinHandle<i32>,
}

impl Talk {
    pub(crate) fn start(context: HubContext<FarmHub>) -> Self {
        let (over, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicI32::new(0)),
        );
        let task = tokio::spawn({
            let (over, sent) = (over.clone(), sent.clone());
            async move {
                let group = context.clients().untyped().group("g");
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    if soon(group.send("Number", (number,))).await.is_ok() {
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    number += 1;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                number
            }
        });
        Self { over, sent, task }
    }

    pub(crate) fn sent(&self) -> i32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends it; the number that would have been next.
    pub(crate) async fn stop(&mut self) -> i32 {
        self.over.store(true, Ordering::Relaxed);
        soon(&mut self.task).await.unwrap()
    }
}
