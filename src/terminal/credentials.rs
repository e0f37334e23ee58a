//! The table of credentials in order of use, as status and list show it.

use jiff::Timestamp;

use super::wrap::wrapped;
use super::{style, table};
use crate::auth::configured::{ConfigCredential, ConfigStanding};
use crate::auth::health::{Stored, Usable};
use crate::auth::resolve::{EnvCredential, EnvStanding, billing_of_env};
use crate::auth::wording;
use crate::models::status::ProfileReport;
use crate::secret::SecretKind;
use crate::text;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Profile,
    Type,
    Secret,
    Health,
    Pays,
    Added,
    Used,
}

/// Columns of the status, the last ones being dropped first where there is no room.
pub(super) const STATUS: [Column; 6] =
    [Column::Profile, Column::Type, Column::Secret, Column::Health, Column::Pays, Column::Used];
/// The same of the list.
pub(super) const LIST: [Column; 7] = [
    Column::Profile,
    Column::Type,
    Column::Secret,
    Column::Health,
    Column::Pays,
    Column::Used,
    Column::Added,
];
/// Columns that are never dropped; health is the next one, and goes below where there is no room for it.
const ALWAYS: usize = 3;

/// What one line of the table says.
pub(super) struct Row {
    is_next: bool,
    name: String,
    kind: String,
    secret: String,
    health: String,
    sound: Soundness,
    pays: &'static str,
    added: String,
    used: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Soundness {
    Good,
    Attention,
    Indifferent,
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Self::Profile => "PROFILE",
            Self::Type => "TYPE",
            Self::Secret => "SECRET",
            Self::Health => "HEALTH",
            Self::Pays => "PAYS",
            Self::Added => "ADDED",
            Self::Used => "USED",
        }
    }
}

impl Row {
    pub(super) fn of_profile(row: &ProfileReport<'_>, now: Timestamp) -> Self {
        let verdict = &row.verdict;
        let sound = match (&verdict.usable, verdict.stored) {
            (Usable::Yes, Stored::Expiring) | (Usable::No(_), _) => Soundness::Attention,
            (Usable::Yes, _) => Soundness::Good,
        };
        let ago = |at: Option<Timestamp>, otherwise: &str| {
            at.map_or_else(
                || otherwise.to_owned(),
                |at| format!("{} ago", text::duration(now.duration_since(at))),
            )
        };
        Self {
            is_next: row.is_next,
            name: row.profile.id.to_string(),
            kind: row.profile.credential.kind().described().to_owned(),
            secret: row.secret.clone(),
            health: wording::health(verdict, now),
            sound,
            pays: verdict.billing.as_str(),
            added: ago(row.profile.added_at, "not recorded"),
            used: ago(row.last_used(), "never"),
        }
    }

    pub(super) fn of_env(env: &EnvCredential) -> Self {
        let sound = match env.standing {
            EnvStanding::Used => Soundness::Good,
            EnvStanding::HeldBack | EnvStanding::PayerHeldBack | EnvStanding::Refused => Soundness::Attention,
            _ => Soundness::Indifferent,
        };
        let kind = match env.secret.kind() {
            SecretKind::BearerToken => "token",
            _ => "API key",
        };
        Self {
            is_next: env.standing == EnvStanding::Used,
            name: format!("env {}", env.variable),
            kind: kind.to_owned(),
            secret: env.secret.masked(),
            health: wording::env_standing(env),
            sound,
            pays: billing_of_env(&env.secret).as_str(),
            added: String::new(),
            used: String::new(),
        }
    }

    pub(super) fn of_config_key(config_key: &ConfigCredential<'_>) -> Self {
        let sound = match config_key.standing {
            ConfigStanding::Used => Soundness::Good,
            ConfigStanding::Idle | ConfigStanding::InReserve => Soundness::Indifferent,
            _ => Soundness::Attention,
        };
        Self {
            is_next: config_key.standing == ConfigStanding::Used,
            name: "config apiKey".to_owned(),
            kind: "API key".to_owned(),
            secret: config_key.key.shown(),
            health: wording::config_key_standing(config_key),
            sound,
            pays: config_key.billing.as_str(),
            added: String::new(),
            used: String::new(),
        }
    }

    fn cell(&self, column: Column) -> String {
        match column {
            Column::Profile => self.name.clone(),
            Column::Type => self.kind.clone(),
            Column::Secret => self.secret.clone(),
            Column::Health => self.health.clone(),
            Column::Pays => self.pays.to_owned(),
            Column::Added => self.added.clone(),
            Column::Used => self.used.clone(),
        }
    }
}

/// The table with as many of its columns as fit into `width`, where one is given.
pub(super) fn lines(rows: &[Row], columns: &[Column], width: Option<usize>) -> Vec<String> {
    for shown in (ALWAYS + 1..=columns.len()).rev() {
        let lines = render(rows, &columns[..shown]);
        if width.is_none_or(|width| table::width(&lines) <= width) {
            return lines;
        }
    }
    // Still too wide: health goes under its profile, and where a name takes all the room, so does the rest.
    let columns = &columns[..ALWAYS];
    let narrow = table::lines(&headings(columns), &cells(rows, columns));
    let mut folded: Vec<Vec<String>> = match width {
        Some(width) if table::width(&narrow) + MARK > width => {
            table::folded(&headings(columns), &cells(rows, columns), width.saturating_sub(MARK))
        }
        _ => narrow.into_iter().map(|line| vec![line]).collect(),
    };
    if let Some(heading) = folded.first_mut() {
        heading.iter_mut().for_each(|line| *line = style::dim(line));
    }
    let health = |row: &Row| {
        let health = format!("    {}", coloured(&row.health, row.sound));
        wrapped(&health, 4, width)
    };
    let below = std::iter::once(Vec::new()).chain(rows.iter().map(health));
    let marks = std::iter::once(" ").chain(rows.iter().map(mark));
    let lines = folded.into_iter().zip(marks).zip(below).flat_map(|((lines, mark), below)| {
        let marked = lines.into_iter().enumerate().map(|(at, line)| match at {
            0 => format!("{mark} {line}"),
            _ => format!("  {line}"),
        });
        marked.chain(below).collect::<Vec<_>>()
    });
    lines.collect()
}

/// Columns before the table, for the mark of the next credential.
const MARK: usize = 2;

fn mark(row: &Row) -> &'static str {
    if row.is_next { "→" } else { " " }
}

fn headings(columns: &[Column]) -> Vec<&'static str> {
    columns.iter().map(|column| column.heading()).collect()
}

fn cells(rows: &[Row], columns: &[Column]) -> Vec<Vec<String>> {
    rows.iter().map(|row| columns.iter().map(|column| row.cell(*column)).collect()).collect()
}

fn render(rows: &[Row], columns: &[Column]) -> Vec<String> {
    let has_health = columns.contains(&Column::Health);
    let mut lines = table::lines(&headings(columns), &cells(rows, columns)).into_iter();
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
        format!("{} {line}", mark(row))
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
