//! Taking credentials over from another store: every entry in its own text, unknown fields and all. A credential that is
//! here already is never lost to one that arrives, and an OAuth pair is never copied: its refresh token is good for one
//! program only.

use std::path::{Path, PathBuf};

use crate::auth::enroll::same_secret;
use crate::auth::form::{self, Form};
use crate::auth::profile::{Credential, EntryProblem, Material, Profile};
use crate::auth::profile_id::ProfileId;
use crate::auth::state::{AuthState, StateFile};
use crate::auth::store::{AuthStore, Document, Edited, SourceEntry, StoreError};
use crate::clock::Clock;
use crate::config::agents::UnknownAgent;
use crate::config::{self, AgentId, ConfigError, Paths, SelectedAgent};
use crate::env::Env;
use crate::secret::SecretKind;

use super::Owner;

/// What is taken, and what may be lost for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice<'a> {
    /// This profile alone.
    pub only: Option<&'a ProfileId>,
    /// Whether a credential that has the id of one that arrives may be lost.
    pub replace: bool,
    /// Whether everything is only said and nothing written.
    pub dry_run: bool,
}

/// What became of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id, made safe to show.
    pub id: String,
    /// What it is, when it can be read.
    pub profile: Option<Profile>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is here now.
    Imported,
    /// It is here now, instead of another secret.
    Replaced {
        /// Masked form of that one.
        old: String,
    },
    /// The store refers to it now, and its owner keeps it.
    Reference {
        /// Masked form of a secret it replaced.
        old: Option<String>,
    },
    /// It was here before.
    Unchanged,
    /// It was not taken.
    Skipped(Skip),
}

/// Why an entry was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// Its id holds another secret.
    #[error("that id holds another credential ({held}), which is kept")]
    Taken {
        /// Masked form of that one.
        held: String,
    },
    /// It is an OAuth pair.
    #[error("a sign-in is not copied, because its refresh token is good for one program only")]
    Pair,
    /// It cannot be read.
    #[error("it cannot be read: {}", .0.described())]
    Unreadable(EntryProblem),
    /// It holds nothing.
    #[error("it holds no secret")]
    Nothing,
    /// Its secret cannot send messages.
    #[error("it holds {}, which cannot send messages", .0.described())]
    Useless(SecretKind),
}

/// Takes entries over, and says of each what became of it. What was remembered of a replaced one is forgotten.
///
/// # Errors
/// When the store that takes them cannot be read or written; it is as it was then.
pub fn import(
    source: &Document,
    choice: Choice<'_>,
    store: &AuthStore,
    clock: &dyn Clock,
) -> Result<Vec<Item>, StoreError> {
    if choice.dry_run {
        return Ok(take(source, &mut store.document()?, choice));
    }
    let items = store.update(clock, |document| {
        let items = take(source, document, choice);
        let changed = items.iter().any(|item| item.outcome.is_new());
        Ok::<_, StoreError>((if changed { Edited::Yes } else { Edited::No }, items))
    })?;
    let replaced: Vec<ProfileId> =
        items.iter().filter(|item| item.outcome.old().is_some()).filter_map(Item::profile_id).collect();
    if !replaced.is_empty() {
        let forget = |state: &mut AuthState| replaced.iter().filter(|id| state.clear(id)).count() > 0;
        // It is void all the same: every entry of the state names the secret it is about.
        let file = StateFile::in_dir(store.dir());
        let cleared = store
            .read()
            .map_err(|error| error.to_string())
            .and_then(|snapshot| file.update(&snapshot, clock, forget).map_err(|error| error.to_string()));
        if let Err(error) = cleared {
            tracing::warn!(%error, "what was remembered of a replaced secret could not be cleared");
        }
    }
    Ok(items)
}

impl Item {
    /// Its id, when it is one.
    pub fn profile_id(&self) -> Option<ProfileId> {
        self.profile.as_ref().map(|profile| profile.id.clone())
    }
}

impl Outcome {
    /// Whether the store holds something it did not hold before, or would.
    pub fn is_new(&self) -> bool {
        !matches!(self, Self::Unchanged | Self::Skipped(_))
    }

    /// Masked form of a secret that is lost for it.
    pub fn old(&self) -> Option<&str> {
        match self {
            Self::Replaced { old } => Some(old),
            Self::Reference { old } => old.as_deref(),
            Self::Imported | Self::Unchanged | Self::Skipped(_) => None,
        }
    }

    /// As in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Imported | Self::Replaced { .. } => "imported",
            Self::Reference { .. } => "reference",
            Self::Unchanged => "unchanged",
            Self::Skipped(_) => "skipped",
        }
    }
}

