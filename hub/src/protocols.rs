//! Which hub protocols are spoken.

use std::sync::Arc;

use campanile_host::services::{ServiceError, ServiceProvider};
use campanile_hub_protocol::HubProtocol;

/// A hub protocol that was added to the built-in ones.
#[derive(Debug)]
pub(crate) struct AddedHubProtocol(pub(crate) HubProtocol);

/// The built-in ones, and those that were added.
pub(crate) fn known(added: &[Arc<AddedHubProtocol>]) -> Vec<HubProtocol> {
    let added = added.iter().map(|it| it.0);
    HubProtocol::BUILT_IN.into_iter().chain(added).collect()
}

/// Those that a hub speaks: all that the container knows, or those of them that its options name.
pub(crate) fn supported(
    services: &ServiceProvider,
    names: Option<&[String]>,
    hub: &str,
) -> Result<Vec<HubProtocol>, ServiceError> {
    choose(known(&services.all()?), names)
        .map_err(|error| ServiceError::failed(format!("the hub {hub}: {error}")))
}

fn choose(known: Vec<HubProtocol>, names: Option<&[String]>) -> Result<Vec<HubProtocol>, String> {
    for (index, protocol) in known.iter().enumerate() {
        if known[..index].contains(protocol) {
            let name = protocol.name();
            return Err(format!(
                "there are two hub protocols that are called '{name}'"
            ));
        }
    }
    let Some(names) = names else {
        return Ok(known);
    };
    if names.is_empty() {
        return Err("SupportedProtocols is empty: there is nothing to speak".to_owned());
    }
    let find = |name: &String| {
        let found = known.iter().find(|it| it.name().eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|it| it.name()).collect();
            let names = names.join(", ");
            format!(
                "unknown hub protocol '{name}' in SupportedProtocols: the protocols are {names}"
            )
        })
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        known: Vec<HubProtocol>,
        names: Option<&[&str]>,
    ) -> Result<Vec<&'static str>, String> {
        let names: Option<Vec<String>> =
            names.map(|names| names.iter().map(|it| (*it).to_owned()).collect());
        let chosen = choose(known, names.as_deref())?;
        Ok(chosen.iter().map(|it| it.name()).collect())
    }

    #[test]
    fn names_choose_from_what_is_known() {
        let all = || HubProtocol::BUILT_IN.to_vec();
        assert_eq!(chosen(all(), None).unwrap(), ["json", "messagepack"]);
        assert_eq!(
            chosen(all(), Some(&["MessagePack"])).unwrap(),
            ["messagepack"]
        );
        assert_eq!(
            chosen(all(), Some(&["json", "cbor"])).unwrap_err(),
            "unknown hub protocol 'cbor' in SupportedProtocols: the protocols are json, messagepack"
        );
        assert!(chosen(all(), Some(&[])).unwrap_err().contains("is empty"));
        let twice = [all(), all()].concat();
        assert_eq!(
            chosen(twice, None).unwrap_err(),
            "there are two hub protocols that are called 'json'"
        );
    }
}
