//! `fased doctor --fix`: each round has a home with something wrong of every kind it mends.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::Writer;
use crate::home::{self, api_key};
use crate::support::{Fased, Output, TestEnv};

/// `fased doctor --fix`.
pub(super) struct Mending {
    env: TestEnv,
}

const CONFIG: &str = "{ // kept
  auth: { order: { anthropic: ['anthropic:gone', 'anthropic:default'] } },
  agents: { defaults: { models: {
    'anthropic/claude-sonnet-5': { params: { cacheControlTtl: '1h' } }, /* kept */
    'anthropic/claude-haiku-4-5': { params: { cacheControlTtl: '5m' } },
  } } },
}
";
const MENDED: &str = "{ // kept
  auth: { order: { anthropic: ['anthropic:default'] } },
  agents: { defaults: { models: {
    'anthropic/claude-sonnet-5': { params: { cacheRetention: 'long' } }, /* kept */
    'anthropic/claude-haiku-4-5': { params: { cacheRetention: 'short' } },
  } } },
}
";

impl Mending {
    fn config(&self) -> String {
        std::fs::read_to_string(self.env.state("fased.json")).unwrap()
    }

    fn is_mended(&self) -> bool {
        let parsed = |text: &str| json5::from_str::<Value>(text).unwrap();
        parsed(&self.config()) == parsed(MENDED)
    }
}

impl Writer for Mending {
    const NAME: &'static str = "`doctor --fix` killed";

    fn begin() -> Self {
        let mut env = TestEnv::new();
        // What was left behind now is old by then.
        env.set("FASED_NOW", "2100-01-01T12:00:00Z");
        Self { env }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, _: u64) -> Fased<'_> {
        let env = &self.env;
        std::fs::remove_dir_all(env.state("backups")).ok();
        env.write("fased.json", CONFIG);
        home::store(env, "main", &json!({ "anthropic:default": api_key("stays") }));
        env.write("agents/main/agent/auth-profiles.json.tmp", "{ \"half\"");
        self.env.command(["doctor", "--fix"])
    }

    fn check(&mut self, _: u64, output: Option<&Output>) {
        let config = self.config();
        assert_eq!(config.matches("kept").count(), 2, "{config}");
        let changed = config != CONFIG;
        // What is changed was copied before, as it was.
        let copies: Vec<String> = crate::sound::below(&self.env.state("backups"))
            .iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        assert!(copies.iter().all(|copy| copy == CONFIG), "{copies:?}");
        assert!(!changed || copies.len() == 1, "the config was changed without a copy:\n{config}");
        if output.is_some() {
            assert!(self.is_mended(), "{config}");
        }
        // Whatever was left is mended by the next one.
        let file = self.env.store("main");
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let next = self.env.fased(["doctor", "--fix"]);
        assert!(self.is_mended(), "{next}\n{}", self.config());
        assert!(!self.env.tree().contains(".tmp"), "{next}\n{}", self.env.tree());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{next}");
        assert_eq!(self.env.store_json("main")["profiles"]["anthropic:default"], api_key("stays"));
    }

    fn end(&mut self) {
        let output = self.run(0).run();
        self.check(0, Some(&output));
    }
}
