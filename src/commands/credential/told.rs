//! What is said of a credential that was stored, and the model that is chosen with it.

use super::default_model;
use crate::auth::profile::CredentialType;
use crate::commands::agent::Agent;
use crate::credentials::save::{Endpoint, Report};
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::models::refs::ModelRef;
use crate::terminal::style;

impl Report {
    /// Makes a model the default one, after everything else was written.
    ///
    /// # Errors
    /// When the config cannot be changed; says what is stored all the same.
    pub(in crate::commands) fn set_default_model(
        &mut self,
        ctx: &Ctx,
        agent: &Agent,
        model: &ModelRef,
    ) -> Result<(), Failure> {
        let changed = default_model::set(ctx, agent, model).map_err(|failure| match &self.profile_id {
            Some(id) => self.in_detail(failure.fact(format!("the credential is stored as {id}"))),
            None => failure,
        })?;
        self.changed |= changed;
        self.default_model = Some(model.to_string());
        Ok(())
    }

    /// Tells what was done: in a document, or in sentences, with a word on whether the API was asked.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(in crate::commands) fn tell(&self, ctx: &Ctx, json: bool) -> Result<(), Failure> {
        if json {
            return ctx.terminal.answer_json(self);
        }
        let asked = match (self.kind, self.verified) {
            (Some(CredentialType::OAuth) | None, _) => "",
            (_, true) => " Verified: the API accepts it.",
            (_, false) if self.stored && self.unseen => " Not followed and not verified.",
            (_, false) if self.stored => " Not verified; add --verify to ask the API.",
            (_, false) => "",
        };
        self.say(ctx, asked);
        Ok(())
    }

    /// Tells what was done to somebody who has seen whether the API was asked.
    pub(in crate::commands) fn tell_in_conversation(&self, ctx: &Ctx) {
        self.say(ctx, "");
    }

    fn say(&self, ctx: &Ctx, asked: &str) {
        if let Some(endpoint) = &self.endpoint {
            let (mark, provider) = (style::good("✓"), &self.provider);
            let Endpoint { base_url, model, config_path, .. } = endpoint;
            let config = ctx.paths.shown(config_path.as_ref());
            ctx.terminal.say(&match endpoint.changed {
                true => format!(
                    "{mark} Provider {provider} at {base_url} is in {config} now, with model {model}."
                ),
                false => format!(
                    "{mark} Provider {provider} at {base_url} is in {config} already, with model {model}."
                ),
            });
        }
        if self.profile_id.is_some() {
            ctx.terminal.say(&format!("{} {}{asked}", style::good("✓"), self.sentence()));
        }
        self.tell_default_model(ctx);
        self.tell_warnings(ctx);
    }

    /// Tells which model the agent asks first from now on, if that is new.
    pub(in crate::commands) fn tell_default_model(&self, ctx: &Ctx) {
        if let Some(model) = &self.default_model {
            let (mark, agent) = (style::good("✓"), &self.agent_id);
            ctx.terminal.say(&format!("{mark} Agent {agent} asks {model} by default."));
        }
    }

    pub(super) fn tell_warnings(&self, ctx: &Ctx) {
        for warning in &self.warnings {
            ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
        }
    }
}
