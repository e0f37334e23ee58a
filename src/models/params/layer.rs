//! One layer of parameters as it is written in the config, read and changed: a model's for all agents, or an agent's for all
//! models.

use crate::config::agent_list::{self, AgentListError};
use crate::config::edit::{Edit, Segment};
use crate::config::schema::{CacheRetention, Params};
use crate::config::{AgentId, Config};
use crate::models::refs::ModelRef;
use crate::models::selection::resolve;

/// Where parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer<'a> {
    /// With a model, for all agents.
    Model(&'a ModelRef),
    /// With an agent, whatever the model; wins over a model's.
    Agent(&'a AgentId),
}

/// What a layer says of the parameters people choose; `None` leaves one to the layer below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chosen {
    /// How long the prompt cache is to keep what is sent.
    pub cache_retention: Option<CacheRetention>,
    /// Whether the 1M context window is asked for.
    pub context1m: Option<bool>,
}

impl Layer<'_> {
    /// What is written there.
    pub fn chosen(self, config: &Config) -> Chosen {
        let params = match self {
            Self::Model(model) => {
                let entries = &config.agents.defaults.models;
                entries.get(&key_of(model, config)).map(|entry| &entry.params)
            }
            Self::Agent(id) => config.agent(id).map(|agent| &agent.params),
        };
        params.map(Chosen::of).unwrap_or_default()
    }

    /// Writes what is different from what stands there. The older name of a parameter goes when the newer one is chosen.
    ///
    /// # Errors
    /// When there is no such agent, or the config cannot be changed.
    pub fn write(self, edit: &mut Edit, chosen: Chosen) -> Result<(), AgentListError> {
        let before = self.chosen(edit.config());
        if before == chosen {
            return Ok(());
        }
        let mut path = match self {
            Self::Model(model) => {
                let key = key_of(model, edit.config());
                Segment::keys(["agents", "defaults", "models", &key])
            }
            Self::Agent(id) => agent_list::settings(edit, id)?,
        };
        path.push("params".into());
        let place = |name: &str| [path.as_slice(), &[Segment::from(name)]].concat();
        if before.cache_retention != chosen.cache_retention {
            match chosen.cache_retention {
                Some(retention) => edit.set(&place("cacheRetention"), &retention)?,
                None => edit.remove(&place("cacheRetention")).map(|_| ())?,
            }
            edit.remove(&place("cacheControlTtl"))?;
        }
        if before.context1m != chosen.context1m {
            match chosen.context1m {
                Some(asked) => edit.set(&place("context1m"), &asked)?,
                None => edit.remove(&place("context1m")).map(|_| ())?,
            }
        }
        Ok(())
    }
}

impl Chosen {
    fn of(params: &Params) -> Self {
        let older = params.cache_control_ttl.map(CacheRetention::from);
        Self { cache_retention: params.cache_retention.or(older), context1m: params.context1m }
    }
}

/// The key of a model's entry; it may name the model in another way than we would.
fn key_of(model: &ModelRef, config: &Config) -> String {
    let mut keys = config.agents.defaults.models.keys();
    let written = keys.find(|key| resolve(key, config).as_ref() == Ok(model));
    written.cloned().unwrap_or_else(|| model.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Chosen = Chosen { cache_retention: Some(CacheRetention::Long), context1m: Some(true) };

    fn edit(text: &str) -> Edit {
        Edit::of(std::path::Path::new("fased.json"), text).unwrap()
    }

    #[test]
    fn parameters_are_written_with_the_model_under_the_name_it_has_there() {
        let model: ModelRef = "anthropic/claude-opus-4-7".parse().unwrap();
        let mut edit = edit("{agents:{defaults:{models:{'opus-4.7':{alias:'o'}}}}}");
        Layer::Model(&model).write(&mut edit, LONG).unwrap();
        let text = edit.to_text();
        assert_eq!(text.matches("opus").count(), 1, "{text}");
        assert_eq!(Layer::Model(&model).chosen(edit.config()), LONG);
        Layer::Model(&model).write(&mut edit, Chosen::default()).unwrap();
        assert_eq!(Layer::Model(&model).chosen(edit.config()), Chosen::default());
    }

    #[test]
    fn the_older_name_is_read_and_goes_when_something_is_chosen() {
        let id = AgentId::main();
        let mut edit = edit("{agents:{list:[{id:'main',params:{cacheControlTtl:'1h',temperature:0.5}}]}}");
        let before = Layer::Agent(&id).chosen(edit.config());
        assert_eq!(before.cache_retention, Some(CacheRetention::Long));
        Layer::Agent(&id).write(&mut edit, before).unwrap();
        assert!(edit.to_text().contains("cacheControlTtl"));
        let none = Chosen { cache_retention: Some(CacheRetention::None), ..before };
        Layer::Agent(&id).write(&mut edit, none).unwrap();
        let text = edit.to_text();
        assert!(!text.contains("cacheControlTtl") && text.contains("temperature:0.5"), "{text}");
        assert_eq!(Layer::Agent(&id).chosen(edit.config()), none);
    }
}
