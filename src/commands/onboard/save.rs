//! What every way of onboarding ends in: the notice, the question to the API, the write, and the report of it.

use serde::Serialize;

use super::Wanted;
use crate::SCHEMA_VERSION;
use crate::anthropic::ApiErrorKind;
use crate::auth::enroll::{self, Account, Enrolled, NewCredential, Outcome};
use crate::auth::form::Form;
use crate::auth::intake::Expected;
use crate::auth::notices::{Notice, PLAN_CREDENTIALS};
use crate::auth::profile::{CredentialType, Material};
use crate::auth::state::Verification;
use crate::auth::verify::{self, Accepted as Verified};
use crate::auth::wording;
use crate::auth::{Credential, ProfileId};
use crate::commands::agent::Agent;
use crate::commands::notice;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::provider;
use crate::secret::Secret;
use crate::terminal::style;

/// The provider every method here is for.
const PROVIDER: &str = "anthropic";

/// What onboarding did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    schema_version: u32,
    agent_id: String,
    profile_id: Option<ProfileId>,
    provider: &'static str,
    #[serde(rename = "type")]
    kind: Option<CredentialType>,
    secret: Option<String>,
    /// Whether anything was written.
    pub(super) changed: bool,
    /// Whether only the end of its life was.
    #[serde(skip)]
    dated: bool,
    replaced: bool,
    previous_secret: Option<String>,
    verified: bool,
    store_path: String,
    /// The notice that was shown for it.
    notice: Option<&'static str>,
    warnings: Vec<String>,
}

impl Report {
    /// Nothing was asked for.
    pub(super) fn skipped(agent: &Agent) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.selected.id.to_string(),
            profile_id: None,
            provider: PROVIDER,
            kind: None,
            secret: None,
            changed: false,
            dated: false,
            replaced: false,
            previous_secret: None,
            verified: false,
            store_path: agent.store.path().display().to_string(),
            notice: None,
            warnings: Vec::new(),
        }
    }

    /// What happened, in a sentence.
    pub(super) fn sentence(&self) -> String {
        let kind = self.kind.map_or("credential", CredentialType::described);
        let id = self.profile_id.as_ref().map_or("", ProfileId::as_str);
        let tail = self.secret.as_deref().map_or("", shortest);
        let agent = &self.agent_id;
        let mark = style::good("✓");
        match (self.changed, &self.previous_secret) {
            (false, _) => format!(
                "{mark} {id} already holds this {kind} ({tail}) for agent {agent}; nothing was written."
            ),
            (true, Some(previous)) => {
                format!("{mark} Replaced {id} for agent {agent}: {previous} → {kind} {tail}.")
            }
            (true, None) if self.dated => {
                format!("{mark} Saved when {id} ({kind} {tail}) ends, for agent {agent}.")
            }
            (true, None) => format!("{mark} Saved {id} ({kind} {tail}) for agent {agent}."),
        }
    }

    pub(super) fn tell_warnings(&self, ctx: &Ctx) {
        for warning in &self.warnings {
            ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
        }
    }
}

/// The last characters of a masked secret; a reference whole.
fn shortest(shown: &str) -> &str {
    if shown.starts_with("ref(") { shown } else { shown.rsplit(' ').next().unwrap_or(shown) }
}

/// Shows the notice about plan credentials where it is due. [`save`] records that it was, so that onboarding which
/// ends before it leaves nothing behind.
pub(super) fn due_notice(ctx: &Ctx, expected: Expected) -> Option<&'static Notice> {
    match expected {
        Expected::SetupToken if notice::show(ctx, &PLAN_CREDENTIALS) => Some(&PLAN_CREDENTIALS),
        Expected::SetupToken | Expected::ApiKey => None,
    }
}

/// What the API said about a credential.
pub(super) enum Asked {
    /// It takes it.
    Accepted(Verified),
    /// It does not.
    Refused(Failure),
    /// It could not be reached, or answered something else.
    Unanswered(Failure),
}

/// Asks the API about a credential that is not stored yet.
pub(super) fn ask_api(
    ctx: &Ctx,
    agent: &Agent,
    expected: Expected,
    secret: &Secret,
    may_show_progress: bool,
) -> Result<Asked, Failure> {
    let client = provider::client(PROVIDER, &agent.config, &ctx.env, ctx.network)?;
    let stored_as = match expected {
        Expected::ApiKey => CredentialType::ApiKey,
        Expected::SetupToken => CredentialType::Token,
    };
    let authorization = provider::sign_with(Form::of(secret, stored_as, None), secret.clone());
    let spinner =
        may_show_progress.then(|| ctx.terminal.spinner(&format!("Asking {} …", client.endpoint().host())));
    let asked = ctx.block_on(async { Ok(verify::verify(&client, &authorization).await) });
    drop(spinner);
    let asked = asked.map_err(|_| Failure::cancelled("Cancelled; nothing was written."))?;
    Ok(match asked {
        Ok(verified) => Asked::Accepted(verified),
        Err(error) => {
            let kind = error.api().map(|api| api.kind);
            let failure = Failure::from(error);
            match kind {
                Some(ApiErrorKind::Authentication | ApiErrorKind::Permission) => Asked::Refused(failure),
                _ => Asked::Unanswered(failure),
            }
        }
    })
}

