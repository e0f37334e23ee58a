//! How much a client key may spend, by day, week and month. Periods are those of UTC, whatever the time zone of this machine
//! is, and a week begins on Monday: what a cap means does not change with the place a gateway is moved to.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use crate::usage::period::start_of;
use crate::usage::price::MicroDollars;

/// The length of time a cap is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapPeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// A month of the calendar.
    Month,
}

impl CapPeriod {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// What a cap for it is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "daily",
            Self::Week => "weekly",
            Self::Month => "monthly",
        }
    }

    /// The first moment of the period that `at` lies in.
    pub fn start(self, at: Timestamp) -> Timestamp {
        self.bounds(at).0
    }

    /// The first moment after the period that `at` lies in.
    pub fn end(self, at: Timestamp) -> Timestamp {
        self.bounds(at).1
    }

    /// The first moment of the longest of the periods that `at` lies in.
    pub fn earliest_start(at: Timestamp) -> Timestamp {
        Self::ALL.into_iter().map(|period| period.start(at)).min().unwrap_or(at)
    }

    fn bounds(self, at: Timestamp) -> (Timestamp, Timestamp) {
        let day = TimeZone::UTC.to_datetime(at).date();
        let (first, length) = match self {
            Self::Day => (Ok(day), 1.day()),
            Self::Week => (day.checked_sub(day.weekday().to_monday_zero_offset().days()), 1.week()),
            Self::Month => (Ok(day.first_of_month()), 1.month()),
        };
        let next = first.clone().and_then(|first| first.checked_add(length));
        // Only beside the ends of time there is no such day.
        let start = first.map_or(Timestamp::MIN, |first| start_of(first, &TimeZone::UTC));
        (start, next.map_or(Timestamp::MAX, |next| start_of(next, &TimeZone::UTC)))
    }
}

/// The caps of a key; without one it is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Caps {
    /// For a day.
    #[serde(rename = "dailyMicroDollars", skip_serializing_if = "Option::is_none")]
    pub daily: Option<MicroDollars>,
    /// For a week.
    #[serde(rename = "weeklyMicroDollars", skip_serializing_if = "Option::is_none")]
    pub weekly: Option<MicroDollars>,
    /// For a month.
    #[serde(rename = "monthlyMicroDollars", skip_serializing_if = "Option::is_none")]
    pub monthly: Option<MicroDollars>,
}

impl Caps {
    /// The cap for a period.
    pub fn of(&self, period: CapPeriod) -> Option<MicroDollars> {
        match period {
            CapPeriod::Day => self.daily,
            CapPeriod::Week => self.weekly,
            CapPeriod::Month => self.monthly,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(period: CapPeriod, at: &str) -> (String, String) {
        let at = at.parse().unwrap();
        (period.start(at).to_string(), period.end(at).to_string())
    }

    #[test]
    fn periods_are_those_of_utc_and_a_week_begins_on_monday() {
        let midnights = |from: &str, to: &str| (format!("{from}T00:00:00Z"), format!("{to}T00:00:00Z"));
        // The first of June 2026 is a Monday.
        for at in ["2026-06-01T00:00:00Z", "2026-06-01T23:59:59.999Z", "2026-06-01T23:00:00-00:30"] {
            assert_eq!(bounds(CapPeriod::Day, at), midnights("2026-06-01", "2026-06-02"), "{at}");
            assert_eq!(bounds(CapPeriod::Week, at), midnights("2026-06-01", "2026-06-08"), "{at}");
            assert_eq!(bounds(CapPeriod::Month, at), midnights("2026-06-01", "2026-07-01"), "{at}");
        }
        let sunday = "2026-05-31T12:00:00Z";
        assert_eq!(bounds(CapPeriod::Week, sunday), midnights("2026-05-25", "2026-06-01"));
        assert_eq!(bounds(CapPeriod::Month, "2026-12-31T00:00:00Z"), midnights("2026-12-01", "2027-01-01"));
    }
}
