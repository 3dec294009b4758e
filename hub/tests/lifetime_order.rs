//! In which order everybody hears of a connection: the lifetime manager, the hub, its methods, its client.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::services::{ServiceCollection, ServiceDescriptor};
use campanile_host::{BoxError, Inject};
use campanile_hub::lifetime::{
    Answered, Asking, Connection, HubLifetimeManager, HubLifetimeManagerFactory,
    MemoryLifetimeManager, Outgoing, Question, Sending, TakeAnswer, Target,
};
use campanile_hub::{
    HubCaller, HubContext, HubError, HubOptions, HubResult, HubService, HubServiceCollectionExt,
    UploadStream, hub,
};
use campanile_hub_protocol::CompletionOutcome;
use futures_util::StreamExt;
use serde_json::{Value, json};
use support::requests::{Caller, Events};

/// What happened, in order.
#[derive(Debug, Default)]
struct Diary {
    lines: Mutex<Vec<String>>,
    scopes: AtomicUsize,
    /// What goes wrong.
    fails: &'static str,
}

impl Diary {
    fn note(&self, line: impl Into<String>) {
        self.lines.lock().unwrap().push(line.into());
    }

    fn fail_if(&self, what: &str) -> HubResult<()> {
        match self.fails == what {
            true => Err(HubError::message("as it was told to")),
            false => Ok(()),
        }
    }
}

/// One for each scope.
#[derive(Debug)]
struct Scope(usize);

