//! What a request would carry, as text: a table of parameters, the headers, and where cache markers stand.

use super::status::{finding, line, present};
use super::{style, table};
use crate::ask::explain::{CacheReport, CredentialReport, Explanation, Header, ParameterReport, Parameters};
use crate::auth::form::Form;
use crate::config::Paths;
use crate::models::params::Origin;
use crate::models::status::NextReport;

/// Columns of the parameters; the last one goes below its row where there is no room for it.
const HEADING: [&str; 3] = ["PARAMETER", "VALUE", "FROM"];

/// Renders an explanation to fit into `width` columns, where one is given.
pub fn text(explanation: &Explanation<'_>, paths: &Paths, width: Option<usize>) -> String {
    let request = &explanation.request;
    let mut model = explanation.model.to_string();
    if !explanation.known_model {
        model.push_str(&style::dim(" (this version knows nothing of it)"));
    }
    let mut lines = vec![
        line("Agent", explanation.agent_id),
        line("Model", &model),
        line("Uses", &explanation.credential.as_ref().map_or("no credential".to_owned(), credential)),
        line("Config", &present(paths, &explanation.config_path)),
        String::new(),
    ];
    lines.extend(parameters(&explanation.parameters, width));
    lines.push(String::new());
    lines.push(format!("{} to {}", style::strong("Headers"), request.host));
    lines.extend(headers(&request.headers));
    lines.push(String::new());
    lines.extend(cache(&request.cache));
    lines.extend(explanation.findings.iter().flat_map(finding));
    lines.push(String::new());
    lines.join("\n")
}

fn credential(credential: &CredentialReport) -> String {
    let CredentialReport { source, secret, form, .. } = credential;
    let (name, billing) = match source {
        NextReport::Profile { profile_id, billing } => (profile_id.as_str(), billing),
        NextReport::Env { variable, billing } => (*variable, billing),
        NextReport::Config { key, billing } => (key.as_str(), billing),
    };
    let form = match form {
        Some(Form::ApiKey) => "API key ",
        Some(Form::PlanToken) => "plan token ",
        Some(Form::ConsoleToken) => "Console token ",
        None => "",
    };
    format!("{name}, {form}{secret} ({})", billing.as_str())
}

struct Row {
    cells: [String; 3],
    is_set: bool,
    note: Option<String>,
}

impl Row {
    fn of<T>(name: &str, parameter: &ParameterReport<T>, shown: String) -> Self {
        let value = if parameter.applies { shown } else { format!("{shown} (not sent)") };
        Self {
            cells: [name.to_owned(), value, parameter.origin.to_string()],
            is_set: parameter.origin != Origin::Default,
            // A finding below says it with its mark.
            note: parameter.note.clone().filter(|_| !parameter.is_finding),
        }
    }
}

fn parameters(parameters: &Parameters, width: Option<usize>) -> Vec<String> {
    let Parameters { cache_retention, context1m, temperature, max_tokens, anthropic_beta } = parameters;
    let unset = || "not set".to_owned();
    let betas = match anthropic_beta.value.as_slice() {
        [] => unset(),
        names => names.join(", "),
    };
    let rows = [
        Row::of("cacheRetention", cache_retention, cache_retention.value.to_string()),
        Row::of("context1m", context1m, if context1m.value { "on" } else { "off" }.to_owned()),
        Row::of("temperature", temperature, temperature.value.map_or_else(unset, |value| value.to_string())),
        Row::of("maxTokens", max_tokens, max_tokens.value.to_string()),
        Row::of("anthropicBeta", anthropic_beta, betas),
    ];
    let render = |columns: usize| {
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells[..columns].to_vec()).collect();
        table::lines(&HEADING[..columns], &cells)
    };
    let whole = render(HEADING.len());
    let fits = width.is_none_or(|width| table::width(&whole) + 2 <= width);
    let lines = if fits { whole } else { render(HEADING.len() - 1) };
    let mut lines = lines.into_iter();
    let mut text: Vec<String> =
        lines.next().map(|line| format!("  {}", style::dim(&line))).into_iter().collect();
    for (line, Row { cells: [_, _, from], is_set, note }) in lines.zip(&rows) {
        text.push(format!("  {line}"));
        text.extend((*is_set && !fits).then(|| format!("    from {from}")));
        text.extend(note.as_ref().map(|note| style::dim(&format!("    {note}"))));
    }
    text
}

fn headers(headers: &[Header]) -> Vec<String> {
    let widest = headers.iter().map(|header| header.name.len()).max().unwrap_or(0);
    let line = |Header { name, value, set_in }: &Header| {
        let value = match (value, set_in) {
            (Some(value), None) => value.clone(),
            (Some(value), Some(path)) => format!("{value}  {}", style::dim(&format!("(set in {path})"))),
            (None, Some(path)) => style::dim(&format!("(set in {path})")),
            (None, None) => style::dim("(no credential)"),
        };
        format!("  {name:widest$}  {value}")
    };
    headers.iter().map(line).collect()
}

fn cache(cache: &CacheReport) -> Vec<String> {
    let heading = style::strong("Cache markers");
    let Some(marker) = cache.markers.first() else {
        return vec![format!("{heading}: none, {}", cache.none_because.unwrap_or("nothing to mark"))];
    };
    let places: Vec<&str> = cache.markers.iter().map(|marker| marker.place).collect();
    let minimum = cache.minimum_tokens.map(|tokens| format!("; prompts below {tokens} tokens are not kept"));
    vec![
        format!("{heading} with a ttl of {}{}", marker.ttl, minimum.unwrap_or_default()),
        format!("  {}", places.join(", ")),
    ]
}
