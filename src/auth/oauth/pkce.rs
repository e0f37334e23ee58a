//! Proof of key exchange (RFC 7636), method S256: a verifier that stays in this process, and the challenge made from it
//! that may stand in a link. The state of a sign-in is random text of its own: were it the verifier, as in other
//! programs, the link would give away what it is to prove.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// The system has no random numbers to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct RandomError;

/// A verifier and its challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkce {
    /// Proves that whoever exchanges a code also asked for it.
    pub verifier: Secret,
    /// Its SHA-256, for the link.
    pub challenge: String,
}

impl Pkce {
    /// A new pair.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn generate() -> Result<Self, RandomError> {
        Ok(Self::of(&random_text()?))
    }

    fn of(verifier: &str) -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Self { verifier: Secret::new(verifier), challenge }
    }
}

/// 32 random bytes as 43 characters of base64url.
///
/// # Errors
/// [`RandomError`].
pub fn random_text() -> Result<Zeroizing<String>, RandomError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| RandomError)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfcs_example() {
        let pkce = Pkce::of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pkce.challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn every_verifier_is_long_of_the_allowed_characters_and_its_own() {
        let (one, two) = (Pkce::generate().unwrap(), Pkce::generate().unwrap());
        for pkce in [&one, &two] {
            let verifier = pkce.verifier.expose();
            assert_eq!(verifier.len(), 43);
            assert!(verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
            assert!(!format!("{pkce:?}").contains(verifier));
        }
        assert_ne!(one.verifier, two.verifier);
        assert_ne!(one.challenge, two.challenge);
    }
}
