//! Connection tokens: who has negotiated, and who is connected by which transport.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;

use super::owner::Owner;
use crate::HttpTransportType;
use crate::transport::{Inbox, Phase, PollSlot, SocketSlot};

/// The connections of an endpoint by their secret tokens.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_token: HashMap<Arc<str>, Entry>,
    /// What has been negotiated, oldest first; some of it attached or gone since.
    negotiated: VecDeque<(Instant, Arc<str>)>,
}

#[derive(Debug)]
struct Entry {
    id: Arc<str>,
    transport: Option<HttpTransportType>,
    /// Nobody before a transport is attached.
    owner: Owner,
    /// Where posted bytes go. Posting is allowed before a transport is attached.
    inbox: Option<Arc<Inbox>>,
    polls: Option<Arc<PollSlot>>,
    /// Where the next socket goes, if stateful reconnect was granted.
    sockets: Option<Arc<SocketSlot>>,
}

/// A connection that a transport was attached to just now.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) id: Arc<str>,
    pub(crate) token: Arc<str>,
    pub(crate) sockets: Option<Arc<SocketSlot>>,
}

/// What a token stands for.
#[derive(Debug)]
pub(crate) enum Found {
    Unknown,
    /// Negotiated, and waiting for a transport.
    Waiting,
    /// Served by this transport.
    Attached(HttpTransportType),
    /// Served by polls, which meet here.
    Polling(Arc<PollSlot>),
    /// Served by sockets, one after the other.
    Resumable(Arc<SocketSlot>),
}

impl Tokens {
    /// Reserves a connection; gives its id and its token, which are one in negotiate version 0.
    pub(crate) fn negotiate(
        &self,
        separate: bool,
        resumable: bool,
    ) -> Result<(Arc<str>, Arc<str>), getrandom::Error> {
        let id = random_id()?;
        let token = if separate { random_id()? } else { id.clone() };
        let mut state = self.lock();
        state.negotiated.push_back((Instant::now(), token.clone()));
        state.by_token.insert(
            token.clone(),
            Entry {
                sockets: resumable.then(|| Arc::new(SocketSlot::new())),
                ..Entry::new(id.clone(), None)
            },
        );
        Ok((id, token))
    }

    pub(crate) fn find(&self, token: &str) -> Found {
        self.lock()
            .by_token
            .get(token)
            .map_or(Found::Unknown, Entry::found)
    }

    /// Says whose a connection is.
    pub(crate) fn set_owner(&self, token: &str, owner: &Owner) {
        if let Some(entry) = self.lock().by_token.get_mut(token) {
            entry.owner = owner.clone();
        }
    }

    /// Whose a connection is.
    pub(crate) fn owner(&self, token: &str) -> Option<Owner> {
        self.lock().by_token.get(token).map(|it| it.owner.clone())
    }

    /// Attaches a transport to a negotiated connection, once.
    pub(crate) fn attach(
        &self,
        token: &str,
        transport: HttpTransportType,
    ) -> Result<Attached, Found> {
        let mut state = self.lock();
        let Some((token, _)) = state.by_token.get_key_value(token) else {
            return Err(Found::Unknown);
        };
        let token = token.clone();
        match state.by_token.get_mut(&token) {
            Some(entry) if entry.transport.is_none() => {
                entry.transport = Some(transport);
                Ok(Attached {
                    id: entry.id.clone(),
                    token,
                    sockets: entry.sockets.clone(),
                })
            }
            other => Err(other.map_or(Found::Unknown, |entry| entry.found())),
        }
    }

    /// A connection that was not negotiated: its id is its token.
    pub(crate) fn attach_new(
        &self,
        transport: HttpTransportType,
    ) -> Result<Attached, getrandom::Error> {
        let id = random_id()?;
        self.lock()
            .by_token
            .insert(id.clone(), Entry::new(id.clone(), Some(transport)));
        Ok(Attached {
            token: id.clone(),
            id,
            sockets: None,
        })
    }

    /// Where what is posted for this connection goes; none for an unknown one.
    pub(crate) fn inbox(&self, token: &str, limit: usize) -> Option<Arc<Inbox>> {
        let mut state = self.lock();
        let entry = state.by_token.get_mut(token)?;
        Some(
            entry
                .inbox
                .get_or_insert_with(|| Arc::new(Inbox::new(limit)))
                .clone(),
        )
    }

    /// Where polls of this connection meet.
    pub(crate) fn set_polls(&self, token: &str, polls: &Arc<PollSlot>) {
        if let Some(entry) = self.lock().by_token.get_mut(token) {
            entry.polls = Some(polls.clone());
        }
    }

    /// Forgets a connection that is over.
    pub(crate) fn remove(&self, token: &str) {
        self.lock().by_token.remove(token);
    }

    /// Forgets what was negotiated longer than `timeout` ago and never got a transport.
    pub(crate) fn forget_unattached(&self, timeout: Duration) {
        let mut state = self.lock();
        while let Some((since, token)) = state.negotiated.front()
            && since.elapsed() >= timeout
        {
            let token = token.clone();
            state.negotiated.pop_front();
            if state
                .by_token
                .get(&token)
                .is_some_and(|entry| entry.transport.is_none())
                && let Some(Entry {
                    inbox: Some(inbox), ..
                }) = state.by_token.remove(&token)
            {
                inbox.close();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn new(id: Arc<str>, transport: Option<HttpTransportType>) -> Self {
        Self {
            id,
            transport,
            owner: Owner::default(),
            inbox: None,
            polls: None,
            sockets: None,
        }
    }

    fn found(&self) -> Found {
        match (&self.polls, &self.sockets, self.transport) {
            (Some(polls), _, _) => Found::Polling(polls.clone()),
            (None, Some(sockets), Some(HttpTransportType::WebSockets))
                if sockets.phase() != Phase::Off =>
            {
                Found::Resumable(sockets.clone())
            }
            (None, _, Some(transport)) => Found::Attached(transport),
            (None, _, None) => Found::Waiting,
        }
    }
}

/// 16 bytes from the system's random source, in 22 letters, digits, `-` and `_`.
fn random_id() -> Result<Arc<str>, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    let mut text = [0; 22];
    // 16 bytes are always 22 characters of unpadded base64.
    let length = URL_SAFE_NO_PAD
        .encode_slice(bytes, &mut text)
        .unwrap_or_default();
    Ok(String::from_utf8_lossy(&text[..length]).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOCKET: HttpTransportType = HttpTransportType::WebSockets;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_good_once_and_for_a_while() {
        let tokens = Tokens::default();
        let (id, token) = tokens.negotiate(true, false).unwrap();
        assert_eq!((id.len(), token.len()), (22, 22));
        assert_ne!(id, token);
        assert!(matches!(tokens.find(&token), Found::Waiting));
        assert_eq!(tokens.attach(&token, SOCKET).unwrap().id, id);
        assert!(matches!(
            tokens.attach(&token, SOCKET),
            Err(Found::Attached(SOCKET))
        ));
        let (_, late) = tokens.negotiate(false, false).unwrap();
        tokio::time::advance(Duration::from_secs(15)).await;
        tokens.forget_unattached(Duration::from_secs(15));
        assert!(matches!(tokens.attach(&late, SOCKET), Err(Found::Unknown)));
        assert!(matches!(tokens.find(&token), Found::Attached(SOCKET)));
        tokens.remove(&token);
        assert!(matches!(tokens.find(&token), Found::Unknown));
    }
}
