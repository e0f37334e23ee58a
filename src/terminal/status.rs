//! The status report as text: what is configured, a table of credentials in order of use, and what to do about those that
//! need it.

use jiff::Timestamp;

use super::{style, table};
use crate::auth::health::{Stored, Usable};
use crate::auth::resolve::{EnvCredential, EnvStanding, billing_of_env};
use crate::auth::wording;
use crate::config::Paths;
use crate::models::status::{Finding, ProfileReport, ProviderReport, StatusReport};
use crate::secret::SecretKind;
use crate::text;

/// What one line of the table says.
struct Row {
    is_next: bool,
    name: String,
    kind: String,
    secret: String,
    health: String,
    sound: Soundness,
    pays: &'static str,
    used: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Soundness {
    Good,
    Attention,
    Indifferent,
}

/// Columns of the table, the last ones being dropped first where there is no room.
const HEADING: [&str; 6] = ["PROFILE", "TYPE", "SECRET", "HEALTH", "PAYS", "USED"];
const HEALTH: usize = 3;

/// Renders a report to fit into `width` columns, where one is given.
pub fn text(report: &StatusReport<'_>, paths: &Paths, now: Timestamp, width: Option<usize>) -> String {
    let mut lines = header(report, paths);
    if report.auth.providers.is_empty() {
        lines.push(String::new());
        lines.push("No credentials stored.".to_owned());
        if report.is_writable() {
            lines.push(format!("  fix: fased onboard{}", report.agent_flag));
        }
    }
    for provider in &report.auth.providers {
        lines.push(String::new());
        lines.push(style::strong(&provider.provider));
        lines.extend(credentials(provider, now, width));
    }
    lines.extend(report.findings.iter().flat_map(finding));
    for provider in &report.auth.missing_providers_in_use {
        if !report.auth.providers.is_empty() {
            lines.push(String::new());
            lines.push(format!(
                "{} No credential for {provider}, which a configured model needs.",
                style::attention("!")
            ));
        }
    }
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

fn line(label: &str, value: &str) -> String {
    format!("{label:<9} {value}")
}

fn present(paths: &Paths, path: &std::path::Path) -> String {
    let missing = if path.exists() { String::new() } else { style::dim(" (not there yet)") };
    format!("{}{missing}", paths.shown(path))
}

fn credentials(provider: &ProviderReport<'_>, now: Timestamp, width: Option<usize>) -> Vec<String> {
    let mut rows: Vec<Row> = provider.rows.iter().map(|row| profile_row(&row, now)).collect();
    rows.extend(provider.env_credential.as_ref().map(env_row));
    for columns in (HEALTH + 1..=HEADING.len()).rev() {
        let lines = render(&rows, &HEADING[..columns]);
        if width.is_none_or(|width| table::width(&lines) <= width) {
            return lines;
        }
    }
    // Still too wide: health goes under its profile.
    let lines = render(&rows, &HEADING[..HEALTH]);
    let (heading, bodies) = (lines.first().cloned(), lines.into_iter().skip(1));
    let below =
        bodies.zip(&rows).flat_map(|(line, row)| [line, format!("    {}", coloured(&row.health, row.sound))]);
    heading.into_iter().chain(below).collect()
}

fn render(rows: &[Row], heading: &[&str]) -> Vec<String> {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let all =
                [&row.name, &row.kind, &row.secret, &row.health, row.pays, row.used.as_str()] as [&str; 6];
            all[..heading.len()].iter().map(|cell| (*cell).to_owned()).collect()
        })
        .collect();
    let has_health = heading.len() > HEALTH;
    let mut lines = table::lines(heading, &cells).into_iter();
    let heading = lines.next().map(|line| format!("  {}", style::dim(&line)));
    let bodies = lines.zip(rows).map(|(line, row)| {
        // Colour is put on after the columns are laid out, so that it cannot disturb them.
        // Behind health stand only who pays and when, which never say the same, so its last occurrence is the cell.
        let line = match line.rfind(&row.health) {
            Some(at) if has_health => {
                let (before, rest) = line.split_at(at);
                format!("{before}{}{}", coloured(&row.health, row.sound), &rest[row.health.len()..])
            }
            _ => line,
        };
        format!("{} {line}", if row.is_next { "→" } else { " " })
    });
    heading.into_iter().chain(bodies).collect()
}

fn coloured(health: &str, soundness: Soundness) -> String {
    match soundness {
        Soundness::Good => style::good(health),
        Soundness::Attention => style::attention(health),
        Soundness::Indifferent => style::dim(health),
    }
}

fn profile_row(row: &ProfileReport<'_>, now: Timestamp) -> Row {
    let verdict = &row.verdict;
    let sound = match (&verdict.usable, verdict.stored) {
        (Usable::Yes, Stored::Expiring) | (Usable::No(_), _) => Soundness::Attention,
        (Usable::Yes, _) => Soundness::Good,
    };
    Row {
        is_next: row.is_next,
        name: row.profile.id.to_string(),
        kind: row.profile.credential.kind().described().to_owned(),
        secret: row.secret.clone(),
        health: wording::health(verdict, now),
        sound,
        pays: verdict.billing.as_str(),
        used: row.last_used().map_or_else(
            || "never".to_owned(),
            |used| format!("{} ago", text::duration(now.duration_since(used))),
        ),
    }
}

fn env_row(env: &EnvCredential) -> Row {
    let (health, sound) = match env.standing {
        EnvStanding::Used => ("used", Soundness::Good),
        EnvStanding::InReserve => ("in reserve (auth.env is overflow)", Soundness::Indifferent),
        EnvStanding::Idle => ("idle (a profile is stored)", Soundness::Indifferent),
        EnvStanding::HeldBack => ("held back (auth.env is fallback)", Soundness::Attention),
        EnvStanding::Off => ("off (auth.env is never)", Soundness::Indifferent),
        EnvStanding::Refused => ("refused (cannot send messages)", Soundness::Attention),
    };
    let kind = match env.secret.kind() {
        SecretKind::BearerToken => "token",
        _ => "API key",
    };
    Row {
        is_next: env.standing == EnvStanding::Used,
        name: format!("env {}", env.variable),
        kind: kind.to_owned(),
        secret: env.secret.masked(),
        health: health.to_owned(),
        sound,
        pays: billing_of_env(&env.secret).as_str(),
        used: String::new(),
    }
}

fn finding(finding: &Finding) -> Vec<String> {
    let mut lines = vec![String::new(), format!("{} {}", style::attention("!"), finding.message)];
    lines.extend(finding.fix.as_ref().map(|fix| format!("  fix: {fix}")));
    lines
}