impl Scope {
    fn of(diary: &Diary) -> Self {
        Self(diary.scopes.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

#[derive(Inject)]
struct DoorHub {
    diary: Arc<Diary>,
    scope: Arc<Scope>,
    context: HubContext<Self>,
}

#[hub]
impl DoorHub {
    pub fn knock(&self) {
        self.note("Knock");
    }

    pub async fn take(&self, mut items: UploadStream<u32>) {
        while let Some(item) = items.next().await {
            if let Err(error) = item {
                self.diary.note(format!("upload: {error}"));
            }
        }
    }

    pub fn leave(&self, caller: &HubCaller<Self>) {
        self.note("Leave");
        caller.abort();
    }

    fn note(&self, what: &str) {
        self.diary.note(format!("{what} in scope {}", self.scope.0));
    }

    async fn on_connected(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        self.note("on_connected");
        caller
            .groups()
            .add(caller.connection_id(), "inside")
            .await?;
        caller.clients().caller().send("Welcome", ()).await?;
        // Time for messages to come that nobody may handle yet.
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.diary.fail_if("on_connected")?;
        self.diary.note("on_connected ends");
        Ok(())
    }

    async fn on_disconnected(
        &self,
        caller: &HubCaller<Self>,
        error: Option<&HubError>,
    ) -> HubResult<()> {
        self.note("on_disconnected");
        let groups = self.context.presence().groups_of(caller.connection_id());
        let aborted = caller.aborted().is_cancelled();
        self.diary.note(format!(
            "error {error:?}, groups {groups:?}, aborted {aborted}"
        ));
        caller.clients().caller().send("Unheard", ()).await?;
        assert_ne!(self.diary.fails, "on_disconnected with a panic");
        self.diary.fail_if("on_disconnected")
    }
}

/// Keeps connections in memory, and writes down that it does.
#[derive(Debug)]
struct Manager {
    local: MemoryLifetimeManager,
    diary: Arc<Diary>,
}

impl HubLifetimeManager for Manager {
    fn connected(&self, connection: &Arc<Connection>) -> Sending {
        self.diary.note("manager connected");
        match self.diary.fail_if("manager") {
            Ok(()) => self.local.connected(connection),
            Err(error) => Sending::ready(Err(error)),
        }
    }

    fn disconnected(&self, connection: &Connection) -> Sending {
        self.diary.note("manager disconnected");
        self.local.disconnected(connection)
    }

    fn send(&self, target: &Target, message: &dyn Outgoing) -> Sending {
        self.local.send(target, message)
    }

    fn add_to_group(&self, connection_id: &str, group: &str) -> Sending {
        self.local.add_to_group(connection_id, group)
    }

    fn remove_from_group(&self, connection_id: &str, group: &str) -> Sending {
        self.local.remove_from_group(connection_id, group)
    }

    fn ask_client(
        &self,
        connection_id: &str,
        question: &dyn Question,
        answer: Box<dyn TakeAnswer>,
    ) -> HubResult<Asking> {
        self.local.ask_client(connection_id, question, answer)
    }

    fn answer(
        &self,
        connection: &Connection,
        id: &str,
        outcome: CompletionOutcome<'_>,
    ) -> Answered {
        self.local.answer(connection, id, outcome)
    }

    fn local(&self) -> &MemoryLifetimeManager {
        &self.local
    }
}

#[derive(Debug)]
struct Managers(Arc<Diary>);

impl HubLifetimeManagerFactory for Managers {
    fn create(
        &self,
        _: &'static str,
        _: &'static str,
        local: MemoryLifetimeManager,
    ) -> Result<Arc<dyn HubLifetimeManager>, BoxError> {
        let diary = self.0.clone();
        Ok(Arc::new(Manager { local, diary }))
    }
}

fn start(fails: &'static str) -> (HubService, Arc<Diary>) {
    let diary = Arc::new(Diary {
        fails,
        ..Diary::default()
    });
    let mut services = ServiceCollection::new();
    services.add_hub::<DoorHub>();
    services.add_instance(diary.clone());
    services.add_scoped_factory(|diary: Arc<Diary>| Scope::of(&diary));
    let managers: Arc<dyn HubLifetimeManagerFactory> = Arc::new(Managers(diary.clone()));
    services.add(ServiceDescriptor::instance(managers));
    let services = services.build().unwrap();
    let hub = HubService::new::<DoorHub>(&services, HubOptions::default()).unwrap();
    (hub, diary)
}

async fn connect(hub: &HubService) -> Events {
    Events::connect(&Caller::anonymous(hub)).await
}

async fn call(client: &Events, target: &str, more: Value) {
    let mut call = json!({"type": 1, "invocationId": target, "target": target, "arguments": []});
    let more = more.as_object().unwrap().clone();
    call.as_object_mut().unwrap().extend(more);
    client.post(&call).await;
}

/// All that the client is told until the end, by methods and ids.
async fn rest(mut client: Events) -> Vec<String> {
    let mut rest = Vec::new();
    while let Some(message) = client.next().await {
        let name = message["target"]
            .as_str()
            .or(message["invocationId"].as_str());
        rest.push(name.map_or_else(|| message.to_string(), str::to_owned));
    }
    // The hub is told at the same time.
    tokio::time::sleep(Duration::from_secs(1)).await;
    rest
}

/// What a client is told that is not let in.
fn refused() -> String {
    let text = "Connection closed with an error. HubException: as it was told to";
    json!({"type": 7, "error": text}).to_string()
}

fn lines(diary: &Diary) -> Vec<String> {
    diary.lines.lock().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn first_the_manager_then_the_hub_then_its_methods_and_back() {
    let (hub, diary) = start("nothing");
    let client = connect(&hub).await;
    call(&client, "Knock", json!({})).await;
    call(&client, "Leave", json!({})).await;
    let goodbye = "{\"type\":7}";
    assert_eq!(rest(client).await, ["Welcome", "Knock", goodbye]);
    assert_eq!(
        lines(&diary),
        [
            "manager connected",
            "on_connected in scope 1",
            "on_connected ends",
            "Knock in scope 2",
            "Leave in scope 3",
            "on_disconnected in scope 4",
            "error None, groups [\"inside\"], aborted true",
            "manager disconnected",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_hub_is_told_by_what_error_its_connection_ended() {
    let (hub, diary) = start("nothing");
    let client = connect(&hub).await;
    client
        .post(&json!({"type": 7, "error": "I am bored"}))
        .await;
    assert_eq!(rest(client).await, ["Welcome", "{\"type\":7}"]);
    let told = lines(&diary)[4].clone();
    assert!(told.contains("Some(Message(\"I am bored\"))"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn uploads_that_are_open_at_the_end_fail() {
    let (hub, diary) = start("nothing");
    let client = connect(&hub).await;
    call(&client, "Take", json!({"streamIds": ["u"]})).await;
    call(&client, "Leave", json!({})).await;
    rest(client).await;
    let lines = lines(&diary);
    let failed = "upload: The underlying connection was closed.".to_owned();
    assert!(lines.contains(&failed), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn no_hub_is_made_for_a_connection_that_the_manager_does_not_take() {
    let (hub, diary) = start("manager");
    let client = connect(&hub).await;
    assert_eq!(rest(client).await, [refused()]);
    assert_eq!(lines(&diary), ["manager connected", "manager disconnected"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_on_connected_refuses_is_not_told_to_on_disconnected() {
    let (hub, diary) = start("on_connected");
    let client = connect(&hub).await;
    call(&client, "Knock", json!({})).await;
    assert_eq!(rest(client).await, ["Welcome".to_owned(), refused()]);
    assert_eq!(
        lines(&diary),
        [
            "manager connected",
            "on_connected in scope 1",
            "manager disconnected",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_manager_forgets_a_connection_even_if_on_disconnected_fails() {
    for fails in ["on_disconnected", "on_disconnected with a panic"] {
        let (hub, diary) = start(fails);
        let client = connect(&hub).await;
        call(&client, "Leave", json!({})).await;
        rest(client).await;
        assert_eq!(
            lines(&diary).last().map(String::as_str),
            Some("manager disconnected"),
            "{fails}"
        );
    }
}
