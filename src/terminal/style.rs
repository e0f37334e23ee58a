//! Colour with a meaning: green is good, yellow wants attention, red failed, dim is secondary. Everything makes sense
//! without it; streams that show no colour strip it.

use anstyle::{AnsiColor, Style};

/// Good.
pub fn good(text: &str) -> String {
    styled(text, AnsiColor::Green.on_default())
}

/// Wants attention.
pub fn attention(text: &str) -> String {
    styled(text, AnsiColor::Yellow.on_default())
}

/// Failed.
pub fn bad(text: &str) -> String {
    styled(text, AnsiColor::Red.on_default().bold())
}

/// Secondary.
pub fn dim(text: &str) -> String {
    styled(text, Style::new().dimmed())
}

/// A heading.
pub fn strong(text: &str) -> String {
    styled(text, Style::new().bold())
}

fn styled(text: &str, style: Style) -> String {
    format!("{style}{text}{style:#}")
}
