//! Sentences on several lines where one is too long.

use dialoguer::console::measure_text_width;

use crate::auth::wording::Fix;

/// A text on lines of at most `width` columns, where one is given, the later ones indented. Words stay whole, also those
/// that are wider.
pub(super) fn wrapped(text: &str, indent: usize, width: Option<usize>) -> Vec<String> {
    let Some(width) = width else { return vec![text.to_owned()] };
    let mut lines = Vec::new();
    let (mut line, mut used, mut begins) = (String::new(), 0, true);
    for (at, word) in text.split(' ').enumerate() {
        let word_width = measure_text_width(word);
        let has_words = !line.trim().is_empty();
        if has_words && word_width > 0 && used + 1 + word_width > width {
            lines.push(line.trim_end().to_owned());
            (line, used, begins) = (" ".repeat(indent), indent, true);
        }
        if at > 0 && !begins {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += word_width;
        begins = false;
    }
    lines.push(line);
    lines
}

/// Every line of a text, the further lines of each indented.
pub fn all(text: &str, indent: usize, width: Option<usize>) -> String {
    text.split('\n').flat_map(|line| wrapped(line, indent, width)).collect::<Vec<_>>().join("\n")
}

/// What mends something, in lines below it: words where there are any, then commands, which are pasted and so stay whole.
pub(super) fn fix(fix: &Fix, width: Option<usize>) -> Vec<String> {
    let shown = fix.lines().into_iter().enumerate().map(|(at, line)| match at {
        0 if fix.advice.is_some() => wrapped(&format!("  {line}"), "  fix: ".len(), width),
        _ => vec![format!("  {line}")],
    });
    shown.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::style;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_ends_between_words_and_the_next_one_is_indented() {
        let text = "! Nobody reads this key; another may be meant. [id]";
        assert_eq!(wrapped(text, 2, None), [text]);
        assert_eq!(wrapped(text, 2, Some(80)), [text]);
        assert_eq!(
            wrapped(text, 2, Some(26)),
            ["! Nobody reads this key;", "  another may be meant.", "  [id]"]
        );
        assert_eq!(
            wrapped("  name   avaluethatistoolong x", 4, Some(10)),
            ["  name", "    avaluethatistoolong", "    x"]
        );
    }

    #[test]
    fn colour_takes_no_room() {
        let text = format!("{} four {}", style::bad("one"), style::dim("[id]"));
        assert_eq!(wrapped(&text, 2, Some(13)), [text]);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_only_single_words_are_too_wide(text in "[a-z]{1,12}( [a-z]{1,12}){0,20}", width in 1_usize..60) {
            let lines = wrapped(&text, 2, Some(width));
            let words: Vec<&str> = lines.iter().flat_map(|line| line.split_whitespace()).collect();
            prop_assert_eq!(words.join(" "), text);
            for line in &lines {
                prop_assert!(line.len() <= width || line.split_whitespace().count() == 1, "{line:?}");
            }
        }
    }
}
