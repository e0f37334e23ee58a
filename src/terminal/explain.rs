//! What a request would carry, as text: a table of parameters, the headers, and where cache markers stand.

use dialoguer::console::measure_text_width;

use super::status::{finding, line, present};
use super::wrap::wrapped;
use super::{style, table};
use crate::ask::explain::{CacheReport, CredentialReport, Explanation, Header, ParameterReport, Parameters};
use crate::auth::form::Form;
use crate::config::Paths;
use crate::models::params::Origin;
use crate::models::status::NextReport;
use crate::text::one_line;

/// Columns of the parameters; the last one goes below its row where there is no room for it.
const HEADING: [&str; 3] = ["PARAMETER", "VALUE", "FROM"];

/// Where the values of the first lines begin.
const VALUES: usize = 10;

/// Renders an explanation to fit into `width` columns, where one is given.
pub fn text(explanation: &Explanation<'_>, paths: &Paths, width: Option<usize>) -> String {
    let request = &explanation.request;
    let mut model = explanation.model.to_string();
    if !explanation.known_model {
        let meant =
            explanation.nearest_model.as_ref().map(|name| format!("; did you mean {}?", one_line(name)));
        let meant = meant.unwrap_or_default();
        model.push_str(&style::dim(&format!(" (this version knows nothing of it{meant})")));
    }
    let header = [
        line("Agent", explanation.agent_id),
        line("Model", &model),
        line("Uses", &explanation.credential.as_ref().map_or("no credential".to_owned(), credential)),
        line("Config", &present(paths, &explanation.config_path)),
        String::new(),
    ];
    let mut lines: Vec<String> = header.iter().flat_map(|line| wrapped(line, VALUES, width)).collect();
    lines.extend(parameters(&explanation.parameters, width));
    lines.push(String::new());
    lines.push(format!("{} to {}", style::strong("Headers"), request.host));
    lines.extend(headers(&request.headers, width));
    lines.push(String::new());
    lines.extend(cache(&request.cache).iter().flat_map(|line| wrapped(line, 2, width)));
    lines.extend(explanation.findings.iter().flat_map(|it| finding(it, width)));
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
    let values = 4 + rows.iter().map(|row| row.cells[0].len()).max().unwrap_or(0);
    for (line, Row { cells: [_, _, from], is_set, note }) in lines.zip(&rows) {
        text.extend(wrapped(&format!("  {line}"), values, width));
        text.extend((*is_set && !fits).then(|| format!("    from {from}")));
        let note = note.iter().flat_map(|note| wrapped(&format!("    {note}"), 4, width));
        text.extend(note.map(|line| style::dim(&line)));
    }
    text
}

fn headers(headers: &[Header], width: Option<usize>) -> Vec<String> {
    let widest = headers.iter().map(|header| header.name.len()).max().unwrap_or(0);
    let lines = |Header { name, value, set_in }: &Header| {
        let place = set_in.as_ref().map(|path| style::dim(&format!("(set in {path})")));
        let value = match (value, &place) {
            (Some(value), _) => value.clone(),
            (None, Some(_)) => String::new(),
            (None, None) => style::dim("(no credential)"),
        };
        let mut lines = wrapped(format!("  {name:widest$}  {value}").trim_end(), 4, width);
        let gap = if value.is_empty() { widest - name.len() + 2 } else { 2 };
        match (place, lines.as_mut_slice()) {
            // Where it is set stands below where there is no room beside it.
            (Some(place), [line]) if fits(&[line, place.as_str()], gap, width) => {
                line.push_str(&format!("{}{place}", " ".repeat(gap)));
            }
            (Some(place), _) => lines.push(format!("    {place}")),
            (None, _) => {}
        }
        lines
    };
    headers.iter().flat_map(lines).collect()
}

/// Whether two texts have room on a line, so many columns apart.
fn fits(texts: &[&str; 2], gap: usize, width: Option<usize>) -> bool {
    let used: usize = texts.iter().map(|text| measure_text_width(text)).sum();
    width.is_none_or(|width| used + gap <= width)
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
