//! The command line as clap types and nothing else; completions and man pages are made from them. What a command does is
//! in the file of the same name under `commands`.

mod agents;
mod cache;
mod chat;
mod completion;
mod config;
mod demo;
mod doctor;
mod gateway;
mod models;
mod onboard;
mod sandbox;
mod secret_ref;
mod usage;

pub use agents::{
    AgentsAddArgs, AgentsArgs, AgentsCommand, AgentsDefaultArgs, AgentsListArgs, AgentsModelsCommand,
    AgentsModelsSetArgs, AgentsRemoveArgs,
};
pub use cache::{CacheArgs, CacheCommand, CacheExplainArgs};
pub use chat::{ChatArgs, Role};
pub use completion::{CompletionArgs, Shell};
pub use config::{
    ConfigArgs, ConfigCommand, ConfigGetArgs, ConfigPathArgs, ConfigSchemaArgs, ConfigSetArgs,
    ConfigUnsetArgs, ConfigValidateArgs,
};
pub use demo::DemoArgs;
pub use doctor::DoctorArgs;
pub use gateway::{
    DashboardArgs, GatewayArgs, GatewayCheckArgs, GatewayCommand, GatewayKeysAddArgs, GatewayKeysArgs,
    GatewayKeysCommand, GatewayKeysListArgs, GatewayKeysRevokeArgs, GatewayServeArgs, GatewayServiceArgs,
    GatewayStatusArgs,
};
pub use models::{ExplainArgs, ModelsArgs, ModelsCommand, StatusArgs, auth, choice};
pub use onboard::{AuthChoice, Compatibility, OnboardArgs};
pub use sandbox::SandboxArgs;
pub use secret_ref::{SecretInputMode, SecretRefArgs};
pub use usage::{UsageArgs, UsageBy};

use clap::{Parser, Subcommand};

/// Claude access done right: credentials per agent, their health, and requests to Claude
#[derive(Debug, Parser)]
#[command(name = "fased", version, disable_help_subcommand = true, after_help = MORE)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const MORE: &str = "\
Examples:
  fased demo
  fased onboard
  fased chat \"why is the sky blue?\"

Exit codes:
  0  done                        4    the provider refused or limited it
  1  failed; with --check: a     5    the network failed
     credential is missing or    64   wrong usage
     expired                     130  cancelled
  2  with --check: expiring
  3  no usable credential

State lives in ~/.fased (FASED_STATE_DIR moves it).";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Store a credential for Claude, asking what is needed or taking it from flags and pipes
    Onboard(OnboardArgs),
    /// Show models and the health of credentials (the same as `fased models status`)
    Models(ModelsArgs),
    /// Show, add and remove agents, each with credentials of its own
    Agents(AgentsArgs),
    /// Ask Claude a question; the answer streams to standard output
    Chat(ChatArgs),
    /// Explain what the prompt cache does for a session
    Cache(CacheArgs),
    /// Show what requests took and cost, by day, model, agent, profile or session
    Usage(UsageArgs),
    /// Show and change the config; comments and everything else in it stay
    Config(ConfigArgs),
    /// Serve the Control UI, and the Messages API with managed credentials for any Anthropic client
    Gateway(GatewayArgs),
    /// Open the Control UI in the browser
    Dashboard(DashboardArgs),
    /// Look for what is wrong with files, config and credentials of all agents
    Doctor(DoctorArgs),
    /// Serve a stand-in of the Anthropic API on this machine, for trying things out and for tests
    Sandbox(SandboxArgs),
    /// Show it all on a sandbox in a throw-away directory; needs no key and no network
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completion(CompletionArgs),
}

impl Command {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::Onboard(args) => args.json,
            Self::Models(args) => args.wants_json(),
            Self::Agents(args) => args.wants_json(),
            Self::Chat(args) => args.json,
            Self::Cache(args) => args.wants_json(),
            Self::Usage(args) => args.json,
            Self::Config(args) => args.wants_json(),
            Self::Gateway(args) => args.wants_json(),
            Self::Dashboard(args) => args.json,
            Self::Doctor(args) => args.json,
            Self::Sandbox(args) => args.json,
            Self::Demo(args) => args.json,
            Self::Completion(args) => args.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    /// What is longer is wrapped by clap on a terminal of 80 columns, and a command that is pasted from there breaks.
    const WIDEST: usize = 78;

    fn check(command: &clap::Command) {
        for help in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
            for line in help.to_string().lines() {
                assert!(line.chars().count() <= WIDEST, "{}: {line}", command.get_name());
            }
        }
        command.get_subcommands().for_each(check);
    }

    #[test]
    fn no_example_is_wrapped_on_a_terminal_of_80_columns() {
        let mut root = Cli::command();
        root.build();
        check(&root);
    }
}
