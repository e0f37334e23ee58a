//! What the owner does to an agent's stored credentials. Secrets come in request bodies and go nowhere but into the store.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::app::App;
use super::super::removed;
use super::super::routes::Call;
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::{self, Expected, IntakeError};
use crate::auth::notices::{self, PLAN_CREDENTIALS};
use crate::auth::probe::{ProbeOptions, Probes};
use crate::auth::profile::Expiry;
use crate::auth::profile_id::ProfileIdError;
use crate::auth::remove::Kept;
use crate::auth::windows::{self, Whose};
use crate::auth::{enroll, order, reorder};
use crate::config::AgentId;
use crate::credentials::check::Asked;
use crate::credentials::remove::Found;
use crate::credentials::save::{Held, ToSave};
use crate::credentials::{Place, check, not_stored, order_failure, refusal, remove, rename as naming};
use crate::error::Failure;
use crate::provider;
use crate::secret::{Secret, SecretKind};
use crate::text::without_credentials;

/// How long a provider may take to say whether it takes a credential.
const PROBE_LIMIT: Duration = Duration::from_secs(15);
/// How many are asked about at a time.
const PROBES_AT_A_TIME: usize = 4;
/// What the record of a verification names.
const HOW: &str = "Control UI";

/// The name of a profile in a request; what is none is not repeated, because it may be a secret.
fn profile_id(text: &str) -> Result<ProfileId, Failure> {
    text.trim().parse().map_err(|error: ProfileIdError| Failure::usage(format!("That name is {error}.")))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Method {
    ApiKey,
    Token,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Saving {
    method: Method,
    secret: Secret,
    /// Whose it is; Anthropic's where nothing is said.
    provider: Option<String>,
    /// The profile whose secret it replaces. Without one it goes beside what there is.
    profile_id: Option<String>,
}

/// `POST /api/agents/{agent}/credentials`: judges a key or token, asks the provider, and stores it unless it is refused.
pub(super) fn save(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Saving { method, secret, provider, profile_id: id } = super::body(call)?;
    let view = super::agent(app, call)?;
    let holder = view.holder(app.network);
    let provider = provider.map_or_else(|| ANTHROPIC.to_owned(), |name| name.trim().to_ascii_lowercase());
    let expected = match method {
        Method::ApiKey => Expected::ApiKey,
        Method::Token => Expected::SetupToken,
    };
    let accepted = intake::accept_for(&provider, secret.expose(), expected).map_err(|error| {
        misplaced(&error, &provider, refusal::failure(&error, &provider, expected, holder.selected))
    })?;
    let place = Place {
        provider: provider.clone(),
        profile_id: id.as_deref().map(profile_id).transpose()?,
        usual_name: None,
        expires: Expiry::Unknown,
        replace: false,
    };
    let is_plan = expected == Expected::SetupToken && place.is_anthropics();
    let notice = (is_plan && !notices::was_shown(&PLAN_CREDENTIALS, &app.paths)).then_some(&PLAN_CREDENTIALS);
    let mut to_save = ToSave::of_secret(expected, Held::judged(&accepted, None), &place, notice, HOW);
    let to = enroll::destination(&to_save.new, holder.store)?;
    // Whoever adds a credential does not mean to lose one; whoever names a profile does.
    if to_save.new.id.is_none() && to.holds.is_some() {
        to_save.new.id = Some(to.beside);
    }
    let client = provider::client(&provider, holder.config, holder.env, holder.network)?;
    let authorization = check::authorization(&provider, expected, &accepted.secret);
    let asked = super::wait_for(async { Ok(check::ask(&holder, &provider, &client, &authorization).await) })?;
    let unasked = match asked {
        Asked::Accepted(verified) => {
            to_save.accepted_by_the_api(Some(verified.status));
            None
        }
        Asked::Refused(failure) => {
            let failure = Failure { commands: Vec::new(), ..failure };
            return Err(failure.fact("nothing was stored").hint("check that it was copied whole"));
        }
        Asked::Unanswered(failure) => Some(failure.message),
    };
    let mut report = crate::credentials::save::save(&holder, &to_save)?;
    if let Some(why) = &unasked {
        report.warnings.push(format!("{why} It is stored without being verified; test it later."));
    }
    let works = if unasked.is_none() { " It works." } else { "" };
    super::told(&format!("{}{works}", report.sentence()), &report)
}

/// Adds where something belongs that was pasted at the wrong place, for the page to offer it.
fn misplaced(error: &IntakeError, provider: &str, failure: Failure) -> Failure {
    let save_as = match error {
        IntakeError::WrongKind { found: SecretKind::BearerToken, .. } => "token",
        IntakeError::WrongKind { .. } => "api-key",
        _ => return failure,
    };
    if provider == ANTHROPIC { failure.detail("saveAs", save_as.into()) } else { failure }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Probing {
    /// All without one.
    profile_id: Option<String>,
    provider: Option<String>,
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    probes: &'a Probes,
    /// Why the pages go on showing what was known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// `POST /api/agents/{agent}/credentials/probe`
pub(super) fn probe(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Probing { profile_id: id, provider } = super::body(call)?;
    let view = super::agent(app, call)?;
    let holder = view.holder(app.network);
    let profile_ids: Vec<ProfileId> = id.as_deref().map(profile_id).transpose()?.into_iter().collect();
    for id in &profile_ids {
        if !view.snapshot.profiles.contains_key(id) {
            return Err(not_stored(id, &view.snapshot, holder.selected));
        }
    }
    let options = ProbeOptions {
        provider,
        profile_ids,
        timeout: PROBE_LIMIT,
        concurrency: PROBES_AT_A_TIME,
        max_tokens: 1,
    };
    let probing = crate::credentials::probe::probe(&holder, &view.refresher, &app.programs, options, None);
    let probed = super::wait_for(probing)?;
    let trouble = probed.trouble.map(|error| format!("What the providers said cannot be noted: {error}."));
    let said = [Some(probed.probes.in_words()), trouble.clone()];
    let said: Vec<String> = said.into_iter().flatten().collect();
    super::told(&said.join(" "), &Told { probes: &probed.probes, trouble })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Moving {
    profile_id: String,
    direction: Direction,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Direction {
    Up,
    Down,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ordered {
    schema_version: u32,
    provider: String,
    order: Vec<ProfileId>,
    changed: bool,
}

/// `POST /api/agents/{agent}/credentials/move`: one place up or down in the order that counts, which becomes the agent's own.
pub(super) fn move_one(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Moving { profile_id: id, direction } = super::body(call)?;
    let id = profile_id(&id)?;
    let view = super::agent(app, call)?;
    let holder = view.holder(app.network);
    let ordered = order::order(id.provider(), &view.snapshot, holder.config, &view.state);
    let mut ids: Vec<ProfileId> = ordered.profiles.iter().map(|profile| profile.id.clone()).collect();
    let Some(at) = ids.iter().position(|known| *known == id) else {
        // One that the order leaves out comes in at its end.
        if !view.snapshot.profiles.contains_key(&id) {
            return Err(not_stored(&id, &view.snapshot, holder.selected));
        }
        ids.push(id.clone());
        return set_order(&holder, id.provider(), ids);
    };
    let to = match direction {
        Direction::Up => at.saturating_sub(1),
        Direction::Down => (at + 1).min(ids.len() - 1),
    };
    ids.swap(at, to);
    set_order(&holder, id.provider(), ids)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Ordering {
    provider: String,
    /// None takes the agent's own order back.
    order: Option<Vec<String>>,
}

/// `POST /api/agents/{agent}/credentials/order`
pub(super) fn order(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Ordering { provider, order } = super::body(call)?;
    let view = super::agent(app, call)?;
    let holder = view.holder(app.network);
    let provider = provider.trim().to_ascii_lowercase();
    match order {
        Some(ids) => {
            let ids = ids.iter().map(|id| profile_id(id)).collect::<Result<_, _>>()?;
            set_order(&holder, &provider, ids)
        }
        None => {
            let previous = reorder::clear(&provider, holder.store, holder.clock)
                .map_err(|error| order_failure(error, &holder))?;
            let changed = previous.is_some();
            let (snapshot, state, _) = holder.read()?;
            let ordered = order::order(&provider, &snapshot, holder.config, &state);
            let order = ordered.profiles.iter().map(|profile| profile.id.clone()).collect();
            let said = format!("{} has no order of its own for {provider} any more.", holder.selected.id);
            super::told(&said, &Ordered { schema_version: SCHEMA_VERSION, provider, order, changed })
        }
    }
}

fn set_order(
    holder: &crate::credentials::Holder<'_>,
    provider: &str,
    ids: Vec<ProfileId>,
) -> Result<Response, Failure> {
    let done = reorder::set(provider, &ids, holder.store, holder.clock)
        .map_err(|error| order_failure(error, holder))?;
    let names: Vec<&str> = ids.iter().map(ProfileId::as_str).collect();
    let said = format!("Order of use: {}.", names.join(", "));
    let provider = provider.to_owned();
    let ordered = Ordered { schema_version: SCHEMA_VERSION, provider, order: ids, changed: done.changed };
    super::told(&said, &ordered)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Naming {
    profile_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Cleared {
    schema_version: u32,
    profile_id: ProfileId,
    changed: bool,
}

/// `POST /api/agents/{agent}/credentials/clear-cooldown`
pub(super) fn clear_cooldown(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Naming { profile_id: id } = super::body(call)?;
    let id = profile_id(&id)?;
    let view = super::agent(app, call)?;
    let holder = view.holder(app.network);
    if !view.snapshot.profiles.contains_key(&id) {
        return Err(not_stored(&id, &view.snapshot, holder.selected));
    }
    let done = windows::close(Whose::One(&id), &view.snapshot, &holder.state_file(), holder.clock)?;
    let changed = !done.cleared.is_empty();
    let said = match changed {
        true => format!("{id} will be tried again at once."),
        false => format!("There is nothing to clear of {id}."),
    };
    super::told(&said, &Cleared { schema_version: SCHEMA_VERSION, profile_id: id, changed })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Renaming {
    profile_id: String,
    /// What stands behind the provider's name.
    name: String,
}

/// `POST /api/agents/{agent}/credentials/rename`
pub(super) fn rename(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Renaming { profile_id: old, name } = super::body(call)?;
    let old = profile_id(&old)?;
    if without_credentials(&name) != name {
        return Err(Failure::usage("That name holds a credential; a name is shown everywhere."));
    }
    let name = name.trim();
    let name = name.strip_prefix(old.provider()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(name);
    let new = ProfileId::new(old.provider(), name)
        .map_err(|error| Failure::usage(format!("That name is {error}.")))?;
    let view = super::agent(app, call)?;
    let report = naming::rename(&view.holder(app.network), &old, &new)?;
    super::told(&report.sentence(), &report)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed<'a> {
    #[serde(flatten)]
    report: &'a remove::Report<'a>,
    /// What brings it back, for as long as it is kept.
    undo: String,
    undo_seconds: u64,
}

/// `POST /api/agents/{agent}/credentials/remove`
pub(super) fn remove(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Naming { profile_id: text } = super::body(call)?;
    let view = super::agent(app, call)?;
    let holder = view.holder(app.network);
    let found = Found::find(&holder, text.trim(), &view.snapshot, &view.state)?;
    let undo = removed::new_name()?;
    let report = found.remove(&holder)?;
    keep(app, undo.clone(), &view.selected.id, report.kept.clone());
    let undo_seconds = removed::SHOWN.as_secs();
    super::told(&report.sentence(), &Removed { report: &report, undo, undo_seconds })
}

/// Keeps what was removed for as long as it can be undone, and no longer.
fn keep(app: &Arc<App>, undo: String, agent: &AgentId, kept: Kept) {
    app.removed.keep(undo, agent, kept, app.clock.steady());
    let forgetful = Arc::clone(app);
    tokio::spawn(async move {
        tokio::time::sleep(removed::LIFETIME).await;
        forgetful.removed.forget(forgetful.clock.steady());
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Undoing {
    undo: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    schema_version: u32,
    changed: bool,
}

/// `POST /api/agents/{agent}/credentials/undo-remove`
pub(super) fn undo_remove(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Undoing { undo } = super::body(call)?;
    let view = super::agent(app, call)?;
    let kept = app.removed.take(&view.selected.id, &undo, app.clock.steady())?;
    if let Err(failure) = remove::restore(&view.holder(app.network), &kept) {
        // There is no other copy. Once what is in the way is gone, it can be undone all the same.
        keep(app, undo, &view.selected.id, kept);
        return Err(failure);
    }
    super::told("It is back.", &Restored { schema_version: SCHEMA_VERSION, changed: true })
}
