//! Values that may be typed because this machine knows them. Whatever cannot be read has none: nobody who presses Tab
//! wants to hear why. Nothing is written, locked, waited for or asked over a network.

use serde_json::Value;

use crate::auth::profile::CredentialType;
use crate::auth::store::AuthStore;
use crate::config::document::Document;
use crate::config::key_path::{Segment, shown};
use crate::config::{Config, Paths, SelectedAgent, json_schema};
use crate::env::Env;
use crate::gateway::keys::file::KeyFile;
use crate::models::catalog::Catalog;
use crate::models::known::KnownModels;
use crate::models::refs::ANTHROPIC;
use crate::models::roles::Role;
use crate::models::selection;
use crate::sessions::SessionsDir;
use crate::text::one_line;

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An agent's id.
    Agent,
    /// A stored profile of the agent.
    Profile,
    /// A provider.
    Provider,
    /// A model or an alias, perhaps with a profile.
    Model,
    /// An alias of the config.
    Alias,
    /// A session of the agent.
    Session,
    /// A key of the gateway's clients, by name.
    GatewayKey,
    /// The place of a value in the config.
    ConfigKey,
    /// A kind of work.
    Role,
}

/// A value, and what it is in a few words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suggestion {
    /// What is typed.
    pub value: String,
    /// What it is.
    pub about: Option<String>,
}

/// What is known of one agent on this machine; everything is read when it is asked for.
#[derive(Debug, Clone)]
pub struct Known {
    paths: Paths,
    env: Env,
    agent: Option<String>,
}

impl Kind {
    /// The kind that the value names of arguments mean.
    pub fn of_value_name(name: &str) -> Option<Self> {
        Some(match name {
            "AGENT" => Self::Agent,
            "PROFILE" | "OLD" => Self::Profile,
            "PROVIDER" => Self::Provider,
            "MODEL" => Self::Model,
            "ALIAS" => Self::Alias,
            "SESSION" => Self::Session,
            "KEY_NAME" => Self::GatewayKey,
            "KEY_PATH" => Self::ConfigKey,
            "ROLE" => Self::Role,
            _ => return None,
        })
    }
}

impl Known {
    /// What is known of this agent, or of the one that is meant without a name.
    pub fn of(agent: Option<&str>, paths: Paths, env: Env) -> Self {
        Self { paths, env, agent: agent.map(str::to_owned) }
    }

    /// The values of a kind that begin so.
    pub fn values(&self, kind: Kind, begun: &str) -> Vec<Suggestion> {
        let all = match kind {
            Kind::ConfigKey => self.config_keys(),
            Kind::GatewayKey => self.gateway_keys(),
            Kind::Role => Some(Role::ALL.iter().map(|role| suggestion(role.as_flag(), None)).collect()),
            _ => self.of_config(kind, begun),
        };
        let mut values: Vec<Suggestion> = all.unwrap_or_default();
        values.retain(|suggestion| suggestion.value.starts_with(begun) && is_typed(&suggestion.value));
        values
    }

    fn of_config(&self, kind: Kind, begun: &str) -> Option<Vec<Suggestion>> {
        let config = crate::config::load::load(&self.paths, &self.env).ok()?.config;
        Some(match kind {
            Kind::Agent => self.agents(&config),
            Kind::Profile => self.profiles(&config)?,
            Kind::Provider => providers(&config),
            Kind::Model => match begun.split_once('@') {
                Some((model, _)) => self.models_with_profile(model, &config)?,
                None => models(&config),
            },
            Kind::Alias => aliases(&config),
            Kind::Session => self.sessions(&config)?,
            Kind::GatewayKey | Kind::ConfigKey | Kind::Role => Vec::new(),
        })
    }

    fn selected(&self, config: &Config) -> Option<SelectedAgent> {
        let asked = self.agent.as_deref().map(str::parse).transpose().ok()?;
        SelectedAgent::choose(asked.as_ref(), config, &self.paths).ok()
    }

    fn agents(&self, config: &Config) -> Vec<Suggestion> {
        let about = |agent: &SelectedAgent| agent.is_default.then_some("the default");
        let agents = SelectedAgent::all(config, &self.paths);
        agents.iter().map(|agent| suggestion(agent.id.as_str(), about(agent))).collect()
    }

    fn profiles(&self, config: &Config) -> Option<Vec<Suggestion>> {
        let snapshot = AuthStore::of(&self.selected(config)?, &self.paths).read().ok()?;
        let about = |kind| match kind {
            CredentialType::ApiKey => "API key",
            CredentialType::Token => "token",
            CredentialType::OAuth => "sign-in",
        };
        let profiles = snapshot.profiles.values();
        Some(
            profiles
                .map(|profile| suggestion(profile.id.as_str(), Some(about(profile.credential.kind()))))
                .collect(),
        )
    }

