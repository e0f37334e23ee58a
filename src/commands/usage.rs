//! `fased usage`

use jiff::tz::TimeZone;

use super::agent::agent_id;
use crate::cli::UsageArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{style, usage};
use crate::usage::csv;
use crate::usage::ledger::{Ledger, Selection};
use crate::usage::period::{DEFAULT_SINCE, Period, When};
use crate::usage::summary::UsageReport;

pub(super) fn run(ctx: &Ctx, args: &UsageArgs) -> Result<Exit, Failure> {
    let agent = args.agent.as_deref().map(|text| agent_id(text, "value of --agent")).transpose()?;
    let zone = time_zone(ctx);
    let now = ctx.clock.now();
    let (since, until) = (args.since.unwrap_or(DEFAULT_SINCE), args.until.unwrap_or(When::Today));
    let selection = Selection { period: Period::between(since, until, now, &zone)?, agent };
    let ledger = Ledger::open_existing(&ctx.paths)?;
    let report = UsageReport::make(ledger.as_ref(), selection, args.by.into(), &zone)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else if args.csv {
        ctx.terminal.answer(&csv::text(&report))?;
    } else {
        ctx.terminal.answer(&usage::text(&report, &zone, ctx.terminal.width(), ctx.terminal.signs()))?;
    }
    Ok(Exit::Ok)
}

/// The time zone days are counted in: that of `TZ`, else that of the system.
fn time_zone(ctx: &Ctx) -> TimeZone {
    let Some(name) = ctx.env.get("TZ") else {
        return TimeZone::try_system().unwrap_or(TimeZone::UTC);
    };
    // Some systems write a colon before a name.
    let name = name.trim_start_matches(':');
    TimeZone::get(name).or_else(|_| TimeZone::posix(name)).unwrap_or_else(|_| {
        let word = crate::text::one_line(name);
        ctx.terminal.say(&format!(
            "{} TZ is \"{word}\", a time zone that is not known here; days are those of UTC",
            style::attention("!")
        ));
        TimeZone::UTC
    })
}
