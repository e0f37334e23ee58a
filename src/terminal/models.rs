//! The list of models as a table, and a word on each that may not do what is expected of it.

use super::status::line;
use super::wrap::wrapped;
use super::{style, table};
use crate::models::list::{ListedModel, ModelsReport};
use crate::models::offer::{price_words, token_count};
use crate::models::refs::ANTHROPIC;
use crate::text::one_line;

/// Columns, the last ones being dropped first where there is no room.
const HEADING: [&str; 6] = ["MODEL", "USE", "CREDENTIAL", "CONTEXT", PRICES, "CLASS"];
const PRICES: &str = "IN / OUT";
/// Columns that are never dropped.
const FEWEST: usize = 2;

/// Renders the list to fit into `width` columns, where one is given.
pub fn text(report: &ModelsReport, width: Option<usize>) -> String {
    let mut lines = vec![line("Agent", report.agent_id.as_str())];
    if let Some(account) = &report.account {
        let (count, provider) = (account.models.len(), &account.provider);
        let credential = one_line(&account.credential);
        lines.push(line("Account", &format!("{count} models of {provider}, by {credential}")));
    }
    lines.push(String::new());
    if report.models.is_empty() {
        lines.push("No models found.".to_owned());
    } else {
        let rows: Vec<Vec<String>> = report.models.iter().map(cells).collect();
        let table = table::fitting(&HEADING, &rows, FEWEST, width);
        let shows_prices = table.first().is_some_and(|heading| heading.contains(PRICES));
        lines.extend(table.into_iter().enumerate().map(|(at, line)| match at {
            0 => style::dim(&line),
            _ => line,
        }));
        if shows_prices && report.models.iter().any(|model| model.prices.input.is_some()) {
            lines.push(String::new());
            let unit = format!("{PRICES}: dollars per million tokens; --json has the cache's prices too");
            lines.push(style::dim(&unit));
        }
    }
    if report.restricted && report.models.iter().any(|model| !model.allowed) {
        let note =
            "Not allowed: agents.defaults.models lists models, so only those the config names can be asked.";
        lines.extend(wrapped(&format!("{} {note}", style::attention("!")), 2, width));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn cells(model: &ListedModel) -> Vec<String> {
    let mut notes: Vec<String> =
        model.tags.iter().filter(|tag| *tag != "missing").map(|tag| one_line(tag)).collect();
    if model.missing {
        let place = if model.key.provider() == ANTHROPIC { "data file" } else { "config" };
        notes.push(format!("not in the {place}"));
    }
    if model.in_account == Some(false) {
        notes.push("not in this account".to_owned());
    }
    if !model.allowed {
        notes.push("not allowed".to_owned());
    }
    notes.extend(model.retires.map(|day| match model.is_retired {
        true => format!("switched off {day}"),
        false => format!("ends {day}"),
    }));
    let from = if model.long_prompt.is_some() { "from " } else { "" };
    vec![
        one_line(&model.key.to_string()),
        notes.join(", "),
        if model.available { "yes" } else { "none" }.to_owned(),
        model.context_window.map_or_else(|| "unknown".to_owned(), token_count),
        price_words(&model.prices)
            .map_or_else(|| "unknown".to_owned(), |(input, output)| format!("{from}{input} / {output}")),
        one_line(&model.class),
    ]
}
