//! The failures of having nothing to send a request with, each with its way out.

use std::collections::HashSet;

use serde_json::json;

use super::{Exit, Failure};
use crate::auth::configured::ConfigCredential;
use crate::auth::form::ANTHROPIC;
use crate::auth::health::{UnusableReason, Usable};
use crate::auth::resolve::{EnvStanding, Inputs, Judged, NoCredential, ProviderAuth};
use crate::auth::wording;
use crate::config::SelectedAgent;
use crate::models::allowed::Allowed;
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::provider;
use crate::text;

/// The failure of having nothing to ask with; `auth` and `inputs` are what was looked at.
pub(crate) fn failure(
    why: &NoCredential,
    auth: &ProviderAuth<'_>,
    agent: &SelectedAgent,
    inputs: &Inputs<'_>,
) -> Failure {
    let flag = agent.flag();
    let only_key = auth.config_key.as_ref().filter(|_| auth.profiles.is_empty() && auth.unreadable == 0);
    let failure = match (why, only_key) {
        (NoCredential::AllUnusable, Some(config_key)) => of_config_key(config_key, auth, &flag),
        (why, _) => of_profiles(why, auth, agent, inputs),
    };
    held_back(failure, auth)
}

/// The config has the only key, and it cannot be used.
fn of_config_key(config_key: &ConfigCredential<'_>, auth: &ProviderAuth<'_>, flag: &str) -> Failure {
    let place = &config_key.key.place;
    let words = wording::config_key_standing(config_key);
    let message = format!("{place} of the config cannot be used: {words}.");
    let failure = Failure::new(Exit::NoUsableCredential, "secret_reference", message)
        .detail("configKey", place.as_str().into());
    let failure = wording::config_key_fix(config_key).into_iter().fold(failure, Failure::fix);
    let provider = &auth.provider;
    failure.command(format!("fased models auth login --provider {provider} --method api-key{flag}"))
}

fn of_profiles(
    why: &NoCredential,
    auth: &ProviderAuth<'_>,
    agent: &SelectedAgent,
    inputs: &Inputs<'_>,
) -> Failure {
    let flag = agent.flag();
    let failure = |kind, message: String| Failure::new(Exit::NoUsableCredential, kind, message);
    match why {
        NoCredential::NothingStored if auth.provider != ANTHROPIC => {
            let provider = &auth.provider;
            let message = format!("No API key found for provider \"{provider}\" (agent {}).", agent.id);
            let failure = failure("no_credential", message);
            match provider::base_url(provider, inputs.config, inputs.env) {
                Some(_) => failure
                    .hint("auth is per agent. Store a key for it")
                    .command(format!("fased models auth login --provider {provider} --method api-key{flag}")),
                None => failure
                    .fact("it has no base URL in the config either")
                    .hint("an Anthropic-compatible endpoint is set up by")
                    .command(wording::endpoint_setup(provider, None, agent.named())),
            }
        }
        NoCredential::NothingStored => {
            let failure = failure(
                "no_credential",
                format!("No API key found for provider \"{}\" (agent {}).", auth.provider, agent.id),
            );
            let hint = "auth is per agent, and this one has no credentials of its own. Run one of";
            failure
                .hint(hint)
                .command(format!("fased onboard{flag}"))
                .command(format!("printf %s \"$ANTHROPIC_API_KEY\" | fased onboard --api-key-stdin{flag}"))
        }
        NoCredential::MissingProfile { id } => {
            let mut failure =
                failure("no_such_profile", format!("No credentials found for profile \"{id}\"."));
            if !auth.profiles.is_empty() {
                let ids: Vec<&str> = auth.profiles.iter().map(|judged| judged.profile.id.as_str()).collect();
                failure = failure.fact(format!("stored: {}", ids.join(", ")));
            }
            failure
                .hint("see what is stored, or store a credential")
                .command(format!("fased models auth list{flag}"))
                .command(format!("fased onboard{flag}"))
        }
        NoCredential::AllUnusable => {
            let message =
                format!("No available auth profile for {} (all in cooldown or unavailable).", auth.provider);
            let failure = match auth.unreadable {
                0 => failure("no_usable_profile", message),
                _ => failure("no_usable_profile", message)
                    .fact("entries of the store cannot be read; `fased models status` names them"),
            };
            let (left_out, others): (Vec<_>, Vec<_>) =
                auth.profiles.iter().partition(|judged| judged.is_left_out());
            let failure = all_unusable(failure, auth, others.into_iter(), agent, inputs);
            let ids: Vec<_> = left_out.iter().map(|judged| &judged.profile.id).collect();
            match ids.as_slice() {
                [] => failure,
                ids => failure
                    .fact(format!("left out by the order: {}", wording::some_ids(ids)))
                    .detail("leftOut", json!(ids)),
            }
        }
        NoCredential::HeldBack => {
            let message = format!(
                "No auth profile for {} can be used now without a change of who pays, which auth.crossBilling: \"stop\" forbids.",
                auth.provider
            );
            let failure = failure("no_usable_profile", message)
                .fact(format!("held back, because somebody else would pay: {}", auth.held_back().join(", ")))
                .detail("heldBack", auth.held_back().into());
            all_unusable(failure, auth, auth.profiles.iter(), agent, inputs)
        }
        NoCredential::PinnedUnusable { id } => {
            let message = format!(
                "Profile \"{id}\" cannot be used now; a named profile is never exchanged for another."
            );
            let pinned = auth.profiles.iter().filter(|judged| judged.profile.id == *id);
            all_unusable(failure("pinned_profile_unusable", message), auth, pinned, agent, inputs)
        }
    }
}

