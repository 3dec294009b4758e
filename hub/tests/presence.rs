//! Who is connected, as whom, and in which groups.

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
    assert_eq!(presence.groups(), ["b".into()]);
    assert!(presence.users().is_empty());
}

#[tokio::test]
async fn users_are_there_as_long_as_a_connection_of_theirs_is() {
    let server = Server::start::<TestHub>(HubOptions::default()).await;
    let presence = server.context::<TestHub>().presence();
    let mut events = presence.subscribe();
    let phone = server.open_as("/", Some("ann")).await.unwrap();
    let mut phone = phone.shaking_hands().await;
    let laptop = server.open_as("/", Some("ann")).await.unwrap();
    let laptop = laptop.shaking_hands().await;
    let id = phone.invoke("Id", json!([])).await["result"].clone();
    let id = id.as_str().unwrap();
    assert_eq!(presence.users(), ["ann".into()]);
    assert_eq!(presence.user_of(id).as_deref(), Some("ann"));
    assert_eq!(presence.user_of("nobody"), None);
    assert_eq!(presence.connections_of("ann").len(), 2);
    assert!(presence.connections_of("bob").is_empty());

    drop(laptop);
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.push(match events.recv().await.unwrap() {
            PresenceEvent::Connected { user, .. } => ("connected", user),
            PresenceEvent::Disconnected { user, .. } => ("disconnected", user),
            other => panic!("{other:?}"),
        });
    }
    let ann = || Some("ann".into());
    let expected = [
        ("connected", ann()),
        ("connected", ann()),
        ("disconnected", ann()),
    ];
    assert_eq!(seen, expected);
    assert_eq!(presence.connections_of("ann"), [id.into()]);
    drop(phone);
    support::eventually(|| presence.users().is_empty()).await;
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
        Ok(PresenceEvent::Connected {
            connection_id,
            user: None
        })
    );
    assert_eq!(events.recv().await, Ok(joined));
    assert_eq!(events.recv().await, Ok(left));
    assert!(
        matches!(events.recv().await, Ok(PresenceEvent::Joined { group, .. }) if &*group == "c")
    );
    let connection_id = id;
    assert_eq!(
        events.recv().await,
        Ok(PresenceEvent::Disconnected {
            connection_id,
            user: None
        })
    );
    assert_eq!(presence.count(), 0);
}
