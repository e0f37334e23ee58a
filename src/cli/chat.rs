use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  fased chat                                       a conversation
  fased chat \"why is the sky blue?\"
  git diff | fased chat \"explain this change\" -
  fased chat --session trip \"and what about food?\"
  fased chat --file notes.txt --image map.png \"where is it?\"
  fased chat --json \"say hello\" | jq -r .text
  fased chat --list

Without a message on a terminal it is a conversation; /help lists what can be
said to the program there.";

/// Flags of `fased chat`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct ChatArgs {
    /// The question; `-` stands for standard input [default: standard input; on a terminal, a conversation]
    #[arg(value_name = "MESSAGE")]
    pub message: Vec<String>,
    /// Model to ask: `provider/model`, an alias, or either with `@profile` [default: the session's, else the agent's]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Ask the agent's model for this work: cheap-check, strong, escalation, coding or summarizer [default: none]
    #[arg(long, value_name = "ROLE", conflicts_with = "model", hide_possible_values = true)]
    pub role: Option<Role>,
    /// Agent to ask for [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Session to go on with, or to begin under this name [default: a new one]
    #[arg(long, value_name = "SESSION")]
    pub session: Option<String>,
    /// Image that goes with the question: PNG, JPEG, GIF or WebP, at most 5 MiB; may be given several times [default: none]
    #[arg(long, value_name = "FILE")]
    pub image: Vec<PathBuf>,
    /// Text file that goes with the question, at most 4 MiB; may be given several times [default: none]
    #[arg(long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    /// System prompt [default: the session's, else none]
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Longest answer, in tokens [default: what the config says, else 8192]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_tokens: Option<u64>,
    /// How often the same is tried again after a failure that passes by itself
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=2))]
    pub retries: u32,
    /// List the agent's sessions and ask nothing
    #[arg(long, conflicts_with_all = ["message", "model", "role", "session", "image", "file", "system", "max_tokens"])]
    pub list: bool,
    /// Answer with one JSON document: text, session and receipt
    #[arg(long)]
    pub json: bool,
}

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Quick checks that should cost little
    #[value(alias = "cheapCheck")]
    CheapCheck,
    /// Hard questions
    Strong,
    /// What the others could not do
    Escalation,
    /// Programming
    Coding,
    /// Summaries
    Summarizer,
}
