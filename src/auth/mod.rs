//! Credentials: how pasted text is judged ([`intake`]), what a profile is ([`profile`]), how profiles are kept
//! ([`store`], [`enroll`], `migrate`) and what is remembered of their use ([`state`]), which come first ([`order`]), and
//! the one verdict on each ([`health`]) from which every surface renders. [`resolve`] picks what a request is signed with.
//! Credentials that other programs keep are read where they are ([`neighbours`], [`federation`]).

pub mod enroll;
pub mod federation;
pub mod form;
pub mod health;
pub mod intake;
pub mod lifetime;
mod migrate;
pub mod neighbours;
pub mod notices;
pub mod oauth;
pub mod obtain;
pub mod order;
pub mod profile;
pub mod profile_id;
pub mod reference;
pub mod resolve;
pub mod state;
pub mod store;
mod unique;
pub mod usage_stats;
pub mod verify;
pub mod wording;

pub use profile::{Credential, Profile};
pub use profile_id::ProfileId;
