//! A failure as text: the sentence, its facts, and the hint with its commands.

use super::style;
use crate::error::{Exit, Failure};

/// Column where facts and commands begin.
const INDENT: &str = "         ";

pub(super) fn text(failure: &Failure) -> String {
    // Whoever cancelled knows; it is not an error to them.
    let mut text = match failure.exit {
        Exit::Cancelled => failure.message.clone(),
        _ => format!("{} {}", style::bad("error:"), failure.message),
    };
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
