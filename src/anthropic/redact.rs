//! Makes text that came from a server safe to show: one line, bounded, without the request's secret or anything that
//! looks like a credential.

use crate::secret::Secret;
use crate::text;

/// `text` on one line with secrets masked, cut to at most `limit` characters.
pub(super) fn redacted(text: &str, secret: &Secret, limit: usize) -> String {
    // Characters go first, so that none can hide a secret by splitting it; the cut comes last, so that no part of a
    // secret escapes the search by being at the edge.
    let clean = text::one_line(text);
    let masked = if secret.is_empty() {
        text::without_credentials(&clean)
    } else {
        let pieces: Vec<String> = clean.split(secret.expose()).map(text::without_credentials).collect();
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
