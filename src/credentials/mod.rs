//! What is done to an agent's credentials on somebody's behalf, whatever surface it was asked for on: storing one, signing in,
//! testing, ordering, renaming, removing. Each says what came of it in a report or in a failure with its way out, which
//! commands and pages show alike. Asking people, and showing anything, is left to those.

pub mod check;
mod naming;
pub mod probe;
pub mod refusal;
pub mod remove;
pub mod rename;
pub mod save;
pub mod sign_in;

pub use naming::{not_stored, refused};

use crate::anthropic::NetworkPolicy;
use crate::auth::ProfileId;
use crate::auth::form::ANTHROPIC;
use crate::auth::profile::Expiry;
use crate::auth::reference::References;
use crate::auth::reorder::ReorderError;
use crate::auth::resolve::Inputs;
use crate::auth::state::{AuthState, StateFile, StateFinding};
use crate::auth::store::{AuthStore, Snapshot};
use crate::clock::Clock;
use crate::config::{Config, Paths, SelectedAgent};
use crate::env::Env;
use crate::error::{Exit, Failure};

/// An agent whose credentials something is done to.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The config.
    pub config: &'a Config,
    /// The process's environment and what files add to it.
    pub env: &'a Env,
    /// The agent.
    pub selected: &'a SelectedAgent,
    /// Its credentials' file.
    pub store: &'a AuthStore,
    /// Where things are.
    pub paths: &'a Paths,
    /// Which hosts may be reached.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: &'a dyn Clock,
}

impl<'a> Holder<'a> {
    /// Its state file.
    pub fn state_file(&self) -> StateFile {
        StateFile::in_dir(&self.selected.dir)
    }

    /// Where references lead.
    pub fn references(&self) -> References<'a> {
        References { env: self.env, config: self.config, paths: self.paths }
    }

    /// What is stored and remembered now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn read(&self) -> Result<(Snapshot, AuthState, Vec<StateFinding>), Failure> {
        let snapshot = self.store.read()?;
        let (state, findings) = self.state_file().read(&snapshot);
        Ok((snapshot, state, findings))
    }

    /// What a choice of credential depends on, now.
    pub fn inputs<'s>(&self, snapshot: &'s Snapshot, state: &'s AuthState) -> Inputs<'s>
    where
        'a: 's,
    {
        let Self { config, env, paths, clock, .. } = *self;
        Inputs { snapshot, state, config, env, paths, now: clock.now() }
    }
}

/// Where a credential is to go, as far as that was said.
#[derive(Debug, Clone)]
pub struct Place {
    /// Whose credential it is.
    pub provider: String,
    /// The id it shall have.
    pub profile_id: Option<ProfileId>,
    /// The name it has when no id was given; else `default`.
    pub usual_name: Option<&'static str>,
    /// When a token ends.
    pub expires: Expiry,
    /// Whether that id may lose a credential of another kind.
    pub replace: bool,
}

impl Place {
    /// Whether it is for Anthropic, and not for another provider of the config.
    pub fn is_anthropics(&self) -> bool {
        self.provider == ANTHROPIC
    }
}

/// What is said of an order that was not changed.
pub fn order_failure(error: ReorderError, holder: &Holder<'_>) -> Failure {
    let list = format!("fased models auth list{}", holder.selected.flag());
    match error {
        ReorderError::Store(error) => error.into(),
        ReorderError::NotStored { ref id } => match holder.store.read() {
            Ok(snapshot) => not_stored(id, &snapshot, holder.selected),
            Err(error) => error.into(),
        },
        ReorderError::Unreadable { .. } | ReorderError::OtherProvider { .. } => {
            refused("profile_id", &error).hint("name profiles of that provider").command(list)
        }
        ReorderError::Twice { .. } => refused("profile_id", &error).hint("name each profile once"),
        ReorderError::UnusableOrder { .. } => Failure::new(Exit::Failed, "store_order", error.to_string())
            .hint("mend that part of the file by hand; nothing was changed"),
    }
}

#[cfg(test)]
mod tests;
