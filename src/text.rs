//! Small questions of wording that every surface answers alike: lengths of time, words of a shell, text that is safe to
//! show.

use jiff::SignedDuration;

use crate::secret::{Secret, SecretKind};

/// A length of time that has passed or still lasts, with at most two units and rounded down: `47s`, `4m`, `5h 12m`,
/// `12d`. Never negative. How long to wait is said by [`wait`].
///
/// ```
/// use jiff::SignedDuration;
///
/// assert_eq!(fased::text::duration(SignedDuration::from_mins(312)), "5h 12m");
/// ```
pub fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 60 => format!("{seconds}s"),
        () if minutes < 60 => format!("{minutes}m"),
        () if hours < 48 => match minutes % 60 {
            0 => format!("{hours}h"),
            rest => format!("{hours}h {rest}m"),
        },
        () => format!("{days}d"),
    }
}

/// How long to wait, with at most two units and never shorter than it is: `47s`, `1m 40s`, `5h 12m`, `12d 3h`.
///
/// ```
/// use jiff::SignedDuration;
///
/// assert_eq!(fased::text::wait(SignedDuration::from_millis(99_900)), "1m 40s");
/// ```
pub fn wait(length: SignedDuration) -> String {
    let begun = i64::from(length.subsec_nanos() > 0);
    let seconds = length.as_secs().max(0).saturating_add(begun);
    let (minutes, hours) = (up(seconds, 60), up(seconds, 3600));
    let two = |whole: i64, unit: &str, rest: i64, lesser: &str| match (whole, rest) {
        (0, rest) => format!("{rest}{lesser}"),
        (whole, 0) => format!("{whole}{unit}"),
        (whole, rest) => format!("{whole}{unit} {rest}{lesser}"),
    };
    // Seconds matter in a wait of minutes, and minutes in one of hours.
    match () {
        () if seconds < 600 => two(seconds / 60, "m", seconds % 60, "s"),
        () if minutes < 48 * 60 => two(minutes / 60, "h", minutes % 60, "m"),
        () => two(hours / 24, "d", hours % 24, "h"),
    }
}

/// The count of a unit that holds all the seconds.
fn up(seconds: i64, unit: i64) -> i64 {
    seconds / unit + i64::from(seconds % unit > 0)
}

/// A text that begins with a capital letter.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A text as one word of a shell command, quoted only when it must be.
pub fn shell_word(text: &str) -> String {
    let plain =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:@%+=/,".contains(&b));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Text from a file or a server on one line: line breaks become spaces, and control characters and those that reorder or
/// hide text disappear.
pub fn one_line(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => None,
        c if c.is_control() => None,
        c => Some(c),
    };
    text.chars().filter_map(shown).collect()
}

/// The text with everything that looks like a credential masked, wherever it stands in it.
pub fn without_credentials(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = PREFIXES.iter().filter_map(|prefix| rest.find(prefix)).min() {
        let (before, found) = rest.split_at(start);
        let end = found.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'));
        let (credential, after) = found.split_at(end.unwrap_or(found.len()));
        shown.push_str(before);
        let secret = Secret::new(credential);
        // A bare prefix ("keys begin with sk-ant-api03-") is no secret and says something.
        if is_bare_prefix(credential) {
            shown.push_str(credential);
        } else {
            shown.push_str(&secret.masked());
        }
        rest = after;
    }
    shown + rest
}

/// How every credential begins that has a beginning of its own.
const PREFIXES: [&str; 2] = ["sk-ant-", "fased-ck-"];

fn is_bare_prefix(text: &str) -> bool {
    let kind = Secret::new(text).kind();
    kind != SecretKind::Other && kind.prefix() == Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        for (seconds, text) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h"),
            (18_720, "5h 12m"),
            (172_799, "47h 59m"),
            (172_800, "2d"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_wait_is_never_said_to_be_shorter_than_it_is() {
        for (millis, text) in [
            (-5_000, "0s"),
            (-5, "0s"),
            (0, "0s"),
            (1, "1s"),
            (29_001, "30s"),
            (59_999, "1m"),
            (60_000, "1m"),
            (99_962, "1m 40s"),
            (299_999, "5m"),
            (599_001, "10m"),
            (600_001, "11m"),
            (3_599_001, "1h"),
            (3_600_001, "1h 1m"),
            (172_799_000, "2d"),
            (172_800_001, "2d 1h"),
            (259_200_000, "3d"),
        ] {
            assert_eq!(wait(SignedDuration::from_millis(millis)), text, "{millis} ms");
        }
    }

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        assert_eq!(shell_word("anthropic:me@example.com"), "anthropic:me@example.com");
        assert_eq!(shell_word("anthropic:a;b"), "'anthropic:a;b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }

    #[test]
    fn credentials_are_masked_wherever_they_stand() {
        let text =
            "a sk-ant-api03-FAKE0000000000000000x3Qw, (fased-ck-FAKE00000000000000009f2K) sk-ant-api03- z";
        assert_eq!(without_credentials(text), "a sk-ant-api03 …x3Qw, (fased-ck …9f2K) sk-ant-api03- z");
    }

    #[test]
    fn text_that_would_move_the_cursor_or_hide_its_neighbours_is_flattened() {
        assert_eq!(one_line("a\x1b[31mb\nc\u{202e}d\u{feff}"), "a[31mb cd");
    }
}