fn all_unusable<'a>(
    mut failure: Failure,
    auth: &ProviderAuth<'_>,
    profiles: impl Iterator<Item = &'a Judged<'a>>,
    agent: &SelectedAgent,
    inputs: &Inputs<'_>,
) -> Failure {
    let flag = agent.flag();
    let profiles: Vec<&Judged<'_>> = profiles.collect();
    let widest = profiles.iter().map(|judged| judged.profile.id.as_str().chars().count()).max().unwrap_or(0);
    let mut documents = Vec::new();
    let mut commands = Vec::new();
    let mut cooling = Vec::new();
    let mut soonest = None;
    for judged in &profiles {
        let Usable::No(unusable) = &judged.verdict.usable else { continue };
        let words = wording::health(&judged.verdict, inputs.now);
        let fix = wording::fix(judged.profile, &judged.verdict, agent.named(), &auth.order);
        let advice = fix.as_ref().and_then(|fix| fix.advice.as_deref());
        let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
        failure = failure.fact(format!("{:widest$}   {words}{advice}", judged.profile.id.as_str()));
        let mut document = json!({
            "profileId": judged.profile.id,
            "kind": unusable.reason.kind(),
            "reason": unusable.reason.word(),
            "modelClass": unusable.model_class,
            "until": unusable.until.map(|until| until.as_millisecond()),
            "fix": fix,
            "commands": fix.as_ref().map(|fix| fix.commands.clone()).unwrap_or_default(),
        });
        if let Some(at) = unusable.trial_at {
            document["trialAt"] = at.as_millisecond().into();
        }
        documents.push(document);
        commands.extend(fix.into_iter().flat_map(|fix| fix.commands));
        if matches!(unusable.reason, UnusableReason::Cooldown(_)) {
            cooling.push(&judged.profile.id);
        }
        let next = [unusable.until, unusable.trial_at].into_iter().flatten().min();
        soonest = match (soonest, next) {
            (Some(soonest), Some(until)) => Some(std::cmp::min::<jiff::Timestamp>(soonest, until)),
            (soonest, until) => soonest.or(until),
        };
    }
    let wait = soonest.map(|until| text::wait(until.duration_since(inputs.now)));
    let model = other_model(auth, inputs);
    let ways = [
        wait.map(|wait| format!("wait {wait}")),
        model.map(|model| format!("use another model (--model {model})")),
        (!cooling.is_empty()).then(|| "have it tried again at once".to_owned()),
        Some("mend or add a credential".to_owned()),
    ];
    let hint = ways.into_iter().flatten().collect::<Vec<_>>().join(", or ");
    commands.extend(match cooling.as_slice() {
        [] => None,
        [one] => Some(wording::clear_window(one, agent.named())),
        _ => Some(format!("fased models auth cooldown clear --all{flag}")),
    });
    commands.push(format!("fased onboard{flag}"));
    let mut seen = HashSet::new();
    commands.retain(|command| seen.insert(command.clone()));
    let failure = failure.detail("profiles", documents.into()).hint(hint);
    commands.into_iter().fold(failure, Failure::command)
}

/// A model of another class that could be asked now.
fn other_model(auth: &ProviderAuth<'_>, inputs: &Inputs<'_>) -> Option<ModelRef> {
    let known = KnownModels::of(inputs.config);
    let allowed = Allowed::by(inputs.config);
    let mut asked = HashSet::new();
    known.all().into_iter().filter(|model| model.provider() == auth.provider).find(|model| {
        // Classes of models are few; each is judged once.
        allowed.check(model).is_ok()
            && asked.insert(known.class_of(model).to_owned())
            && ProviderAuth::survey(&auth.provider, known.class_of(model), inputs).next.is_some()
    })
}

/// A key in the environment that would have helped is named, with the setting that keeps it out.
fn held_back(failure: Failure, auth: &ProviderAuth<'_>) -> Failure {
    match &auth.env {
        Some(env) if env.standing == EnvStanding::HeldBack => failure.fact(format!(
            "{} is set but held back: auth.env is \"fallback\"; \"overflow\" lets it step in",
            env.variable
        )),
        Some(env) if env.standing == EnvStanding::Off => {
            failure.fact(format!("{} is set but not used: auth.env is \"never\"", env.variable))
        }
        Some(env) if env.standing == EnvStanding::Refused => {
            failure.fact(format!("{} is set but is {}", env.variable, env.secret.kind().described()))
        }
        _ => failure,
    }
}
