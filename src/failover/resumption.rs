//! When access resumes, from the words of a spend limit. There is no field for it.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The first moment a message names: `2026-12-01T00:00:00Z`, `2026-12-01` or `December 1, 2026`, the latter two
/// optionally with `at 09:00`. A day alone begins at 00:00; days and hours are UTC.
pub(super) fn read(message: &str) -> Option<Timestamp> {
    let mark = |c: char| matches!(c, '.' | ',' | ';' | ':' | '(' | ')' | '"' | '\'');
    let words: Vec<&str> = message.split_whitespace().map(|word| word.trim_matches(mark)).collect();
    (0..words.len()).find_map(|at| moment(&words[at..]))
}

fn moment(words: &[&str]) -> Option<Timestamp> {
    let (first, rest) = words.split_first()?;
    if let Ok(moment) = first.parse() {
        return Some(moment);
    }
    let (date, rest) = match (numeric_date(first), rest) {
        (Some(date), rest) => (date, rest),
        (None, [day, year, rest @ ..]) => (spelled_date(first, day, year)?, rest),
        _ => return None,
    };
    let time = match rest {
        ["at", time, ..] => time_of_day(time),
        _ => None,
    };
    let at = date.to_datetime(time.unwrap_or(Time::midnight()));
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn numeric_date(word: &str) -> Option<Date> {
    // The parser would also take a date with a time behind it.
    (word.len() == 10).then(|| word.parse().ok()).flatten()
}

fn spelled_date(month: &str, day: &str, year: &str) -> Option<Date> {
    let month = month.to_ascii_lowercase();
    let number =
        MONTHS.iter().position(|name| *name == month || (month.len() == 3 && name.starts_with(&month)))?;
    let day = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let year = if year.len() == 4 { year.parse().ok()? } else { return None };
    Date::new(year, i8::try_from(number + 1).ok()?, day.parse().ok()?).ok()
}

fn time_of_day(word: &str) -> Option<Time> {
    let (hour, minute) = word.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_date_is_understood() {
        for (message, moment) in [
            ("You will regain access on 2026-12-01 at 00:00 UTC.", "2026-12-01T00:00:00Z"),
            ("Access resumes on 2026-12-01.", "2026-12-01T00:00:00Z"),
            ("Access resumes on 2026-12-01 at 09:30 UTC.", "2026-12-01T09:30:00Z"),
            ("Access resumes 2026-12-01T10:00:00+02:00, not before.", "2026-12-01T08:00:00Z"),
            ("Until December 1, 2026.", "2026-12-01T00:00:00Z"),
            ("Until Dec 1st, 2026 at 07:00 UTC", "2026-12-01T07:00:00Z"),
        ] {
            assert_eq!(read(message).map(|at| at.to_string()).as_deref(), Some(moment), "{message}");
        }
    }

    #[test]
    fn other_numbers_and_words_are_no_date() {
        for message in [
            "",
            "Access resumes next month.",
            "You may use 2026 tokens in December 1",
            "2026-13-01 and 2026-02-30 and December 32, 2026",
            "request 1234567890 at 00:00 UTC",
            "Decembers 1, 2026",
            "May 1, 26",
        ] {
            assert_eq!(read(message), None, "{message}");
        }
    }
}
