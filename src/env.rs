//! A snapshot of the environment, taken once in `main` and handed in; files may add to it what the process has not set. For every variable empty means unset, so that
//! `ANTHROPIC_API_KEY=` cannot win a slot it should not have.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Environment variables, without the empty ones. `Debug` shows names only: values may be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Env {
    variables: BTreeMap<String, Variable>,
}

#[derive(Clone, PartialEq, Eq)]
struct Variable {
    value: String,
    origin: Origin,
}

/// Where a variable was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The process was started with it.
    Process,
    /// `<state>/.env`.
    DotEnv,
    /// `env` of the config.
    Config,
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

impl Env {
    /// An environment of exactly these variables.
    pub fn from_pairs<I, K, V>(pairs: I) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<String>,
        V: Into<String>,
    {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self::default().and(Origin::Process, pairs)
    }

    /// The same environment with further variables. What is set already stays; of two with one name the first counts.
    pub fn and(&self, origin: Origin, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables = self.variables.clone();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            variables.entry(name).or_insert(Variable { value, origin });
        }
        Self { variables }
    }

    /// The variables this process was started with. Those that are not Unicode cannot be meant for us and are left out.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the process")]
    pub fn of_this_process() -> Self {
        Self::from_pairs(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// A variable's value; `None` when unset or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|variable| variable.value.as_str())
    }

    /// Where a variable was set.
    pub fn origin(&self, name: &str) -> Option<Origin> {
        self.variables.get(name).map(|variable| variable.origin)
    }

    /// A variable holding a path.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unset() {
        let env = Env::from_pairs([("A", ""), ("B", "x")]);
        assert_eq!(env.get("A"), None);
        assert_eq!(env.get("B"), Some("x"));
    }
}
