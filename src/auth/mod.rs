//! Credentials: how pasted text is judged ([`intake`]), what a profile is ([`profile`]), how profiles are kept
//! ([`store`], [`enroll`], [`copy`](mod@copy), `migrate`) and what is remembered of their use ([`state`]), which come first ([`order`]), and
//! the one verdict on each ([`health`]) from which every surface renders. [`resolve`] says what a request is signed with
//! and [`candidates`] what else it may be, the key in the config ([`configured`]) included; [`obtain`] gets the secret, refreshing pairs ([`oauth`]) and following references
//! ([`mod@reference`]); what came of it is noted by the rules of [`cooldown`] and [`long_context`]. Keeping house is [`reorder`], [`windows`],
//! [`remove`] and [`rename`].
//! Credentials that other programs keep are read where they are ([`neighbours`], [`federation`]).

pub mod candidates;
pub mod configured;
pub mod cooldown;
pub mod copy;
pub mod enroll;
pub mod federation;
pub mod form;
pub mod health;
pub mod intake;
pub mod lifetime;
pub mod long_context;
mod migrate;
pub mod neighbours;
pub mod notices;
pub mod oauth;
pub mod obtain;
pub mod order;
pub mod probe;
pub mod profile;
pub mod profile_id;
pub mod reason;
pub mod reference;
pub mod remove;
pub mod rename;
pub mod reorder;
pub mod resolve;
pub mod state;
pub mod store;
mod unique;
pub mod usage_stats;
pub mod verify;
pub mod windows;
pub mod wording;

pub use profile::{Credential, Profile};
pub use profile_id::ProfileId;
