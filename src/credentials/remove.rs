//! Taking a credential out of an agent's store: what is lost with it, and what a request uses afterwards.

use serde::Serialize;

use super::Holder;
use super::naming::{nothing_of_that_name, refused};
use crate::SCHEMA_VERSION;
use crate::auth::health::Billing;
use crate::auth::neighbours::export::Ended;
use crate::auth::profile::CredentialType;
use crate::auth::remove::{self, Kept, RemoveError, RestoreError, Target};
use crate::auth::resolve::ProviderAuth;
use crate::auth::state::AuthState;
use crate::auth::store::{Snapshot, StoreFinding};
use crate::auth::{Profile, ProfileId, wording};
use crate::error::{Exit, Failure};
use crate::models::known::KnownModels;
use crate::models::selection::AgentModels;
use crate::models::status::NextReport;
use crate::text::one_line;

/// What was removed, and what a request would use now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    schema_version: u32,
    agent_id: String,
    agent_dir: String,
    store_path: String,
    #[serde(flatten)]
    lost: &'a Lost<'a>,
    changed: bool,
    next: Option<NextReport>,
    /// Profiles of Anthropic's tools it was exported as.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ended_exports: Vec<Ended>,
    /// What is to be known beside it.
    pub warnings: Vec<String>,
    /// What brings it back.
    #[serde(skip)]
    pub kept: Kept,
    /// What a request uses now, where that is something else than before.
    #[serde(skip)]
    pub used_now: Option<UsedNow>,
}

/// What is lost by removing something.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lost<'a> {
    /// Its name.
    pub profile_id: &'a str,
    provider: Option<String>,
    #[serde(rename = "type")]
    kind: Option<CredentialType>,
    secret: Option<String>,
    email: Option<&'a str>,
    billing: Option<Billing>,
    #[serde(skip)]
    target: Target<'a>,
}

/// What is used after something was removed.
#[derive(Debug)]
pub struct UsedNow {
    /// In a sentence.
    pub sentence: String,
    /// Whether nothing can be used.
    pub is_nothing: bool,
}

/// What a text names in a store, before it is removed.
#[derive(Debug)]
pub struct Found<'a> {
    text: &'a str,
    snapshot: &'a Snapshot,
    class: String,
    before: Option<ProviderAuth<'a>>,
    /// What would be lost.
    pub lost: Lost<'a>,
}

impl<'a> Found<'a> {
    /// Finds it: a profile by its id, or an unreadable entry by its name or by what is shown of it.
    ///
    /// # Errors
    /// When nothing has that name.
    pub fn find(
        holder: &Holder<'a>,
        text: &'a str,
        snapshot: &'a Snapshot,
        state: &'a AuthState,
    ) -> Result<Self, Failure> {
        let models = AgentModels::of(&holder.selected.id, holder.config)?;
        let class = KnownModels::of(holder.config).class_of(&models.primary).to_owned();
        let target = remove::find(text, snapshot).ok_or_else(|| not_found(text, snapshot, holder))?;
        let provider = provider_of(target);
        let inputs = holder.inputs(snapshot, state);
        let before = provider.as_deref().map(|provider| ProviderAuth::survey(provider, &class, &inputs));
        let lost = Lost::of(target, provider, before.as_ref());
        Ok(Self { text, snapshot, class, before, lost })
    }

    /// Removes it, provided that it still is what it was.
    ///
    /// # Errors
    /// When it is not, or the store cannot be written; nothing is changed then.
    pub fn remove(&self, holder: &Holder<'a>) -> Result<Report<'_>, Failure> {
        let lost = &self.lost;
        let removed = remove::remove(self.text, lost.target, holder.store, holder.paths, holder.clock)
            .map_err(|error| failure(error, lost, holder))?;
        let mut warnings = other_copies(holder, lost, self.snapshot);
        // It is gone, so whatever goes wrong from here on is told beside that.
        let left = holder.read();
        let inputs = left.as_ref().map(|(snapshot, state, _)| holder.inputs(snapshot, state));
        let after = match (&inputs, lost.provider.as_deref()) {
            (Ok(inputs), Some(provider)) => Some(ProviderAuth::survey(provider, &self.class, inputs)),
            (Ok(_), None) => None,
            (Err(failure), _) => {
                warnings.push(format!("What a request uses now cannot be told. {}", failure.message));
                None
            }
        };
        warnings.extend(removed.emptied_orders.iter().map(|provider| {
            let get = format!("fased models auth order get --provider {provider}{}", holder.selected.flag());
            format!(
                "This agent's order of {provider} named nothing else and was dropped; what counts now: {get}"
            )
        }));
        warnings.extend(
            removed
                .trouble
                .map(|trouble| format!("What was remembered of it could not be forgotten: {trouble}.")),
        );
        warnings.extend(removed.ended_exports.iter().filter(|ended| !ended.removed).map(|ended| {
            let path = holder.paths.shown(&ended.credentials_path);
            format!("It was exported to {path}, which is not as it was written; a copy may be there still.")
        }));
        warnings.extend(
            removed
                .export_trouble
                .map(|trouble| format!("What was exported of it is still there: {trouble}")),
        );
        let next = after.as_ref().and_then(NextReport::of);
        let is_other = next != self.before.as_ref().and_then(NextReport::of);
        let after = after.as_ref().filter(|_| is_other);
        Ok(Report {
            schema_version: SCHEMA_VERSION,
            agent_id: holder.selected.id.to_string(),
            agent_dir: holder.selected.dir.display().to_string(),
            store_path: holder.store.path().display().to_string(),
            lost,
            changed: true,
            used_now: after.map(|after| used_now(after, next.as_ref(), holder)),
            next,
            ended_exports: removed.ended_exports,
            kept: removed.kept,
            warnings,
        })
    }
}

impl Report<'_> {
    /// What happened, in a sentence.
    pub fn sentence(&self) -> String {
        format!("Removed {} from agent {}.", self.lost.named(), self.agent_id)
    }
}

