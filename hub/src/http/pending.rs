//! Connection tokens: who has negotiated, and who is connected.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::time::Instant;

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
    attached: bool,
}

/// What a token stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Unknown,
    /// Negotiated, and waiting for a transport.
    Waiting,
    /// Served by a transport.
    Attached,
}

impl Tokens {
    /// Reserves a connection; gives its id and its token, which are one in negotiate version 0.
    pub(crate) fn negotiate(
        &self,
        separate: bool,
    ) -> Result<(Arc<str>, Arc<str>), getrandom::Error> {
        let id = random_id()?;
        let token = if separate { random_id()? } else { id.clone() };
        let mut state = self.lock();
        state.negotiated.push_back((Instant::now(), token.clone()));
        state.by_token.insert(
            token.clone(),
            Entry {
                id: id.clone(),
                attached: false,
            },
        );
        Ok((id, token))
    }

    pub(crate) fn find(&self, token: &str) -> Found {
        match self.lock().by_token.get(token) {
            None => Found::Unknown,
            Some(Entry {
                attached: false, ..
            }) => Found::Waiting,
            Some(Entry { attached: true, .. }) => Found::Attached,
        }
    }

    /// Attaches a transport to a negotiated connection, once; gives the connection's id.
    pub(crate) fn attach(&self, token: &str) -> Result<(Arc<str>, Arc<str>), Found> {
        let mut state = self.lock();
        let Some((token, _)) = state.by_token.get_key_value(token) else {
            return Err(Found::Unknown);
        };
        let token = token.clone();
        match state.by_token.get_mut(&token) {
            Some(entry) if !entry.attached => {
                entry.attached = true;
                Ok((entry.id.clone(), token))
            }
            _ => Err(Found::Attached),
        }
    }

    /// A connection that was not negotiated: its id is its token.
    pub(crate) fn attach_new(&self) -> Result<Arc<str>, getrandom::Error> {
        let id = random_id()?;
        self.lock().by_token.insert(
            id.clone(),
            Entry {
                id: id.clone(),
                attached: true,
            },
        );
        Ok(id)
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
                .is_some_and(|entry| !entry.attached)
            {
                state.by_token.remove(&token);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[tokio::test(start_paused = true)]
    async fn a_token_is_good_once_and_for_a_while() {
        let tokens = Tokens::default();
        let (id, token) = tokens.negotiate(true).unwrap();
        assert_eq!((id.len(), token.len()), (22, 22));
        assert_ne!(id, token);
        assert_eq!(tokens.find(&token), Found::Waiting);
        assert_eq!(tokens.attach(&token).unwrap().0, id);
        assert_eq!(tokens.attach(&token), Err(Found::Attached));
        let (_, late) = tokens.negotiate(false).unwrap();
        tokio::time::advance(Duration::from_secs(15)).await;
        tokens.forget_unattached(Duration::from_secs(15));
        assert_eq!(tokens.attach(&late), Err(Found::Unknown));
        assert_eq!(tokens.find(&token), Found::Attached);
        tokens.remove(&token);
        assert_eq!(tokens.find(&token), Found::Unknown);
    }
}
