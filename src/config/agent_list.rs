//! Changes of `agents.list`: adding an agent, removing one, choosing the default. They work inside of an [`Edit`], so that
//! several of them, and whatever belongs to them elsewhere, are written at once or not at all.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::agents::UnknownAgent;
use super::edit::{Edit, EditError, Segment};
use super::{AgentId, Config, Paths, SelectedAgent};

/// An agent to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAgent {
    /// Its id.
    pub id: AgentId,
    /// Where its credentials are, when not below the state directory.
    pub agent_dir: Option<String>,
    /// Its own primary model.
    pub model: Option<String>,
    /// Whether commands mean it from now on without being told.
    pub default: bool,
}

/// The list of agents was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AgentListError {
    /// The id is taken.
    #[error("Agent \"{id}\" exists already.")]
    Exists {
        /// The id.
        id: AgentId,
    },
    /// There is no such agent.
    #[error(transparent)]
    Unknown(#[from] UnknownAgent),
    /// Another agent keeps its credentials in the same directory, and the two would share them.
    #[error(
        "`{dir}` is the directory of agent \"{owner}\" already; two agents in one would share their credentials."
    )]
    SharedDir {
        /// The directory.
        dir: PathBuf,
        /// Whose it is.
        owner: AgentId,
    },
    /// `main` was to be removed.
    #[error("Agent \"main\" cannot be removed: it is the agent that is always there.")]
    Main,
    /// The default agent was to be removed, and no other one named.
    #[error("Agent \"{id}\" is the default; another one must take its place.")]
    NoSuccessor {
        /// The default agent.
        id: AgentId,
        /// Agents that could.
        others: Vec<AgentId>,
    },
    /// The agent to be removed was to be the default.
    #[error("Agent \"{id}\" cannot be removed and be the default.")]
    OwnSuccessor {
        /// The agent.
        id: AgentId,
    },
    /// The config could not be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// An entry of `agents.list` as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    id: &'a AgentId,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn of(id: &'a AgentId) -> Self {
        Self { id, default: false, agent_dir: None, model: None }
    }
}

/// Adds an agent. The first one brings `main` into the list, which otherwise would cease to be the default.
///
/// # Errors
/// When the id or its directory is taken, or the config cannot be changed.
pub fn add(edit: &mut Edit, new: &NewAgent, paths: &Paths) -> Result<SelectedAgent, AgentListError> {
    if edit.config().agent_ids().contains(&new.id) {
        return Err(AgentListError::Exists { id: new.id.clone() });
    }
    if edit.config().agents.list.is_empty() {
        edit.append(&list(), &Entry { default: !new.default, ..Entry::of(&AgentId::main()) })?;
    }
    if new.default {
        unmark(edit)?;
    }
    let (agent_dir, model) = (new.agent_dir.as_deref(), new.model.as_deref());
    edit.append(&list(), &Entry { id: &new.id, default: new.default, agent_dir, model })?;
    let added = SelectedAgent::choose(Some(&new.id), edit.config(), paths)?;
    let mut others = SelectedAgent::all(edit.config(), paths).into_iter();
    match others.find(|other| other.id != new.id && same_place(&other.dir, &added.dir)) {
        Some(other) => Err(AgentListError::SharedDir { dir: added.dir, owner: other.id }),
        None => Ok(added),
    }
}

/// Whether two paths lead to the same place, as far as it exists.
fn same_place(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path);
    one == other || matches!((real(one), real(other)), (Ok(one), Ok(other)) if one == other)
}

/// Removes an agent; another one may become the default, and must when it was the default.
///
/// # Errors
/// When there is no such agent, it is `main` or the default without a successor, or the config cannot be changed.
pub fn remove(edit: &mut Edit, id: &AgentId, successor: Option<&AgentId>) -> Result<(), AgentListError> {
    check_removal(edit.config(), id, successor)?;
    while let Some(at) = position(edit.config(), id) {
        edit.remove(&entry(at))?;
    }
    match successor {
        Some(successor) => make_default(edit, successor),
        None => Ok(()),
    }
}

/// Whether there is such an agent.
///
/// # Errors
/// With those there are.
pub fn check_known(config: &Config, id: &AgentId) -> Result<(), UnknownAgent> {
    let known = config.agent_ids();
    if known.contains(id) { Ok(()) } else { Err(UnknownAgent { id: id.clone(), known }) }
}

