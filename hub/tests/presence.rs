//! Who is connected, and in which groups.

mod support;

use std::sync::Arc;

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubOptions, HubResult, PresenceEvent, hub};
use serde_json::json;
use support::Server;

#[derive(Inject)]
struct TestHub;

#[hub]
impl TestHub {
    pub fn id(&self, caller: &HubCaller<Self>) -> String {
        caller.connection_id().to_owned()
    }

    pub async fn join(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
        caller.groups().add(caller.connection_id(), &group).await
    }

    pub async fn leave(&self, caller: &HubCaller<Self>, group: String) -> HubResult<()> {
        caller.groups().remove(caller.connection_id(), &group).await
    }
}

#[tokio::test]
async fn it_can_be_asked_who_is_there() {
    let server = Server::start::<TestHub>(HubOptions::default()).await;
    let presence = server.context::<TestHub>().presence();
    assert_eq!(presence.count(), 0);
    let mut client = server.connect().await;
    let id = client.invoke("Id", json!([])).await["result"].clone();
    let id = id.as_str().unwrap();
    client.invoke("Join", json!(["a"])).await;
    client.invoke("Join", json!(["b"])).await;
    assert!(presence.is_connected(id));
    assert_eq!(presence.connections(), [id.into()]);
    assert_eq!(presence.members("a"), [id.into()]);
    let mut groups = presence.groups_of(id);
    groups.sort();
    assert_eq!(groups, ["a", "b"]);
    client.invoke("Leave", json!(["a"])).await;
    assert_eq!(presence.groups_of(id), ["b"]);
    assert!(presence.members("a").is_empty());
    assert!(!presence.is_connected("nobody"));
    assert!(presence.groups_of("nobody").is_empty());
}

/// One server is the whole farm.
#[tokio::test]
async fn everywhere_is_here_where_there_is_one_server() {
    let server = Server::start::<TestHub>(HubOptions::default()).await;
    let presence = server.context::<TestHub>().presence();
    let mut client = server.connect().await;
    client.invoke("Join", json!(["a"])).await;
    let id = presence.connections().remove(0);
    let everywhere = presence.everywhere();
    let count = everywhere.count().await.unwrap();
    assert!(count.is_complete());
    assert_eq!(count.value, 1);
    assert_eq!(
        everywhere.connections().await.unwrap().value,
        std::slice::from_ref(&id)
    );
    assert_eq!(
        everywhere.members("a").await.unwrap().value,
        std::slice::from_ref(&id)
    );
    let found = everywhere.connection(&id).await.unwrap().value.unwrap();
    assert_eq!((found.user, found.groups), (None, vec![Arc::from("a")]));
    assert!(everywhere.is_connected(&id).await.unwrap().value);
    assert!(!everywhere.is_connected("nobody").await.unwrap().value);
    assert!(everywhere.users().await.unwrap().value.is_empty());
    assert!(presence.users().is_empty());
    assert_eq!(presence.user_of(&id), None);
    assert!(presence.connections_of("ann").is_empty());
}

#[tokio::test]
async fn changes_are_told_in_order_and_once() {
    let server = Server::start::<TestHub>(HubOptions::default()).await;
    let presence = server.context::<TestHub>().presence();
    let mut events = presence.subscribe();
    let mut client = server.connect().await;
    for (target, group) in [
        ("Join", "a"),
        ("Join", "a"),
        ("Leave", "b"),
        ("Leave", "a"),
        ("Join", "c"),
    ] {
        client.invoke(target, json!([group])).await;
    }
    let id = presence.connections().remove(0);
    drop(client);
    let (connection_id, group) = (id.clone(), "a".into());
    let joined = PresenceEvent::Joined {
        connection_id,
        group,
    };
    let (connection_id, group) = (id.clone(), "a".into());
    let left = PresenceEvent::Left {
        connection_id,
        group,
    };
    let connection_id = id.clone();
    assert_eq!(
        events.recv().await,
        Ok(PresenceEvent::Connected { connection_id })
    );
    assert_eq!(events.recv().await, Ok(joined));
    assert_eq!(events.recv().await, Ok(left));
    assert!(
        matches!(events.recv().await, Ok(PresenceEvent::Joined { group, .. }) if &*group == "c")
    );
    let connection_id = id;
    assert_eq!(
        events.recv().await,
        Ok(PresenceEvent::Disconnected { connection_id })
    );
    assert_eq!(presence.count(), 0);
}
