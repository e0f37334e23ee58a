//! Credentials: how pasted text is judged ([`intake`]), what a profile is ([`profile`]), how profiles are kept
//! ([`store`], [`enroll`], [`copy`](mod@copy), `migrate`) and what is remembered of their use ([`state`]), which come first ([`order`]), and
//! the one verdict on each ([`health`]) from which every surface renders. [`resolve`] picks what a request is signed with.

pub mod copy;
pub mod enroll;
pub mod form;
pub mod health;
pub mod intake;
pub mod lifetime;
mod migrate;
pub mod notices;
pub mod order;
pub mod profile;
pub mod profile_id;
pub mod resolve;
pub mod state;
pub mod store;
mod unique;
pub mod usage_stats;
pub mod verify;
pub mod wording;

pub use profile::{Credential, Profile};
pub use profile_id::ProfileId;
