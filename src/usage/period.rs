//! From when until when: the words people use for a span of time, made into moments in a time zone.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _};

/// From a moment until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment in it.
    pub since: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// There is nothing between two points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the period is empty: it begins at {} and ends at {}", .0.since, .0.until)]
pub struct EmptyPeriod(pub Period);

/// Where a period begins when nothing is said.
pub const DEFAULT_SINCE: When = When::Days(30);

impl Period {
    /// From the beginning of one to the end of the other.
    ///
    /// # Errors
    /// When there is nothing in between.
    pub fn between(since: When, until: When, now: Timestamp, zone: &TimeZone) -> Result<Self, EmptyPeriod> {
        let period = Self { since: since.begins(now, zone), until: until.ends(now, zone) };
        if period.since < period.until { Ok(period) } else { Err(EmptyPeriod(period)) }
    }
}

/// A point in time as it is typed. Days and months are whole: a period begins with the first moment of one and ends with
/// the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// `7d`: as a beginning, seven days with today as the last; as an end, the day seven days ago.
    Days(u32),
    /// `24h`: so many hours ago.
    Hours(u32),
    /// `2026-11-01`.
    Date(Date),
    /// `2026-11-01T12:00:00Z`.
    Moment(Timestamp),
    /// `today`.
    Today,
    /// `month`: the current one.
    Month,
}

/// A text that is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a span like 7d or 24h, a date like 2026-11-01, `today` or `month`")]
pub struct WhenError;

/// Spans are at most about as long as there have been computers.
const LONGEST_DAYS: u32 = 36_500;

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let count = |digits: &str, most| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|count: &u32| plain && (1..=most).contains(count)).ok_or(WhenError)
        };
        match text {
            "today" => return Ok(Self::Today),
            "month" => return Ok(Self::Month),
            _ => {}
        }
        if let Some(days) = text.strip_suffix('d') {
            return count(days, LONGEST_DAYS).map(Self::Days);
        }
        if let Some(hours) = text.strip_suffix('h') {
            return count(hours, LONGEST_DAYS * 24).map(Self::Hours);
        }
        // A date would also be read out of a time without its zone, which means another moment everywhere.
        if text.len() == "2026-11-01".len() {
            return text.parse().map(Self::Date).map_err(|_| WhenError);
        }
        text.parse().map(Self::Moment).map_err(|_| WhenError)
    }
}

impl When {
    /// The first moment of a period that begins with it.
    pub fn begins(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let today = zone.to_datetime(now).date();
        match self {
            Self::Days(days) => start_of(back(today, i64::from(days) - 1), zone),
            Self::Date(date) => start_of(date, zone),
            Self::Today => start_of(today, zone),
            Self::Month => start_of(today.first_of_month(), zone),
            Self::Hours(_) | Self::Moment(_) => self.moment(now),
        }
    }

    /// The first moment after a period that ends with it.
    pub fn ends(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        let today = zone.to_datetime(now).date();
        match self {
            Self::Days(days) => end_of(back(today, i64::from(days)), zone),
            Self::Date(date) => end_of(date, zone),
            Self::Today => end_of(today, zone),
            Self::Month => end_of(today.last_of_month(), zone),
            Self::Hours(_) | Self::Moment(_) => self.moment(now),
        }
    }

    fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Moment(moment) => moment,
            Self::Hours(hours) => {
                now.checked_sub(SignedDuration::from_hours(hours.into())).unwrap_or(Timestamp::MIN)
            }
            Self::Days(_) | Self::Date(_) | Self::Today | Self::Month => now,
        }
    }
}

fn back(date: Date, days: i64) -> Date {
    date.checked_sub(days.days()).unwrap_or(Date::MIN)
}

/// The first moment of a day there; where midnight is skipped, the first one after it.
pub fn start_of(date: Date, zone: &TimeZone) -> Timestamp {
    let start = date.to_zoned(zone.clone()).and_then(|day| day.start_of_day());
    start.map_or(Timestamp::MIN, |start| start.timestamp())
}

fn end_of(date: Date, zone: &TimeZone) -> Timestamp {
    let next = date.checked_add(Span::new().days(1));
    next.map_or(Timestamp::MAX, |next| start_of(next, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-06-10T01:30:00Z";

    fn period(since: &str, until: &str, zone: &TimeZone) -> (String, String) {
        let now = NOW.parse().unwrap();
        let when = |text: &str| text.parse::<When>().unwrap();
        (when(since).begins(now, zone).to_string(), when(until).ends(now, zone).to_string())
    }

    #[test]
    fn days_are_whole_and_the_last_one_belongs_to_the_period() {
        for (since, until, begins, ends) in [
            ("7d", "today", "2026-06-04T00:00:00Z", "2026-06-11T00:00:00Z"),
            ("1d", "today", "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z"),
            // The seven days before the last seven.
            ("14d", "7d", "2026-05-28T00:00:00Z", "2026-06-04T00:00:00Z"),
            ("2026-05-01", "2026-05-01", "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"),
            ("month", "month", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"),
            ("24h", "1h", "2026-06-09T01:30:00Z", "2026-06-10T00:30:00Z"),
            (
                "2026-06-01T10:00:00Z",
                "2026-06-01T11:00:00+02:00",
                "2026-06-01T10:00:00Z",
                "2026-06-01T09:00:00Z",
            ),
        ] {
            assert_eq!(period(since, until, &TimeZone::UTC), (begins.to_owned(), ends.to_owned()), "{since}");
        }
    }

    #[test]
    fn a_day_is_one_of_the_time_zone() {
        // Half past one in London is still the evening before in New York.
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        assert_eq!(
            period("today", "today", &zone),
            ("2026-06-09T04:00:00Z".to_owned(), "2026-06-10T04:00:00Z".to_owned())
        );
        // The day the clocks change has 23 hours.
        assert_eq!(
            period("2026-03-08", "2026-03-08", &zone),
            ("2026-03-08T05:00:00Z".to_owned(), "2026-03-09T04:00:00Z".to_owned())
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "+1d",
            "1.5d",
            "99999999d",
            "7w",
            "yesterday",
            "2026-13-01",
            "2026-06-01T10:00",
            "2026",
            "Today",
            "h",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
