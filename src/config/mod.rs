//! Configuration: where state lives ([`paths`]), what `fased.json` says ([`load`], [`schema`], [`secrets`]) and how it is
//! written ([`document`], [`key_path`], [`unknown_keys`] by the [`json_schema`], shown as [`redact`] allows), the variables it
//! is used with ([`environment`]), which agent a command is about ([`agents`]), and changes of the files that touch nothing
//! else in them ([`edit`], [`agent_list`]). What else is kept for an agent is [`agent_files`]; credentials are `auth`'s.

pub mod agent_files;
pub mod agent_list;
pub mod agents;
pub mod document;
pub mod edit;
pub mod environment;
mod json5;
pub mod json_schema;
pub mod key_path;
pub mod load;
pub mod paths;
mod problem;
pub mod redact;
pub mod schema;
pub mod secret_ref;
pub mod secrets;
mod sources;
mod substitute;
mod typed;
pub mod unknown_keys;

pub use agents::{AgentId, SelectedAgent};
pub use load::ConfigError;
pub use paths::Paths;
pub use schema::Config;
