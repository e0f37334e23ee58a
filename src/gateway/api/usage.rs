//! What requests took: the same numbers as `fased usage`.

use std::sync::Arc;

use axum::response::Response;
use jiff::tz::TimeZone;

use super::super::app::App;
use super::super::routes::Call;
use crate::config::AgentId;
use crate::error::Failure;
use crate::usage::csv;
use crate::usage::ledger::{Ledger, Selection};
use crate::usage::period::{DEFAULT_SINCE, Period, When};
use crate::usage::summary::{Grouping, UsageReport};

/// What is asked about.
#[derive(Debug, Clone)]
pub(in crate::gateway) struct Asked {
    pub(in crate::gateway) selection: Selection,
    /// The time zone days are those of.
    pub(in crate::gateway) zone: TimeZone,
}

impl Asked {
    /// By the query: `since`, `until` and `agent`, in the words of the command line's flags.
    pub(in crate::gateway) fn of(app: &App, call: &Call, agent: Option<String>) -> Result<Self, Failure> {
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        let when = |name: &str, otherwise: When| match call.parameter(name).filter(|text| !text.is_empty()) {
            Some(text) => text
                .parse::<When>()
                .map_err(|error| Failure::usage(format!("The value of {name} is wrong: {error}."))),
            None => Ok(otherwise),
        };
        let now = app.now();
        let period = Period::between(when("since", DEFAULT_SINCE)?, when("until", When::Today)?, now, &zone)?;
        let agent = agent.map(|text| {
            text.parse::<AgentId>().map_err(|error| Failure::usage(format!("The value of agent is {error}.")))
        });
        Ok(Self { selection: Selection { period, agent: agent.transpose()? }, zone })
    }

    /// The numbers, put together by something.
    pub(in crate::gateway) fn report(&self, app: &App, by: Grouping) -> Result<UsageReport, Failure> {
        let ledger = Ledger::open_existing(&app.paths)?;
        Ok(UsageReport::make(ledger.as_ref(), self.selection.clone(), by, &self.zone)?)
    }
}

/// `GET /api/usage?since=7d&by=model`, and with `format=csv` as a file.
pub(super) fn usage(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let by = match call.parameter("by") {
        Some(text) => Grouping::named(&text).ok_or_else(|| {
            Failure::usage("The value of by is none of day, model, agent, profile, session, key.")
        })?,
        None => Grouping::Day,
    };
    let asked = Asked::of(app, call, call.parameter("agent").filter(|text| !text.is_empty()))?;
    let report = asked.report(app, by)?;
    if call.parameter("format").as_deref() == Some("csv") {
        return Ok(super::file(
            csv::text(&report).into_bytes(),
            "text/csv; charset=utf-8",
            "fased-usage.csv",
        ));
    }
    Ok(super::document(&report))
}
