//! Bars of text: eighths of a block where the terminal shows them, whole signs elsewhere.

use crate::env::Env;

/// What bars are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bars {
    /// Block elements of Unicode.
    Blocks,
    /// `#`.
    Ascii,
}

/// From one eighth to seven.
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

impl Bars {
    /// What this environment's terminal shows: blocks in a UTF-8 locale, unless it is a dumb one.
    pub fn of(env: &Env) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env.get(name));
        let is_utf8 = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        if is_utf8 && env.get("TERM") != Some("dumb") { Self::Blocks } else { Self::Ascii }
    }

    /// A bar for `value` where one for `largest` is `width` columns long. What is not nothing is seen.
    pub fn draw(self, value: u64, largest: u64, width: usize) -> String {
        let steps = if self == Self::Blocks { 8 } else { 1 };
        let whole = u128::try_from(width * steps).unwrap_or(u128::MAX);
        let Some(length) = (u128::from(value) * whole).checked_div(u128::from(largest)) else {
            return String::new();
        };
        let length = usize::try_from(length).unwrap_or(0).clamp(usize::from(value > 0), width * steps);
        let sign = if self == Self::Blocks { "█" } else { "#" };
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
        assert_eq!(Bars::Blocks.draw(100, 100, 4), "████");
        assert_eq!(Bars::Blocks.draw(50, 100, 5), "██▌");
        assert_eq!(Bars::Blocks.draw(1, 1_000_000, 5), "▏");
        assert_eq!(Bars::Blocks.draw(0, 100, 5), "");
        assert_eq!(Bars::Blocks.draw(0, 0, 5), "");
        assert_eq!(Bars::Ascii.draw(50, 100, 5), "##");
        assert_eq!(Bars::Ascii.draw(1, 100, 5), "#");
        assert_eq!(Bars::Ascii.draw(u64::MAX, u64::MAX, 5), "#####");
    }

    #[test]
    fn blocks_need_a_locale_that_has_them() {
        let bars = |pairs: &[(&str, &str)]| Bars::of(&Env::from_pairs(pairs.iter().copied()));
        assert_eq!(bars(&[("LANG", "en_US.UTF-8")]), Bars::Blocks);
        assert_eq!(bars(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]), Bars::Ascii);
        assert_eq!(bars(&[("LC_CTYPE", "C.utf8"), ("TERM", "dumb")]), Bars::Ascii);
        assert_eq!(bars(&[]), Bars::Ascii);
    }
}
