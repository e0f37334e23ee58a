//! What a person pastes to finish a sign-in: the code alone, `code#state`, `code=…&state=…`, or the whole address the
//! browser was sent to, however the terminal or a chat program has broken and quoted it. A credential at this place is
//! recognised, and so is the link of the sign-in itself.

use std::borrow::Cow;

use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretKind};

/// Longest text that is looked at, far above any real address.
const LONGEST: usize = 16 * 1024;
/// Shortest code; anything shorter was typed, or cut while copying.
const SHORTEST_CODE: usize = 10;
/// Longest error code that is repeated.
const LONGEST_ERROR: usize = 60;

/// What came back from a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A code, and the state it came with. A bare code has none.
    Code {
        /// The code.
        code: Secret,
        /// The state.
        state: Option<String>,
    },
    /// The page says no.
    Error {
        /// Its error code, when it is one.
        error: String,
        /// The state.
        state: Option<String>,
    },
}

/// A text is nothing a sign-in can go on with. Never repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    /// Nothing was given.
    #[error("nothing was pasted")]
    Empty,
    /// It is a credential.
    #[error("this is {}, not the code of a sign-in", .0.described())]
    Credential(SecretKind),
    /// It is the link that begins a sign-in.
    #[error("this is the address of the sign-in page; open it, and paste what it shows in the end")]
    Link,
    /// It is something else.
    #[error("this is not the code of a sign-in; paste the code, or the whole address the browser ended at")]
    NotACode,
    /// It is longer than anything a sign-in gives.
    #[error("this is too long to be the code of a sign-in")]
    TooLong,
}

/// Reads a pasted text.
///
/// # Errors
/// When there is no code in it.
pub fn parse(text: &str) -> Result<Reply, PasteError> {
    if text.len() > LONGEST {
        return Err(PasteError::TooLong);
    }
    let text: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect());
    let text = text.trim_matches(|c| "\"'`<>()“”‘’„«»".contains(c));
    if text.is_empty() {
        return Err(PasteError::Empty);
    }
    match Secret::new(text).kind() {
        SecretKind::Other => {}
        kind => return Err(PasteError::Credential(kind)),
    }
    if let Some((_, query)) = text.split_once('?') {
        return of_query(query.split('#').next().unwrap_or_default());
    }
    if ["code=", "state=", "error="].iter().any(|name| text.starts_with(name)) {
        return of_query(text);
    }
    match text.split_once('#') {
        None => Ok(Reply::Code { code: code(text)?, state: None }),
        Some((code_text, state)) if is_state(state) => {
            Ok(Reply::Code { code: code(code_text)?, state: Some(state.to_owned()) })
        }
        Some(_) => Err(PasteError::NotACode),
    }
}