    fn models_with_profile(&self, model: &str, config: &Config) -> Option<Vec<Suggestion>> {
        let meant = selection::resolve(model, config).ok()?;
        let of_provider = |profile: &Suggestion| {
            profile.value.split_once(':').is_some_and(|(provider, _)| provider == meant.provider())
        };
        let profiles = self.profiles(config)?.into_iter().filter(of_provider);
        Some(
            profiles
                .map(|profile| Suggestion { value: format!("{model}@{}", profile.value), ..profile })
                .collect(),
        )
    }

    fn sessions(&self, config: &Config) -> Option<Vec<Suggestion>> {
        let named = SessionsDir::of(&self.selected(config)?.id, &self.paths).named().ok()?;
        Some(named.iter().map(|(id, title)| suggestion(id.as_str(), title.as_deref())).collect())
    }

    fn gateway_keys(&self) -> Option<Vec<Suggestion>> {
        let keys = KeyFile::read(&self.paths.gateway_keys()).ok()?.keys;
        Some(keys.iter().map(|key| suggestion(&key.name, Some(&format!("agent {}", key.agent)))).collect())
    }

    /// The places of the config that have a value, and those that could have one.
    fn config_keys(&self) -> Option<Vec<Suggestion>> {
        let document = Document::read(&self.paths).ok()?;
        let mut places = Vec::new();
        add_places(document.value(), &mut Vec::new(), &mut places);
        let mut found: Vec<Suggestion> =
            places.iter().map(|place| suggestion(&shown(place), Some("set"))).collect();
        let schema = json_schema::json_schema();
        let mut known = Vec::new();
        add_known_places(&schema, &schema, &mut Vec::new(), &mut known);
        for (place, about) in known {
            let place = shown(&place);
            if found.iter().all(|suggestion| suggestion.value != place) {
                found.push(suggestion(&place, about.as_deref()));
            }
        }
        found.sort();
        Some(found)
    }
}

fn suggestion(value: &str, about: Option<&str>) -> Suggestion {
    Suggestion { value: value.to_owned(), about: about.map(one_line) }
}

/// A value of several lines, or one with a tab, is none that shells could be told.
fn is_typed(value: &str) -> bool {
    !value.is_empty() && !value.chars().any(char::is_control)
}

fn providers(config: &Config) -> Vec<Suggestion> {
    let configured = config.models.providers.keys().map(|id| id.trim());
    let configured = configured.filter(|id| !id.eq_ignore_ascii_case(ANTHROPIC));
    [ANTHROPIC].into_iter().chain(configured).map(|id| suggestion(id, None)).collect()
}

fn aliases(config: &Config) -> Vec<Suggestion> {
    selection::aliases(config).iter().map(|(alias, model)| suggestion(alias, Some(model))).collect()
}

/// Aliases, short names and models, each name once.
fn models(config: &Config) -> Vec<Suggestion> {
    let mut found = aliases(config);
    let short = Catalog::embedded().aliases();
    found.extend(short.map(|(alias, id)| suggestion(alias, Some(&format!("{ANTHROPIC}/{id}")))));
    found.extend(KnownModels::of(config).all().iter().map(|model| suggestion(&model.to_string(), None)));
    let mut seen = std::collections::HashSet::new();
    found.retain(|suggestion| seen.insert(suggestion.value.clone()));
    found
}

/// Every place below a value, objects and arrays themselves included.
fn add_places(value: &Value, way: &mut Vec<Segment>, places: &mut Vec<Vec<Segment>>) {
    let mut below = |segment: Segment, value: &Value| {
        way.push(segment);
        places.push(way.clone());
        add_places(value, way, places);
        way.pop();
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| below(key.as_str().into(), value)),
        Value::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| below(index.into(), value));
        }
        _ => {}
    }
}

/// A place of the schema, and what is kept there.
type KnownPlace = (Vec<Segment>, Option<String>);

/// Every place a schema knows by keys alone; those below names that are the user's own are not known.
fn add_known_places(schema: &Value, root: &Value, way: &mut Vec<Segment>, places: &mut Vec<KnownPlace>) {
    // A schema that contains itself has no end.
    const DEEPEST: usize = 8;
    if way.len() > DEEPEST {
        return;
    }
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    if let Some(schema) = target.and_then(|pointer| root.pointer(pointer)) {
        add_known_places(schema, root, way, places);
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        let forms = schema.get(word).and_then(Value::as_array).into_iter().flatten();
        forms.for_each(|form| add_known_places(form, root, way, places));
    }
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in properties {
        way.push(key.as_str().into());
        let about = value.get("description").and_then(Value::as_str);
        let about = about.and_then(|about| about.lines().next()).map(str::to_owned);
        if !places.iter().any(|(place, _)| place == way) {
            places.push((way.clone(), about));
        }
        add_known_places(value, root, way, places);
        way.pop();
    }
}
