//! The status report as text: what is configured, a table of credentials in order of use, and what to do about those that
//! need it.

use dialoguer::console::measure_text_width;
use jiff::Timestamp;

use super::credentials::{self, Row};
use super::style;
use super::wrap::{fix, wrapped};
use crate::auth::probe::{ProbeStatus, Probes};
use crate::config::Paths;
use crate::models::status::{Finding, ProviderReport, StatusReport};

/// Where the values of the first lines begin.
const VALUES: usize = 10;

/// Renders a report to fit into `width` columns, where one is given.
pub fn text(report: &StatusReport<'_>, paths: &Paths, now: Timestamp, width: Option<usize>) -> String {
    let mut lines: Vec<String> =
        header(report, paths).iter().flat_map(|line| wrapped(line, VALUES, width)).collect();
    if report.auth.providers.is_empty() {
        lines.push(String::new());
        lines.push("No credentials stored.".to_owned());
    }
    for provider in &report.auth.providers {
        lines.push(String::new());
        lines.push(style::strong(&provider.provider));
        lines.extend(table(provider, now, width));
    }
    lines.extend(report.auth.probes.into_iter().flat_map(|it| probes(it, width)));
    lines.extend(report.findings.iter().flat_map(|it| finding(it, width)));
    lines.push(String::new());
    lines.join("\n")
}

fn header(report: &StatusReport<'_>, paths: &Paths) -> Vec<String> {
    let list = |models: &[crate::models::refs::ModelRef]| {
        models.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut model = report.resolved_default.to_string();
    if report.default_model != model && !report.primary_is_builtin() {
        model.push_str(&format!(" ({})", report.default_model));
    }
    if report.primary_is_builtin() {
        model.push_str(&style::dim(" (built-in default)"));
    }
    if !report.fallbacks.is_empty() {
        model.push_str(&format!("      fallbacks: {}", list(&report.fallbacks)));
    }
    let mut lines = vec![line("Agent", report.agent_id), line("Model", &model)];
    if let Some(image) = &report.image_model {
        let mut shown = image.to_string();
        if !report.image_fallbacks.is_empty() {
            shown.push_str(&format!("      fallbacks: {}", list(&report.image_fallbacks)));
        }
        lines.push(line("Image", &shown));
    }
    lines.push(line("Config", &present(paths, &report.config_path)));
    lines.push(line("Store", &present(paths, &report.auth.store_path)));
    lines
}

pub(crate) fn line(label: &str, value: &str) -> String {
    format!("{label:<9} {value}")
}

pub(crate) fn present(paths: &Paths, path: &std::path::Path) -> String {
    let missing = if path.exists() { String::new() } else { style::dim(" (not there yet)") };
    format!("{}{missing}", paths.shown(path))
}

fn table(provider: &ProviderReport<'_>, now: Timestamp, width: Option<usize>) -> Vec<String> {
    let mut rows: Vec<Row> = provider.rows.iter().map(|row| Row::of_profile(&row, now)).collect();
    rows.extend(provider.config_key.as_ref().map(Row::of_config_key));
    rows.extend(provider.env_credential.as_ref().map(Row::of_env));
    credentials::lines(&rows, &credentials::STATUS, width)
}

pub(super) fn finding(finding: &Finding, width: Option<usize>) -> Vec<String> {
    let mut lines = vec![String::new()];
    lines.extend(wrapped(&format!("{} {}", style::attention("!"), finding.message), 2, width));
    lines.extend(finding.fix.iter().flat_map(|it| fix(it, width)));
    lines
}

/// What each provider said, a line each where there is room.
fn probes(probes: &Probes, width: Option<usize>) -> Vec<String> {
    let widest = probes.results.iter().map(|probe| measure_text_width(&probe.label)).max().unwrap_or(0);
    let asked = probes.results.iter().filter(|probe| probe.asked).count();
    let took = probes.duration.as_secs_f64();
    let many = |n: usize| if n == 1 { "1 credential".to_owned() } else { format!("{n} credentials") };
    let mut lines = vec![String::new(), format!("Asked about {} in {took:.1}s", many(asked))];
    lines.extend(probes.results.iter().flat_map(|probe| {
        let mark = match probe.status {
            _ if !probe.asked => style::dim("-"),
            ProbeStatus::Ok => style::good("✓"),
            _ => style::bad("✗"),
        };
        let label = &probe.label;
        let blank = " ".repeat(widest.saturating_sub(measure_text_width(label)));
        let whole = format!("{mark} {label}{blank}  {}", probe.in_words());
        if width.is_none_or(|width| measure_text_width(&whole) <= width) {
            return vec![whole];
        }
        let below = wrapped(&format!("    {}", probe.in_words()), 4, width);
        std::iter::once(format!("{mark} {label}")).chain(below).collect()
    }));
    lines
}
