//! Choosing the model that is asked first, in the config: for all agents or for one. Fallbacks, aliases and the list of
//! allowed models stay as they are.

use crate::clock::Clock;
use crate::config::agent_list::{self, AgentListError};
use crate::config::edit::{self, Edit, Segment, Updated};
use crate::config::{AgentId, Paths};
use crate::env::Env;

use super::refs::ModelRef;

/// Writes the model that is asked first: `agents.defaults.model`, or with an agent its entry in `agents.list`.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn set_default_model(
    agent: Option<&AgentId>,
    model: &ModelRef,
    paths: &Paths,
    process: &Env,
    clock: &dyn Clock,
) -> Result<Updated<()>, AgentListError> {
    edit::update(paths, process, clock, |edit| put_default_model(edit, agent, model))
}

/// The same as part of a larger edit.
///
/// # Errors
/// As [`set_default_model`].
pub fn put_default_model(
    edit: &mut Edit,
    agent: Option<&AgentId>,
    model: &ModelRef,
) -> Result<(), AgentListError> {
    let mut path = match agent {
        None => Segment::keys(["agents", "defaults"]),
        Some(id) => agent_list::settings(edit, id)?,
    };
    path.push("model".into());
    // A choice may be a text or an object with fallbacks; it stays what it is.
    let is_object = match edit.get(&path) {
        Some(choice) => choice.is_object(),
        None => agent.is_none(),
    };
    if is_object {
        path.push("primary".into());
    }
    edit.set(&path, model)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, agent: Option<&str>) -> String {
        let mut edit = Edit::of("fased.json".as_ref(), text).unwrap();
        let agent: Option<AgentId> = agent.map(|id| id.parse().unwrap());
        put_default_model(&mut edit, agent.as_ref(), &"anthropic/claude-x".parse().unwrap()).unwrap();
        edit.to_text()
    }

    #[test]
    fn the_form_of_a_choice_and_its_fallbacks_stay() {
        for (text, expected) in [
            ("{agents:{defaults:{model:'a/b'}}}", "{agents:{defaults:{model:'anthropic/claude-x'}}}"),
            (
                "{agents:{defaults:{model:{fallbacks:['a/b'],primary:'a/c'},models:{}}}}",
                "{agents:{defaults:{model:{fallbacks:['a/b'],primary:'anthropic/claude-x'},models:{}}}}",
            ),
            ("{agents:{}}", "{agents:{ defaults: { model: { primary: \"anthropic/claude-x\" } } }}"),
        ] {
            assert_eq!(after(text, None), expected);
        }
    }

    #[test]
    fn an_agents_own_choice_is_in_its_entry() {
        for (text, agent, expected) in [
            ("{agents:{list:[{id:'a'}]}}", "a", "{agents:{list:[{id:'a', model: 'anthropic/claude-x'}]}}"),
            (
                "{agents:{list:[{id:'a',model:{fallbacks:[]}}]}}",
                "a",
                "{agents:{list:[{id:'a',model:{fallbacks:[], primary: 'anthropic/claude-x'}}]}}",
            ),
            (
                "{agents:{list:[]}}",
                "main",
                "{agents:{list:[{ id: \"main\", default: true, model: \"anthropic/claude-x\" }]}}",
            ),
        ] {
            assert_eq!(after(text, Some(agent)), expected);
        }
    }
}
