//! Where a reference leads. Looking never runs a program and opens no connection, so the verdict may look; what has to be
//! run or fetched is told apart and obtained when a request needs it.

use jiff::Timestamp;

use super::neighbours::{self, Live, NeighbourError, Owner};
use super::profile::SecretRef;
use crate::config::{Config, Paths};
use crate::env::Env;
use crate::secret::Secret;
use crate::text::one_line;

/// The places references lead to.
#[derive(Debug, Clone, Copy)]
pub struct References<'a> {
    /// Environment variables.
    pub env: &'a Env,
    /// Configured places.
    pub config: &'a Config,
    /// Where files are.
    pub paths: &'a Paths,
}

/// What a look at a reference showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The secret, and when it ends where that is known.
    Found(Secret, Option<Timestamp>),
    /// It is known only once a program is run or a token is fetched.
    OnUse,
    /// It leads nowhere.
    Broken(BrokenReference),
}

/// Why a reference leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenReference {
    /// The variable is not set.
    #[error("variable {} is not set", one_line(.0))]
    VariableUnset(String),
    /// What another program keeps cannot be used.
    #[error(transparent)]
    Neighbour(#[from] NeighbourError),
    /// A kind of place this version does not know.
    #[error("its {} reference cannot be read", one_line(.0))]
    UnknownSource(String),
}

impl References<'_> {
    /// Looks where a reference leads.
    pub fn look(&self, reference: &SecretRef) -> Look {
        match reference.source.as_str() {
            "env" => match self.env.get(&reference.id).map(str::trim).filter(|value| !value.is_empty()) {
                Some(value) => Look::Found(Secret::new(value), None),
                None => Look::Broken(BrokenReference::VariableUnset(reference.id.clone())),
            },
            other => match Owner::of(reference).map(|owner| neighbours::read(owner, reference, self)) {
                Some(Ok(Live::Token(token))) => Look::Found(token.secret, token.expires),
                Some(Ok(Live::Mint(_))) => Look::OnUse,
                Some(Err(error)) => Look::Broken(error.into()),
                None => Look::Broken(BrokenReference::UnknownSource(other.to_owned())),
            },
        }
    }
}
