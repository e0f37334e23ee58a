//! Which models an agent uses, and what goes with its requests. A change is told before it is made: without the stamp of a
//! preview nothing is written, and with it only what the preview showed.

use std::sync::Arc;

use axum::response::Response;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::super::app::App;
use super::super::live::AgentView;
use super::super::routes::Call;
use crate::SCHEMA_VERSION;
use crate::config::edit::{self, Edit, Preview};
use crate::config::schema::CacheRetention;
use crate::config::{AgentId, Config};
use crate::error::{Exit, Failure};
use crate::models::advice;
use crate::models::allowed::Allowed;
use crate::models::choices::Choices;
use crate::models::known::KnownModels;
use crate::models::params::layer::{Chosen, Layer};
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::models::selection::resolve;
use crate::provider;
use crate::text::without_credentials;

/// Whose settings are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Whose {
    /// The agent's own.
    Agent,
    /// Those of all agents that say nothing else.
    All,
}

impl Whose {
    fn agent(self, view: &AgentView) -> Option<&AgentId> {
        (self == Self::Agent).then_some(&view.selected.id)
    }
}

/// What a change would come to, or came to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    /// Whether anything was written.
    changed: bool,
    /// What would be different; absent once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<Preview>,
    warnings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Choosing {
    whose: Whose,
    primary: Option<String>,
    fallbacks: Option<Vec<String>>,
    image: Option<String>,
    /// By the role's name.
    #[serde(default)]
    roles: IndexMap<String, Option<String>>,
    /// Of the preview that is to be written.
    stamp: Option<String>,
}

/// `POST /api/agents/{agent}/roles`
pub(super) fn roles(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let choosing: Choosing = super::body(call)?;
    let view = super::agent(app, call)?;
    let config = &view.world.loaded.config;
    let named = |text: &String| model(text, config);
    let mut roles = Vec::new();
    for (name, text) in &choosing.roles {
        let role: Role =
            name.parse().map_err(|error| Failure::usage(format!("A role of the request is {error}.")))?;
        if let Some(text) = text {
            roles.push((role, named(text)?));
        }
    }
    let choices = Choices {
        primary: choosing.primary.as_ref().map(named).transpose()?,
        fallbacks: choosing.fallbacks.as_ref().map(|texts| texts.iter().map(named).collect()).transpose()?,
        image: choosing.image.as_ref().map(named).transpose()?,
        roles,
    };
    let whose = choosing.whose.agent(&view);
    let warnings = check(app, &view, &Choices::written(whose, config)?, &choices)?;
    change(app, choosing.stamp.as_deref(), warnings, |edit| Ok(choices.write(edit, whose)?))
}

/// A model of a request. A secret at its place is not repeated.
fn model(text: &str, config: &Config) -> Result<ModelRef, Failure> {
    if without_credentials(text) != text {
        return Err(Failure::usage("What stands in a model's place is a credential."));
    }
    Ok(resolve(text, config)?)
}

/// What should be known of models that are newly chosen: there must be a way to their providers.
fn check(app: &App, view: &AgentView, before: &Choices, choices: &Choices) -> Result<Vec<String>, Failure> {
    let (config, env) = (&view.world.loaded.config, &view.world.loaded.env);
    let known = KnownModels::of(config);
    let today = app.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut new: Vec<&ModelRef> = Vec::new();
    for model in choices.models() {
        if !new.contains(&model) && before.models().all(|old| old != model) {
            new.push(model);
        }
    }
    for model in &new {
        provider::check(model.provider(), config, env)?;
    }
    Ok(new.into_iter().filter_map(|model| advice::about(model, &known, today)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Setting {
    whose: Whose,
    /// The model whose parameters they are; an agent's own hold for every model.
    model: String,
    cache_retention: Option<CacheRetention>,
    context1m: Option<bool>,
    stamp: Option<String>,
}

/// `POST /api/agents/{agent}/parameters`
pub(super) fn parameters(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Setting { whose, model, cache_retention, context1m, stamp } = super::body(call)?;
    let view = super::agent(app, call)?;
    let model = self::model(&model, &view.world.loaded.config)?;
    let layer = match whose {
        Whose::Agent => Layer::Agent(&view.selected.id),
        Whose::All => Layer::Model(&model),
    };
    let chosen = Chosen { cache_retention, context1m };
    change(app, stamp.as_deref(), Vec::new(), |edit| Ok(layer.write(edit, chosen)?))
}

/// Tells a change, or makes it on exactly the files it was told for.
fn change(
    app: &App,
    stamp: Option<&str>,
    mut warnings: Vec<String>,
    write: impl Fn(&mut Edit) -> Result<(), Failure>,
) -> Result<Response, Failure> {
    let (paths, process, clock) = (&app.paths, app.live.process(), app.clock.as_ref());
    let mut restriction = None;
    let mut write = |edit: &mut Edit| {
        let before = edit.config().clone();
        write(edit)?;
        restriction = Allowed::restriction(&before, edit.config());
        Ok::<_, Failure>(())
    };
    let (changed, preview) = match stamp {
        None => (false, Some(edit::preview(paths, process, clock, write)?)),
        Some(stamp) => {
            let updated = edit::update(paths, process, clock, |edit| {
                if edit.stamp() != stamp {
                    let message =
                        "The config was changed by somebody else in the meantime; nothing was written.";
                    return Err(Failure::new(Exit::Failed, "config_changed", message)
                        .hint("look at the change again, then save it"));
                }
                write(edit)
            })?;
            (updated.is_changed(), None)
        }
    };
    warnings.extend(restriction);
    let said = match (&preview, changed) {
        (Some(preview), _) if preview.changes.is_empty() => "Nothing is different.",
        (Some(_), _) => "Nothing is written yet.",
        (None, true) => "Saved in the config.",
        (None, false) => "Nothing was different; nothing was written.",
    };
    super::told(said, &Report { schema_version: SCHEMA_VERSION, changed, preview, warnings })
}
