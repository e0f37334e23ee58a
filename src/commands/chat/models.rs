//! Which models a question goes to, by flags, session and agent.

use std::collections::HashSet;

use crate::anthropic::ContentBlock;
use crate::auth::ProfileId;
use crate::cli::{ChatArgs, Role};
use crate::commands::agent::Agent;
use crate::commands::typed_model;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::allowed::Allowed;
use crate::models::images::{self, NoImageModel};
use crate::models::refs::ModelRef;
use crate::models::roles;
use crate::models::selection::{AgentModels, TypedRef};
use crate::sessions::{ModelChoice, Session};

/// The models to ask in turn, and the profile that was asked for by name.
pub(super) struct Wanted {
    pub(super) models: Vec<ModelRef>,
    pub(super) pinned: Option<ProfileId>,
}

impl From<Role> for roles::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::CheapCheck => Self::CheapCheck,
            Role::Strong => Self::Strong,
            Role::Escalation => Self::Escalation,
            Role::Coding => Self::Coding,
            Role::Summarizer => Self::Summarizer,
        }
    }
}

/// A choice as it was typed: a model, one with its profile, or `default` for the agent's.
pub(super) fn typed(text: &str, what: &str, agent: &Agent) -> Result<ModelChoice, Failure> {
    if text.trim() == "default" {
        return Ok(ModelChoice::default());
    }
    let TypedRef { model, profile } = typed_model::parse(text, what, &agent.config)?;
    // What the config itself chooses is allowed by it.
    Allowed::by(&agent.config).check(&model)?;
    Ok(ModelChoice { model: Some(model), profile })
}

/// What the command line says holds for the session from now on.
pub(super) fn apply_flags(ctx: &Ctx, args: &ChatArgs, choice: Option<&ModelChoice>, session: &mut Session) {
    let now = ctx.clock.now();
    if let Some(choice) = choice {
        session.choose(choice.clone(), now);
    }
    if let Some(text) = &args.system {
        session.set_system(text, now);
    }
}

/// The models to ask: the session's or the role's or the agent's primary, then the agent's fallbacks. A profile that was
/// named goes with its model alone.
pub(super) fn wanted(
    agent: &Agent,
    args: &ChatArgs,
    session: &Session,
    question: &[ContentBlock],
) -> Result<Wanted, Failure> {
    let configured = AgentModels::of(&agent.selected.id, &agent.config)?;
    let ModelChoice { model, profile: pinned } = session.conversation().choice().clone();
    let (model, pinned) = match args.role {
        Some(role) => (Some(configured.for_role(role.into()).clone()), None),
        None => (model, pinned),
    };
    let mut models = vec![model.unwrap_or_else(|| configured.primary.clone())];
    if pinned.is_none() {
        models.extend(configured.fallbacks.iter().cloned());
    }
    if session.conversation().has_images_with(question) {
        models =
            images::for_images(models, &configured, &agent.config).map_err(|error| no_image_model(&error))?;
    }
    let mut seen = HashSet::new();
    models.retain(|model| seen.insert(model.clone()));
    Ok(Wanted { models, pinned })
}

fn no_image_model(error: &NoImageModel) -> Failure {
    Failure::new(Exit::Usage, "no_image_model", format!("{}.", crate::text::capitalised(&error.to_string())))
        .hint("ask a model that does, or name one for images in the config (agents.defaults.imageModel)")
        .command("fased config set agents.defaults.imageModel anthropic/claude-sonnet-5")
}
