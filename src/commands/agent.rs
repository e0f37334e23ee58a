//! What most commands begin with: the config, the agent they are about, and its credentials.

use jiff::Timestamp;

use crate::ask::Asker;
use crate::auth::oauth::refresh::Refresher;
use crate::auth::reference::References;
use crate::auth::resolve::Inputs;
use crate::auth::state::{AuthState, StateFile, StateFinding};
use crate::auth::store::{AuthStore, Snapshot};
use crate::config::load::Loaded;
use crate::config::{AgentId, Config, SelectedAgent};
use crate::credentials::Holder;
use crate::ctx::Ctx;
use crate::env::Env;
use crate::error::Failure;
use crate::models::known::KnownModels;
use crate::models::selection::AgentModels;
use crate::provider;

/// An agent with what is configured and stored for it.
pub(super) struct Agent {
    pub(super) config: Config,
    /// The process's environment and what files add to it.
    pub(super) env: Env,
    pub(super) selected: SelectedAgent,
    pub(super) store: AuthStore,
}

impl Agent {
    /// The agent named on the command line, else the one that is meant without a name.
    pub(super) fn select(ctx: &Ctx, named: Option<&str>) -> Result<Self, Failure> {
        let asked = named.map(|text| agent_id(text, "value of --agent")).transpose()?;
        let Loaded { config, env } = ctx.load()?;
        let selected = SelectedAgent::choose(asked.as_ref(), &config, &ctx.paths)?;
        let store = AuthStore::of(&selected, &ctx.paths);
        Ok(Self { config, env, selected, store })
    }

    /// For what is done to its credentials.
    pub(super) fn holder<'a>(&'a self, ctx: &'a Ctx) -> Holder<'a> {
        Holder {
            config: &self.config,
            env: &self.env,
            selected: &self.selected,
            store: &self.store,
            paths: &ctx.paths,
            network: ctx.network,
            clock: ctx.clock.as_ref(),
        }
    }

    /// Its state file.
    pub(super) fn state_file(&self) -> StateFile {
        StateFile::in_dir(&self.selected.dir)
    }

    /// What a choice of credential depends on.
    pub(super) fn inputs<'a>(
        &'a self,
        ctx: &'a Ctx,
        snapshot: &'a Snapshot,
        state: &'a AuthState,
        now: Timestamp,
    ) -> Inputs<'a> {
        Inputs { snapshot, state, config: &self.config, env: &self.env, paths: &ctx.paths, now }
    }

    /// Where references lead.
    pub(super) fn references<'a>(&'a self, ctx: &'a Ctx) -> References<'a> {
        References { env: &self.env, config: &self.config, paths: &ctx.paths }
    }

    /// What refreshes this agent's pairs, in step with every other agent and process.
    pub(super) fn refresher(&self, ctx: &Ctx) -> Result<Refresher, Failure> {
        let others = SelectedAgent::everywhere(&self.config, &ctx.paths);
        let siblings = others.iter().filter(|agent| agent.dir != self.selected.dir);
        Ok(Refresher {
            access: provider::oauth(&self.config, &self.env, ctx.network)?,
            paths: ctx.paths.clone(),
            store: self.store.clone(),
            siblings: siblings.map(|agent| AuthStore::of(agent, &ctx.paths)).collect(),
            clock: ctx.clock.clone(),
            in_flight: ctx.in_flight.clone(),
        })
    }

    /// The class of its primary model, which health is judged for.
    pub(super) fn primary_class(&self) -> Result<String, Failure> {
        let models = AgentModels::of(&self.selected.id, &self.config)?;
        Ok(KnownModels::of(&self.config).class_of(&models.primary).to_owned())
    }

    /// What asks its models.
    pub(super) fn asker<'a>(&'a self, ctx: &'a Ctx, refresher: &'a Refresher) -> Asker<'a> {
        Asker {
            config: &self.config,
            env: &self.env,
            paths: &ctx.paths,
            store: &self.store,
            refresher,
            programs: &ctx.programs,
            network: ctx.network,
            clock: ctx.clock.as_ref(),
        }
    }

    /// What is stored and remembered now.
    pub(super) fn read(&self) -> Result<(Snapshot, AuthState, Vec<StateFinding>), Failure> {
        let snapshot = self.store.read()?;
        let (state, findings) = self.state_file().read(&snapshot);
        Ok((snapshot, state, findings))
    }
}

/// An agent's id as typed; a text that is none is not repeated, it may be a secret at the wrong place.
pub(super) fn agent_id(text: &str, what: &str) -> Result<AgentId, Failure> {
    text.parse().map_err(|error: crate::config::agents::AgentIdError| {
        Failure::usage(format!("The {what} is {error}."))
    })
}
