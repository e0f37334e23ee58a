//! A failure as text: the sentence, its facts, and the hint with its commands.

use super::{style, wrap};
use crate::error::{Exit, Failure};

/// Column where facts and commands begin.
const INDENT: &str = "         ";

/// Renders a failure to fit into `width` columns, where one is given; commands are pasted and stay whole.
pub(super) fn text(failure: &Failure, width: Option<usize>) -> String {
    let fit = |text: &str| wrap::all(text, INDENT.len(), width);
    // Whoever cancelled knows; it is not an error to them.
    let mut text = fit(&match failure.exit {
        Exit::Cancelled => failure.message.clone(),
        _ => format!("{} {}", style::bad("error:"), failure.message),
    });
    for fact in &failure.facts {
        text.push_str(&format!("\n{}", fit(&format!("{INDENT}{fact}"))));
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n{}", fit(&format!("{}  {hint}", style::strong("hint:")))));
    } else if !failure.commands.is_empty() {
        text.push_str(&format!("\n{}  run", style::strong("hint:")));
    }
    for command in &failure.commands {
        text.push_str(&format!("\n{INDENT}{command}"));
    }
    text
}
