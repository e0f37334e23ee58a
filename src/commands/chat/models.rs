//! What the command line says about models, for the session.

use crate::cli::{ChatArgs, Role};
use crate::commands::agent::Agent;
use crate::converse::choice;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::models::roles;
use crate::sessions::{ModelChoice, Session};

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

/// What `--model` says.
pub(super) fn of_flag(args: &ChatArgs, agent: &Agent) -> Result<Option<ModelChoice>, Failure> {
    args.model.as_deref().map(|text| choice::typed(text, "value of --model", &agent.config)).transpose()
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