/// Reads the query a browser was sent back with.
///
/// # Errors
/// When there is no code in it.
pub(super) fn of_query(query: &str) -> Result<Reply, PasteError> {
    let mut known: [(&str, Option<Cow<'_, str>>); 4] =
        [("code", None), ("state", None), ("error", None), ("code_challenge", None)];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let Some((_, known)) = known.iter_mut().find(|(known, _)| *known == name) else { continue };
        // Twice is once too often: nobody could say which of the two is meant.
        if known.replace(value).is_some() {
            return Err(PasteError::NotACode);
        }
    }
    let [(_, code_text), (_, state), (_, error), (_, challenge)] = known;
    if challenge.is_some() {
        return Err(PasteError::Link);
    }
    let state = match state {
        Some(state) if is_state(&state) => Some(state.into_owned()),
        Some(_) => return Err(PasteError::NotACode),
        None => None,
    };
    match (code_text, error) {
        (_, Some(error)) => Ok(Reply::Error { error: error_code(&error), state }),
        (Some(text), None) => Ok(Reply::Code { code: code(&text)?, state }),
        (None, None) => Err(PasteError::NotACode),
    }
}

fn code(text: &str) -> Result<Secret, PasteError> {
    let is_code = text.len() >= SHORTEST_CODE
        && !text.contains("://")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/=:".contains(&b));
    if !is_code {
        return Err(PasteError::NotACode);
    }
    let secret = Secret::new(text);
    match secret.kind() {
        SecretKind::Other => Ok(secret),
        kind => Err(PasteError::Credential(kind)),
    }
}

fn is_state(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// The error code, if it has the form of one: it comes from outside, and is shown.
fn error_code(text: &str) -> String {
    let well_formed = (1..=LONGEST_ERROR).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let text = if well_formed { text } else { "unknown_error" };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CODE: &str = "sandbox-code-FAKE0123456789";
    const STATE: &str = "the-state_1";

    fn both() -> Result<Reply, PasteError> {
        Ok(Reply::Code { code: Secret::new(CODE), state: Some(STATE.to_owned()) })
    }

    #[test]
    fn every_form_a_sign_in_ends_in_is_read() {
        for text in [
            format!("{CODE}#{STATE}"),
            format!("code={CODE}&state={STATE}"),
            format!("?code={CODE}&state={STATE}"),
            format!("state={STATE}&code={CODE}"),
            format!("http://localhost:53692/callback?code={CODE}&state={STATE}"),
            format!("http://localhost:53692/callback?code={CODE}&state={STATE}#"),
            format!("localhost:53692/callback?state={STATE}&code={CODE}&scope=a%20b"),
            format!("https://platform.claude.com/oauth/code/callback?code={CODE}&state={STATE}"),
        ] {
            assert_eq!(parse(&text), both(), "{text}");
            let half = text.len() / 2;
            assert_eq!(parse(&format!(" \"{}\r\n   {}\u{7}\" \n", &text[..half], &text[half..])), both());
        }
        assert_eq!(parse(CODE), Ok(Reply::Code { code: Secret::new(CODE), state: None }));
        let link = format!("http://localhost:1/callback?code=sandbox-code%2DFAKE0123456789&state={STATE}");
        assert_eq!(parse(&link), both());
    }

    #[test]
    fn a_credential_is_named() {
        let filler = "0".repeat(90);
        for (prefix, kind) in [
            ("sk-ant-api03-", SecretKind::ApiKey),
            ("sk-ant-oat01-", SecretKind::BearerToken),
            ("sk-ant-ort01-", SecretKind::RefreshToken),
            ("sk-ant-admin01-", SecretKind::AdminKey),
            ("fased-ck-", SecretKind::GatewayClientKey),
        ] {
            for text in [
                format!("{prefix}{filler}"),
                format!(" '{prefix}{filler}'\n"),
                format!("{prefix}{filler}#{STATE}"),
                format!("code={prefix}{filler}&state={STATE}"),
            ] {
                assert_eq!(parse(&text), Err(PasteError::Credential(kind)), "{text}");
            }
        }
        assert_eq!(
            PasteError::Credential(SecretKind::ApiKey).to_string(),
            "this is an API key, not the code of a sign-in"
        );
    }

    #[test]
    fn the_link_itself_is_told_apart_from_what_it_leads_to() {
        let link = format!("https://claude.ai/oauth/authorize?code=true&code_challenge=x&state={STATE}");
        assert_eq!(parse(&link), Err(PasteError::Link));
    }

    #[test]
    fn a_refusal_carries_its_code_and_nothing_else() {
        let said = |error: &str| Ok(Reply::Error { error: error.to_owned(), state: Some(STATE.to_owned()) });
        let link = |error: &str| format!("http://localhost:1/callback?error={error}&state={STATE}");
        assert_eq!(parse(&link("access_denied")), said("access_denied"));
        assert_eq!(parse(&link("%3Cb%3E")), said("unknown_error"));
        assert_eq!(parse(&link("access_denied&error_description=x")), said("access_denied"));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for (text, error) in [
            ("", PasteError::Empty),
            (" \n\t", PasteError::Empty),
            ("\"\"", PasteError::Empty),
            ("y", PasteError::NotACode),
            ("code", PasteError::NotACode),
            ("#", PasteError::NotACode),
            ("sandbox-code-FAKE0123456789#", PasteError::NotACode),
            ("#the-state_1", PasteError::NotACode),
            ("sandbox-code-FAKE0123456789#a#b", PasteError::NotACode),
            ("code=&state=x", PasteError::NotACode),
            ("code=sandbox-code-FAKE0123456789&state=", PasteError::NotACode),
            ("code=sandbox-code-FAKE&code=sandbox-code-FAKE&state=x", PasteError::NotACode),
            ("state=x", PasteError::NotACode),
            ("http://localhost:53692/callback", PasteError::NotACode),
            ("http://localhost:53692/callback?", PasteError::NotACode),
            ("sandbox-code-é0123456789", PasteError::NotACode),
            ("{\"code\":\"sandbox-code-FAKE0123456789\"}", PasteError::NotACode),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
        assert_eq!(parse(&"a".repeat(LONGEST + 1)), Err(PasteError::TooLong));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail_other_than_by_its_error(text in "\\PC{0,80}|(code|state|error|[?&=#:/ ]|[a-z]{1,12}){0,12}") {
            match parse(&text) {
                Ok(Reply::Code { code, state }) => {
                    prop_assert!(code.len() >= SHORTEST_CODE);
                    prop_assert!(state.is_none_or(|state| !state.is_empty()));
                }
                Ok(Reply::Error { error, .. }) => prop_assert!((1..=LONGEST_ERROR).contains(&error.len())),
                Err(_) => {}
            }
        }

        #[test]
        fn breaks_and_spaces_anywhere_change_nothing(
            code in "[A-Za-z0-9_-]{10,80}", state in "[A-Za-z0-9_-]{1,60}", form in 0_usize..4,
            breaks in prop::collection::vec((0_usize..200, "[ \r\n\t]{1,3}"), 0..6),
        ) {
            let mut text = [
                format!("{code}#{state}"),
                format!("code={code}&state={state}"),
                format!("http://localhost:53692/callback?code={code}&state={state}"),
                format!("https://platform.claude.com/oauth/code/callback?state={state}&code={code}"),
            ][form].clone();
            let expected = parse(&text);
            for (at, space) in breaks {
                text.insert_str(at % (text.len() + 1), &space);
            }
            prop_assert_eq!(&parse(&text), &expected);
            prop_assert_eq!(expected, Ok(Reply::Code { code: Secret::new(code), state: Some(state) }));
        }

        #[test]
        fn no_refusal_repeats_the_text(text in "[a-z]{4}[A-Z]{9}#[#?]{1,3}[a-z]{3}") {
            if let Err(error) = parse(&text) {
                prop_assert!(!error.to_string().contains(&text[4..13]));
            }
        }
    }
}
