//! What every way of onboarding ends in: the notice, the question to the API, the write, and the report of it.

use serde::Serialize;

use super::Wanted;
use crate::SCHEMA_VERSION;
use crate::auth::enroll::{self, Enrolled, NewCredential, Outcome};
use crate::auth::intake::{Accepted, Expected};
use crate::auth::notices::{self, Notice, PLAN_CREDENTIALS};
use crate::auth::profile::{CredentialType, Material};
use crate::auth::resolve::Form;
use crate::auth::state::Verification;
use crate::auth::verify::{self, Accepted as Verified};
use crate::auth::{Credential, ProfileId};
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
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
    replaced: bool,
    previous_secret: Option<String>,
    verified: bool,
    store_path: String,
    /// The notice that was shown for it.
    pub(super) notice: Option<&'static str>,
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
        let tail = self.secret.as_deref().map_or("", last_word);
        let agent = &self.agent_id;
        let mark = style::good("✓");
        match (self.changed, &self.previous_secret) {
            (false, _) => format!(
                "{mark} {id} already holds this {kind} ({tail}) for agent {agent}; nothing was written."
            ),
            (true, Some(previous)) => {
                format!("{mark} Replaced {id} for agent {agent}: {previous} → {kind} {tail}.")
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

fn last_word(masked: &str) -> &str {
    masked.rsplit(' ').next().unwrap_or(masked)
}

/// Shows the notice about plan credentials where it is due, and records that.
pub(super) fn show_notice(ctx: &Ctx, expected: Expected) -> Result<Option<&'static str>, Failure> {
    let notice: &Notice = match expected {
        Expected::ApiKey => return Ok(None),
        Expected::SetupToken => &PLAN_CREDENTIALS,
    };
    if notices::was_shown(notice, &ctx.paths) {
        return Ok(None);
    }
    ctx.terminal.say(&format!(
        "{} {}\nSource: {}. The supported way: fased onboard --api-key-stdin",
        style::attention(&format!("Notice ({}):", notice.date)),
        notice.text,
        notice.source,
    ));
    notices::record_shown(notice, &ctx.paths, ctx.clock.as_ref())?;
    Ok(Some(notice.id))
}

/// Asks the API about a credential that is not stored yet.
pub(super) fn verified(
    ctx: &Ctx,
    agent: &Agent,
    expected: Expected,
    secret: &Secret,
) -> Result<Verified, Failure> {
    let client = provider::client(PROVIDER, &agent.config, &ctx.env, ctx.network)?;
    let form = match expected {
        Expected::ApiKey => Form::ApiKey,
        Expected::SetupToken => Form::PlanToken,
    };
    let authorization = provider::sign_with(form, secret.clone());
    let spinner = ctx.terminal.spinner(&format!("Asking {} …", client.endpoint().host()));
    let asked = ctx.block_on(async { Ok(verify::verify(&client, &authorization).await?) });
    drop(spinner);
    asked.map_err(|failure| match failure.exit {
        Exit::Cancelled => Failure::cancelled("Cancelled; nothing was written."),
        Exit::Provider => failure
            .fact("nothing was stored")
            .hint("check the credential, or leave --verify out to store it unasked"),
        _ => failure.fact("nothing was stored"),
    })
}

/// Writes an accepted credential, and what the API said about it.
pub(super) fn save(
    ctx: &Ctx,
    agent: &Agent,
    expected: Expected,
    accepted: &Accepted,
    wanted: &Wanted,
    verified: Option<&Verified>,
) -> Result<Report, Failure> {
    let value = Material::Value(accepted.secret.clone());
    let credential = match expected {
        Expected::ApiKey => Credential::ApiKey { key: value },
        Expected::SetupToken => Credential::Token { token: value, expires: wanted.expires },
    };
    let kind = credential.kind();
    let new = NewCredential {
        provider: PROVIDER.to_owned(),
        credential,
        id: wanted.profile_id.clone(),
        replace: wanted.replace,
    };
    let enrolled = enroll::enroll(&new, &agent.store, &agent.config, ctx.clock.as_ref())?;
    if let Some(verified) = verified {
        record(ctx, agent, &enrolled.id, verified)?;
    }
    let previous_secret = match &enrolled.outcome {
        Outcome::Replaced { old } => Some(old.clone()),
        Outcome::Added | Outcome::Unchanged => None,
    };
    Ok(Report {
        kind: Some(kind),
        secret: Some(accepted.secret.masked()),
        changed: enrolled.outcome != Outcome::Unchanged,
        replaced: previous_secret.is_some(),
        previous_secret,
        verified: verified.is_some(),
        warnings: warnings(&enrolled, accepted),
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

fn warnings(enrolled: &Enrolled, accepted: &Accepted) -> Vec<String> {
    let mut warnings = Vec::new();
    if accepted.unfamiliar {
        warnings.push("Its sk-ant- form is not one this version knows; it is sent as an API key.".to_owned());
    }
    if let Some(ids) = &enrolled.excluded_by {
        warnings.push(format!(
            "The order of {PROVIDER} ({}) leaves {} out, so it is not used; add it to that list.",
            ids.join(", "),
            enrolled.id
        ));
    }
    warnings
}
