//! OAuth pairs: where they are issued ([`settings`]), the requests that issue them ([`token_endpoint`]), and how they are
//! kept fresh by exactly one process at a time without ever being lost ([`refresh`], [`journal`]); and how a person gets
//! one ([`sign_in`], with [`pkce`], [`authorize`], what is pasted ([`paste`]) and what a browser brings).

pub mod authorize;
mod callback;
pub mod journal;
pub mod paste;
pub mod pkce;
pub mod refresh;
pub mod settings;
pub mod sign_in;
pub mod token_endpoint;

use jiff::Timestamp;

use crate::secret::Secret;

/// What a token endpoint issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Access token.
    pub access: Secret,
    /// Refresh token.
    pub refresh: Secret,
    /// When the access token ends.
    pub expires: Timestamp,
}

/// Whether this program can refresh a provider's pairs. Anthropic's alone: pairs of others are renewed where they were
/// issued, and never sent to an endpoint of Anthropic.
pub fn is_renewable(provider: &str) -> bool {
    provider == "anthropic"
}