/// Whether an agent can be removed, before anybody is asked about it.
///
/// # Errors
/// As [`remove`], but for the config.
pub fn check_removal(
    config: &Config,
    id: &AgentId,
    successor: Option<&AgentId>,
) -> Result<(), AgentListError> {
    check_known(config, id)?;
    if *id == AgentId::main() {
        return Err(AgentListError::Main);
    }
    match successor {
        Some(successor) if successor == id => Err(AgentListError::OwnSuccessor { id: id.clone() }),
        Some(successor) => Ok(check_known(config, successor)?),
        None if config.default_agent() == *id => {
            let others = config.agent_ids().into_iter().filter(|other| other != id).collect();
            Err(AgentListError::NoSuccessor { id: id.clone(), others })
        }
        None => Ok(()),
    }
}

/// Makes an agent the default. One that is already is not marked anew.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn make_default(edit: &mut Edit, id: &AgentId) -> Result<(), AgentListError> {
    check_known(edit.config(), id)?;
    if edit.config().default_agent() == *id {
        return Ok(());
    }
    unmark(edit)?;
    match position(edit.config(), id) {
        Some(at) => edit.set(&inside(at, "default"), &true)?,
        // Only `main` is known without being listed.
        None => edit.append(&list(), &Entry { default: true, ..Entry::of(id) })?,
    }
    Ok(())
}

/// Where an agent's own settings stand; `main` gets an entry when it has none.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn settings(edit: &mut Edit, id: &AgentId) -> Result<Vec<Segment>, AgentListError> {
    check_known(edit.config(), id)?;
    if let Some(at) = position(edit.config(), id) {
        return Ok(entry(at));
    }
    let at = edit.config().agents.list.len();
    edit.append(&list(), &Entry { default: at == 0, ..Entry::of(id) })?;
    Ok(entry(at))
}

/// Takes the mark off every agent that has it.
fn unmark(edit: &mut Edit) -> Result<(), EditError> {
    let marked = edit.config().agents.list.iter().enumerate().filter(|(_, agent)| agent.default);
    let marked: Vec<usize> = marked.map(|(at, _)| at).collect();
    for at in marked {
        edit.remove(&inside(at, "default"))?;
    }
    Ok(())
}

/// Where an agent's entry stands in the list.
pub fn position(config: &Config, id: &AgentId) -> Option<usize> {
    config.agents.list.iter().position(|agent| agent.id == *id)
}

/// Path of the list.
fn list() -> Vec<Segment> {
    Segment::keys(["agents", "list"])
}

/// Path of an entry.
pub fn entry(at: usize) -> Vec<Segment> {
    let mut path = list();
    path.push(at.into());
    path
}

