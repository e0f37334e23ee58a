//! Configuration: where state lives ([`paths`]), what `fased.json` says ([`load`], [`schema`], [`secrets`]) and which
//! agent a command is about ([`agents`]). This room reads; editing the file is another matter, and credentials are
//! `auth`'s.

pub mod agents;
pub mod load;
pub mod paths;
pub mod schema;
pub mod secrets;

pub use agents::{AgentId, SelectedAgent};
pub use load::ConfigError;
pub use paths::Paths;
pub use schema::Config;
