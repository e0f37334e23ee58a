//! What most commands begin with: the config, the agent they are about, and its credentials.

use crate::auth::state::{AuthState, StateFile, StateFinding};
use crate::auth::store::{AuthStore, Snapshot};
use crate::config::{AgentId, Config, SelectedAgent};
use crate::ctx::Ctx;
use crate::error::Failure;

/// An agent with what is configured and stored for it.
pub(super) struct Agent {
    pub(super) config: Config,
    pub(super) selected: SelectedAgent,
    pub(super) store: AuthStore,
}

impl Agent {
    /// The agent named on the command line, else the one that is meant without a name.
    pub(super) fn select(ctx: &Ctx, named: Option<&str>) -> Result<Self, Failure> {
        let asked = named.map(|text| agent_id(text, "value of --agent")).transpose()?;
        let config = ctx.config()?;
        let selected = SelectedAgent::choose(asked.as_ref(), &config, &ctx.paths)?;
        let store = AuthStore::of(&selected, &ctx.paths);
        Ok(Self { config, selected, store })
    }

    /// Its state file.
    pub(super) fn state_file(&self) -> StateFile {
        StateFile::in_dir(&self.selected.dir)
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