fn inside(at: usize, key: &str) -> Vec<Segment> {
    let mut path = entry(at);
    path.push(key.into());
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> AgentId {
        text.parse().unwrap()
    }

    fn paths() -> Paths {
        Paths::resolve(&crate::env::Env::default(), Some("/home/u".into())).unwrap()
    }

    fn add(edit: &mut Edit, new: &NewAgent) -> Result<(), AgentListError> {
        super::add(edit, new, &paths()).map(drop)
    }

    fn new(id: AgentId) -> NewAgent {
        NewAgent { id, agent_dir: None, model: None, default: false }
    }

    /// The text after a change.
    fn after(
        text: &str,
        change: impl FnOnce(&mut Edit) -> Result<(), AgentListError>,
    ) -> Result<String, AgentListError> {
        let mut edit = Edit::of("fased.json".as_ref(), text)?;
        change(&mut edit)?;
        Ok(edit.to_text())
    }

    #[test]
    fn the_first_agent_brings_main_into_the_list() {
        let text = after("", |edit| add(edit, &new(id("work")))).unwrap();
        assert_eq!(
            text,
            "{\n  agents: {\n    list: [\n      { id: \"main\", default: true },\n      { id: \"work\" },\n    ],\n  },\n}\n"
        );
        let first = NewAgent { default: true, ..new(id("work")) };
        let text = after("{ agents: { list: [] } }", |edit| add(edit, &first)).unwrap();
        assert_eq!(text, "{ agents: { list: [{ id: \"main\" }, { id: \"work\", default: true }] } }");
    }

    #[test]
    fn another_agent_comes_behind_those_that_are_listed() {
        let all = NewAgent {
            id: id("work"),
            agent_dir: Some("~/of-work".into()),
            model: Some("anthropic/x".into()),
            default: true,
        };
        let text = after("{agents:{list:[{id:'a',default:true}]}}", |edit| add(edit, &all)).unwrap();
        assert_eq!(
            text,
            "{agents:{list:[{id:'a'}, { id: 'work', default: true, agentDir: '~/of-work', model: 'anthropic/x' }]}}"
        );
    }

    #[test]
    fn an_id_is_taken_once_and_main_always() {
        for (text, taken) in [("", "main"), ("{agents:{list:[{id:'Work'}]}}", "work")] {
            let error = after(text, |edit| add(edit, &new(id(taken)))).unwrap_err();
            assert!(matches!(error, AgentListError::Exists { .. }), "{error}");
        }
    }

    #[test]
    fn two_agents_never_share_a_directory() {
        let config = "{agents:{list:[{id:'a',agentDir:'~/.fased/agents/b/agent'}]}}";
        for (id_, dir) in
            [("b", None), ("c", Some("agents/b/agent")), ("c", Some("~/.fased/agents/main/agent"))]
        {
            let new = NewAgent { agent_dir: dir.map(str::to_owned), ..new(id(id_)) };
            let error = after(config, |edit| add(edit, &new)).unwrap_err();
            assert!(matches!(error, AgentListError::SharedDir { .. }), "{error}");
        }
    }

    #[test]
    fn the_mark_of_the_default_moves() {
        for (text, chosen, expected) in [
            ("{agents:{list:[{id:'a'},{id:'b'}]}}", "a", "{agents:{list:[{id:'a'},{id:'b'}]}}"),
            (
                "{agents:{list:[{id:'a'},{id:'b'}]}}",
                "b",
                "{agents:{list:[{id:'a'},{id:'b', default: true}]}}",
            ),
            (
                "{agents:{list:[{id:'a',default:true},{id:'b',default:false}]}}",
                "b",
                "{agents:{list:[{id:'a'},{id:'b',default:true}]}}",
            ),
            (
                "{agents:{list:[{id:'a'}]}}",
                "main",
                "{agents:{list:[{id:'a'}, { id: 'main', default: true }]}}",
            ),
            ("", "main", ""),
        ] {
            let text = after(text, |edit| make_default(edit, &id(chosen))).unwrap();
            assert_eq!(text.trim_end_matches("{}\n"), expected);
        }
        let error = after("", |edit| make_default(edit, &id("gone"))).unwrap_err();
        assert!(matches!(error, AgentListError::Unknown(_)), "{error}");
    }

    #[test]
    fn the_default_is_removed_only_when_another_takes_its_place() {
        let text = "{agents:{list:[{id:'a'},{id:'b'}]}}";
        let error = after(text, |edit| remove(edit, &id("a"), None)).unwrap_err();
        let AgentListError::NoSuccessor { others, .. } = error else { panic!("{error}") };
        assert_eq!(others, [id("b"), id("main")]);
        let removed = after(text, |edit| remove(edit, &id("a"), Some(&id("b")))).unwrap();
        assert_eq!(removed, "{agents:{list:[{id:'b'}]}}");
        let removed = after(text, |edit| remove(edit, &id("a"), Some(&id("main")))).unwrap();
        assert_eq!(removed, "{agents:{list:[{id:'b'}, { id: 'main', default: true }]}}");
        let removed = after(text, |edit| remove(edit, &id("b"), None)).unwrap();
        assert_eq!(removed, "{agents:{list:[{id:'a'}]}}");
    }

    #[test]
    fn main_and_strangers_are_not_removed() {
        let text = "{agents:{list:[{id:'a',default:true},{id:'main'}]}}";
        let refusal = |id_: &str, to: Option<&str>| {
            after(text, |edit| remove(edit, &id(id_), to.map(id).as_ref())).unwrap_err().to_string()
        };
        assert!(refusal("main", None).contains("cannot be removed"));
        assert!(refusal("gone", None).contains("Unknown agent id \"gone\""));
        assert!(refusal("a", Some("gone")).contains("Unknown agent id \"gone\""));
        assert!(refusal("a", Some("a")).contains("cannot be removed and be the default"));
    }
}
