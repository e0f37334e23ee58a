//! Failures of changing the config, and of the agents in it.

use super::{Exit, Failure};
use crate::config::AgentId;
use crate::config::agent_files::PurgeError;
use crate::config::agent_list::AgentListError;
use crate::config::edit::EditError;
use crate::text::capitalised;

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        let message = format!("{}.", capitalised(&error.to_string()).trim_end_matches('.'));
        let failed = |kind| Self::new(Exit::Failed, kind, message.clone());
        match error {
            EditError::File(error) => error.into(),
            EditError::Lock(error) => error.into(),
            EditError::Config(error) => error.into(),
            EditError::Form { .. } => failed("config_form")
                .hint("write that place in a plainer way, or make the change by hand; nothing was changed"),
            EditError::Twice { .. } => {
                failed("config_twice").hint("remove one of the two; nothing was changed")
            }
            EditError::Several { .. } | EditError::Shared { .. } => failed("config_included")
                .hint("make the change by hand where you mean it; nothing was changed"),
            EditError::WholeFile { .. } | EditError::Outside { .. } => {
                failed("config_included").hint("make the change in that file by hand; nothing was changed")
            }
            EditError::NoPlace { .. } => {
                failed("config_place").hint("mend that part first; nothing was changed")
            }
            EditError::Misread { .. } => {
                failed("config_misread").hint("make the change by hand; nothing was changed")
            }
            EditError::Refused { .. } => {
                Self::new(Exit::Usage, "config_value", message).hint("nothing was changed")
            }
        }
    }
}

impl From<AgentListError> for Failure {
    fn from(error: AgentListError) -> Self {
        let message = error.to_string();
        let usage = |kind| Self::new(Exit::Usage, kind, message.clone());
        match error {
            AgentListError::Edit(error) => error.into(),
            AgentListError::Unknown(error) => {
                let known: Vec<&str> = error.known.iter().map(AgentId::as_str).collect();
                Self::new(Exit::Usage, "unknown_agent", message)
                    .fact(format!("known agents: {}", known.join(", ")))
                    .hint("name one of those")
            }
            AgentListError::Exists { id } => usage("agent_exists")
                .hint("choose another name, or give that agent what it needs")
                .command("fased agents list")
                .command(format!("fased onboard --agent {id}")),
            AgentListError::SharedDir { .. } => {
                usage("agent_dir_taken").hint("give it a directory of its own")
            }
            AgentListError::Main => usage("agent_main")
                .hint("make another agent the default with `fased agents default`, or remove the credentials of this one")
                .command("fased agents list")
                .command(format!("fased models auth list --agent {}", AgentId::main())),
            AgentListError::NoSuccessor { id, others } => {
                let names: Vec<&str> = others.iter().map(AgentId::as_str).collect();
                let failure = usage("agent_default").fact(format!("other agents: {}", names.join(", ")));
                failure
                    .hint("say which one becomes the default")
                    .command(format!("fased agents remove {id} --default {}", AgentId::main()))
            }
            AgentListError::OwnSuccessor { .. } => {
                usage("agent_default").hint("name another agent with --default")
            }
        }
    }
}

impl From<PurgeError> for Failure {
    fn from(error: PurgeError) -> Self {
        match error {
            PurgeError::File(error) => error.into(),
            PurgeError::InUse { .. } => Self::new(Exit::Usage, "agent_files_in_use", error.to_string())
                .hint("leave --purge out, or move what is in there first"),
        }
    }
}
