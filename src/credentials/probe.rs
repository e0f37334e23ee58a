//! Asking the providers about stored credentials, and noting what they say.

use super::Holder;
use crate::auth::health::Billing;
use crate::auth::oauth::refresh::Refresher;
use crate::auth::obtain::Obtainer;
use crate::auth::probe::{self, ProbeOptions, Probes};
use crate::auth::reference::Programs;
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::auth::state::{AuthState, StateError};
use crate::auth::store::Snapshot;
use crate::error::Failure;
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::models::selection::AgentModels;
use crate::models::status::provider_names;
use crate::provider;

/// What came of it.
#[derive(Debug)]
pub struct Probed {
    /// What the providers said.
    pub probes: Probes,
    /// Why that could not be noted.
    pub trouble: Option<StateError>,
}

/// What credentials are asked about for: a model and its class.
struct Asked {
    models: AgentModels,
    model: ModelRef,
    class: String,
}

impl Asked {
    fn of(holder: &Holder<'_>, model: Option<&ModelRef>) -> Result<Self, Failure> {
        let models = AgentModels::of(&holder.selected.id, holder.config)?;
        let model = model.unwrap_or(&models.primary).clone();
        let class = KnownModels::of(holder.config).class_of(&model).to_owned();
        Ok(Self { models, model, class })
    }

    fn survey<'a>(&self, inputs: &Inputs<'a>) -> Vec<ProviderAuth<'a>> {
        let names = provider_names(inputs.snapshot, &self.models, inputs.config);
        names.iter().map(|name| ProviderAuth::survey(name, &self.class, inputs)).collect()
    }
}

/// Whether one of the credentials is paid for by a plan, which asks for the notice about those.
///
/// # Errors
/// When a configured model is no reference.
pub fn pays_by_plan(
    holder: &Holder<'_>,
    snapshot: &Snapshot,
    state: &AuthState,
    model: Option<&ModelRef>,
) -> Result<bool, Failure> {
    let providers = Asked::of(holder, model)?.survey(&holder.inputs(snapshot, state));
    let mut profiles = providers.iter().flat_map(|provider| &provider.profiles);
    Ok(profiles.any(|judged| judged.verdict.billing == Billing::Subscription))
}

/// Asks, for the agent's primary model where none is given.
///
/// # Errors
/// When the store cannot be read. What a provider says is part of the answer, whatever it is.
pub async fn probe(
    holder: &Holder<'_>,
    refresher: &Refresher,
    programs: &Programs,
    options: ProbeOptions,
    model: Option<&ModelRef>,
) -> Result<Probed, Failure> {
    let asked = Asked::of(holder, model)?;
    let (snapshot, state, _) = holder.read()?;
    let inputs = holder.inputs(&snapshot, &state);
    let providers = asked.survey(&inputs);
    let obtainer = Obtainer { references: inputs.references(), refresher, programs };
    let clients = |provider: &str| {
        provider::client(provider, holder.config, holder.env, holder.network)
            .map_err(|error| error.to_string())
    };
    let (model, sign) = (asked.model.to_string(), provider::authorization);
    let probes = probe::probe(&providers, &model, options, &obtainer, &clients, sign, holder.clock).await;
    // A probe may have refreshed pairs, so what is noted is noted about what is stored now.
    let (snapshot, state, _) = holder.read()?;
    let inputs = holder.inputs(&snapshot, &state);
    let providers = asked.survey(&inputs);
    let now = inputs.now;
    let noted = match snapshot.profiles.is_empty() {
        true => Ok(()),
        false => {
            holder.state_file().update(&snapshot, holder.clock, |state| probes.note(&providers, state, now))
        }
    };
    Ok(Probed { probes, trouble: noted.err() })
}