fn take(source: &Document, into: &mut Document, choice: Choice<'_>) -> Vec<Item> {
    let is_asked_for = |entry: &SourceEntry<'_>| match (choice.only, &entry.profile) {
        (None, _) => true,
        (Some(only), Ok(profile)) => profile.id == *only,
        (Some(only), Err(_)) => entry.shown_id == only.as_str(),
    };
    source
        .entries()
        .filter(is_asked_for)
        .map(|entry| {
            let outcome = match &entry.profile {
                Ok(profile) => take_one(&entry, profile, into, choice.replace),
                Err(problem) => Outcome::Skipped(Skip::Unreadable(*problem)),
            };
            Item { id: entry.shown_id, profile: entry.profile.ok(), outcome }
        })
        .collect()
}

fn take_one(entry: &SourceEntry<'_>, profile: &Profile, into: &mut Document, replace: bool) -> Outcome {
    if let Some(skip) = refusal(profile) {
        return Outcome::Skipped(skip);
    }
    let held = match into.profile(&profile.id) {
        Ok(None) => None,
        Ok(Some(held)) if same_secret(&held.credential, &profile.credential) => return Outcome::Unchanged,
        Ok(Some(held)) => Some(held.credential.material().shown()),
        Err(_) => Some("an entry that cannot be read".to_owned()),
    };
    match held {
        Some(held) if !replace => return Outcome::Skipped(Skip::Taken { held }),
        _ => into.take(&profile.id, entry),
    }
    match (Owner::of_profile(profile), held) {
        (Some(_), old) => Outcome::Reference { old },
        (None, Some(old)) => Outcome::Replaced { old },
        (None, None) => Outcome::Imported,
    }
}

fn refusal(profile: &Profile) -> Option<Skip> {
    match (&profile.credential, profile.credential.material()) {
        (Credential::OAuth { refresh: Some(_), .. }, _) => Some(Skip::Pair),
        (_, Material::Missing) => Some(Skip::Nothing),
        (_, Material::Value(secret)) if form::is_useless(secret.kind()) => Some(Skip::Useless(secret.kind())),
        _ => None,
    }
}

/// Whether a credential is one of a Claude plan.
pub fn is_of_a_plan(profile: &Profile) -> bool {
    if profile.id.provider() != "anthropic" {
        return false;
    }
    match (profile.credential.material(), Owner::of_profile(profile)) {
        (_, Some(owner)) => owner == Owner::ClaudeCode,
        (Material::Value(secret), None) => {
            Form::of(secret, profile.credential.kind(), profile.issuer.as_deref()) == Form::PlanToken
        }
        (Material::Reference(_) | Material::Missing, None) => false,
    }
}

/// Another state directory is not what was said.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing to take over is there.
    #[error("There is {what} at `{path}`.")]
    Nothing {
        /// The path.
        path: PathBuf,
        /// What is missing, with its article: "no credential store".
        what: &'static str,
    },
    /// A database cannot be read.
    #[error("The database `{path}` cannot be read: {reason}.")]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Its config does not list that agent.
    #[error(transparent)]
    Agent(#[from] UnknownAgent),
    /// Its config cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store of an agent in another state directory, which may be named by any of its parts: itself, its `agents`, an
/// agent's directory, the store's file. `home` is what `~` in its config means, `env` what its variables do.
///
/// # Errors
/// When nothing of that is there, or its config cannot be read.
pub fn fased_store(
    path: &Path,
    agent: Option<&AgentId>,
    home: Option<&Path>,
    env: &Env,
) -> Result<AuthStore, SourceError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let nothing = || SourceError::Nothing { path: path.clone(), what: "no credential store" };
    let dir = match path.is_file() {
        true => path.parent().map(Path::to_owned).ok_or_else(nothing)?,
        false => path.clone(),
    };
    let holds_store = |dir: &Path| dir.join("auth-profiles.json").exists() || dir.join("auth.json").exists();
    if holds_store(&dir) {
        return Ok(store_in(&dir));
    }
    let state = match dir.file_name() {
        Some(name) if name == "agents" => dir.parent().map(Path::to_owned).ok_or_else(nothing)?,
        _ => dir,
    };
    let paths = paths_of(&state, home).ok_or_else(nothing)?;
    let config = config::load::load(&paths, env)?.config;
    let selected = match agent {
        // A directory without a config has agents all the same.
        Some(id) if holds_store(&paths.agent_dir(id)) => {
            SelectedAgent { id: id.clone(), dir: paths.agent_dir(id), is_default: false }
        }
        asked => SelectedAgent::choose(asked, &config, &paths)?,
    };
    let is_there =
        holds_store(&selected.dir) || (selected.id == AgentId::main() && paths.legacy_oauth().exists());
    if is_there { Ok(AuthStore::of(&selected, &paths)) } else { Err(nothing()) }
}

/// The store in an agent's directory, with what lies around it where the directory is at its usual place.
fn store_in(dir: &Path) -> AuthStore {
    let agent = dir.parent();
    let agents = agent.and_then(Path::parent).filter(|dir| dir.file_name().is_some_and(|n| n == "agents"));
    let id = agent.and_then(|dir| dir.file_name()?.to_str()?.parse::<AgentId>().ok());
    let paths = agents.and_then(Path::parent).and_then(|state| paths_of(state, None));
    let (id, paths) = match (id, paths) {
        (Some(id), Some(paths)) => (id, paths),
        _ => (AgentId::main(), Paths::below(dir)),
    };
    AuthStore::of(&SelectedAgent { id, dir: dir.to_owned(), is_default: false }, &paths)
}

