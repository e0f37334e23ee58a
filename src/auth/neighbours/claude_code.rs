//! Claude Code's sign-in, in `.credentials.json`. Its refresh tokens are single use and belong to Claude Code: only the
//! access token is read here, live.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::{LiveToken, NeighbourError, file};
use crate::env::Env;
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialsFile {
    claude_ai_oauth: Option<SignIn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignIn {
    access_token: Option<Secret>,
    /// Milliseconds since 1970.
    expires_at: Option<serde_json::Number>,
}

/// Where Claude Code keeps its sign-in: `CLAUDE_CONFIG_DIR`, else `.claude` in the home directory. On macOS that is the
/// Keychain, which is not read.
pub fn credentials_file(env: &Env, home: Option<&Path>) -> Option<PathBuf> {
    let dir = env.path("CLAUDE_CONFIG_DIR").or_else(|| Some(home?.join(".claude")))?;
    let dir = std::path::absolute(&dir).unwrap_or(dir);
    Some(dir.join(".credentials.json"))
}

/// Reads the access token.
///
/// # Errors
/// When the file is not there or holds none.
pub fn read(path: &Path) -> Result<LiveToken, NeighbourError> {
    let document: CredentialsFile = file::json(path)?;
    let none = || NeighbourError::unusable(path, "holds no sign-in of Claude Code");
    let sign_in = document.claude_ai_oauth.ok_or_else(none)?;
    let secret = sign_in.access_token.filter(|token| !token.is_empty()).ok_or_else(none)?;
    let ends = |number: serde_json::Number| {
        #[expect(clippy::cast_possible_truncation, reason = "a float saturates, and then is no valid time")]
        let millis = number.as_i64().or_else(|| number.as_f64().map(|float| float as i64))?;
        Timestamp::from_millisecond(millis).ok()
    };
    Ok(LiveToken { secret, expires: sign_in.expires_at.and_then(ends), workspace: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn of(text: &str) -> Result<LiveToken, NeighbourError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".credentials.json");
        std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
        read(&path)
    }

    #[test]
    fn token_and_end_are_read_and_nothing_else_matters() {
        let text = r#"{"claudeAiOauth":{"accessToken":"a","refreshToken":"r","expiresAt":1700000000123,
            "scopes":["x"],"subscriptionType":"max"},"mcpOAuth":{}}"#;
        let expires = Some(Timestamp::from_millisecond(1_700_000_000_123).unwrap());
        assert_eq!(of(text).unwrap(), LiveToken { secret: Secret::new("a"), expires, workspace: None });
        for without_end in ["null", "1e300"] {
            let text = format!(r#"{{"claudeAiOauth":{{"accessToken":"a","expiresAt":{without_end}}}}}"#);
            assert_eq!(of(&text).unwrap().expires, None, "{without_end}");
        }
    }

    #[test]
    fn a_file_without_a_sign_in_says_so() {
        for text in [r#"{"mcpOAuth":{}}"#, r#"{"claudeAiOauth":{"accessToken":""}}"#] {
            assert_eq!(
                of(text).unwrap_err().to_string(),
                "`.credentials.json` holds no sign-in of Claude Code"
            );
        }
        assert_eq!(
            of(r#"{"claudeAiOauth":7}"#).unwrap_err().to_string(),
            "`.credentials.json` has a form that is not understood"
        );
    }

    #[test]
    fn its_directory_can_be_moved() {
        let home = Some(Path::new("/home/u"));
        let moved = Env::from_pairs([("CLAUDE_CONFIG_DIR", "/x")]);
        assert_eq!(
            credentials_file(&Env::default(), home).unwrap(),
            Path::new("/home/u/.claude/.credentials.json")
        );
        assert_eq!(credentials_file(&moved, home).unwrap(), Path::new("/x/.credentials.json"));
        assert_eq!(credentials_file(&Env::default(), None), None);
    }
}
