//! Makes text that came from a server safe to show: one line, bounded, without the request's secret or anything that
//! looks like an Anthropic credential.

use crate::secret::Secret;

const PREFIX: &str = "sk-ant-";

/// `text` on one line with secrets masked, cut to at most `limit` characters.
pub(super) fn redacted(text: &str, secret: &Secret, limit: usize) -> String {
    // Characters go first, so that none can hide a secret by splitting it; the cut comes last, so that no part of a
    // secret escapes the search by being at the edge.
    let clean: String = text.chars().filter_map(printable).collect();
    let masked = if secret.is_empty() {
        mask_credentials(&clean)
    } else {
        let pieces: Vec<String> = clean.split(secret.expose()).map(mask_credentials).collect();
        pieces.join(&secret.masked())
    };
    let masked = masked.trim();
    if masked.chars().count() <= limit {
        return masked.to_owned();
    }
    let mut cut: String = masked.chars().take(limit.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Line breaks become spaces; control characters and those that reorder or hide text disappear.
fn printable(character: char) -> Option<char> {
    match character {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        character if character.is_control() => None,
        character => Some(character),
    }
}

fn mask_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(PREFIX) {
        let (before, found) = rest.split_at(start);
        let end = found
            .find(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_'))
            .unwrap_or(found.len());
        let (credential, after) = found.split_at(end);
        shown.push_str(before);
        shown.push_str(&masked(credential));
        rest = after;
    }
    shown + rest
}

fn masked(credential: &str) -> String {
    let secret = Secret::new(credential);
    // A bare prefix ("keys start with sk-ant-api03-") is no secret and says something.
    if secret.kind().prefix() == Some(credential) { credential.to_owned() } else { secret.masked() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ant-api03-sandbox-not-a-real-key-0000000000-x3Qw";

    fn shown(text: &str) -> String {
        redacted(text, &Secret::new(KEY), 500)
    }

    #[test]
    fn own_and_foreign_credentials_are_masked_down_to_kind_and_last_four() {
        assert_eq!(shown(&format!("key {KEY}, no")), "key sk-ant-api03 …x3Qw, no");
        assert_eq!(shown("a sk-ant-oat01-sandbox-another-token-11111-abcd. b"), "a sk-ant-oat01 …abcd. b");
        let custom = Secret::new("hunter2");
        assert_eq!(redacted("password hunter2 is wrong", &custom, 500), "password … is wrong");
    }

    #[test]
    fn control_characters_cannot_split_a_secret_or_move_the_cursor() {
        let (left, right) = KEY.split_at(20);
        assert_eq!(shown(&format!("{left}\u{0}\u{200b}{right}")), "sk-ant-api03 …x3Qw");
        assert_eq!(shown("a\u{1b}[31mb\r\nc\u{202e}d"), "a[31mb  cd");
    }

    #[test]
    fn a_secret_at_the_edge_of_the_cut_is_masked_whole() {
        let text = format!("{}{KEY}", "x".repeat(480));
        let cut = shown(&text);
        assert!(!cut.contains("not-a-real"), "{cut}");
        let long = shown(&"é".repeat(600));
        assert_eq!(long.chars().count(), 500);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_bare_prefix_and_an_empty_secret_leave_the_text_readable() {
        assert_eq!(shown("keys start with sk-ant-api03-"), "keys start with sk-ant-api03-");
        assert_eq!(redacted("plain", &Secret::new(""), 500), "plain");
    }
}
