//! A model as somebody typed it; a text that is a credential at the wrong place is not repeated.

use super::Failure;
use crate::config::Config;
use crate::models::selection::{self, TypedRef};
use crate::secret::{Secret, SecretKind};
use crate::text::without_credentials;

/// Takes apart a reference. `what` names where it was typed: `value of --model`.
pub(crate) fn parse(text: &str, what: &str, config: &Config) -> Result<TypedRef, Failure> {
    match Secret::new(text.trim()).kind() {
        // One may stand inside of it, behind a provider or a profile's name.
        SecretKind::Other if without_credentials(text) != text => {
            Err(Failure::usage(format!("The {what} has a credential in it, which is no part of a model.")))
        }
        SecretKind::Other => Ok(selection::parse_typed(text, config)?),
        kind => Err(Failure::usage(format!("The {what} is {}, not a model.", kind.described()))),
    }
}
