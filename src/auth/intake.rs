//! The door for credentials: pasted or piped text is cleaned, its kind is told from its prefix, and what cannot work is
//! refused with a word on what it is. Every surface that takes a credential goes through here, so a token at the API-key
//! prompt is recognised everywhere alike.

use super::form::{self, ANTHROPIC};
use crate::secret::{Secret, SecretKind};

/// Shortest bearer token Anthropic issues; anything shorter was cut while copying.
const SHORTEST_BEARER: usize = 80;
/// Shortest API key taken. Real ones have over 100 characters; this only catches cut and invented ones.
const SHORTEST_API_KEY: usize = 40;
/// Longest text taken, far above any real credential.
const LONGEST: usize = 16 * 1024;

/// What the user said the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A Console API key.
    ApiKey,
    /// A setup-token of `claude setup-token`.
    SetupToken,
}

impl Expected {
    fn described(self) -> &'static str {
        match self {
            Self::ApiKey => "an API key (sk-ant-api03-…)",
            Self::SetupToken => "a setup-token (sk-ant-oat01-…)",
        }
    }
}

/// A text was not accepted as a credential. Never repeats it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// Nothing was given.
    #[error("The credential is empty; expected {}.", .0.described())]
    Empty(Expected),
    /// Characters that no credential contains.
    #[error("The credential contains control characters or characters outside ASCII; copy it again.")]
    Unprintable,
    /// It is of another kind than was said.
    #[error("This is {}, not {}.", found.described(), expected.described())]
    WrongKind {
        /// What was asked for.
        expected: Expected,
        /// What it is.
        found: SecretKind,
    },
    /// It cannot authenticate requests for messages at all.
    #[error("This is {}, which cannot send messages.", .0.described())]
    Useless(SecretKind),
    /// Nothing was given for another provider.
    #[error("The credential is empty.")]
    Nothing,
    /// No Anthropic prefix.
    #[error("This does not look like {}: it does not begin with sk-ant-.", .0.described())]
    NotAnthropic(Expected),
    /// Too short to be whole.
    #[error("The credential is too short ({length} characters); copy all of it.")]
    TooShort {
        /// Its length.
        length: usize,
    },
    /// Too long to be one credential.
    #[error("The text is too long to be a credential ({length} characters).")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

/// An accepted credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The value without surrounding and inner white space.
    pub secret: Secret,
    /// Set when its prefix is an `sk-ant-` form this version does not know: stored, but worth a word.
    pub unfamiliar: bool,
}

/// Cleans and judges text meant as a credential for Anthropic's own host. White space anywhere is dropped, because
/// terminals wrap long pastes.
///
/// # Errors
/// When the text cannot be the expected credential.
pub fn accept(text: &str, expected: Expected) -> Result<Accepted, IntakeError> {
    let secret = cleaned(text)?.ok_or(IntakeError::Empty(expected))?;
    let (kind, length) = (secret.kind(), secret.len());
    let shortest = match (expected, kind) {
        (Expected::ApiKey, SecretKind::ApiKey) => SHORTEST_API_KEY,
        (Expected::SetupToken, SecretKind::BearerToken) => SHORTEST_BEARER,
        (_, SecretKind::OtherAnthropic) => SHORTEST_API_KEY,
        (_, SecretKind::AdminKey | SecretKind::RefreshToken | SecretKind::GatewayClientKey) => {
            return Err(IntakeError::Useless(kind));
        }
        (_, SecretKind::Other) => return Err(IntakeError::NotAnthropic(expected)),
        (_, found) => return Err(IntakeError::WrongKind { expected, found }),
    };
    if length < shortest {
        return Err(IntakeError::TooShort { length });
    }
    Ok(Accepted { secret, unfamiliar: kind == SecretKind::OtherAnthropic })
}

/// The same for any provider. What a key of another one than Anthropic looks like is its own affair; what cannot send
/// messages anywhere is refused there, too.
///
/// # Errors
/// When the text cannot be the expected credential.
pub fn accept_for(provider: &str, text: &str, expected: Expected) -> Result<Accepted, IntakeError> {
    if provider == ANTHROPIC {
        return accept(text, expected);
    }
    let secret = cleaned(text)?.ok_or(IntakeError::Nothing)?;
    let kind = secret.kind();
    if form::is_useless(kind) {
        return Err(IntakeError::Useless(kind));
    }
    Ok(Accepted { secret, unfamiliar: false })
}

