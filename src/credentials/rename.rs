//! Another name for a credential, and everything that goes along with it or has to be changed by hand.

use serde::Serialize;

use super::Holder;
use super::naming::{not_stored, refused};
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::order;
use crate::auth::rename::{self, RenameError};
use crate::auth::wording;
use crate::error::Failure;
use crate::sessions::SessionsDir;

/// What was renamed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    schema_version: u32,
    agent_id: &'a str,
    agent_dir: String,
    store_path: String,
    profile_id: &'a ProfileId,
    previous_profile_id: &'a ProfileId,
    changed: bool,
    /// What is to be done by hand, and what went wrong beside it.
    pub warnings: Vec<String>,
}

impl Report<'_> {
    /// What happened, in a sentence.
    pub fn sentence(&self) -> String {
        let Self { agent_id, profile_id: new, previous_profile_id: old, .. } = self;
        match self.changed {
            true => format!("Renamed {old} to {new} for agent {agent_id}."),
            false => format!("{new} has that name already; nothing was written."),
        }
    }
}

/// Renames a credential.
///
/// # Errors
/// When it cannot have that name; nothing is written then.
pub fn rename<'a>(
    holder: &Holder<'a>,
    old: &'a ProfileId,
    new: &'a ProfileId,
) -> Result<Report<'a>, Failure> {
    let done = rename::rename(old, new, holder.store, holder.paths, holder.clock)
        .map_err(|error| failure(error, holder))?;
    // It has the name, so whatever goes wrong from here on is told beside that.
    let mut warnings = if done.changed { in_config(holder, old, new) } else { Vec::new() };
    warnings.extend(
        done.trouble
            .map(|trouble| format!("What is remembered of {old} could not be taken along: {trouble}.")),
    );
    warnings.extend(
        done.export_trouble.map(|trouble| format!("What was exported of it may not follow {new}: {trouble}")),
    );
    if done.changed {
        warnings.extend(pins(holder, old, new));
    }
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        agent_id: holder.selected.id.as_str(),
        agent_dir: holder.selected.dir.display().to_string(),
        store_path: holder.store.path().display().to_string(),
        profile_id: new,
        previous_profile_id: old,
        changed: done.changed,
        warnings,
    })
}

/// Takes the pins of sessions along; says which ones stayed.
fn pins(holder: &Holder<'_>, old: &ProfileId, new: &ProfileId) -> Vec<String> {
    let sessions = SessionsDir::of(&holder.selected.id, holder.paths);
    match sessions.rename_profile(old, new, holder.clock.now()) {
        Ok(unchanged) => unchanged
            .into_iter()
            .map(|(id, error)| format!("Session \"{id}\" is still pinned to {old}: {error}."))
            .collect(),
        Err(error) => vec![format!("Sessions that are pinned to {old} stay so: {error}.")],
    }
}

/// What is to be changed in the config, and what holds until then.
fn in_config(holder: &Holder<'_>, old: &ProfileId, new: &ProfileId) -> Vec<String> {
    let config = holder.paths.shown(holder.paths.config());
    let places = holder.config.places_of(old.as_str()).into_iter();
    let mut warnings: Vec<String> =
        places.map(|place| format!("`{place}` in {config} still names {old}; write {new} there.")).collect();
    let (snapshot, state) = match holder.read() {
        Ok((snapshot, state, _)) => (snapshot, state),
        Err(failure) => {
            let message = failure.message;
            warnings.push(format!("Whether an order leaves {new} out cannot be told. {message}"));
            return warnings;
        }
    };
    let ordered = order::order(new.provider(), &snapshot, holder.config, &state);
    if ordered.excluded.iter().any(|profile| profile.id == *new) && !warnings.is_empty() {
        let named = holder.config.auth_order(new.provider()).unwrap_or_default().iter();
        let ids: Vec<ProfileId> = named
            .filter_map(|id| id.trim().parse().ok())
            .map(|id: ProfileId| if id == *old { new.clone() } else { id })
            .filter(|id| snapshot.profiles.contains_key(id))
            .collect();
        warnings.push(format!(
            "Until then the config's order leaves {new} out, so it is not used. To give this agent an order of its own: {}",
            wording::set_order(new.provider(), ids.iter(), holder.selected.named())
        ));
    }
    warnings
}

fn failure(error: RenameError, holder: &Holder<'_>) -> Failure {
    let list = format!("fased models auth list{}", holder.selected.flag());
    match error {
        RenameError::Store(error) => error.into(),
        RenameError::NotStored { ref id } => match holder.store.read() {
            Ok(snapshot) => not_stored(id, &snapshot, holder.selected),
            Err(error) => error.into(),
        },
        RenameError::Taken { .. } => {
            refused("profile_taken", &error).hint("choose a name that is free").command(list)
        }
        RenameError::Unreadable { .. } | RenameError::OtherProvider { .. } => refused("profile_id", &error),
    }
}
