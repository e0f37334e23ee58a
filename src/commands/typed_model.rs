//! A model as somebody typed it; a text that is a credential at the wrong place is not repeated.

use crate::config::Config;
use crate::error::Failure;
use crate::models::selection::{self, TypedRef};
use crate::secret::{Secret, SecretKind};

/// Takes apart a reference. `what` names where it was typed: `value of --model`.
pub(super) fn parse(text: &str, what: &str, config: &Config) -> Result<TypedRef, Failure> {
    match Secret::new(text.trim()).kind() {
        SecretKind::Other => Ok(selection::parse_typed(text, config)?),
        kind => Err(Failure::usage(format!("The {what} is {}, not a model.", kind.described()))),
    }
}
