//! Which profile comes first. An explicit order (the agent's own, else the config's) decides alone and excludes what it
//! leaves out; config `auth.profiles` is a preference; otherwise OAuth before tokens before API keys, the longest unused
//! first. Whether a profile can be used at all is not judged here.

use std::collections::HashSet;

use jiff::Timestamp;

use super::profile::{CredentialType, Profile};
use super::profile_id::ProfileId;
use super::state::AuthState;
use super::store::Snapshot;
use crate::config::Config;

/// Where an order comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderSource {
    /// `order` in the agent's `auth-profiles.json`.
    Agent,
    /// `auth.order` in the config.
    Config,
    /// `auth.profiles` in the config, unlisted profiles following.
    ConfigProfiles,
    /// None is given.
    ByType,
}

impl OrderSource {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Config => "config",
            Self::ConfigProfiles => "config-profiles",
            Self::ByType => "type",
        }
    }
}

/// A provider's profiles in order, before health is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered<'a> {
    /// What decided.
    pub source: OrderSource,
    /// First to last.
    pub profiles: Vec<&'a Profile>,
    /// Left out by an explicit order, in the file's order.
    pub excluded: Vec<&'a Profile>,
}

/// Orders the profiles of a provider.
pub fn order<'a>(provider: &str, snapshot: &'a Snapshot, config: &Config, state: &AuthState) -> Ordered<'a> {
    let stored: Vec<&Profile> =
        snapshot.profiles.values().filter(|profile| profile.id.provider() == provider).collect();
    let explicit = [
        (OrderSource::Agent, snapshot.order.get(provider).map(Vec::as_slice)),
        (OrderSource::Config, config.auth_order(provider)),
    ];
    for (source, ids) in explicit {
        let profiles =
            ids.map(|ids| listed(ids.iter().map(String::as_str), provider, snapshot)).unwrap_or_default();
        if !profiles.is_empty() {
            let included: HashSet<&ProfileId> = profiles.iter().map(|profile| &profile.id).collect();
            let excluded = stored.into_iter().filter(|profile| !included.contains(&profile.id)).collect();
            return Ordered { source, profiles, excluded };
        }
    }
    let preferred =
        config.auth.profiles.iter().filter(|(_, entry)| entry.provider.eq_ignore_ascii_case(provider));
    let mut profiles = listed(preferred.map(|(id, _)| id.as_str()), provider, snapshot);
    let source = if profiles.is_empty() { OrderSource::ByType } else { OrderSource::ConfigProfiles };
    let taken: HashSet<&ProfileId> = profiles.iter().map(|profile| &profile.id).collect();
    let mut rest: Vec<&Profile> = stored.into_iter().filter(|profile| !taken.contains(&profile.id)).collect();
    rest.sort_by_cached_key(|profile| (rank(profile), last_used(profile, state)));
    profiles.append(&mut rest);
    Ordered { source, profiles, excluded: Vec::new() }
}

/// The stored profiles of a provider that an id list names, each once, in the list's order.
fn listed<'a, 'b>(
    ids: impl Iterator<Item = &'b str>,
    provider: &str,
    snapshot: &'a Snapshot,
) -> Vec<&'a Profile> {
    let mut seen = HashSet::new();
    ids.filter_map(|id| id.parse::<ProfileId>().ok())
        .filter(|id| id.provider() == provider && seen.insert(id.clone()))
        .filter_map(|id| snapshot.profiles.get(&id))
        .collect()
}

fn rank(profile: &Profile) -> u8 {
    match profile.credential.kind() {
        CredentialType::OAuth => 0,
        CredentialType::Token => 1,
        CredentialType::ApiKey => 2,
    }
}

/// Never used sorts before any time.
fn last_used(profile: &Profile, state: &AuthState) -> Option<Timestamp> {
    state.of(profile).and_then(|state| state.last_used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::profile::{Credential, Expiry, Material};
    use crate::secret::Secret;

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::default();
        let secret = || Material::Value(Secret::new("x"));
        for (id, credential) in [
            ("anthropic:key1", Credential::ApiKey { key: secret() }),
            ("anthropic:key2", Credential::ApiKey { key: secret() }),
            ("anthropic:token", Credential::Token { token: secret(), expires: Expiry::Unknown }),
            ("other:key", Credential::ApiKey { key: secret() }),
            (
                "anthropic:oauth",
                Credential::OAuth { access: secret(), refresh: None, expires: Expiry::Unknown },
            ),
        ] {
            let id: ProfileId = id.parse().unwrap();
            let profile = Profile { id: id.clone(), credential, email: None, added_at: None, issuer: None };
            snapshot.profiles.insert(id, profile);
        }
        snapshot
    }

    fn names(ordered: &[&Profile]) -> Vec<String> {
        ordered.iter().map(|profile| profile.id.name().to_owned()).collect()
    }

    fn config(text: &str) -> Config {
        crate::config::load::parse(text).unwrap()
    }

    #[test]
    fn without_any_order_type_decides_then_the_longest_unused() {
        let snapshot = snapshot();
        let mut state = AuthState::default();
        let used = snapshot.profiles.get(&"anthropic:key1".parse::<ProfileId>().unwrap()).unwrap();
        let at = Timestamp::from_millisecond(1).unwrap();
        state.note_success(used, "opus", at, at);
        let ordered = order("anthropic", &snapshot, &Config::default(), &state);
        assert_eq!(names(&ordered.profiles), ["oauth", "token", "key2", "key1"]);
        assert_eq!(ordered.source, OrderSource::ByType);
    }

    #[test]
    fn a_preference_comes_first_and_excludes_nobody() {
        let config = config(
            "{auth:{profiles:{'anthropic:key2':{provider:'anthropic'},'anthropic:gone':{provider:'anthropic'}}}}",
        );
        let snapshot = snapshot();
        let ordered = order("anthropic", &snapshot, &config, &AuthState::default());
        assert_eq!(names(&ordered.profiles), ["key2", "oauth", "token", "key1"]);
        assert!(ordered.excluded.is_empty());
    }

    #[test]
    fn an_explicit_order_excludes_and_the_agents_own_wins() {
        let config =
            config("{auth:{order:{Anthropic:['anthropic:token','anthropic:token','anthropic:key1']}}}");
        let mut snapshot = snapshot();
        let ordered = order("anthropic", &snapshot, &config, &AuthState::default());
        assert_eq!(
            (names(&ordered.profiles), names(&ordered.excluded)),
            (vec!["token".to_owned(), "key1".to_owned()], vec!["key2".to_owned(), "oauth".to_owned()],)
        );
        snapshot.order.insert("anthropic".to_owned(), vec!["anthropic:key2".to_owned()]);
        let ordered = order("anthropic", &snapshot, &config, &AuthState::default());
        assert_eq!((names(&ordered.profiles), ordered.source), (vec!["key2".to_owned()], OrderSource::Agent));
    }

    #[test]
    fn an_order_of_unknown_ids_is_no_order() {
        let mut snapshot = snapshot();
        snapshot.order.insert("anthropic".to_owned(), vec!["anthropic:gone".to_owned()]);
        let ordered = order("anthropic", &snapshot, &Config::default(), &AuthState::default());
        assert_eq!((ordered.source, ordered.profiles.len()), (OrderSource::ByType, 4));
    }
}
