//! A failure as text: the sentence, its facts, and the hint with its commands.

use super::style;
use crate::error::Failure;

/// Column where facts and commands begin.
const INDENT: &str = "         ";

pub(super) fn text(failure: &Failure) -> String {
    let mut text = format!("{} {}", style::bad("error:"), failure.message);
    for fact in &failure.facts {
        text.push_str(&format!("\n{INDENT}{fact}"));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n{}  {hint}", style::strong("hint:")));
    } else if !failure.commands.is_empty() {
        text.push_str(&format!("\n{}  run", style::strong("hint:")));
    }
    for command in &failure.commands {
        text.push_str(&format!("\n{INDENT}{command}"));
    }
    text
}
