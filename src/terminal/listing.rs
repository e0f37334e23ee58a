//! The list of stored credentials as text.

use jiff::Timestamp;

use super::credentials::{self, Row};
use super::status::{line, present};
use super::style;
use super::wrap::wrapped;
use crate::config::Paths;
use crate::models::status::{Listing, UnreadableEntry};
use crate::text::shell_word;

/// Renders a list to fit into `width` columns, where one is given.
pub fn text(listing: &Listing<'_>, paths: &Paths, now: Timestamp, width: Option<usize>) -> String {
    let mut lines =
        vec![line("Agent", listing.agent_id), line("Store", &present(paths, &listing.store_path))];
    if listing.is_empty() {
        let of = listing.provider.map(|provider| format!(" of {provider}")).unwrap_or_default();
        lines.push(String::new());
        lines.push(format!("No credentials{of} stored."));
        // Onboarding stores credentials of this one provider.
        if listing.provider.is_none_or(|provider| provider == "anthropic") {
            lines.push(format!("  fix: fased onboard{}", listing.agent_flag));
        }
    }
    for provider in &listing.providers {
        let rows: Vec<Row> = provider.rows.iter().map(|row| Row::of_profile(&row, now)).collect();
        lines.push(String::new());
        lines.push(style::strong(&provider.provider));
        lines.extend(credentials::lines(&rows, &credentials::LIST, width));
    }
    lines.extend(listing.unreadable.iter().flat_map(|entry| unreadable(entry, &listing.agent_flag, width)));
    lines.push(String::new());
    lines.join("\n")
}

fn unreadable(entry: &UnreadableEntry<'_>, agent_flag: &str, width: Option<usize>) -> Vec<String> {
    let what = format!(
        "{} Entry \"{}\" cannot be read: {}. It is kept and not used.",
        style::attention("!"),
        entry.id,
        entry.problem.described()
    );
    let mut lines = vec![String::new()];
    lines.extend(wrapped(&what, 2, width));
    lines.push(format!("  to drop it: fased models auth remove {}{agent_flag}", shell_word(entry.id)));
    lines
}