/// A credential that is ready to be stored.
pub(super) struct ToSave<'a> {
    pub(super) expected: Expected,
    /// The secret, or where it is kept.
    pub(super) material: Material,
    /// Whether its `sk-ant-` form is one this version does not know.
    pub(super) unfamiliar: bool,
    /// What the API said about it, if it was asked.
    pub(super) verified: Option<&'a Verified>,
    /// The notice that was shown for it.
    pub(super) notice: Option<&'static Notice>,
}

impl ToSave<'_> {
    /// What the store is asked to take.
    pub(super) fn enrolment(&self, wanted: &Wanted) -> NewCredential {
        let value = self.material.clone();
        let credential = match self.expected {
            Expected::ApiKey => Credential::ApiKey { key: value },
            Expected::SetupToken => Credential::Token { token: value, expires: wanted.expires },
        };
        NewCredential {
            provider: PROVIDER.to_owned(),
            credential,
            id: wanted.profile_id.clone(),
            usual_name: None,
            replace: wanted.replace,
            account: Account::default(),
        }
    }
}

/// Writes the credential; then what the API said about it and which notice was shown for it. The credential is what
/// matters: trouble with the rest is a warning.
pub(super) fn save(ctx: &Ctx, agent: &Agent, wanted: &Wanted, saved: &ToSave<'_>) -> Result<Report, Failure> {
    let new = saved.enrolment(wanted);
    let enrolled = enroll::enroll(&new, &agent.store, &agent.config, ctx.clock.as_ref())?;
    let mut warnings = warnings(&enrolled, saved.unfamiliar, agent);
    warnings.extend(open_file(ctx, agent, &saved.material));
    if let Some(verified) = saved.verified
        && let Err(failure) = record(ctx, agent, &enrolled.id, verified)
    {
        warnings.push(format!("It cannot be recorded that the API accepts it. {}", failure.message));
    }
    if let Some(notice) = saved.notice {
        notice::record(ctx, notice);
    }
    let previous_secret = match &enrolled.outcome {
        Outcome::Replaced { old } => Some(old.clone()),
        Outcome::Added | Outcome::Unchanged | Outcome::Dated => None,
    };
    Ok(Report {
        kind: Some(new.credential.kind()),
        secret: Some(saved.material.shown()),
        changed: enrolled.outcome != Outcome::Unchanged,
        dated: enrolled.outcome == Outcome::Dated,
        replaced: previous_secret.is_some(),
        previous_secret,
        verified: saved.verified.is_some(),
        notice: saved.notice.map(|notice| notice.id),
        warnings,
        profile_id: Some(enrolled.id),
        ..Report::skipped(agent)
    })
}

fn record(ctx: &Ctx, agent: &Agent, id: &ProfileId, verified: &Verified) -> Result<(), Failure> {
    let (snapshot, ..) = agent.read()?;
    let Some(profile) = snapshot.profiles.get(id) else { return Ok(()) };
    let verification = Verification {
        accepted: true,
        at: ctx.clock.now(),
        how: "onboard".to_owned(),
        status: Some(verified.status),
    };
    Ok(agent.state_file().update(&snapshot, ctx.clock.as_ref(), |state| {
        state.entry(profile).verified = Some(verification);
        true
    })?)
}

/// A word about a file with secrets that everybody can read.
fn open_file(ctx: &Ctx, agent: &Agent, material: &Material) -> Option<String> {
    let Material::Reference(reference) = material else { return None };
    let path = agent.references(ctx).file_of_reference_open_to_all(reference)?;
    Some(format!("All users of this machine can read {}, which holds secrets.", ctx.paths.shown(&path)))
}

fn warnings(enrolled: &Enrolled, unfamiliar: bool, agent: &Agent) -> Vec<String> {
    let mut warnings = Vec::new();
    if unfamiliar {
        warnings.push("Its sk-ant- form is not one this version knows; it is sent as an API key.".to_owned());
    }
    if let Some(ids) = &enrolled.excluded_by {
        let ids: Vec<&ProfileId> = ids.iter().collect();
        warnings.push(format!(
            "The order of {PROVIDER} leaves {} out, so it is not used; to include it: {}",
            enrolled.id,
            wording::order_with(&ids, &enrolled.id, agent.selected.named())
        ));
    }
    if let Some(trouble) = &enrolled.trouble {
        warnings.push(format!("What was remembered of the old secret could not be cleared: {trouble}."));
    }
    warnings
}
