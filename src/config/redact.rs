//! Values of the config as they may be shown: what stands where secrets stand is masked.

use serde_json::Value;

use super::key_path::Segment;
use crate::secret::{Secret, SecretKind};
use crate::text::without_credentials;

/// Words in the name of a key whose texts are secrets.
const SECRET_WORDS: [&str; 11] = [
    "token",
    "apikey",
    "password",
    "passphrase",
    "secret",
    "privatekey",
    "mnemonic",
    "seedphrase",
    "authorization",
    "cookie",
    "credential",
];
/// Keys that have such a word and hold none.
const HARMLESS: [&str; 5] = ["tokenurl", "secrets", "maxtokens", "contexttokens", "providers"];

/// Whether texts below this path are secrets.
pub fn is_secret(path: &[Segment]) -> bool {
    path.iter().enumerate().any(|(depth, segment)| {
        let Segment::Key(key) = segment else { return false };
        let key = key.to_ascii_lowercase();
        let names_one = SECRET_WORDS.iter().any(|word| key.contains(word)) || key.ends_with("key");
        // `auth.env` is a policy; anywhere else variables stand below that name.
        let holds_some = key == "headers" || (key == "env" && (depth == 0 || depth + 1 < path.len()));
        holds_some || (names_one && !HARMLESS.contains(&key.as_str()))
    })
}

/// A value with its secrets masked, and whether there were any. References and `${VARIABLE}` stay: they name places.
pub fn redacted(path: &[Segment], value: &Value) -> (Value, bool) {
    let mut masked = value.clone();
    let mut path = path.to_vec();
    let is_changed = mask(&mut path, &mut masked);
    (masked, is_changed)
}

fn mask(path: &mut Vec<Segment>, value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let shown = match Secret::new(text.as_str()) {
                secret if is_secret(path) && !is_place(text) => secret.masked(),
                secret if secret.kind() != SecretKind::Other => secret.masked(),
                _ => without_user_info(&without_credentials(text)),
            };
            let is_changed = shown != *text;
            *text = shown;
            is_changed
        }
        // A pin or an id that is a secret; whether something is on is none.
        Value::Number(_) if is_secret(path) => {
            *value = Value::String("…".to_owned());
            true
        }
        Value::Array(elements) => {
            let mut is_changed = false;
            for (index, element) in elements.iter_mut().enumerate() {
                path.push(index.into());
                is_changed |= mask(path, element);
                path.pop();
            }
            is_changed
        }
        Value::Object(entries) if is_reference(entries) => false,
        Value::Object(entries) => {
            let mut is_changed = false;
            for (key, entry) in entries.iter_mut() {
                path.push(key.as_str().into());
                is_changed |= mask(path, entry);
                path.pop();
            }
            is_changed
        }
        _ => false,
    }
}

/// A text that is empty or names a variable and nothing else.
fn is_place(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || (text.starts_with("${") && text.find('}') == Some(text.len() - 1))
}

/// A text whose URLs name nobody: what stands between `://` and `@` is a name and a password.
fn without_user_info(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['/', '?', '#', ' ']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://…{}", without_user_info(&rest[at..])),
        None => format!("{scheme}://{}{}", &rest[..end], without_user_info(&rest[end..])),
    }
}

fn is_reference(entries: &serde_json::Map<String, Value>) -> bool {
    let is_text = |key: &str| entries.get(key).is_some_and(Value::is_string);
    is_text("source")
        && is_text("id")
        && entries.keys().all(|key| ["source", "provider", "id"].contains(&key.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand_and_places_stay() {
        let value = json!({
            "env": {"ANTHROPIC_API_KEY": "sk-ant-api03-FAKE-0000000000000000000x3Qw", "EMPTY": "", "vars": {"EDITOR": "FAKE-vim"}},
            "gateway": {"port": 18789, "auth": {"token": "FAKE-gateway-token", "mode": "token"}},
            "channels": {"telegram": {"botToken": "123:FAKE-bot"}, "list": ["sk-ant-oat01-FAKE-000000000000000000000000"]},
            "models": {"providers": {"x": {
                "apiKey": "${X_KEY}", "headers": {"x-team": "FAKE-blue"}, "oauth": {"tokenUrl": "https://x.example/t"},
                "models": [{"id": "m", "maxTokens": 64}],
            }, "y": {"apiKey": {"source": "env", "id": "Y_KEY"}}}},
            "proxy": "https://me:FAKE-pass@llm.example.com/x?y=http://FAKE@z",
            "discord": {"token": 123_456, "enabled": true}, "wallets": {"privateKeys": ["FAKE"], "seedPhrase": "FAKE words"},
            "secrets": {"providers": {"v": {"source": "exec", "command": ["pass"], "env": {"A": "FAKE-a"}}}},
        });
        let (shown, is_changed) = redacted(&[], &value);
        assert!(is_changed);
        assert!(!shown.to_string().contains("FAKE"), "{shown}");
        for (pointer, expected) in [
            ("/gateway/port", json!(18789)),
            ("/discord", json!({"token": "…", "enabled": true})),
            ("/proxy", json!("https://…@llm.example.com/x?y=http://…@z")),
            ("/gateway/auth/mode", json!("token")),
            ("/env/EMPTY", json!("")),
            ("/models/providers/x/apiKey", json!("${X_KEY}")),
            ("/models/providers/x/oauth/tokenUrl", json!("https://x.example/t")),
            ("/models/providers/x/models/0/maxTokens", json!(64)),
            ("/models/providers/y/apiKey", json!({"source": "env", "id": "Y_KEY"})),
            ("/secrets/providers/v/command/0", json!("pass")),
        ] {
            assert_eq!(shown.pointer(pointer), Some(&expected), "{pointer}");
        }
    }

    #[test]
    fn a_part_is_masked_like_the_whole() {
        assert_eq!(redacted(&Segment::keys(["auth", "env"]), &json!("never")), (json!("never"), false));
        let path = Segment::keys(["env", "ANTHROPIC_API_KEY"]);
        let (shown, is_changed) = redacted(&path, &json!("sk-ant-api03-FAKE-0000000000000000000x3Qw"));
        assert_eq!((shown, is_changed), (json!("sk-ant-api03 …x3Qw"), true));
        assert_eq!(
            redacted(&Segment::keys(["agents", "list"]), &json!([{"id": "a"}])),
            (json!([{"id": "a"}]), false)
        );
    }
}