fn paths_of(state: &Path, home: Option<&Path>) -> Option<Paths> {
    Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state.to_str()?)]), home.map(Path::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(profiles: &str) -> Document {
        Document::parse(&format!(r#"{{"version":1,"profiles":{{{profiles}}}}}"#), Path::new("x")).unwrap()
    }

    fn outcomes(source: &Document, into: &mut Document, choice: Choice<'_>) -> Vec<(String, Outcome)> {
        take(source, into, choice).into_iter().map(|item| (item.id, item.outcome)).collect()
    }

    const KEY: &str = r#""anthropic:a": {"type":"api_key","provider":"anthropic","key":"k1", "odd" : [1]}"#;

    #[test]
    fn an_entry_arrives_in_its_own_text() {
        let mut into = document("");
        assert_eq!(
            outcomes(&document(KEY), &mut into, Choice::default()),
            [("anthropic:a".into(), Outcome::Imported)]
        );
        assert!(into.to_text().contains(KEY), "{}", into.to_text());
        assert_eq!(
            outcomes(&document(KEY), &mut into, Choice::default()),
            [("anthropic:a".into(), Outcome::Unchanged)]
        );
    }

    #[test]
    fn what_is_here_is_kept_unless_it_may_be_lost() {
        let held = KEY.replace("k1", "k2");
        let mut into = document(&held);
        let skipped = Outcome::Skipped(Skip::Taken { held: "…".into() });
        assert_eq!(outcomes(&document(KEY), &mut into, Choice::default()), [("anthropic:a".into(), skipped)]);
        assert!(into.to_text().contains("k2"));
        let replace = Choice { replace: true, ..Choice::default() };
        let replaced = Outcome::Replaced { old: "…".into() };
        assert_eq!(outcomes(&document(KEY), &mut into, replace), [("anthropic:a".into(), replaced)]);
        assert!(!into.to_text().contains("k2"));
    }

    #[test]
    fn what_cannot_be_used_here_is_named_and_not_taken() {
        let source = document(
            r#""anthropic:pair":{"type":"oauth","provider":"anthropic","access":"a","refresh":"r"},
               "anthropic:half":{"type":"oauth","provider":"anthropic","access":"a"},
               "anthropic:empty":{"type":"token","provider":"anthropic"},
               "anthropic:admin":{"type":"api_key","provider":"anthropic","key":"sk-ant-admin01-FAKE"},
               "anthropic:odd":{"type":"hologram","provider":"anthropic"},
               "other:x":{"type":"api_key","provider":"other","keyRef":{"source":"env","id":"X"}}"#,
        );
        let mut into = document("");
        let found: Vec<String> = outcomes(&source, &mut into, Choice::default())
            .into_iter()
            .map(|(id, outcome)| match outcome {
                Outcome::Skipped(why) => format!("{id}: {why}"),
                other => format!("{id}: {}", other.word()),
            })
            .collect();
        assert_eq!(
            found,
            [
                "anthropic:pair: a sign-in is not copied, because its refresh token is good for one program only",
                "anthropic:half: imported",
                "anthropic:empty: it holds no secret",
                "anthropic:admin: it holds an Admin API key, which cannot send messages",
                "anthropic:odd: it cannot be read: its type is absent or unknown",
                "other:x: imported",
            ]
        );
        assert_eq!(into.entries().count(), 2);
    }

    #[test]
    fn one_profile_alone_can_be_asked_for() {
        let source = document(&format!("{KEY},{}", KEY.replace("anthropic:a", "anthropic:b")));
        let only: ProfileId = "anthropic:b".parse().unwrap();
        let choice = Choice { only: Some(&only), ..Choice::default() };
        let mut into = document("");
        assert_eq!(outcomes(&source, &mut into, choice), [("anthropic:b".into(), Outcome::Imported)]);
    }

    #[test]
    fn a_state_directory_may_be_named_by_any_of_its_parts() {
        let dir = tempfile::tempdir().unwrap();
        let agent = dir.path().join("agents/work/agent");
        std::fs::create_dir_all(&agent).unwrap();
        std::fs::File::create(agent.join("auth-profiles.json")).unwrap();
        let work: AgentId = "work".parse().unwrap();
        for part in ["", "agents", "agents/work/agent", "agents/work/agent/auth-profiles.json"] {
            let store = fased_store(&dir.path().join(part), Some(&work), None, &Env::default()).unwrap();
            assert_eq!(store.dir(), agent, "{part}");
        }
        assert!(matches!(
            fased_store(dir.path(), None, None, &Env::default()),
            Err(SourceError::Nothing { .. })
        ));
        let nobody = "nobody".parse().unwrap();
        assert!(matches!(
            fased_store(dir.path(), Some(&nobody), None, &Env::default()),
            Err(SourceError::Agent(_))
        ));
    }
}
