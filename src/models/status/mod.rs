//! The status report: an agent's models and the verdict on each of its credentials, as one serialisable value. Text, JSON
//! and pages are renderings of it. Its JSON is a superset of the TypeScript program's `models status --json`.

mod auth;
mod findings;
mod listing;
mod profile;

pub use auth::{AuthReport, Check, NextReport, ProviderReport, provider_names};
pub use findings::Finding;
pub(crate) use findings::{LEFT_OUT, NEEDS_ATTENTION, NO_CREDENTIAL};
pub use listing::{ListedProvider, Listing, UnreadableEntry};
pub use profile::{ProfileReport, Rows};

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::Serialize;

use super::catalog::Catalog;
use super::known::KnownModels;
use super::refs::ModelRef;
use super::selection::{self, AgentModels, ChoiceSource, ConfiguredModelError};
use crate::SCHEMA_VERSION;
use crate::auth::probe::Probes;
use crate::auth::resolve::Inputs;
use crate::auth::state::StateFinding;
use crate::config::{Config, Paths, SelectedAgent};

/// What a status is made from.
#[derive(Debug)]
pub struct StatusInputs<'a> {
    /// Credentials and what decides about them.
    pub auth: Inputs<'a>,
    /// Whose status it is.
    pub agent: &'a SelectedAgent,
    /// Where things are.
    pub paths: &'a Paths,
    /// The store's path.
    pub store_path: PathBuf,
    /// The model `usable` is judged for; the agent's primary when none is asked.
    pub model: Option<ModelRef>,
    /// What reading the state showed.
    pub state_findings: Vec<StateFinding>,
    /// What asking the providers showed, if they were asked.
    pub probes: Option<&'a Probes>,
}

/// The whole report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport<'a> {
    schema_version: u32,
    /// Where the config is, or would be.
    pub config_path: PathBuf,
    /// The agent.
    pub agent_id: &'a str,
    /// Whether commands without `--agent` mean it.
    pub agent_is_default: bool,
    /// Its directory.
    pub agent_dir: PathBuf,
    /// The primary model as configured.
    pub default_model: String,
    /// The primary model after aliases.
    pub resolved_default: ModelRef,
    /// Models asked when it cannot answer.
    pub fallbacks: Vec<ModelRef>,
    /// The model for images.
    pub image_model: Option<ModelRef>,
    /// Its fallbacks.
    pub image_fallbacks: Vec<ModelRef>,
    /// Where primary and fallbacks come from.
    pub model_config: ModelConfig,
    /// Configured aliases.
    pub aliases: IndexMap<String, String>,
    /// Configured models.
    pub allowed: Vec<&'a str>,
    /// What the data file knows.
    pub catalog: CatalogOverview,
    /// Credentials.
    pub auth: AuthReport<'a>,
    /// What should be looked at, each with its fix.
    pub findings: Vec<Finding>,
}

/// Where primary and fallbacks come from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelConfig {
    default_source: &'static str,
    fallbacks_source: &'static str,
}

/// Counts of known models. The TypeScript program loads extensions; the fields about them are here and empty.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogOverview {
    total_models: usize,
    total_providers: usize,
    source_counts: IndexMap<&'static str, usize>,
    provider_extension_catalog: ExtensionCatalog,
    provider_extension_manifest: ExtensionManifest,
    providers: Vec<CatalogProvider>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtensionCatalog {
    total_entries: usize,
    loaded_entries: usize,
    error_entries: usize,
    skipped_untrusted_entries: usize,
    loaded_provider_ids: [&'static str; 0],
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExtensionManifest {
    deferred_provider_ids: [&'static str; 0],
}

#[derive(Debug, Serialize)]
struct CatalogProvider {
    provider: String,
    models: usize,
}

impl CatalogOverview {
    fn of(config: &Config) -> Self {
        let known = KnownModels::of(config).all();
        let embedded = Catalog::embedded().models().len();
        let mut providers: IndexMap<&str, usize> = IndexMap::new();
        for model in &known {
            *providers.entry(model.provider()).or_default() += 1;
        }
        let mut source_counts: IndexMap<&str, usize> = [("embedded", embedded)].into();
        if known.len() > embedded {
            source_counts.insert("config", known.len() - embedded);
        }
        Self {
            total_models: known.len(),
            total_providers: providers.len(),
            source_counts,
            provider_extension_catalog: ExtensionCatalog::default(),
            provider_extension_manifest: ExtensionManifest::default(),
            providers: providers
                .into_iter()
                .map(|(provider, models)| CatalogProvider { provider: provider.to_owned(), models })
                .collect(),
        }
    }
}

impl<'a> StatusReport<'a> {
    /// Makes the report.
    ///
    /// # Errors
    /// When a configured model is no reference.
    pub fn make(inputs: &StatusInputs<'a>) -> Result<Self, ConfiguredModelError> {
        let auth = &inputs.auth;
        let config = auth.config;
        let models = AgentModels::of(&inputs.agent.id, config)?;
        let judged_model = inputs.model.as_ref().unwrap_or(&models.primary);
        let model_class = KnownModels::of(config).class_of(judged_model).to_owned();
        let report = AuthReport::make(inputs, &models, model_class);
        let findings = findings::findings(inputs, &models.primary, &report);
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            config_path: inputs.paths.config().to_owned(),
            agent_id: inputs.agent.id.as_str(),
            agent_is_default: inputs.agent.is_default,
            agent_dir: inputs.agent.dir.clone(),
            default_model: models.primary_text,
            resolved_default: models.primary,
            fallbacks: models.fallbacks,
            image_model: models.image,
            image_fallbacks: models.image_fallbacks,
            model_config: ModelConfig {
                default_source: models.primary_source.as_str(),
                fallbacks_source: models.fallbacks_source.as_str(),
            },
            aliases: selection::aliases(config),
            allowed: config.agents.defaults.models.keys().map(String::as_str).collect(),
            catalog: CatalogOverview::of(config),
            auth: report,
            findings,
        })
    }

    /// The outcome of `--check`.
    pub fn check(&self) -> Check {
        self.auth.check
    }

    /// Whether the primary model was chosen anywhere.
    pub fn primary_is_builtin(&self) -> bool {
        self.model_config.default_source == ChoiceSource::Builtin.as_str()
    }
}