/// Plain characters without white space; `None` when nothing is left.
fn cleaned(text: &str) -> Result<Option<Secret>, IntakeError> {
    let cleaned = zeroize::Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    let length = cleaned.chars().count();
    if length > LONGEST {
        return Err(IntakeError::TooLong { length });
    }
    if !cleaned.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(IntakeError::Unprintable);
    }
    Ok((length > 0).then(|| Secret::new(cleaned.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn api_key() -> String {
        format!("sk-ant-api03-FAKE{}", "0".repeat(90))
    }

    fn setup_token() -> String {
        format!("sk-ant-oat01-FAKE{}", "0".repeat(90))
    }

    #[test]
    fn the_two_kinds_are_taken_at_their_own_prompt() {
        assert!(!accept(&api_key(), Expected::ApiKey).unwrap().unfamiliar);
        assert!(!accept(&setup_token(), Expected::SetupToken).unwrap().unfamiliar);
    }

    #[test]
    fn a_paste_broken_by_the_terminal_is_mended() {
        let whole = setup_token();
        let broken = format!("  {}\r\n  {}\n", &whole[..50], &whole[50..]);
        assert_eq!(accept(&broken, Expected::SetupToken).unwrap().secret, Secret::new(whole));
    }

    #[test]
    fn the_wrong_kind_is_named() {
        let error = accept(&setup_token(), Expected::ApiKey).unwrap_err();
        assert_eq!(
            error.to_string(),
            "This is a setup-token or OAuth access token, not an API key (sk-ant-api03-…)."
        );
        let error = accept(&api_key(), Expected::SetupToken).unwrap_err();
        assert_eq!(
            error,
            IntakeError::WrongKind { expected: Expected::SetupToken, found: SecretKind::ApiKey }
        );
    }

    #[test]
    fn what_cannot_send_messages_is_refused() {
        let filler = "0".repeat(90);
        for (prefix, kind) in [
            ("sk-ant-admin01-", SecretKind::AdminKey),
            ("sk-ant-ort01-", SecretKind::RefreshToken),
            ("fased-ck-", SecretKind::GatewayClientKey),
        ] {
            for expected in [Expected::ApiKey, Expected::SetupToken] {
                assert_eq!(accept(&format!("{prefix}{filler}"), expected), Err(IntakeError::Useless(kind)));
            }
        }
    }

    #[test]
    fn empty_short_long_and_foreign_texts_are_refused() {
        assert_eq!(accept(" \n", Expected::ApiKey), Err(IntakeError::Empty(Expected::ApiKey)));
        assert_eq!(accept("sk-ant-api03-x", Expected::ApiKey), Err(IntakeError::TooShort { length: 14 }));
        assert_eq!(
            accept(&setup_token()[..79], Expected::SetupToken),
            Err(IntakeError::TooShort { length: 79 })
        );
        assert!(accept(&setup_token()[..80], Expected::SetupToken).is_ok());
        assert_eq!(accept("x", Expected::ApiKey), Err(IntakeError::NotAnthropic(Expected::ApiKey)));
        let long = format!("sk-ant-api03-{}", "0".repeat(LONGEST));
        assert!(matches!(accept(&long, Expected::ApiKey), Err(IntakeError::TooLong { .. })));
        assert_eq!(accept(&format!("{}\u{7}", api_key()), Expected::ApiKey), Err(IntakeError::Unprintable));
        assert_eq!(accept(&format!("{}é", api_key()), Expected::ApiKey), Err(IntakeError::Unprintable));
    }

    #[test]
    fn an_unfamiliar_anthropic_form_is_taken_with_a_mark() {
        let new_form = format!("sk-ant-new07-{}", "0".repeat(60));
        assert!(accept(&new_form, Expected::ApiKey).unwrap().unfamiliar);
    }

    #[test]
    fn a_key_of_another_provider_may_have_any_form_but_that_of_what_sends_nothing() {
        for text in ["x", " sk-proj-1\n", &api_key(), &setup_token()] {
            assert!(accept_for("team", text, Expected::ApiKey).is_ok(), "{text}");
        }
        assert_eq!(accept_for("team", " ", Expected::ApiKey), Err(IntakeError::Nothing));
        let client = accept_for("team", "fased-ck-x", Expected::ApiKey);
        assert_eq!(client, Err(IntakeError::Useless(SecretKind::GatewayClientKey)));
        assert!(accept_for("anthropic", "x", Expected::ApiKey).is_err());
    }

    proptest! {
        #[test]
        fn no_refusal_repeats_the_text(text in "sk-ant-[a-z0-9]{5}-[A-Za-z0-9]{8,40}é?") {
            if let Err(error) = accept(&text, Expected::ApiKey) {
                prop_assert!(!error.to_string().contains(&text[12..20]), "{}", error);
            }
        }
    }
}
