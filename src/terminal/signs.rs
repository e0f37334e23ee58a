//! Signs beyond ASCII, where the terminal shows them: marks, arrows, and bars in eighths of a block. Elsewhere others of
//! the same width stand for them, so that columns stay where they are.

use std::borrow::Cow;

use crate::env::Env;

/// What a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// All that Unicode has.
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// Signs that the program itself uses, and what stands for them.
const PLAIN: [(char, char); 9] = [
    ('✓', '+'),
    ('✗', 'x'),
    ('→', '>'),
    ('·', '-'),
    ('…', '~'),
    ('▏', '|'),
    ('›', '>'),
    ('❯', '>'),
    ('≥', '>'),
];

/// From one eighth to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

impl Signs {
    /// What this environment's terminal shows: all of it in a UTF-8 locale, unless it is a dumb one.
    pub fn of(env: &Env) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name));
        let is_utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if is_utf8 && env.get("TERM") != Some("dumb") { Self::Unicode } else { Self::Ascii }
    }

    /// A text of the program's own, as this terminal can show it. What goes elsewhere stays as it is: a file or another
    /// program is no terminal that could be too old for it.
    pub fn of_text(self, text: &str, is_for_terminal: bool) -> Cow<'_, str> {
        if self == Self::Unicode || !is_for_terminal || text.is_ascii() {
            return text.into();
        }
        let plain =
            |sign: char| PLAIN.iter().find(|(shown, _)| *shown == sign).map_or(sign, |(_, plain)| *plain);
        text.chars().map(plain).collect::<String>().into()
    }

    /// A bar for `value` where one for `largest` is `width` columns long. What is not nothing is seen.
    pub fn draw(self, value: u64, largest: u64, width: usize) -> String {
        let steps = if self == Self::Unicode { 8 } else { 1 };
        let whole = u128::try_from(width * steps).unwrap_or(u128::MAX);
        let Some(length) = (u128::from(value) * whole).checked_div(u128::from(largest)) else {
            return String::new();
        };
        let length = usize::try_from(length).unwrap_or(0).clamp(usize::from(value > 0), width * steps);
        let sign = if self == Self::Unicode { "█" } else { "#" };
        let mut bar = sign.repeat(length / steps);
        bar.extend((length % steps).checked_sub(1).map(|eighths| EIGHTHS[eighths]));
        bar
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share_and_never_invisible() {
        assert_eq!(Signs::Unicode.draw(100, 100, 4), "████");
        assert_eq!(Signs::Unicode.draw(50, 100, 5), "██▌");
        assert_eq!(Signs::Unicode.draw(1, 1_000_000, 5), "▏");
        assert_eq!(Signs::Unicode.draw(0, 100, 5), "");
        assert_eq!(Signs::Unicode.draw(0, 0, 5), "");
        assert_eq!(Signs::Ascii.draw(50, 100, 5), "##");
        assert_eq!(Signs::Ascii.draw(1, 100, 5), "#");
        assert_eq!(Signs::Ascii.draw(u64::MAX, u64::MAX, 5), "#####");
    }

    #[test]
    fn a_text_keeps_its_width_and_goes_to_a_file_as_it_is() {
        let text = "✓ sk-ant …x3Qw → 日本語 · ≥ 1";
        assert_eq!(Signs::Ascii.of_text(text, true), "+ sk-ant ~x3Qw > 日本語 - > 1");
        assert_eq!(Signs::Ascii.of_text(text, false), text);
        assert_eq!(Signs::Unicode.of_text(text, true), text);
    }

    #[test]
    fn signs_need_a_locale_that_has_them() {
        let signs = |pairs: &[(&str, &str)]| Signs::of(&Env::from_pairs(pairs.iter().copied()));
        assert_eq!(signs(&[("LANG", "en_US.UTF-8")]), Signs::Unicode);
        assert_eq!(signs(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), Signs::Ascii);
        assert_eq!(signs(&[("LC_CTYPE", "C.utf8"), ("TERM", "dumb")]), Signs::Ascii);
        assert_eq!(signs(&[]), Signs::Ascii);
    }
}