/// Brings back what was removed.
///
/// # Errors
/// When something else has its name by now, or the store cannot be written.
pub fn restore(holder: &Holder<'_>, kept: &Kept) -> Result<(), Failure> {
    remove::restore(kept, holder.store, holder.clock).map_err(|error| match error {
        RestoreError::Store(error) => error.into(),
        RestoreError::NameTaken => refused("profile_taken", &error)
            .hint("rename that one first, then store the old one anew")
            .command(format!("fased models auth list{}", holder.selected.flag())),
    })
}

/// Whose credential it is; of an entry that cannot be read, as far as its name says.
fn provider_of(target: Target<'_>) -> Option<String> {
    match target {
        Target::Profile(profile) => Some(profile.id.provider().to_owned()),
        Target::Unreadable(entry) => {
            entry.id.split_once(':').map(|(begin, _)| begin.trim().to_ascii_lowercase())
        }
    }
}

impl<'a> Lost<'a> {
    fn of(target: Target<'a>, provider: Option<String>, survey: Option<&ProviderAuth<'_>>) -> Self {
        match target {
            Target::Profile(profile) => Self {
                profile_id: profile.id.as_str(),
                provider,
                kind: Some(profile.credential.kind()),
                secret: Some(profile.credential.material().shown()),
                email: profile.email.as_deref(),
                billing: survey.and_then(|all| all.judged(&profile.id)).map(|judged| judged.verdict.billing),
                target,
            },
            Target::Unreadable(entry) => Self {
                profile_id: &entry.id,
                provider,
                kind: None,
                secret: None,
                email: None,
                billing: None,
                target,
            },
        }
    }

    /// In a sentence.
    pub fn named(&self) -> String {
        match self.target {
            Target::Profile(profile) => format!("{} ({})", self.profile_id, described(profile)),
            Target::Unreadable(_) => format!("the unreadable entry \"{}\"", self.profile_id),
        }
    }

    /// Before it is lost.
    pub fn described(&self) -> String {
        match self.target {
            Target::Profile(profile) => {
                let email = self.email.map(|email| format!(", {}", one_line(email))).unwrap_or_default();
                let pays = self.billing.map(|billing| format!("; {}", wording::pays(billing)));
                format!("{}{email}{}", described(profile), pays.unwrap_or_default())
            }
            Target::Unreadable(entry) => {
                format!("an entry that cannot be read: {}", entry.problem.described())
            }
        }
    }
}

/// Kind and masked secret.
fn described(profile: &Profile) -> String {
    format!("{} {}", profile.credential.kind().described(), profile.credential.material().shown())
}

/// Where else it is named or kept, which this command leaves alone.
fn other_copies(holder: &Holder<'_>, lost: &Lost<'_>, snapshot: &Snapshot) -> Vec<String> {
    let (config, id) = (holder.paths.shown(holder.paths.config()), lost.profile_id);
    let named = holder.config.places_of(id).into_iter();
    let named =
        named.map(|place| format!("`{place}` in {config} still names {id}; it is passed over there."));
    let imported = snapshot.findings.iter().filter_map(|finding| match finding {
        StoreFinding::Imported(path) => Some(format!(
            "{} of an older program may still hold it; it is no longer read.",
            holder.paths.shown(path)
        )),
        _ => None,
    });
    named.chain(imported).collect()
}

fn used_now(provider: &ProviderAuth<'_>, next: Option<&NextReport>, holder: &Holder<'_>) -> UsedNow {
    let (name, flag) = (&provider.provider, holder.selected.flag());
    let sentence = match next {
        Some(NextReport::Profile { profile_id, billing }) => {
            format!("A request to {name} now uses {profile_id}; {}.", wording::pays(*billing))
        }
        Some(NextReport::Env { variable, billing }) => {
            format!(
                "A request to {name} now uses {variable} of the environment; {}.",
                wording::pays(*billing)
            )
        }
        Some(NextReport::Config { key, billing }) => {
            format!("A request to {name} now uses {key} of the config; {}.", wording::pays(*billing))
        }
        None if provider.profiles.is_empty() && provider.unreadable == 0 => {
            let add =
                if name == "anthropic" { format!(" Add one: fased onboard{flag}") } else { String::new() };
            let agent = &holder.selected.id;
            format!("No credential of {name} is left for agent {agent}.{add}")
        }
        None => format!(
            "None of the credentials of {name} that are left can be used now: fased models status{flag}"
        ),
    };
    UsedNow { sentence, is_nothing: next.is_none() }
}

fn not_found(text: &str, snapshot: &Snapshot, holder: &Holder<'_>) -> Failure {
    let profiles = snapshot.profiles.keys().map(ProfileId::as_str);
    let stored: Vec<&str> = profiles.chain(snapshot.ignored.iter().map(|entry| entry.id.as_str())).collect();
    nothing_of_that_name(text, &stored, holder.selected)
}

fn failure(error: RemoveError, lost: &Lost<'_>, holder: &Holder<'_>) -> Failure {
    let id = lost.profile_id;
    match error {
        RemoveError::Store(error) => error.into(),
        RemoveError::Changed => {
            let message = format!("\"{id}\" changed in the meantime; it was left as it is.");
            Failure::new(Exit::Failed, "changed", message)
                .hint("look at it, then run this again")
                .command(format!("fased models auth list{}", holder.selected.flag()))
        }
        RemoveError::Several => refused("profile_id", &error)
            .fact(id)
            .hint(format!("remove the right one from {} by hand", holder.store.path().display())),
    }
}
